"""Many accounts at once, where no cluster has them: who is deleted, put into a group, taken out of one, invited.

Each turns into a request to services.pipeline. Who cannot be edited is told, and holds up nobody else.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tenantry.domain.account import Account, Manager, Tombstone
from tenantry.domain.character_set import check_edit_through
from tenantry.domain.login import is_email, login_key
from tenantry.domain.observed import Kind, manager_of
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import choices
from tenantry.domain.snapshot import WorkgroupPolicy
from tenantry.errors import InputError
from tenantry.services.accounts import chosen_tenant
from tenantry.services.effects import Action, Effect, Plan, Result
from tenantry.services.pipeline import Request, Wanted, apply_where_possible, check_ours, plan
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_login
from tenantry.store.policy import Policies, load_policies
from tenantry.store.resource import ResourceRow, load_resources, load_tenant_resources, load_unowned
from tenantry.store.rows import dump
from tenantry.store.tenant import TenantRow

#: A name that is made of an email has room for a digest after it.
_LONGEST_STEM = 56
_PAUSED = "is paused, so nothing would come of it; take the annotation tenantry.dev/paused away first"


@dataclass(frozen=True, slots=True)
class Edit:
    """A request, and who cannot be a part of it."""

    request: Request
    refused: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is invited to what. ``license_type`` is needed where seats are counted."""

    workgroup: str
    role: str
    emails: Sequence[str]
    license_type: str | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """Who is put into a group of a workgroup or, not ``add``, taken out of it."""

    workgroup: str
    group: str
    logins: Sequence[str]
    add: bool


def preview(store: Store, edit: Edit) -> Plan:
    """Return what an edit would come to, and change nothing."""
    planned = plan(store, edit.request)
    return replace(planned, effects=(*edit.refused, *planned.effects))


def carry_out(store: Store, edit: Edit) -> Plan:
    """Do an edit, and return what it came to. Of who is refused nothing is left.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
        InputError: a cluster has a part in the tenant.
    """
    done = apply_where_possible(store, edit.request)
    return replace(done, effects=(*edit.refused, *done.effects))


def plan_deletion(store: Store, namespace: str, logins: Sequence[str], now: datetime, actor: str) -> Edit:
    """Return the deletion of these accounts (IT-18). Those of a cluster's resources are refused, naming the resource.

    Raises:
        InputError: the store has no such tenant.
    """
    with store.read() as connection:
        found = _Known.load(connection, namespace, logins)
    removed, refused = [], []
    for login in found.logins:
        row, why = found.user(login)
        if row is not None and not found.tenant.on_command_line:
            why = _elsewhere(row, namespace)
        if row is None or why is not None:
            refused.append(_refusal(namespace, login, *why) if why else _refusal(namespace, login, *_nobody(login)))
        else:
            removed.append((Kind.USER, row.name))
    return Edit(Request(namespace, now, actor, removed=removed), tuple(refused))


def _elsewhere(row: ResourceRow, namespace: str) -> tuple[Reason, str]:
    """Return why an account of a cluster's tenant is not deleted from here, and where it is."""
    if manager_of(row.name) is Manager.API:
        return Reason.MANAGED_BY_API, "was made by the runtime API; delete it there"
    message = f"delete the resource: kubectl delete user.tenantry.dev {row.name} -n {namespace}"
    return Reason.MANAGED_BY_KUBERNETES, message


