"""The applications that may call the runtime API."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from tenantry.domain.client import Defaults
from tenantry.store.portions import among, in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import clients, tenants


@dataclass(frozen=True, slots=True)
class ClientRow:
    """An application of a tenant, and what it may ask for; see schema.clients."""

    tenant_id: int
    name: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    defaults: Defaults = field(default_factory=Defaults)


_COLUMNS = tuple(clients.c[name] for name in ClientRow.__slots__)
_BY_TOKEN = (
    select(clients.c.token_hash, tenants.c.namespace, *_COLUMNS)
    .join(tenants, tenants.c.id == clients.c.tenant_id)
    .where(among(clients.c.token_hash, "hashes"))
)


def _client(row: Sequence[Any]) -> ClientRow:
    tenant_id, name, scopes, created, expires, defaults = row
    return ClientRow(tenant_id, name, frozenset(parse(scopes)), created, expires, Defaults(**parse(defaults)))


def load_clients(connection: Connection, tenant_id: int) -> list[ClientRow]:
    """Return the clients of a tenant by name."""
    query = select(*_COLUMNS).where(clients.c.tenant_id == tenant_id).order_by(clients.c.name)
    return [_client(row) for row in connection.execute(query)]


def load_clients_by_token(connection: Connection, token_hashes: Collection[str]) -> dict[str, tuple[str, ClientRow]]:
    """Return clients by the hash of their token, with the namespace of their tenant."""
    found: dict[str, tuple[str, ClientRow]] = {}
    for some in in_portions(token_hashes):
        for hashed, namespace, *rest in connection.execute(_BY_TOKEN, {"hashes": some}):
            found[hashed] = (namespace, _client(rest))
    return found


def insert_client(connection: Connection, client: ClientRow, token_hash: str) -> None:
    """Insert a client whose name is new."""
    connection.execute(
        insert(clients).values(
            tenant_id=client.tenant_id,
            name=client.name,
            token_hash=token_hash,
            scopes=dump(sorted(client.scopes)),
            created=client.created,
            expires=client.expires,
            defaults=dump({name: value for name, value in asdict(client.defaults).items() if value is not None}),
        )
    )


def delete_client(connection: Connection, tenant_id: int, name: str) -> bool:
    """Delete a client; tell whether there was one."""
    where = (clients.c.tenant_id == tenant_id, clients.c.name == name)
    return connection.execute(delete(clients).where(*where)).rowcount > 0
