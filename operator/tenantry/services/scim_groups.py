"""Groups as SCIM clients see and write them: those that Workgroups define, and those that clients make.

To be in a group of a Workgroup is part of the account, and written as that. A group that a client makes gives nothing.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tenantry.domain.audit import Change
from tenantry.domain.query import Page, fold
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.scim import describe_group, with_group
from tenantry.services.acts import acting
from tenantry.services.managed import Put
from tenantry.services.scim_users import (
    Caller,
    Resource,
    Undone,
    carry_out,
    changed_meanwhile,
    describe,
    groups_defined,
    lock,
    not_found,
    writable,
)
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.scim import (
    GROUP,
    USER,
    Group,
    delete_group,
    find_resources,
    load_groups,
    load_members,
    save_group,
    save_members,
)


@dataclass(frozen=True, slots=True)
class WantedGroup:
    """A Group as a client wants it. ``version``: what it must be by now, where that was told."""

    display_name: str
    members: frozenset[str]
    external_id: str | None = None
    version: str | None = None

    @classmethod
    def of(cls, resource: Mapping[str, Any], version: str | None = None) -> "WantedGroup":
        """Return what a SCIM Group asks for."""
        members = frozenset(str(m["value"]) for m in resource.get("members") or () if m.get("value"))
        return cls(str(resource.get("displayName") or ""), members, resource.get("externalId"), version)


def get_group(store: Store, tenant_id: int, group_id: str) -> Resource | None:
    """Return a group as SCIM has it, or None.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        return next(iter(_describe(connection, tenant_id, [group_id])), None)


def search(store: Store, tenant_id: int, asked: Mapping[str, Page]) -> tuple[int, list[tuple[str, Resource]]]:
    """Return how many resources meet a condition, and one page of them, each with its kind: Users, Groups or both.

    Raises:
        Unsearchable: an attribute is not kept in a form to search or sort by.
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        defined = groups_defined(connection, tenant_id)
        total, rows = find_resources(connection, tenant_id, defined, asked)
        users = describe(connection, tenant_id, [id_ for kind, id_ in rows if kind == USER], defined)
        groups = _describe(connection, tenant_id, [id_ for kind, id_ in rows if kind == GROUP])
    found = {(USER, user["id"]): user for user in users} | {(GROUP, group["id"]): group for group in groups}
    return total, [(row[0], found[row]) for row in rows]


def _describe(connection: Connection, tenant_id: int, ids: Collection[str]) -> list[Resource]:
    if not ids:
        return []
    known = load_groups(connection, tenant_id, groups_defined(connection, tenant_id))
    groups = [known[id_] for id_ in ids if id_ in known]
    members = load_members(connection, tenant_id, groups)
    return [describe_group(g.id, g.display_name, g.external_id, members[g.id], (g.created, g.modified)) for g in groups]


def create_group(store: Store, caller: Caller, wanted: WantedGroup) -> Resource | Refusal:
    """Make a group that gives nothing: what gives access is for a Workgroup to define.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    group = Group(str(uuid.uuid4()), "", "", wanted.display_name, wanted.external_id, caller.now, caller.now)
    try:
        with joined(store, caller.client.tenant) as held:
            lock(held, caller)
            _check_name(held, caller, group)
            _write_made(held, caller, group, frozenset(), wanted.members, "ScimGroupCreated")
            return _shown(held, caller, group.id)
    except Undone as undone:
        return undone.refusal


def update_group(store: Store, caller: Caller, group_id: str, wanted: WantedGroup) -> Resource | Refusal:
    """Make a group what a client wants: of one that a Workgroup defines only who is in it, and the client's id of it.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    try:
        with joined(store, caller.client.tenant) as held:
            group, members = _present(held, caller, group_id, wanted.version)
            after = replace(group, display_name=wanted.display_name, external_id=wanted.external_id)
            if after.display_name != group.display_name:
                _check_name(held, caller, after)
            if not group.workgroup:
                _write_made(held, caller, after, members, wanted.members, "ScimGroupChanged")
            else:
                _write_defined(held, caller, (group, after), members, wanted.members)
            return _shown(held, caller, group_id)
    except Undone as undone:
        return undone.refusal


def remove_group(store: Store, caller: Caller, group_id: str, version: str | None) -> Refusal | None:
    """Delete a group that a client made.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    try:
        with joined(store, caller.client.tenant) as held:
            group, members = _present(held, caller, group_id, version)
            _check_made(group, "deleted")
            with acting(held, caller.client.tenant, caller.client.name, caller.now) as act:
                delete_group(act.connection, group_id)
                act.records.append(_told("ScimGroupDeleted", group, members, frozenset()))
    except Undone as undone:
        return undone.refusal
    return None


