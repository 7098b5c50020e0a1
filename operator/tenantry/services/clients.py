"""The applications that may call the runtime API of a tenant: each has a token, of which the hash is kept."""

import re
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from tenantry.domain.audit import Change
from tenantry.domain.client import Defaults, Scope
from tenantry.errors import InputError
from tenantry.services.accounts import chosen_tenant
from tenantry.services.acts import acting
from tenantry.services.onboarding import PERSON
from tenantry.services.tokens import token_hash
from tenantry.services.work import ACTOR
from tenantry.store import Connection, Store
from tenantry.store.client import ClientRow, delete_client, insert_client, load_clients, load_clients_by_token

_PREFIX = "tnc_"
#: It stands in records and with each session, beside the names of others who act.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
#: Whom else records name by a word.
_NAMES_OF_OTHERS = frozenset({ACTOR, PERSON})
_NONE = Defaults()


@dataclass(frozen=True, slots=True)
class Client:
    """An application that was let in: of which tenant, and to what."""

    tenant: str
    tenant_id: int
    name: str
    scopes: frozenset[str]
    defaults: Defaults = field(default_factory=Defaults)


def create_client(  # noqa: PLR0917 - one command for all that a client has
    store: Store,
    namespace: str,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    lifetime: timedelta | None = None,
    defaults: Defaults = _NONE,
) -> str:
    """Make a client and return its token, which is told this once.

    Raises:
        InputError: there is no such tenant, or the name is taken, or is none.
        StoreUnavailable: the database is gone or locked.
    """
    if name in _NAMES_OF_OTHERS:
        raise InputError(f'"{name}" stands in the audit trail for somebody else; choose another name for the client')
    if not _NAME.fullmatch(name):
        raise InputError(
            f'"{name}" cannot be a client\'s name; at most 63 letters, digits, ".", "-" and "_" are accepted'
        )
    token = _PREFIX + secrets.token_urlsafe(32)
    expires = now + lifetime if lifetime is not None else None
    with acting(store, namespace, "tenantry clients create", now) as act:
        if any(client.name == name for client in load_clients(act.connection, act.tenant.id)):
            raise InputError(
                f'tenant "{namespace}" has a client "{name}" already; delete it first, or take another name'
            )
        row = ClientRow(act.tenant.id, name, frozenset(scopes), now, expires, defaults)
        insert_client(act.connection, row, token_hash(token))
        told = {option: value for option, value in asdict(defaults).items() if value is not None}
        act.records.append(Change("ClientCreated", "Client", name, None, {"scopes": sorted(scopes), **told}, {}))
    return token


def delete_clients(store: Store, namespace: str, names: Collection[str], now: datetime) -> None:
    """Delete clients: their tokens open nothing from then on.

    Raises:
        InputError: there is no such tenant or client; nothing is deleted.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, "tenantry clients delete", now) as act:
        for name in names:
            if not delete_client(act.connection, act.tenant.id, name):
                raise InputError(
                    f'tenant "{namespace}" has no client "{name}"; look at: tenantry clients list -n {namespace}'
                )
            act.records.append(Change("ClientDeleted", "Client", name, None, {}, {}))


def list_clients(store: Store, namespace: str) -> list[ClientRow]:
    """Return the clients of a tenant by name.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return load_clients(connection, chosen_tenant(connection, namespace).id)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller shows, and where."""

    tenant: str
    token: str = field(repr=False)


def authenticate(store: Store, credentials: Collection[Credential], now: datetime) -> dict[Credential, Client | None]:
    """Return whose tokens these are; None where it is none of the tenant's, or has expired.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return identify(connection, credentials, now)


def identify(
    connection: Connection, credentials: Collection[Credential], now: datetime
) -> dict[Credential, Client | None]:
    """As ``authenticate``, within a transaction that goes on."""
    rows = load_clients_by_token(connection, {token_hash(c.token) for c in credentials})
    return {c: _client_of(c, rows.get(token_hash(c.token)), now) for c in credentials}


def _client_of(credential: Credential, known: tuple[str, ClientRow] | None, now: datetime) -> Client | None:
    namespace, row = known if known is not None else ("", None)
    if row is None or namespace != credential.tenant or (row.expires is not None and row.expires <= now):
        return None
    return Client(namespace, row.tenant_id, row.name, row.scopes, row.defaults)
