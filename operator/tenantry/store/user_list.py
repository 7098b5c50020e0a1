"""Pages of the accounts of a workgroup, sorted and filtered by the database: no request reads them all."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, tuple_

from tenantry.domain.account import Account
from tenantry.domain.observed import Kind
from tenantry.domain.user_list import Section, SortKey, Wanted
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_login import OnboardingMode
from tenantry.store.account import load_by_id, sorted_by
from tenantry.store.rows import dump
from tenantry.store.schema import SORTED_LENGTH, accounts, memberships, refs

#: The key and the login after which a page begins.
After = tuple[str, str]

_COLUMNS = {
    SortKey.LOGIN: accounts.c.login_key,
    SortKey.COMPANY: accounts.c.by_company,
    SortKey.FAMILY: accounts.c.by_family,
    SortKey.GIVEN: accounts.c.by_given,
}


def key_of(account: Account, sort: SortKey) -> After:
    """Return where an account stands in a list."""
    by = sorted_by(account.profile or {})
    keys = {SortKey.COMPANY: "by_company", SortKey.FAMILY: "by_family", SortKey.GIVEN: "by_given"}
    return (by[keys[sort]] if sort in keys else account.login_key, account.login_key)


def load_section(
    connection: Connection, tenant_id: int, wanted: Wanted, section: Section, after: After | None, limit: int
) -> list[Account]:
    """Return a page of one section; system users are apart."""
    order = (_COLUMNS[wanted.sort], accounts.c.login_key)
    where = [accounts.c.tenant_id == tenant_id, accounts.c.scope == "", *_in_section(tenant_id, wanted, section)]
    if after is not None:
        key, start = tuple_(*order), tuple_(*after)
        where.append(key < start if wanted.descending else key > start)
    by = [column.desc() if wanted.descending else column for column in order]
    ids = connection.execute(select(accounts.c.id).where(*where).order_by(*by).limit(limit)).scalars().all()
    found = {account.id: account for account in load_by_id(connection, ids)}
    return [found[id_] for id_ in ids]


def _in_section(tenant_id: int, wanted: Wanted, section: Section) -> list[ColumnElement[bool]]:
    where = _filters(wanted)
    if section is Section.DELETED:
        former = accounts.c.former_workgroups.contains(dump(wanted.workgroup), autoescape=True)
        return [*where, former]
    can = and_(_is_open(), _member(wanted, memberships.c.kind == MembershipKind.MEMBER.value))
    where += [accounts.c.deleted.is_(None), or_(_member(wanted), _asks_for(tenant_id, wanted.workgroup))]
    return [*where, can if section is Section.CAN_LOG_IN else ~can]


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.company is not None:
        where.append(accounts.c.by_company == wanted.company[:SORTED_LENGTH])
    if wanted.prefix:
        where.append(accounts.c.login_key.startswith(wanted.prefix, autoescape=True))
    if wanted.role is not None:
        where.append(_member(wanted, memberships.c.role == wanted.role))
    if wanted.alone:
        elsewhere = (memberships.c.account_id == accounts.c.id, memberships.c.workgroup != wanted.workgroup)
        asked = (refs.c.uid == accounts.c.resource_uid, refs.c.kind == Kind.WORKGROUP.value)
        where += [~exists().where(*elsewhere), ~exists().where(*asked, refs.c.name != wanted.workgroup)]
    if wanted.roles is not None:
        role = memberships.c.role
        where.append(or_(~_member(wanted), _member(wanted, or_(role.is_(None), role.in_(wanted.roles)))))
    if wanted.invited:
        where.append(accounts.c.onboarding_mode == OnboardingMode.INVITATION.value)
    return where


def _is_open() -> ColumnElement[bool]:
    """Tell whether nothing that the row says keeps the account from logging in."""
    proven = or_(~accounts.c.must_verify, accounts.c.email_verified.is_not(None))
    arrived = accounts.c.onboarding_mode == OnboardingMode.PROVISIONED.value
    kept = and_(~accounts.c.going, accounts.c.locked.is_(None))
    return and_(accounts.c.active, accounts.c.can_log_in, kept, arrived, proven)


def _member(wanted: Wanted, *more: Any) -> ColumnElement[bool]:  # noqa: ANN401 - SQL expressions
    ours = (memberships.c.account_id == accounts.c.id, memberships.c.workgroup == wanted.workgroup)
    return exists().where(*ours, *more)


def _asks_for(tenant_id: int, workgroup: str) -> ColumnElement[bool]:
    """Tell whether the account's object names the workgroup: one that waits is a member of none yet."""
    by_object = (refs.c.uid == accounts.c.resource_uid, refs.c.tenant_id == tenant_id)
    return exists().where(*by_object, refs.c.kind == Kind.WORKGROUP.value, refs.c.name == workgroup)