def _present(held: JoinedStore, caller: Caller, group_id: str, version: str | None) -> tuple[Group, frozenset[str]]:
    """Lock the tenant and return the group and who is in it, as the version says that it is."""
    lock(held, caller)
    tenant_id = caller.client.tenant_id
    with held.read() as connection:
        group = load_groups(connection, tenant_id, groups_defined(connection, tenant_id)).get(group_id)
        if group is None:
            raise Undone(not_found("Group", group_id))
        members = load_members(connection, tenant_id, [group])[group_id]
    times = (group.created, group.modified)
    shown = describe_group(group.id, group.display_name, group.external_id, members, times)
    if version is not None and version != shown["meta"]["version"]:
        raise Undone(changed_meanwhile("Group"))
    return group, frozenset(members)


def _shown(held: JoinedStore, caller: Caller, group_id: str) -> Resource:
    with held.read() as connection:
        (shown,) = _describe(connection, caller.client.tenant_id, [group_id])
    return shown


def _check_made(group: Group, what: str) -> None:
    if not group.workgroup:
        return
    message = f'group "{group.display_name}" is defined by Workgroup "{group.workgroup}", and {what} there alone'
    raise Undone(Refusal(Reason.FIELD_IMMUTABLE, "displayName", message))


def _check_name(held: JoinedStore, caller: Caller, group: Group) -> None:
    """Let no group be renamed that a Workgroup defines, nor another be taken for one."""
    _check_made(group, "renamed")
    with held.read() as connection:
        defined = groups_defined(connection, caller.client.tenant_id)
    name = fold(group.display_name)  # as a filter compares it: a client would find both
    taken = next((g for g in defined if fold(g.display_name) == name), None)
    if taken is not None:
        message = f'Workgroup "{taken.workgroup}" defines "{taken.display_name}" already: it is Group "{taken.id}"'
        raise Undone(Refusal(Reason.LOGIN_TAKEN, "displayName", message))


def _write_made(
    held: JoinedStore, caller: Caller, group: Group, before: frozenset[str], after: frozenset[str], action: str
) -> None:
    """Write a group that a client made, and who is in it; accounts of any owner may be, since it gives nothing."""
    with acting(held, caller.client.tenant, caller.client.name, caller.now) as act:
        _check_members(act.connection, caller, after - before)
        save_group(act.connection, act.tenant.id, group, caller.now)
        save_members(act.connection, act.tenant.id, group.id, after - before, before - after)
        act.records.append(_told(action, group, before, after))


def _check_members(connection: Connection, caller: Caller, ids: Collection[str]) -> None:
    accounts = load_by_id(connection, ids, caller.client.tenant_id)
    known = {account.id for account in accounts if account.tombstone is None and not account.scope}
    missing = sorted(set(ids) - known)
    if missing:
        raise Undone(Refusal(Reason.INVALID_REQUEST, "members", f'there is no User "{missing[0]}" to be in the group'))


def _write_defined(
    held: JoinedStore, caller: Caller, change: tuple[Group, Group], before: frozenset[str], after: frozenset[str]
) -> None:
    """Write who is in a group of a Workgroup: each is an edit of the account, by the rules of every edit."""
    group, wanted = change
    with held.read() as connection:
        _check_members(connection, caller, after - before)
        moved = load_by_id(connection, before ^ after, caller.client.tenant_id)
        documents = [(account, writable(connection, account)) for account in moved]
    puts = [
        Put(with_group(document, account, group.workgroup, group.name, wanted=account.id in after), create=False)
        for account, document in documents
    ]
    carry_out(held, caller, puts)
    _check_left(held, caller, group, after)
    if wanted.external_id != group.external_id:
        with acting(held, caller.client.tenant, caller.client.name, caller.now) as act:
            save_group(act.connection, act.tenant.id, wanted, caller.now)
            act.records.append(_told("ScimGroupChanged", wanted, before, after))


def _check_left(held: JoinedStore, caller: Caller, group: Group, wanted: frozenset[str]) -> None:
    """Refuse to take an account out of the group that it is put into by default, where it has no other."""
    with held.read() as connection:
        members = set(load_members(connection, caller.client.tenant_id, [group])[group.id])
    stayed = sorted(members - wanted)
    if stayed:
        message = (
            f'"{group.display_name}" is the group by default of User "{stayed[0]}", which has no other: put it into '
            "another first"
        )
        raise Undone(Refusal(Reason.GROUP_BY_DEFAULT, "members", message))


def _told(action: str, group: Group, before: frozenset[str], after: frozenset[str]) -> Change:
    """Return what is recorded: accounts by their ids, which name nobody once they are erased."""
    facts = {"name": group.display_name, "added": sorted(after - before), "removed": sorted(before - after)}
    return Change(action, "ScimGroup", group.id, None, facts, {})
