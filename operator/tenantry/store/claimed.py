"""Whose a login may be, by one statement: one that nobody has takes as long as any other (design §5)."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from tenantry.domain.account import Password
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_login import LoginBy
from tenantry.store.account import password_of
from tenantry.store.rows import dump
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
    named = accounts.c.email_key if by is LoginBy.PRIMARY_EMAIL else accounts.c.login_key
    system = and_(accounts.c.scope == workgroup, accounts.c.login_key == key)
    person = and_(accounts.c.scope == "", named == key, accounts.c.deleted.is_(None))
    query = select(*_COLUMNS, _at_home(workgroup).label("at_home"))
    rows = connection.execute(query.where(accounts.c.tenant_id == tenant_id, or_(system, person)))
    return [_claimed(row) for row in rows]


_OF_PASSWORD = ("hash", "changed", "history", "source", "expires", "applied")
_NAMES = ("id", "user_name", "login_key", "scope", *(f"password_{part}" for part in _OF_PASSWORD))
_COLUMNS = tuple(accounts.c[name] for name in _NAMES)


def _at_home(workgroup: str) -> ColumnElement[bool]:
    ours = (memberships.c.account_id == accounts.c.id, memberships.c.workgroup == workgroup)
    member = exists().where(*ours, memberships.c.kind == MembershipKind.MEMBER.value)
    return or_(member, accounts.c.evicted_from.contains(dump(workgroup), autoescape=True))


def _claimed(row: Any) -> Claimed:  # noqa: ANN401 - a row has the columns that were asked for
    return Claimed(row.id, row.user_name, row.login_key, row.scope, bool(row.at_home), password_of(row))