def plan_grouping(store: Store, namespace: str, grouping: Grouping, now: datetime, actor: str) -> Edit:
    """Return the joining or leaving of a group by many at once (NR-21, NR-24).

    Who only has access to the workgroup becomes a member of it by that.

    Raises:
        InputError: there is no such tenant, workgroup or group, or a cluster has a part in the tenant.
    """
    with store.read() as connection:
        found = _Known.load(connection, namespace, grouping.logins)
    check_ours(found.tenant, namespace)
    known = {group.name for group in found.workgroup(grouping.workgroup).spec.groups}
    if grouping.group not in known:
        there = choices(sorted(known))
        raise InputError(f'Workgroup "{grouping.workgroup}" defines no group "{grouping.group}"; {there}')
    wanted, refused = [], []
    for login in found.logins:
        row, why = found.user(login)
        document = json.loads(row.document) if row is not None else {}
        if row is not None and why is None:
            policy, account = found.workgroup(grouping.workgroup), found.accounts.get(login_key(login))
            whole = {"spec": document, "profile": account.profile if account is not None else None}
            why = check_edit_through(policy.name, policy.spec, whole) or _regroup(document, policy, grouping)
        if row is None or why is not None:
            refused.append(_refusal(namespace, login, *(why or _nobody(login))))
        else:
            wanted.append(Wanted(Kind.USER, row.name, dump(document), row.paused))
    return Edit(Request(namespace, now, actor, wanted), tuple(refused))


def plan_invitation(store: Store, namespace: str, invitation: Invitation, now: datetime, actor: str) -> Edit:
    """Return the invitation of many people at once, one role for all (MM-02).

    Raises:
        InputError: there is no such tenant or workgroup, it does not invite, or a cluster has a part in the tenant.
    """
    with store.read() as connection:
        found = _Known.load(connection, namespace, invitation.emails)
        names = {n for k, n, _ in load_tenant_resources(connection, found.tenant.id).values() if k is Kind.USER}
    check_ours(found.tenant, namespace)
    policy = found.workgroup(invitation.workgroup).spec
    if policy.onboarding.mode is not OnboardingMode.INVITATION:
        raise InputError(
            f'Workgroup "{invitation.workgroup}" does not invite: its spec.onboarding.mode is '
            f"{policy.onboarding.mode.value}; set it to Invitation"
        )
    wanted, refused = [], []
    for email in found.logins:
        why = _uninvitable(email, found)
        if why is not None:
            refused.append(_refusal(namespace, email, *why))
            continue
        name = _name_of(email, names)
        names.add(name)
        wanted.append(Wanted(Kind.USER, name, dump(_invited(email, invitation))))
    return Edit(Request(namespace, now, actor, wanted), tuple(refused))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of some logins: accounts by login key, Users by UID and by key, system users."""

    tenant: TenantRow
    logins: tuple[str, ...]
    policies: Policies
    accounts: dict[str, Account]
    rows: dict[str, ResourceRow]

    @classmethod
    def load(cls, connection: Connection, namespace: str, logins: Sequence[str]) -> "_Known":
        """Read them; of a login that is given twice the first counts.

        Raises:
            InputError: the store has no such tenant.
        """
        tenant = chosen_tenant(connection, namespace)
        by_key = {login_key(login): login for login in reversed(logins)}
        accounts = {a.login_key: a for a in load_by_login(connection, tenant.id, by_key)}
        rows = load_resources(connection, [a.resource_uid for a in accounts.values() if a.resource_uid is not None])
        found = {key: rows[a.resource_uid] for key, a in accounts.items() if a.resource_uid in rows}
        unknown = by_key.keys() - accounts.keys()
        if unknown:
            unowned = ((_login_key(row), row) for row in load_unowned(connection, tenant.id, Kind.USER))
            found |= {key: row for key, row in unowned if key in unknown}
        unique = tuple(by_key[key] for key in reversed(by_key))
        return cls(tenant, unique, load_policies(connection, tenant.id), accounts, found)

    def user(self, login: str) -> tuple[ResourceRow | None, tuple[Reason, str] | None]:
        """Return the User of a login, or why there is none to edit."""
        key = login_key(login)
        account, row = self.accounts.get(key), self.rows.get(key)
        if account is not None and account.tombstone is not None:
            return None, _buried(account.tombstone)
        for policy in self.policies.workgroups.values():
            if row is None and key in {login_key(user.user_name) for user in policy.spec.system_users}:
                message = f'is a system user of Workgroup "{policy.name}"; it is there as long as that spec lists it'
                return None, (Reason.LOGIN_RESERVED, message)
        return row, (Reason.PAUSED, _PAUSED) if row is not None and row.paused else None

    def workgroup(self, name: str) -> WorkgroupPolicy:
        """Return a policy by name.

        Raises:
            InputError: there is none.
        """
        policy = self.policies.workgroups.get(name)
        if policy is None:
            there = choices(sorted(self.policies.workgroups))
            raise InputError(f'tenant "{self.tenant.namespace}" has no Workgroup "{name}"; {there}')
        return policy


def _login_key(row: ResourceRow) -> str:
    """Return the login key that a User's spec asks for; empty where it is not readable."""
    spec = json.loads(row.document)
    login = spec.get("userName") if isinstance(spec, dict) else None
    return login_key(login) if isinstance(login, str) else ""


