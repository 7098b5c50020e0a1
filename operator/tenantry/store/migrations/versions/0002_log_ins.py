"""Log-ins: sessions, what is counted of them, failed attempts, and the applications that may ask."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from tenantry.domain.login import login_key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SORTED = ("by_company", "by_family", "by_given")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attempts",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("login_digest", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_attempts_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "login_digest", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_tenant_until", ["tenant_id", "until"], unique=False)
    op.create_table(
        "clients",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=True),
        sa.Column("defaults", sa.Text(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_clients_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_clients")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_clients_token_hash")),
    )
    op.create_table(
        "logins",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(length=253), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("denied", sa.Integer(), nullable=False),
        sa.Column("reported", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_logins_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "pool", "type", name=op.f("pk_logins")),
    )
    op.create_table(
        "denials",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.String(length=253), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_denials_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_denials_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "pool", name=op.f("pk_denials")),
    )
    with op.batch_alter_table("denials", schema=None) as batch_op:
        batch_op.create_index("ix_denials_tenant_until", ["tenant_id", "until"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("workgroup", sa.String(length=253), nullable=False),
        sa.Column("client", sa.String(length=63), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("ends", sa.DateTime(), nullable=True),
        sa.Column("pool", sa.String(length=253), nullable=True),
        sa.Column("type", sa.String(length=16), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("exclusive", sa.String(length=320), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sessions_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("account_id", "exclusive", name=op.f("uq_sessions_account_id_exclusive")),
        sa.UniqueConstraint("tenant_id", "pool", "slot", name=op.f("uq_sessions_tenant_id_pool_slot")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index("ix_sessions_tenant_expires", ["tenant_id", "expires"], unique=False)
        batch_op.create_index(
            "ix_sessions_tenant_pool_type_expires", ["tenant_id", "pool", "type", "expires"], unique=False
        )

    _create_mail()
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("locked", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("going", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("email_key", sa.String(length=1024), nullable=True))
        batch_op.create_index("ix_accounts_tenant_email", ["tenant_id", "email_key"], unique=False)
        batch_op.add_column(sa.Column("modified", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("password_applied", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("resend_asked", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("reset_obeyed", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("sessions_not_before", sa.DateTime(), nullable=True))
        batch_op.create_index("ix_accounts_tenant_modified", ["tenant_id", "modified"], unique=False)
    op.execute(sa.text("UPDATE accounts SET modified = created"))
    keep = "UPDATE accounts SET going = :yes WHERE resource_uid IN (SELECT uid FROM resources WHERE deleting = :yes)"
    op.execute(sa.text(keep).bindparams(yes=True))
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.alter_column("going", server_default=None)

    _add_sorting()
    _create_scim()
    _fill_email_keys(op.get_bind())


def _fill_email_keys(connection: sa.Connection) -> None:
    """Accounts that are there already log in by their address too: as Account.email_key has it."""
    names = ("id", "profile", "must_verify", "joined", "verified_address")
    accounts = sa.table("accounts", *(sa.column(name) for name in (*names, "email_key")))
    known = connection.execute(sa.select(*(accounts.c[name] for name in names))).all()
    found = [{"b_id": row.id, "b_key": login_key(address)} for row in known if (address := _address(row))]
    if found:
        change = sa.update(accounts).where(accounts.c.id == sa.bindparam("b_id"))
        connection.execute(change.values(email_key=sa.bindparam("b_key")), found)


def _address(row: sa.Row[Any]) -> str:
    emails = (json.loads(row.profile) or {}).get("emails", ())
    primary = next((str(e["value"]) for e in sorted(emails, key=lambda e: not e.get("primary"))), "")
    proven = row.verified_address if row.joined is not None and row.must_verify else ""
    return proven or primary


def _add_sorting() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        for name in _SORTED:
            batch_op.add_column(sa.Column(name, sa.String(length=128), nullable=False, server_default=""))
            batch_op.create_index(f"ix_accounts_{name}", ["tenant_id", name, "login_key"], unique=False)
    _sort(op.get_bind())


def _sort(connection: sa.Connection) -> None:
    """Fill in what lists are sorted by."""
    table = sa.table("accounts", *map(sa.column, ("id", "profile", *_SORTED)))
    rows = connection.execute(sa.select(table.c.id, table.c.profile)).all()
    values = [{"b_id": id_, **_keys(json.loads(profile) or {})} for id_, profile in rows]
    if values:
        connection.execute(sa.update(table).where(table.c.id == sa.bindparam("b_id")), values)


def _keys(profile: dict[str, Any]) -> dict[str, str]:
    name = profile.get("name") or {}
    texts = (profile.get("organization"), name.get("familyName"), name.get("givenName"))
    return {key: str(text or "").casefold()[:128] for key, text in zip(_SORTED, texts, strict=True)}


def _create_scim() -> None:
    """Create what SCIM clients say beside what an account has."""
    op.create_table(
        "scim_users",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=256), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_scim_users_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_scim_users_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_scim_users")),
    )
    op.create_table(
        "scim_groups",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("workgroup", sa.String(length=253), nullable=False),
        sa.Column("display_name", sa.String(length=256), nullable=False),
        sa.Column("external_id", sa.String(length=256), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("modified", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_scim_groups_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_groups")),
    )
    op.create_table(
        "scim_members",
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_scim_members_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["scim_groups.id"], name=op.f("fk_scim_members_group_id_scim_groups"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_scim_members_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "account_id", name=op.f("pk_scim_members")),
    )
    op.create_index("ix_scim_users_tenant_external", "scim_users", ["tenant_id", "external_id"], unique=True)
    op.create_index("ix_scim_groups_tenant", "scim_groups", ["tenant_id"], unique=False)
    op.create_index("ix_scim_members_account_id", "scim_members", ["account_id"], unique=False)


def _create_mail() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(length=64), nullable=False),
        sa.Column("failure", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_outbox_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_outbox_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    is_due = sa.text("due IS NOT NULL")
    op.create_index("ix_outbox_due", "outbox", ["due"], unique=False, sqlite_where=is_due, postgresql_where=is_due)
    op.create_index("ix_outbox_account_kind", "outbox", ["account_id", "kind"], unique=False)
    op.create_table(
        "links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("mail_id", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_links_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_links_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_links")),
    )
    op.create_index("ix_links_account_purpose", "links", ["account_id", "purpose"], unique=False)
    op.create_index("ix_links_tenant_expires", "links", ["tenant_id", "expires"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("scim_members")
    op.drop_table("scim_groups")
    op.drop_table("scim_users")
    op.drop_table("links")
    op.drop_table("outbox")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index("ix_accounts_tenant_email")
        batch_op.drop_column("email_key")
        for name in _SORTED:
            batch_op.drop_index(f"ix_accounts_{name}")
            batch_op.drop_column(name)

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("reset_obeyed")
        batch_op.drop_column("resend_asked")
        batch_op.drop_column("password_applied")
        batch_op.drop_index("ix_accounts_tenant_modified")
        batch_op.drop_column("modified")
        batch_op.drop_column("sessions_not_before")
        batch_op.drop_column("going")
        batch_op.drop_column("locked")

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_sessions_tenant_pool_type_expires")
        batch_op.drop_index("ix_sessions_tenant_expires")

    op.drop_table("sessions")
    op.drop_table("denials")
    op.drop_table("logins")
    op.drop_table("clients")
    op.drop_table("attempts")
