"""How Alembic gets its connection: from the caller, inside of the caller's transaction."""

from alembic import context

from tenantry.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
