"""What accounts hold, seen and given away for a person, and the licenses of the person's workgroup (NR-18, NR-28)."""

from dataclasses import dataclass

from tenantry.domain.administration import check_capability
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.services.administration import Call, Case, deciding, find_for, looking
from tenantry.services.holdings import Handover, Result, reassign_holdings
from tenantry.services.pools import ListedCapacity, list_pools
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.holding import list_by_owner


@dataclass(frozen=True, slots=True)
class HeldThing:
    """One thing that an account holds in the workgroup of the person."""

    kind: str
    name: str


def list_held(store: Store, call: Call, account_id: str) -> list[HeldThing] | Refusal:
    """Return what an account holds in the workgroup of the person, by kind and name.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        case = find_for(desk, Capability.VIEW_USERS, account_id)
        if isinstance(case, Refusal):
            return case
        here = case.desk.actor.workgroup
        rows = list_by_owner(
            case.desk.connection, case.desk.tenant_id, workgroup=here, kind=None, account_id=case.target.account.id
        )
        return [HeldThing(holding.kind, holding.name) for holding, _ in rows]


def reassign(store: Store, call: Call, account_id: str, taker: str, kind: str | None) -> int | Refusal:
    """Give all that an account holds in the workgroup of the person, or all of a kind, to a login (NR-17, NR-18).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with deciding(store, call) as (held, desk):
        case = find_for(desk, Capability.REASSIGN_HOLDINGS, account_id)
        if isinstance(case, Refusal):
            return case
        if case.desk.find_login(taker) is None:  # who is in other workgroups alone is nobody here
            message = f'no account of Workgroup "{case.desk.actor.workgroup}" has the login "{taker}"'
            return Refusal(Reason.ASSIGNEE_NOT_FOUND, "to", message)
        return _told(reassign_holdings(held, call.namespace, _handover(case, taker, kind), call.now, actor=call.actor))


def _handover(case: Case, taker: str, kind: str | None) -> Handover:
    return Handover(case.target.account.user_name, taker, case.desk.actor.workgroup, kind)


def _told(result: Result) -> int | Refusal:
    return result.refusals[0] if result.refusals else result.changed


def list_licenses(store: Store, call: Call) -> list[ListedCapacity] | Refusal:
    """Return what was bought for the workgroup of the person, and what of it is in use (NR-28).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        if isinstance(desk, Refusal):
            return desk
        missing = check_capability(desk.actor, Capability.VIEW_USERS)
        pool = desk.actor.policy.license_pool_ref
    if missing is not None:
        return missing
    return [line for line in list_pools(store, call.namespace) if line.pool == pool]
