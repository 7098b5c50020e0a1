"""The audit trail: verified against itself, its signature and earlier checkpoints, and exported."""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tenantry.domain.audit import Record, erases, first_fault, is_erased, sign
from tenantry.errors import InputError, TrailSigned
from tenantry.services.accounts import chosen_tenants
from tenantry.store import Connection, Store
from tenantry.store.audit import read_records
from tenantry.store.tenant import TenantRow


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long a tenant's trail was at some time, and the hash of its last record. ``signature`` may be empty."""

    tenant: str
    sequence: int
    head: str
    signature: str


@dataclass(frozen=True, slots=True)
class TrailVerdict:
    """What is to be said of a tenant's trail. ``signed`` and ``compared`` tell what it was held against."""

    tenant: str
    records: int
    fault: str | None
    signed: bool = False
    compared: bool = False


def read_audit_key(path: Path) -> bytes:
    """Return the key that signs the heads of trails; a line break at its end is no part of it.

    Raises:
        InputError: the file cannot be read, or is empty.
    """
    try:
        key = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise InputError(f"the audit key {path} cannot be read: {error.strerror}") from error
    if not key:
        raise InputError(f"the audit key {path} is empty")
    return key


def check_key(tenant: TenantRow, key: bytes) -> None:
    """Check that a key signs what is appended as it signed what is there.

    Raises:
        TrailSigned: it is signed, and not by this key.
    """
    if tenant.audit_signature and _signature_fault(tenant, key or b"none") is not None:
        raise TrailSigned(
            f'the audit trail of tenant "{tenant.namespace}" is signed, and not by this key; '
            "give the operator's: --audit-key-file, or TENANTRY_AUDIT_KEY_FILE"
        )


def count_records(store: Store, namespace: str | None = None) -> int:
    """Return how many records there are to verify.

    Raises:
        InputError: the store has no such tenant.
    """
    with store.read() as connection:
        return sum(tenant.audit_sequence for tenant in chosen_tenants(connection, namespace))


def verify_trails(
    store: Store,
    namespace: str | None = None,
    checkpoints: Mapping[str, Checkpoint] | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[TrailVerdict]:
    """Verify the trail of one tenant or all, record by record; ``advance`` is called after each.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    wanted = dict(checkpoints or {})
    with store.snapshot() as connection:
        tenants = chosen_tenants(connection, namespace)
        found = [_verify(connection, t, store.audit_key, wanted.pop(t.namespace, None), advance) for t in tenants]
    if namespace is None:
        found += [_vanished(checkpoint) for checkpoint in wanted.values()]
    return found


def _vanished(checkpoint: Checkpoint) -> TrailVerdict:
    fault = f"the checkpoint has {checkpoint.sequence} records of this tenant, and the store has no such tenant"
    return TrailVerdict(checkpoint.tenant, 0, fault, compared=True)


def _verify(
    connection: Connection, tenant: TenantRow, key: bytes, checkpoint: Checkpoint | None, advance: Callable[[], None]
) -> TrailVerdict:
    passing = _Passing(checkpoint, advance)
    try:
        head = (tenant.audit_sequence, tenant.audit_head)
        fault = first_fault(passing.watch(read_records(connection, tenant.id)), head)
    except (ValueError, KeyError):
        fault = f"the record after {passing.last} cannot be read: it was altered"
    fault = fault or passing.fault or _signature_fault(tenant, key) or _checkpoint_fault(passing, tenant, key)
    return TrailVerdict(
        tenant.namespace, tenant.audit_sequence, fault, signed=bool(key), compared=checkpoint is not None
    )


@dataclass(slots=True)
class _Passing:
    """What is noted of the records while they pass by. ``gone`` has by subject a record without its personal data."""

    checkpoint: Checkpoint | None
    advance: Callable[[], None]
    last: int = 0
    hash_at_checkpoint: str | None = None
    gone: dict[str, int] = field(default_factory=dict)

    @property
    def fault(self) -> str | None:
        """Personal data goes only with a later record that says so."""
        if not self.gone:
            return None
        return (
            f"the personal data of record {min(self.gone.values())} was removed, and no later record erases its account"
        )

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.last = record.sequence
            if self.checkpoint is not None and record.sequence == self.checkpoint.sequence:
                self.hash_at_checkpoint = record.hash
            if is_erased(record):
                self.gone.setdefault(record.change.subject, record.sequence)
            if erases(record.change):
                self.gone.pop(record.change.subject, None)
            yield record
            self.advance()


def _signature_fault(tenant: TenantRow, key: bytes) -> str | None:
    """Without the key nobody can sign another head: a trail that was rewritten whole is found by this."""
    if not key or not tenant.audit_sequence:
        return None
    if not tenant.audit_signature:
        return "the last record is not signed: it was written without the key, or rewritten"
    expected = sign(key, tenant.namespace, tenant.audit_sequence, tenant.audit_head)
    if not hmac.compare_digest(expected, tenant.audit_signature):
        return "the signature of the last record is not by this key: the trail was rewritten, or the key is another"
    return None


def _checkpoint_fault(passing: _Passing, tenant: TenantRow, key: bytes) -> str | None:
    checkpoint = passing.checkpoint
    if checkpoint is None or not checkpoint.sequence:
        return None
    expected = sign(key, tenant.namespace, checkpoint.sequence, checkpoint.head) if key else checkpoint.signature
    if not hmac.compare_digest(expected, checkpoint.signature):
        return "the checkpoint is not signed by this key: it was altered, or the key is another"
    if checkpoint.sequence > tenant.audit_sequence:
        return (
            f"the checkpoint has {checkpoint.sequence} records, the trail {tenant.audit_sequence}: its end was cut, "
            "or the store is an older copy"
        )
    if passing.hash_at_checkpoint != checkpoint.head:
        return f"record {checkpoint.sequence} is not the one of the checkpoint: the trail was rewritten"
    return None


def export_trails(store: Store, namespace: str | None = None, *, personal: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the records of each tenant, and after them its checkpoint; with ``personal``, the personal data too.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        for tenant in chosen_tenants(connection, namespace):
            for record in read_records(connection, tenant.id):
                yield _exported(tenant.namespace, record, personal=personal)
            end = Checkpoint(tenant.namespace, tenant.audit_sequence, tenant.audit_head, tenant.audit_signature)
            yield asdict(end)


def _exported(tenant: str, record: Record, *, personal: bool) -> dict[str, Any]:
    change = record.change
    fields = {
        "tenant": tenant,
        "sequence": record.sequence,
        "at": record.at.isoformat(),
        "actor": record.actor,
        "action": change.action,
        "kind": change.kind,
        "subject": change.subject,
        "resourceUid": change.resource_uid,
        "facts": change.facts,
        "personalDigest": record.personal_digest,
        "previous": record.previous,
        "hash": record.hash,
    }
    return fields | {"personal": change.personal, "salt": record.salt} if personal else fields
