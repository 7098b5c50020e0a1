"""Objects from files into the store without a cluster: through the very services that the operator uses.

A plan is a run on a copy of the tenant, so that both say the same. An apply is one transaction.
"""

import json
import secrets as randomness
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from tenantry.domain.audit import Change
from tenantry.domain.immutable import check_immutable
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import restore_object
from tenantry.domain.refusal import Refusal
from tenantry.errors import InputError
from tenantry.services.effects import (
    Action,
    Effect,
    Plan,
    Result,
    compare,
    compare_counts,
    load_others,
    load_state,
    note_rivals,
)
from tenantry.services.file_secrets import FileSecrets
from tenantry.services.observed import observe
from tenantry.services.provisioning import BATCH_SIZE, load_due, reconcile
from tenantry.services.secret_needs import needs_of, secrets_needed
from tenantry.services.trail import check_key
from tenantry.services.work import SecretNeed, TenantRef, Work
from tenantry.store import Connection, Store
from tenantry.store.audit import append_records
from tenantry.store.copied import copied
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.resource import ResourceRow, load_named, load_resources, load_tenant_resources
from tenantry.store.tenant import COMMAND_LINE, Detachment, TenantRow, find_tenant, lock_tenant, save_tenant

Key: TypeAlias = tuple[Kind, str]
#: What is due is done until nothing is; a line of a hundred thousand takes two hundred rounds.
_MOST_ROUNDS = 10_000
_POLICIES = (Kind.LICENSE_POOL, Kind.WORKGROUP)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as a file has it: ``document`` is its spec as JSON, with defaults filled in."""

    kind: Kind
    name: str
    document: str
    paused: bool = False


def _no_step() -> None:
    """Take note of a step where nobody watches."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one namespace. Objects arrive in the order of ``wanted``; those ``removed`` go.

    With ``prune`` everything goes that is not wanted. ``take_over``: also where a cluster had a part in the tenant.
    """

    namespace: str
    now: datetime
    actor: str
    wanted: Sequence[Wanted] = ()
    removed: Collection[Key] = ()
    prune: bool = False
    take_over: bool = False
    secrets: FileSecrets = field(default_factory=lambda: FileSecrets({}))
    advance: Callable[[], None] = _no_step


def plan(store: Store, request: Request) -> Plan:
    """Return what an apply would come to, and change nothing. Of a cluster's tenant: what kubectl apply would come to.

    It holds up nobody: what others write meanwhile is not in it.

    Raises:
        StoreUnavailable: the database is gone.
        InputError: it is to be taken over, and its trail is signed by another key.
    """
    _read_ahead(store, request)
    with copied(store, request.namespace) as copy:
        run = _Run.enter(copy.store, request)
        planned = run.conclude(copy.former, run.carry_out())
    unsure = () if is_ours(store, request.namespace) else note_rivals(planned)
    return replace(planned, notes=(*planned.notes, *unsure))


def apply(store: Store, request: Request) -> Plan:
    """Bring the tenant in step with the files, in one transaction, and return what that came to.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
        InputError: a cluster has a part in the tenant, its trail is signed by another key, or it was changed meanwhile.
    """
    expected = _read_ahead(store, request)
    with joined(store, request.namespace) as held:
        return _apply(store, _enter(held, request, expected))


def apply_where_possible(store: Store, request: Request) -> Plan:
    """Apply as above, but of a wanted object that would be refused nothing is taken: it stays as it is.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
        InputError: as of apply.
    """
    expected = _read_ahead(store, request)
    with joined(store, request.namespace) as held:
        attempt = held.savepoint()
        done = _apply(store, _enter(held, request, expected))
        refused = tuple(e for e in done.effects if e.named and e.result in {Result.REFUSED, Result.PENDING})
        if not refused:
            return done
        attempt.rollback()
        names = {effect.name for effect in refused}
        good = replace(request, wanted=[w for w in request.wanted if w.name not in names])
        done = _apply(store, _Run.enter(held, good))
        return replace(done, effects=(*refused, *done.effects))


def _enter(held: JoinedStore, request: Request, expected: list[str]) -> "_Run":
    """Lock a tenant that is ours to write, and that is as it was when passwords were compared."""
    run = _Run.enter(held, request)
    check_ours(run.tenant, request.namespace)
    check_key(run.tenant, held.audit_key)
    if [o.uid for o in run.bound.objects if o.uid in run.bound.known] != expected:
        raise InputError(f'tenant "{request.namespace}" was changed by somebody else meanwhile; run it again')
    return run


def _apply(store: Store, run: "_Run") -> Plan:
    uids = run.carry_out()
    with store.read() as former:
        return run.conclude(former, uids)


def is_ours(store: Store, namespace: str) -> bool:
    """Tell whether the tenant is there, and no cluster has a part in it."""
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
    return tenant is not None and tenant.on_command_line


def check_ours(tenant: TenantRow | None, namespace: str) -> None:
    """Check that no cluster has a part in the tenant.

    Raises:
        InputError: it has; what to do instead.
    """
    if tenant is not None and not tenant.on_command_line:
        raise InputError(
            f'tenant "{namespace}" is managed by the operator of a cluster (namespace UID '
            f"{tenant.observed_uid or tenant.namespace_uid}); use kubectl there, or, where that cluster is gone for "
            "good: tenantry apply --take-over"
        )


def _read_ahead(store: Store, request: Request) -> list[str]:
    """Compare the passwords before the tenant is locked; return the UIDs of the objects that are there."""
    with store.read() as connection:
        bound = _bind(connection, find_tenant(connection, request.namespace), request)
        needs = needs_of(connection, bound.objects, request.namespace)
    request.secrets.read_ahead(needs, request.advance)
    return [o.uid for o in bound.objects if o.uid in bound.known]


@dataclass(slots=True)
class _Bound:
    """The wanted objects with the UIDs of those that are there, those that go, and what no store would take."""

    objects: list[Observed[Any]] = field(default_factory=list)
    going: list[Observed[Any]] = field(default_factory=list)
    known: dict[str, ResourceRow] = field(default_factory=dict)
    refused: list[tuple[ResourceRow, Refusal]] = field(default_factory=list)


def _bind(connection: Connection, tenant: TenantRow | None, request: Request) -> _Bound:
    """Find the stored object of each name. The order of the files is that of arrival."""
    found = _Bound()
    names = {(w.kind, w.name) for w in request.wanted}
    rows = _rows(connection, tenant, names | set(request.removed), everything=request.prune)
    for place, wanted in enumerate(request.wanted):
        row = rows.get((wanted.kind, wanted.name))
        refusals = _changes(row, wanted)
        if row is not None and refusals:
            found.refused += [(row, refusal) for refusal in refusals]
            continue
        created = request.now - timedelta(microseconds=len(request.wanted) - place)
        found.objects.append(_object(row, wanted, request.namespace, created))
    found.known = {row.uid: row for row in rows.values()}
    going = set(request.removed) if not request.prune else rows.keys() - names
    found.going = [_going(rows[key], request.namespace) for key in sorted(going) if key in rows]
    return found


def _rows(
    connection: Connection, tenant: TenantRow | None, keys: Collection[Key], *, everything: bool
) -> dict[Key, ResourceRow]:
    """Return the stored objects by kind and name; of two the younger, since the other is about to go."""
    if tenant is None:
        return {}
    rows: list[ResourceRow] = []
    if everything:
        rows += load_resources(connection, load_tenant_resources(connection, tenant.id)).values()
    else:
        for kind in {kind for kind, _ in keys}:
            rows += load_named(connection, tenant.id, kind, [name for of_kind, name in keys if of_kind is kind])
    return {(row.kind, row.name): row for row in sorted(rows, key=lambda row: row.created)}


def _changes(row: ResourceRow | None, wanted: Wanted) -> list[Refusal]:
    if row is None:
        return []
    return check_immutable(wanted.kind, json.loads(row.document), json.loads(wanted.document))


def _object(row: ResourceRow | None, wanted: Wanted, namespace: str, created: datetime) -> Observed[Any]:
    """Return the object as the API server would have it: the same UID, and a generation more for a new spec."""
    seen = restore_object(
        wanted.kind,
        uid=row.uid if row is not None else new_uid(created),
        namespace=namespace,
        name=wanted.name,
        generation=1,
        created=row.created if row is not None else created,
        deleting=False,
        paused=wanted.paused,
        document=wanted.document,
    )
    if row is None:
        return seen
    present = observe(row, namespace)
    same = seen.spec is not None and seen.spec == present.spec  # a default may be written out or not
    generation = row.generation + (not same or row.deleting)
    return replace(seen, generation=generation, document=row.document if same else seen.document)


def new_uid(created: datetime) -> str:
    """Return a UID that sorts by its time, as arrival does (RFC 9562, version 8)."""
    micros = int(created.timestamp() * 1_000_000)
    number = (micros << 64) | randomness.randbits(64)
    number = number & ~(0xF << 76) | (0x8 << 76)
    return str(uuid.UUID(int=number & ~(0x3 << 62) | (0x2 << 62)))


def _going(row: ResourceRow, namespace: str) -> Observed[Any]:
    """Return the object as one that was deleted, which is a new generation."""
    seen = observe(row, namespace)
    return replace(seen, deleting=True, generation=row.generation + (not row.deleting), remembered=False)


@dataclass(slots=True)
class _Run:
    """One run under the tenant's lock."""

    store: JoinedStore
    request: Request
    tenant: TenantRow
    bound: _Bound
    touched: set[str] = field(default_factory=set)

    @classmethod
    def enter(cls, store: JoinedStore, request: Request) -> "_Run":
        """Lock the tenant, and find the stored objects."""
        with store.write() as connection:
            tenant = lock_tenant(connection, request.namespace, COMMAND_LINE)
            if request.take_over and not tenant.on_command_line:
                tenant = _take_over(connection, tenant, request, store.audit_key)
            return cls(store, request, tenant, _bind(connection, tenant, request))

    @property
    def ref(self) -> TenantRef:
        return TenantRef(self.request.namespace, self.tenant.observed_uid)

    def carry_out(self) -> set[str]:
        """Do what is due by now, then what is asked for. Returns the UIDs of all objects that it touched."""
        if self._settle():
            with self.store.read() as connection:  # what was to go may be gone by now
                self.bound = _bind(connection, self.tenant, self.request)
        for batch in _batches(self.bound):
            needs = self._needs([o for o in batch if not o.deleting])
            self._reconcile(batch, needs)
            self._settle()
            for _ in batch:
                self.request.advance()
        return self.touched

    def _needs(self, objects: list[Observed[Any]]) -> list[SecretNeed]:
        with self.store.read() as connection:
            rows = load_resources(connection, [o.uid for o in objects])
            needs = needs_of(connection, objects, self.request.namespace)
        return [replace(need, state=rows[need.uid].reason if need.uid in rows else "") for need in needs]

    def _settle(self) -> bool:
        """Do what is due until nothing is, and tell whether anything was."""
        for done in range(_MOST_ROUNDS):
            due = load_due(self.store, self.request.now, namespace=self.request.namespace)
            objects = due.get(self.request.namespace, [])
            if not objects:
                return done > 0
            self._reconcile(objects, secrets_needed(self.store, self.ref, objects))
        return True

    def _reconcile(self, objects: Sequence[Observed[Any]], needs: Iterable[SecretNeed]) -> None:
        request = self.request
        offers = request.secrets.offers(needs)
        work = Work(self.ref, objects, request.now, self.tenant.epoch, offers, request.actor)
        self.touched |= {outcome.uid for outcome in reconcile(self.store, work)}

    def conclude(self, former: Connection, uids: set[str]) -> Plan:
        """Compare what is with what was, as ``former`` sees it, from outside of this transaction."""
        request = self.request
        named = {o.uid for o in (*self.bound.objects, *self.bound.going)}
        before = load_state(former, request.namespace, uids, request.now)
        with self.store.read() as connection:
            after = load_state(connection, request.namespace, uids, request.now, before)
            load_others(connection, after, before.accounts.keys())
        load_others(former, before, after.accounts.keys())
        effects, unchanged = compare(request.namespace, before, after, named)
        refused = [_refused(request.namespace, row, refusal) for row, refusal in self.bound.refused]
        new = find_tenant(former, request.namespace) is None
        notes = [_unread(name, new=new) for name in sorted(request.secrets.unread)]
        counts = compare_counts(before, after)
        return Plan(request.namespace, (*refused, *effects), counts, unchanged, tuple(notes))


