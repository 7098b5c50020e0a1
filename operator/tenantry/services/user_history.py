"""What was done to an account, by whom and when, for a person who may read that (TT-15)."""

from tenantry.domain.audit import Record
from tenantry.domain.refusal import Refusal
from tenantry.services.administration import Call, find_for, looking
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.audit import read_subject


def list_history(store: Store, call: Call, account_id: str, before: int | None, limit: int) -> list[Record] | Refusal:
    """Return a page of the records of an account, the newest first.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        case = find_for(desk, Capability.READ_AUDIT, account_id, deleted=True)
        if isinstance(case, Refusal):
            return case
        return read_subject(case.desk.connection, case.desk.tenant_id, case.target.account.id, before, limit)
