"""Lists of accounts for a person who may see them (NR-08, NR-23, IT-20, MM-03, MM-18)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenantry.domain.access import held_levels
from tenantry.domain.account import Account, Manager
from tenantry.domain.administration import Target, check_capability
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
        reaches = desk.actor.reaches(Capability.VIEW_USERS)
        system = _system(desk) if start is None and Reach.SYSTEM_USERS in reaches | _wide(reaches) else []
        if not reaches & {Reach.ANY, Reach.SINGLE_WORKGROUP}:
            return Page((), system)
        wanted = replace(wanted, workgroup=desk.actor.workgroup, alone=Reach.ANY not in reaches)
        found = _load(desk, wanted, sections, start, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = Place(last[1], key_of(last[0], wanted.sort)) if last is not None else None
        return Page(_listed(desk, found[:limit]), system, following)


def _wide(reaches: frozenset[Reach]) -> frozenset[Reach]:
    return frozenset({Reach.SYSTEM_USERS}) if Reach.ANY in reaches else frozenset()


def _load(
    desk: Desk, wanted: Wanted, sections: Sequence[Section], start: Place | None, limit: int
) -> list[tuple[Account, Section]]:
    """Read section after section until the page is full."""
    found: list[tuple[Account, Section]] = []
    first = sections.index(start.section) if start is not None and start.section in sections else 0
    for section in sections[first:]:
        after = start.after if start is not None and start.section is section else None
        missing = limit - len(found)
        accounts = load_section(desk.connection, desk.tenant_id, wanted, section, after, missing) if missing else []
        found += [(account, section) for account in accounts]
    return found


def _system(desk: Desk) -> list[Listed]:
    accounts = load_system(desk.connection, desk.tenant_id, desk.actor.workgroup)
    sections = {True: Section.CAN_LOG_IN, False: Section.CANNOT_LOG_IN}
    found = [(a, sections[a.can_log_in and a.locked is None]) for a in sorted(accounts, key=lambda a: a.login_key)]
    return _listed(desk, found)


def _listed(desk: Desk, found: Sequence[tuple[Account, Section]]) -> list[Listed]:
    rows = load_resources(desk.connection, [a.resource_uid for a, _ in found if a.resource_uid])
    listed = []
    for account, section in found:
        row = rows.get(account.resource_uid or "")
        target = desk.target(account, row) or Target(account, frozenset(), None)
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
    shut = account.locked is not None or not (account.active and account.can_log_in and member)
    return Section.CANNOT_LOG_IN if shut or account.onboarding.pending else Section.CAN_LOG_IN
