"""The audit trail: written with the change it tells of, in the same transaction."""

import logging
import secrets
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, insert, select, update

from tenantry.domain.audit import Change, Record, link, sign
from tenantry.store.portions import in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import audit_records
from tenantry.store.tenant import TenantRow, save_tenant

log = logging.getLogger("tenantry.audit")

_APPEND = insert(audit_records)
_PAGE = 1000


def append_records(
    connection: Connection, tenant: TenantRow, changes: Sequence[Change], actor: str, now: datetime, key: bytes
) -> TenantRow:
    """Append one record an effect, and return the tenant with its head moved; ``key`` signs that where there is one."""
    if not changes:
        return tenant
    if key and tenant.audit_sequence and not tenant.audit_signature:
        log.warning(
            'the audit trail of tenant "%s" is signed from now on: all that write need its key', tenant.namespace
        )
    records = []
    sequence, head = tenant.audit_sequence, tenant.audit_head
    for change in changes:
        sequence += 1
        record = link(sequence, now.astimezone(UTC), actor, change, secrets.token_hex(16), head)
        head = record.hash
        records.append(_values(record, tenant.id))
    connection.execute(_APPEND, records)
    signature = sign(key, tenant.namespace, sequence, head) if key else ""
    return save_tenant(connection, tenant, audit_sequence=sequence, audit_head=head, audit_signature=signature)


def _values(record: Record, tenant_id: int) -> dict[str, object]:
    change = record.change
    return {
        "tenant_id": tenant_id,
        "sequence": record.sequence,
        "at": record.at.isoformat(),
        "actor": record.actor,
        "action": change.action,
        "kind": change.kind,
        "subject": change.subject,
        "resource_uid": change.resource_uid,
        "facts": dump(change.facts),
        "personal": dump(change.personal) if change.personal else None,
        "salt": record.salt,
        "personal_digest": record.personal_digest,
        "previous": record.previous,
        "hash": record.hash,
    }


def erase_personal(connection: Connection, tenant_id: int, subjects: Collection[str]) -> None:
    """Erase the personal data of these accounts from the trail; the facts and the chain stay (TH-18)."""
    for some in in_portions(subjects):
        where = (audit_records.c.tenant_id == tenant_id, audit_records.c.subject.in_(some))
        connection.execute(update(audit_records).where(*where).values(personal=None, salt=None))


def read_records(connection: Connection, tenant_id: int, after: int = 0, kind: str | None = None) -> Iterator[Record]:
    """Yield the records of a tenant in order, of one kind or all, a page at a time."""
    of_kind = () if kind is None else (audit_records.c.kind == kind,)
    while True:
        where = (audit_records.c.tenant_id == tenant_id, audit_records.c.sequence > after, *of_kind)
        query = select(audit_records).where(*where).order_by(audit_records.c.sequence).limit(_PAGE)
        page = connection.execute(query).all()
        if not page:
            return
        yield from map(_record, page)
        after = page[-1].sequence


def read_subject(connection: Connection, tenant_id: int, subject: str, before: int | None, limit: int) -> list[Record]:
    """Return a page of the records of one account, the newest first."""
    where = [audit_records.c.tenant_id == tenant_id, audit_records.c.subject == subject]
    where += [audit_records.c.sequence < before] if before is not None else []
    query = select(audit_records).where(*where).order_by(audit_records.c.sequence.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def _record(row: Row[tuple[object, ...]]) -> Record:
    personal = parse(row.personal) if row.personal else {}
    change = Change(row.action, row.kind, row.subject, row.resource_uid, parse(row.facts), personal)
    at = datetime.fromisoformat(row.at)
    return Record(row.sequence, at, row.actor, change, row.salt, row.personal_digest, row.previous, row.hash)