def _batches(bound: _Bound) -> Iterator[list[Observed[Any]]]:
    """Yield what the operator would take together: policies first, and who goes before who comes."""
    policies = [o for o in bound.objects if o.kind in _POLICIES]
    people = sorted((o for o in bound.objects if o.kind not in _POLICIES), key=lambda o: o.kind is Kind.PROJECT_MEMBER)
    leaving = sorted(bound.going, key=lambda o: o.kind in _POLICIES)
    for some in (policies, leaving, people):
        for start in range(0, len(some), BATCH_SIZE):
            yield some[start : start + BATCH_SIZE]


def _unread(name: str, *, new: bool) -> str:
    """Return what a plan says of a Secret that it takes to be in a cluster; of a ``new`` tenant that is not known."""
    note = f'Secret "{name}" is not in the files; its value is not checked'
    if not new:
        return note
    return (
        f"{note}. kubectl apply takes it from the cluster; for tenantry apply it must be in the files (SecretNotFound)"
    )


def _refused(namespace: str, row: ResourceRow, refusal: Refusal) -> Effect:
    login = json.loads(row.document).get("userName", "") if row.kind is Kind.USER else ""
    return Effect(
        namespace, row.kind, row.name, login, Action.NONE, Result.REFUSED, refusal.reason, str(refusal), named=True
    )


def _take_over(connection: Connection, tenant: TenantRow, request: Request, audit_key: bytes) -> TenantRow:
    """Make the tenant one that no cluster has a part in, on record. An operator that comes back finds it detached."""
    check_key(tenant, audit_key)
    facts: Mapping[str, Any] = {"namespaceUid": [tenant.namespace_uid, COMMAND_LINE], "epoch": tenant.epoch}
    taken = save_tenant(
        connection, tenant, namespace_uid=COMMAND_LINE, observed_uid=COMMAND_LINE, detached=Detachment.NONE
    )
    change = Change("TenantTakenOver", "Tenant", tenant.namespace, None, dict(facts), {})
    return append_records(connection, taken, [change], request.actor, request.now, audit_key)
