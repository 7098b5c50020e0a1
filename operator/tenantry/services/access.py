"""Effective access as a use case: whether an account of a tenant may do something, and why."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.domain.access import Decision, Question, Resource, decide
from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind
from tenantry.domain.refusal import choices
from tenantry.errors import InputError
from tenantry.services.accounts import chosen_tenants
from tenantry.specs import WorkgroupSpec
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_login, load_by_uid, load_logins, load_system_named
from tenantry.store.policy import Policies, load_policies
from tenantry.store.project_member import load_parts
from tenantry.store.resource import ResourceRow, load_named, names_of_owners
from tenantry.store.tenant import TenantRow

#: How many accounts a message names.
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``user`` is a login, else the name of a User, else a system user's.

    The namespace may be left out where the store has one tenant, the workgroup where the account is in one.
    """

    user: str
    action: str
    resource: Resource
    namespace: str | None = None
    workgroup: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision, and of what: ``user`` is the name of the account's User, if it has one."""

    tenant: str
    login: str
    user: str
    workgroup: str
    decision: Decision


def explain(store: Store, request: Request, now: datetime) -> Explanation:
    """Decide by the rows of this moment whether an account may do something, with the rules that lead there.

    Raises:
        InputError: there is no such tenant, account, workgroup or scope; or it has to be named.
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        tenant = _tenant(connection, request.namespace)
        policies = load_policies(connection, tenant.id)
        account = _account(connection, tenant, request)
        workgroup = _workgroup(account, policies, request)
        policy = policies.workgroups.get(workgroup)
        if policy is not None:
            _check_scopes(request, policy.spec)
        user = _user_of(connection, account)
        projects = load_parts(connection, tenant.id, [user]).get((workgroup, user), []) if user else []
    question = Question(workgroup, request.action, request.resource)
    decision = decide(account, question, policy.spec if policy is not None else None, projects, now)
    return Explanation(tenant.namespace, account.user_name, user, workgroup, decision)


def _tenant(connection: Connection, namespace: str | None) -> TenantRow:
    tenants = chosen_tenants(connection, namespace)
    if len(tenants) == 1:
        return tenants[0]
    if not tenants:
        raise InputError("the store has no tenant yet")
    raise InputError(f"the store has several tenants, name one: {choices(t.namespace for t in tenants)}")


def _account(connection: Connection, tenant: TenantRow, request: Request) -> Account:
    """Return the one account that is meant.

    Raises:
        InputError: there is none, or there are several.
    """
    key = login_key(request.user)
    by_login = load_by_login(connection, tenant.id, [key])
    users = load_named(connection, tenant.id, Kind.USER, [request.user])
    for found in (
        [a for a in by_login if a.tombstone is None],
        load_by_uid(connection, [row.uid for row in users]),
        load_system_named(connection, tenant.id, key, request.workgroup),
    ):
        if len(found) == 1:
            return found[0]
        if found:
            where = choices(sorted(a.scope for a in found))
            raise InputError(f'several workgroups have a system user "{request.user}", name one: {where}')
    raise InputError(_missing(connection, tenant, request, users, buried=bool(by_login)))


def _missing(
    connection: Connection, tenant: TenantRow, request: Request, users: list[ResourceRow], *, buried: bool
) -> str:
    """Return why there is no account, and which there are."""
    if users:
        return f'User "{request.user}" has no account: {users[0].reason}'
    if buried:
        return f'the account of "{request.user}" was deleted'
    known = load_logins(connection, tenant.id, _MOST_NAMED)
    return (
        f'tenant "{tenant.namespace}" has no account or User "{request.user}"; {choices(known)}'
        f"{' and maybe more (tenantry users list)' if len(known) == _MOST_NAMED else ''}"
    )


def _user_of(connection: Connection, account: Account) -> str:
    uid = account.resource_uid
    return names_of_owners(connection, [uid]).get(uid, "") if uid is not None else ""


def _workgroup(account: Account, policies: Policies, request: Request) -> str:
    """Return the workgroup that is meant; none where the account has no place anywhere, which is denied anyway."""
    if request.workgroup is not None:
        if request.workgroup not in policies.workgroups:
            raise InputError(f'there is no Workgroup "{request.workgroup}"; {choices(sorted(policies.workgroups))}')
        return request.workgroup
    names = [member.workgroup for member in account.members]
    if len(names) > 1:
        raise InputError(f'"{account.user_name}" is in several workgroups, name one: {choices(names)}')
    return names[0] if names else ""


def _check_scopes(request: Request, policy: WorkgroupSpec) -> None:
    """Refuse a scope that the workgroup does not define: it would decide nothing, and a slip seem allowed."""
    for name in request.resource.scopes:
        if name not in policy.scopes_by_name:
            raise InputError(f'the workgroup has no scope "{name}"; {choices(policy.scopes_by_name)}')
