"""Lists of accounts for a person who may see them (NR-08, NR-23, IT-20, MM-03, MM-18)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenantry.domain.access import held_levels
from tenantry.domain.account import Account, Manager
from tenantry.domain.administration import Target, check, check_capability
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_list import Section, Wanted
from tenantry.services.administration import Call, Desk, find_for, looking, owned_by
from tenantry.specs.workgroup_capability import Capability, Reach
from tenantry.store import Store
from tenantry.store.account import load_system
from tenantry.store.resource import ResourceRow, load_resources
from tenantry.store.user_list import After, key_of, load_section


@dataclass(frozen=True, slots=True)
class Listed:
    """One account of a list. ``resource`` is the name of the User that owns it, ``permitted``: it has some level."""

    target: Target
    section: Section
    resource: str
    permitted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the next one begins after it."""

    section: Section
    after: After


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; system users are on the first."""

    users: Sequence[Listed]
    system: Sequence[Listed] = ()
    next: Place | None = None


def list_users(
    store: Store, call: Call, wanted: Wanted, sections: Sequence[Section], start: Place | None, limit: int
) -> Page | Refusal:
    """Return a page of the accounts of the person's workgroup that the person may see, section by section.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        refusal = desk if isinstance(desk, Refusal) else check_capability(desk.actor, Capability.VIEW_USERS)
        if isinstance(desk, Refusal) or refusal is not None:
            return refusal or Page(())
        system = _system(desk) if start is None else []
        seen = _narrowed(desk, wanted)
        found = _load(desk, seen, sections, start, limit + 1) if seen is not None else []
        last = found[limit - 1] if len(found) > limit else None
        following = Place(last.section, key_of(last.target.account, wanted.sort)) if last is not None else None
        return Page(found[:limit], system, following)


def _narrowed(desk: Desk, wanted: Wanted) -> Wanted | None:
    """Return what the database looks for, no less than the person may see; None where that is nobody."""
    grants = [g for g in desk.actor.grants_of(Capability.VIEW_USERS) if g.reach is not Reach.SYSTEM_USERS]
    if not grants:
        return None
    named = [grant.roles for grant in grants]
    roles = None if None in named else tuple(sorted({role for roles in named for role in roles or ()}))
    alone = all(grant.reach is Reach.SINGLE_WORKGROUP for grant in grants)
    return replace(wanted, workgroup=desk.actor.workgroup, alone=alone, roles=roles)


def _load(desk: Desk, wanted: Wanted, sections: Sequence[Section], start: Place | None, limit: int) -> list[Listed]:
    """Read section after section until the page is full of what the person may see."""
    found: list[Listed] = []
    first = sections.index(start.section) if start is not None and start.section in sections else 0
    for section in sections[first:]:
        after = start.after if start is not None and start.section is section else None
        while missing := limit - len(found):
            accounts = load_section(desk.connection, desk.tenant_id, wanted, section, after, missing)
            found += _visible(desk, [(account, section) for account in accounts])
            if len(accounts) < missing:
                break
            after = key_of(accounts[-1], wanted.sort)
    return found


def _system(desk: Desk) -> list[Listed]:
    accounts = load_system(desk.connection, desk.tenant_id, desk.actor.workgroup)
    sections = {True: Section.CAN_LOG_IN, False: Section.CANNOT_LOG_IN}
    found = [(a, sections[a.can_log_in and a.locked is None]) for a in sorted(accounts, key=lambda a: a.login_key)]
    return _visible(desk, found)


def _visible(desk: Desk, found: Sequence[tuple[Account, Section]]) -> list[Listed]:
    """Return the lines of those that the person would be shown one by one."""
    rows = load_resources(desk.connection, [a.resource_uid for a, _ in found if a.resource_uid])
    listed = []
    for account, section in found:
        row = rows.get(account.resource_uid or "")
        target = desk.target(account, row)
        if target is not None and check(desk.actor, Capability.VIEW_USERS, target) is None:
            listed.append(_line(desk, target, section, row))
    return listed


def _line(desk: Desk, target: Target, section: Section, row: ResourceRow | None) -> Listed:
    levels = held_levels(target.member, desk.actor.policy).values() if target.member is not None else ()
    return Listed(target, section, owned_by(target.account, row), any(held.index > 0 for held in levels))


@dataclass(frozen=True, slots=True)
class Shown:
    """One account with all that a person may see of it; ``document`` is the spec of one that the API made."""

    listed: Listed
    document: dict[str, Any] | None


def show_user(store: Store, call: Call, account_id: str) -> Shown | Refusal:
    """Return one account of the person's workgroup.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        case = find_for(desk, Capability.VIEW_USERS, account_id, deleted=True)
        if isinstance(case, Refusal):
            return case
        row = case.desk.row_of(case.target.account)
        document = json.loads(row.document) if row is not None and case.target.account.manager is Manager.API else None
        return Shown(_line(case.desk, case.target, section_of(case.target), row), document)


def section_of(target: Target) -> Section:
    """Return the section that an account stands in."""
    account = target.account
    if account.tombstone is not None:
        return Section.DELETED
    member = target.member is not None and target.member.workgroup in account.memberships
    shut = account.going or account.locked is not None or not (account.active and account.can_log_in and member)
    return Section.CANNOT_LOG_IN if shut or account.onboarding.pending else Section.CAN_LOG_IN
