"""Sessions, and the figures of log-ins that a pool's status shows."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, Update, bindparam, case, delete, func, insert, select, update

from tenantry.domain.licensepool import LoginFigures
from tenantry.domain.session import Session
from tenantry.specs.licensepool import LicenseType
from tenantry.store.portions import among, in_portions
from tenantry.store.schema import accounts, denials, logins, sessions

#: More than one with each that is new, so that they become fewer.
_FORGOTTEN_AT_ONCE = 20
_COLUMNS = tuple(sessions.c[name] for name in Session.__slots__)
_INSERT = insert(sessions)
_OF_TENANT = sessions.c.tenant_id == bindparam("of_tenant")
_BY_ACCOUNT = (
    select(*_COLUMNS).where(among(sessions.c.account_id, "account_ids")).order_by(sessions.c.started, sessions.c.id)
)
_BY_TOKEN = select(sessions.c.token_hash, *_COLUMNS).where(among(sessions.c.token_hash, "hashes"), _OF_TENANT)
_OVER = (_OF_TENANT, sessions.c.expires <= bindparam("moment"))
_DELETE_LAPSED = delete(sessions).where(*_OVER).returning(*_COLUMNS)
_OF_POOL = (_OF_TENANT, sessions.c.pool == bindparam("of_pool"))
_SLOTS = select(sessions.c.slot).where(*_OF_POOL, sessions.c.slot.is_not(None))
_ACTIVE = select(func.count()).select_from(sessions).where(*_OF_POOL, sessions.c.type == bindparam("of_type"))
_OF_IDS = among(sessions.c.id, "ids")
_EXTEND = update(sessions).where(_OF_IDS).values(expires=bindparam("moment")).returning(sessions.c.id)
_DELETE = delete(sessions).where(_OF_IDS)
_FIGURES_OF_POOL = (logins.c.tenant_id == bindparam("of_tenant"), logins.c.pool == bindparam("of_pool"))
_FIGURES = (*_FIGURES_OF_POOL, logins.c.type == bindparam("of_type"))
_ACTIVE_NOW = bindparam("active", type_=Integer)
#: Written even where it is not higher: to look first would be one more statement of every log-in.
_HIGHER = case((logins.c.peak < _ACTIVE_NOW, _ACTIVE_NOW), else_=logins.c.peak)
_RAISE_PEAK = update(logins).where(*_FIGURES).values(peak=_HIGHER)
_COUNT_DENIED = update(logins).where(*_FIGURES).values(denied=logins.c.denied + 1)
_NO_FIGURES = insert(logins).values(peak=0, denied=0)
_LAST_REPORT = select(func.max(logins.c.reported)).where(*_FIGURES_OF_POOL)
_REPORT = update(logins).where(*_FIGURES_OF_POOL).values(reported=bindparam("moment"))
_DENIAL = (denials.c.account_id == bindparam("of_account"), denials.c.pool == bindparam("of_pool"))
_DENIED_UNTIL = select(denials.c.until).where(*_DENIAL)
_DENY_UNTIL = update(denials).where(*_DENIAL).values(until=bindparam("moment"))
_DENY = insert(denials)
_FORGET_DENIALS = delete(denials).where(denials.c.account_id == bindparam("of_account"))
_OLD_DENIALS = (denials.c.tenant_id == bindparam("of_tenant"), denials.c.until <= bindparam("moment"))
_OLDEST_DENIALS = select(denials.c.account_id).where(*_OLD_DENIALS).order_by(denials.c.until).limit(_FORGOTTEN_AT_ONCE)
_FORGET_OLD_DENIALS = delete(denials).where(denials.c.account_id.in_(_OLDEST_DENIALS), *_OLD_DENIALS)
_LOCK = select(sessions.c.id).order_by(sessions.c.id).with_for_update()
_LOCK_OVER, _LOCK_IDS = _LOCK.where(*_OVER), _LOCK.where(_OF_IDS)


def _session(row: Row[Any]) -> Session:
    values = dict(zip(Session.__slots__, row, strict=True))
    values["type"] = LicenseType(values["type"]) if values["type"] is not None else None
    return Session(**values)


def insert_session(connection: Connection, tenant_id: int, session: Session, token_hash: str) -> None:
    """Insert a session. The database refuses a second one where only one may be."""
    values = {name: getattr(session, name) for name in Session.__slots__}
    connection.execute(_INSERT, {"tenant_id": tenant_id, "token_hash": token_hash, **values})


def load_by_account(connection: Connection, account_ids: Collection[str]) -> list[Session]:
    """Return the sessions of some accounts."""
    found = []
    for some in in_portions(account_ids):
        found += [_session(row) for row in connection.execute(_BY_ACCOUNT, {"account_ids": some})]
    return found


def load_by_token(connection: Connection, tenant_id: int, token_hashes: Collection[str]) -> dict[str, Session]:
    """Return sessions by the hash of their token, lapsed ones too."""
    found: dict[str, Session] = {}
    for some in in_portions(token_hashes):
        rows = connection.execute(_BY_TOKEN, {"hashes": some, "of_tenant": tenant_id})
        found |= {hashed: _session(rest) for hashed, *rest in rows}  # type: ignore[arg-type]
    return found


def load_page(
    connection: Connection,
    tenant_id: int,
    now: datetime,
    after: str,
    limit: int,
    account_ids: Collection[str] | None = None,
) -> list[tuple[Session, str]]:
    """Return a page, by id, of the live sessions of a tenant or of some accounts, with their logins."""
    where = [sessions.c.tenant_id == tenant_id, sessions.c.expires > now, sessions.c.id > after]
    where += [sessions.c.account_id.in_(account_ids)] if account_ids is not None else []
    query = select(*_COLUMNS, accounts.c.user_name).join(accounts, accounts.c.id == sessions.c.account_id)
    rows = connection.execute(query.where(*where).order_by(sessions.c.id).limit(limit))
    return [(_session(row[:-1]), row[-1]) for row in rows]  # type: ignore[arg-type]


def delete_lapsed(connection: Connection, tenant_id: int, now: datetime) -> list[Session]:
    """Forget the sessions whose lease or time is over, and return them; one that is extended meanwhile is not."""
    over = {"of_tenant": tenant_id, "moment": now}
    _lock(connection, _LOCK_OVER, over)
    return [_session(row) for row in connection.execute(_DELETE_LAPSED, over)]


def slots_taken(connection: Connection, tenant_id: int, pool: str) -> set[int]:
    """Return which floating licenses of a pool are in use."""
    return set(connection.execute(_SLOTS, {"of_tenant": tenant_id, "of_pool": pool}).scalars())


def extend_sessions(connection: Connection, expirations: Mapping[str, datetime]) -> set[str]:
    """Write until when these sessions last, by id; return those that were still there."""
    by_moment: dict[datetime, list[str]] = {}
    for id_, moment in expirations.items():
        by_moment.setdefault(moment, []).append(id_)
    kept: set[str] = set()
    for some in in_portions(sorted(expirations)):
        _lock(connection, _LOCK_IDS, {"ids": some})
    for moment, ids in by_moment.items():
        for some in in_portions(ids):
            kept |= set(connection.execute(_EXTEND, {"ids": some, "moment": moment}).scalars())
    return kept


def load_live(
    connection: Connection, tenant_id: int, *, session_id: str | None = None, account_ids: Collection[str] | None = None
) -> list[Session]:
    """Return the sessions of a tenant, or the one of an id, or those of some accounts."""
    where = [sessions.c.tenant_id == tenant_id]
    where += [sessions.c.id == session_id] if session_id is not None else []
    where += [sessions.c.account_id.in_(account_ids)] if account_ids is not None else []
    return [_session(row) for row in connection.execute(select(*_COLUMNS).where(*where))]


def delete_sessions(connection: Connection, ended: Iterable[Session]) -> None:
    """Forget sessions that are over."""
    for some in in_portions(sorted(session.id for session in ended)):
        _lock(connection, _LOCK_IDS, {"ids": some})
        connection.execute(_DELETE, {"ids": some})


def count_logins(connection: Connection, tenant_id: int, now: datetime) -> dict[str, dict[LicenseType, LoginFigures]]:
    """Return the log-ins by pool and license type, of those that had any."""
    live = (sessions.c.tenant_id == tenant_id, sessions.c.pool.is_not(None), sessions.c.expires > now)
    key = (sessions.c.pool, sessions.c.type)
    active = {}
    for pool, type_, count, lapse in connection.execute(
        select(*key, func.count(), func.min(sessions.c.expires)).where(*live).group_by(*key)
    ):
        active[pool, type_] = (count, lapse)
    found: dict[str, dict[LicenseType, LoginFigures]] = {}
    query = select(logins.c.pool, logins.c.type, logins.c.peak, logins.c.denied).where(logins.c.tenant_id == tenant_id)
    for pool, type_, peak, denied in connection.execute(query):
        count, lapse = active.get((pool, type_), (0, None))
        found.setdefault(pool, {})[LicenseType(type_)] = LoginFigures(count, peak, denied, lapse)
    return found


def count_active(connection: Connection, tenant_id: int, pool: str, type_: LicenseType) -> int:
    """Return how many sessions a license type of a pool has."""
    return connection.execute(_ACTIVE, _figures_of(tenant_id, pool, type_)).scalar_one()


def raise_peak(connection: Connection, tenant_id: int, pool: str, type_: LicenseType, active: int) -> None:
    """Note that so many sessions are there, if there were never more."""
    _change_figures(connection, _RAISE_PEAK, {**_figures_of(tenant_id, pool, type_), "active": active})


def count_denied(connection: Connection, tenant_id: int, pool: str, type_: LicenseType) -> None:
    """Count one log-in that found every license in use."""
    _change_figures(connection, _COUNT_DENIED, _figures_of(tenant_id, pool, type_))


def _figures_of(tenant_id: int, pool: str, type_: LicenseType) -> dict[str, Any]:
    return {"of_tenant": tenant_id, "of_pool": pool, "of_type": type_}


def _change_figures(connection: Connection, how: Update, values: dict[str, Any]) -> None:
    """Change the figures of a pool's license type; its tenant is locked, so that nobody else makes them meanwhile."""
    if connection.execute(how, values).rowcount == 0:
        of = {"tenant_id": values["of_tenant"], "pool": values["of_pool"], "type": values["of_type"]}
        connection.execute(_NO_FIGURES, of)
        connection.execute(how, values)


