"""Policies: Workgroups and LicensePools as last taken. Parsed ones are kept in memory, keyed by what was read now."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.observed import Kind
from tenantry.domain.snapshot import Policy, PoolPolicy, WorkgroupPolicy
from tenantry.specs import LicensePoolSpec, WorkgroupSpec
from tenantry.store.rows import dump, parse
from tenantry.store.schema import policies

_HEADS = select(
    policies.c.kind, policies.c.name, policies.c.uid, policies.c.generation, policies.c.deleting, policies.c.reduced
).where(policies.c.tenant_id == bindparam("tenant_id"))
_MOST_PARSED = 512
_PARSED: OrderedDict[tuple[str, str, int], BaseModel] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy of a tenant by name."""

    workgroups: dict[str, WorkgroupPolicy]
    pools: dict[str, PoolPolicy]


def load_policies(connection: Connection, tenant_id: int) -> Policies:
    """Return the policies of a tenant. A spec is read and parsed once for each UID and generation."""
    found = Policies({}, {})
    heads = connection.execute(_HEADS, {"tenant_id": tenant_id}).all()
    for kind, name, uid, generation, deleting, reduced in heads:
        spec = _spec(connection, tenant_id, Kind(kind), name, uid, generation)
        if isinstance(spec, WorkgroupSpec):
            found.workgroups[name] = Policy(name, uid, generation, spec, deleting)
        elif isinstance(spec, LicensePoolSpec):
            found.pools[name] = Policy(name, uid, generation, spec, deleting, _parse_reduced(name, reduced))
    return found


def _spec(connection: Connection, tenant_id: int, kind: Kind, name: str, uid: str, generation: int) -> BaseModel:
    key = (kind, uid, generation)
    spec = _PARSED.get(key)
    if spec is None:
        where = (policies.c.tenant_id == tenant_id, policies.c.kind == kind, policies.c.name == name)
        document = connection.execute(select(policies.c.document).where(*where)).scalar_one()
        model = WorkgroupSpec if kind is Kind.WORKGROUP else LicensePoolSpec
        spec = _PARSED[key] = model.model_validate_json(document)
        if len(_PARSED) > _MOST_PARSED:
            _PARSED.popitem(last=False)
    else:
        _PARSED.move_to_end(key)
    return spec


def forget_parsed() -> None:
    """Forget what was parsed in a transaction that was undone: its generations may come again as something else."""
    _PARSED.clear()


def save_policy(
    connection: Connection,
    tenant_id: int,
    kind: Kind,
    policy: WorkgroupPolicy | PoolPolicy,
    document: str,
    *,
    known: bool,
) -> None:
    """Write a policy as taken now.

    What was parsed of this generation is forgotten: a cluster restored from a backup counts to the same number again.
    """
    _PARSED.pop((kind, policy.uid, policy.generation), None)
    values = {
        "uid": policy.uid,
        "generation": policy.generation,
        "document": document,
        "deleting": policy.deleting,
        "reduced": _dump_reduced(policy),
    }
    if known:
        where = (policies.c.tenant_id == tenant_id, policies.c.kind == kind, policies.c.name == policy.name)
        connection.execute(update(policies).where(*where).values(values))
    else:
        connection.execute(insert(policies).values(tenant_id=tenant_id, kind=kind.value, name=policy.name, **values))


def save_reduced(connection: Connection, tenant_id: int, policy: PoolPolicy) -> None:
    """Write since when a pool's capacities are below what is in use."""
    where = (policies.c.tenant_id == tenant_id, policies.c.kind == Kind.LICENSE_POOL, policies.c.name == policy.name)
    connection.execute(update(policies).where(*where).values(reduced=_dump_reduced(policy)))


def _dump_reduced(policy: WorkgroupPolicy | PoolPolicy) -> str:
    return dump([[c.kind, c.name, since.isoformat()] for c, since in sorted(policy.reduced.items())])


def _parse_reduced(pool: str, text: str) -> dict[Capacity, datetime]:
    return {Capacity(CapacityKind(kind), pool, name): datetime.fromisoformat(at) for kind, name, at in parse(text)}


def delete_policies(connection: Connection, tenant_id: int) -> None:
    """Forget every policy of a tenant whose namespace was made anew."""
    connection.execute(delete(policies).where(policies.c.tenant_id == tenant_id))


def delete_policy(connection: Connection, tenant_id: int, kind: Kind, name: str) -> None:
    """Forget a policy that nobody needs any more."""
    where = (policies.c.tenant_id == tenant_id, policies.c.kind == kind, policies.c.name == name)
    connection.execute(delete(policies).where(*where))
