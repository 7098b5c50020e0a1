"""What an upgrade makes of rows that are there already."""

from alembic import command
from sqlalchemy import select

from tenantry.store import Store
from tenantry.store.migrate import _config, upgrade
from tenantry.store.schema import accounts
from tests.support.builders import user, workgroup
from tests.support.watched import WatchedTenant


def _email_keys(store: Store) -> dict[str, str | None]:
    with store.read() as connection:
        return {row.user_name: row.email_key for row in connection.execute(select(accounts))}


def test_accounts_of_the_first_release_are_found_by_their_address_too(empty_store_url: str) -> None:
    store = Store.open(empty_store_url)
    upgrade(store)
    addresses = [{"value": "second@example.com"}, {"value": "Ada@Bücher.example", "primary": True}]
    people = [user("ada", license=None, spec={"emails": addresses}), user("bob", license=None, spec={"emails": []})]
    WatchedTenant(store).apply(workgroup(pool=None), *people)
    keys = _email_keys(store)
    assert keys == {"ada": "ada@xn--bcher-kva.example", "bob": None}
    with store.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    upgrade(store)
    assert _email_keys(store) == keys
    store.close()
