"""Objects of a tenant as manifests that can be applied again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.observed import Kind
from tenantry.domain.reading import parse_spec
from tenantry.domain.user_profile import personal_fields, profile_of, with_defaults
from tenantry.services.accounts import chosen_tenant
from tenantry.specs import UserSpec
from tenantry.store import Connection, Store
from tenantry.store.account import load_all
from tenantry.store.policy import Policies, load_policies
from tenantry.store.resource import ResourceRow, load_resources, load_tenant_resources

_KINDS = list(Kind)


def export_objects(store: Store, namespace: str, kinds: frozenset[Kind]) -> list[tuple[ResourceRow, Mapping[str, Any]]]:
    """Return the objects of some kinds with their specs, policies first, then in order of arrival.

    What persons changed of their own profile is in the spec: applied elsewhere, it gives the same accounts, but that
    who was invited, or verified an email, is asked again.

    Raises:
        InputError: the store has no such tenant.
    """
    with store.read() as connection:
        tenant = chosen_tenant(connection, namespace)
        known = load_tenant_resources(connection, tenant.id)
        rows = load_resources(connection, [uid for uid, (kind, _, _) in known.items() if kind in kinds])
        ordered = sorted(rows.values(), key=lambda r: (_KINDS.index(r.kind), r.created, r.uid))
        return list(_specs(connection, tenant.id, [row for row in ordered if not row.deleting]))


def _specs(
    connection: Connection, tenant_id: int, rows: list[ResourceRow]
) -> Iterator[tuple[ResourceRow, Mapping[str, Any]]]:
    policies = load_policies(connection, tenant_id)
    accounts = {a.resource_uid: a for a in load_all(connection, tenant_id) if a.resource_uid is not None}
    for row in rows:
        document = json.loads(row.document) or {}
        yield row, document | _personal(row, accounts.get(row.uid), policies)


def _personal(row: ResourceRow, account: Account | None, policies: Policies) -> dict[str, Any]:
    """Return the fields in which the person's own values are in force against the spec (design §2, decision 7)."""
    spec, _ = parse_spec(row.kind, row.document)
    if account is None or not isinstance(spec, UserSpec):
        return {}
    # By the spec, not by the memberships: an account that was evicted has none.
    known = (policies.workgroups.get(m.workgroup_ref) for m in spec.workgroups)
    found = [policy.spec for policy in known if policy is not None]
    wanted, own = profile_of(with_defaults(spec, found)), account.profile or {}
    return {f: own.get(f) for f in personal_fields(account, found) if own.get(f) != wanted.get(f)}
