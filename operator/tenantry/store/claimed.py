"""Whose a login may be, by one statement: one that nobody has takes as long as any other (design §5)."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, or_, select

from tenantry.domain.account import Password
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_login import LoginBy
from tenantry.store.account import password_of
from tenantry.store.rows import parse
from tenantry.store.schema import accounts, memberships


@dataclass(frozen=True, slots=True)
class Claimed:
    """An account that a login may mean, and what its password is compared with.

    ``scope``: the workgroup of a system user. ``at_home``: a member there, or one until its seat was taken back.
    """

    id: str
    user_name: str
    login_key: str
    scope: str
    at_home: bool
    password: Password | None = field(repr=False)


def load_claimed(connection: Connection, tenant_id: int, workgroup: str, key: str, by: LoginBy) -> list[Claimed]:
    """Return the live accounts that would log in to the workgroup by this login key."""
    rows = connection.execute(_BY[by], {"tenant_id": tenant_id, "workgroup": workgroup, "login": key})
    return [_claimed(row, workgroup) for row in rows]


_OF_PASSWORD = ("hash", "changed", "history", "source", "expires", "applied")
_NAMES = ("id", "user_name", "login_key", "scope", "evicted_from", *(f"password_{part}" for part in _OF_PASSWORD))
_COLUMNS = tuple(accounts.c[name] for name in _NAMES)


def _query(by: LoginBy) -> Select[Any]:
    of_workgroup: ColumnElement[str] = bindparam("workgroup")
    login: ColumnElement[str] = bindparam("login")
    ours = (memberships.c.account_id == accounts.c.id, memberships.c.workgroup == of_workgroup)
    member = exists().where(*ours, memberships.c.kind == MembershipKind.MEMBER.value)
    named = accounts.c.email_key if by is LoginBy.PRIMARY_EMAIL else accounts.c.login_key
    system = and_(accounts.c.scope == of_workgroup, accounts.c.login_key == login)
    person = and_(accounts.c.scope == "", named == login, accounts.c.deleted.is_(None))
    query = select(*_COLUMNS, member.label("member"))
    return query.where(accounts.c.tenant_id == bindparam("tenant_id"), or_(system, person))


_BY = {by: _query(by) for by in LoginBy}


def _claimed(row: Any, workgroup: str) -> Claimed:  # noqa: ANN401 - a row has the columns that were asked for
    at_home = bool(row.member) or workgroup in parse(row.evicted_from)
    return Claimed(row.id, row.user_name, row.login_key, row.scope, at_home, password_of(row))