def last_report(connection: Connection, tenant_id: int, pool: str) -> datetime | None:
    """Return when the status of a pool last told of log-ins."""
    found: datetime | None = connection.execute(_LAST_REPORT, {"of_tenant": tenant_id, "of_pool": pool}).scalar()
    return found


def save_reported(connection: Connection, tenant_id: int, pool: str, now: datetime) -> None:
    """Note that the status of a pool tells of its log-ins as of now."""
    connection.execute(_REPORT, {"of_tenant": tenant_id, "of_pool": pool, "moment": now})


def note_denial(
    connection: Connection, tenant_id: int, account_id: str, pool: str, now: datetime, until: datetime
) -> bool:
    """Note that an account found every license in use; tell whether that is new, not another try of the same."""
    of = {"of_account": account_id, "of_pool": pool}
    known = connection.execute(_DENIED_UNTIL, of).scalar_one_or_none()
    if known is None:
        connection.execute(_FORGET_OLD_DENIALS, {"of_tenant": tenant_id, "moment": now})
        values = {"account_id": account_id, "pool": pool, "tenant_id": tenant_id, "until": until}
        connection.execute(_DENY, values)
        return True
    connection.execute(_DENY_UNTIL, {**of, "moment": until})
    return bool(known <= now)


def forget_denials(connection: Connection, account_id: str) -> None:
    """Forget what an account that was let in was denied."""
    connection.execute(_FORGET_DENIALS, {"of_account": account_id})


def _lock(connection: Connection, which: Select[Any], values: dict[str, Any]) -> None:
    """Lock sessions in the order of their ids: heartbeats lock no tenant, and would wait crosswise with others.

    SQLite has locked the whole database by now.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(which, values)