def _refusal(namespace: str, login: str, reason: Reason, message: str) -> Effect:
    return Effect(namespace, Kind.USER, login, login, Action.NONE, Result.REFUSED, reason, message)


def _nobody(login: str) -> tuple[Reason, str]:
    return Reason.USER_NOT_FOUND, f'there is no account with the login "{login}"; look at: tenantry users list'


def _buried(tombstone: Tombstone) -> tuple[Reason, str]:
    if tombstone.mode is DeletionMode.RESTORABLE:
        return (
            Reason.LOGIN_DELETED,
            "was deleted before; to bring it back, apply its User with spec.onExisting: Restore",
        )
    return Reason.LOGIN_RESERVED, "was deleted for good; its login can never be used again"


def _regroup(document: dict[str, Any], policy: WorkgroupPolicy, grouping: Grouping) -> tuple[Reason, str] | None:
    """Change the groups in a User's spec, or return why they cannot be."""
    entries = document.get("workgroups") or []
    entry = next((e for e in entries if e.get("workgroupRef") == grouping.workgroup), None)
    if entry is None:
        message = f'has no access to Workgroup "{grouping.workgroup}"; give it access first, in spec.workgroups'
        return Reason.NOT_A_MEMBER, message
    license_type = (document.get("license") or {}).get("type")
    defaults = list(policy.spec.groups_by_default(license_type))
    is_member = entry.get("membership") != MembershipKind.AVAILABLE
    # Once a group is named, only what is named counts: who is in some by default stays there.
    present = entry.get("groups") or (defaults if is_member else [])
    groups = [name for name in present if name != grouping.group] + [grouping.group] * grouping.add
    if not groups and grouping.group in defaults:
        message = f'is in "{grouping.group}" by default, being in no other group; add it to another first'
        return Reason.GROUP_BY_DEFAULT, message
    if grouping.add:
        entry["membership"] = MembershipKind.MEMBER.value
    if present != groups and not (grouping.add and grouping.group in present):
        entry["groups"] = groups
    return None


def _uninvitable(email: str, found: _Known) -> tuple[Reason, str] | None:
    if not is_email(email):
        return Reason.LOGIN_INVALID, f'"{email}" is not an email address; write one such as ada@example.com'
    row, why = found.user(email)
    if row is not None:
        return (
            Reason.LOGIN_TAKEN,
            f'User "{row.name}" has this login already; to invite again: spec.invitationResendTime',
        )
    return why


def _invited(email: str, invitation: Invitation) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "userName": email,
        "emails": [{"value": email, "primary": True}],
        "workgroups": [{"workgroupRef": invitation.workgroup, "role": invitation.role}],
    }
    return spec | ({"license": {"type": invitation.license_type}} if invitation.license_type else {})


def _name_of(email: str, taken: set[str]) -> str:
    """Return a name for the User: the email in the letters that Kubernetes takes; a second one gets a digest too."""
    stem = re.sub(r"[^a-z0-9]+", "-", login_key(email)).strip("-")[:_LONGEST_STEM].strip("-") or "user"
    digest = hashlib.sha256(login_key(email).encode()).hexdigest()[:8]
    return f"{stem}-{digest}" if stem in taken else stem
