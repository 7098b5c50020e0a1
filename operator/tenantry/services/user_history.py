"""What was done to an account, by whom and when, for a person who may read that (TT-15)."""

from collections.abc import Sequence
from dataclasses import replace

from tenantry.domain.audit import Record, person_named, spell_actor
from tenantry.domain.refusal import Refusal
from tenantry.services.administration import Call, Desk, find_for, looking
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.account import load_by_id
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
        records = read_subject(case.desk.connection, case.desk.tenant_id, case.target.account.id, before, limit)
        return _spelled(case.desk, records)


def _spelled(desk: Desk, records: Sequence[Record]) -> list[Record]:
    """Return the records with the logins of who acted: as long as they are there."""
    ids = {person for record in records if (person := person_named(record.actor)) is not None}
    logins = {account.id: account.user_name for account in load_by_id(desk.connection, ids, desk.tenant_id)}
    return [replace(record, actor=spell_actor(record.actor, logins)) for record in records]
