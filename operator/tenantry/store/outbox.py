"""Mails that are to be sent, and the links that were."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tenantry.domain.mail import Mail, MailKind, Purpose
from tenantry.store.portions import in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import links, outbox, tenants


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail with what became of it so far; see schema.outbox."""

    id: str
    mail: Mail
    created: datetime
    due: datetime | None
    attempts: int = 0
    lease: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that was mailed; see schema.links."""

    account_id: str
    purpose: Purpose
    address: str
    mail_id: str
    expires: datetime


def insert_mails(connection: Connection, tenant_id: int, rows: Sequence[MailRow]) -> None:
    """Insert mails, all in one statement."""
    values = [
        {
            "id": row.id,
            "tenant_id": tenant_id,
            "account_id": row.mail.account_id,
            "kind": row.mail.kind.value,
            "address": row.mail.address,
            "facts": dump(row.mail.facts),
            "created": row.created,
            "due": row.due,
            "attempts": row.attempts,
            "lease": row.lease,
            "failure": row.failure,
        }
        for row in rows
    ]
    if values:
        connection.execute(insert(outbox), values)


def load_waiting_tenants(connection: Connection, now: datetime) -> list[str]:
    """Return the namespaces that have mail to be sent by now."""
    due = select(outbox.c.tenant_id).where(outbox.c.due.is_not(None), outbox.c.due <= now)
    return list(connection.execute(select(tenants.c.namespace).where(tenants.c.id.in_(due))).scalars())


def load_due_mails(connection: Connection, tenant_id: int, now: datetime, limit: int) -> list[MailRow]:
    """Return the first mails of a tenant that are to be sent by now."""
    where = (outbox.c.tenant_id == tenant_id, outbox.c.due.is_not(None), outbox.c.due <= now)
    query = select(outbox).where(*where).order_by(outbox.c.due, outbox.c.id).limit(limit)
    return [_mail(row) for row in connection.execute(query)]


def load_mails(connection: Connection, tenant_id: int) -> list[MailRow]:
    """Return every mail of a tenant that was not sent, the oldest first."""
    query = select(outbox).where(outbox.c.tenant_id == tenant_id).order_by(outbox.c.created, outbox.c.id)
    return [_mail(row) for row in connection.execute(query)]


def load_queued(connection: Connection, account_id: str, kind: MailKind) -> list[MailRow]:
    """Return the mails of a kind to one account that are not sent yet."""
    where = (outbox.c.account_id == account_id, outbox.c.kind == kind.value, outbox.c.due.is_not(None))
    return [_mail(row) for row in connection.execute(select(outbox).where(*where))]


def _mail(row: Row[Any]) -> MailRow:
    mail = Mail(MailKind(row.kind), row.address, row.account_id, parse(row.facts))
    return MailRow(row.id, mail, row.created, row.due, row.attempts, row.lease, row.failure)


def lease_mails(connection: Connection, ids: Collection[str], lease: str, until: datetime) -> None:
    """Give mails to one who sends them; nobody else does until then."""
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(lease=lease, due=until))


def delete_mails(connection: Connection, ids: Collection[str]) -> None:
    """Forget mails that were sent, or are of no use any more."""
    connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))


def take_mail(connection: Connection, id_: str, lease: str) -> MailRow | None:
    """Return a mail that is still given to who asks; None where it was taken back, or by somebody else."""
    row = connection.execute(select(outbox).where(outbox.c.id == id_, outbox.c.lease == lease)).one_or_none()
    return _mail(row) if row is not None else None


def save_attempt_of(connection: Connection, row: MailRow) -> None:
    """Write what became of an attempt."""
    values = {"due": row.due, "attempts": row.attempts, "lease": row.lease, "failure": row.failure}
    connection.execute(update(outbox).where(outbox.c.id == row.id).values(values))


def delete_of_accounts(connection: Connection, kind: MailKind, account_ids: Iterable[str]) -> None:
    """Forget the mails of a kind to these accounts: another takes their place, or they are of no use."""
    for some in in_portions(account_ids):
        connection.execute(delete(outbox).where(outbox.c.account_id.in_(some), outbox.c.kind == kind.value))


def insert_link(connection: Connection, tenant_id: int, link: LinkRow, token_hash: str) -> None:
    """Insert a link."""
    connection.execute(
        insert(links).values(
            token_hash=token_hash,
            tenant_id=tenant_id,
            account_id=link.account_id,
            purpose=link.purpose.value,
            address=link.address,
            mail_id=link.mail_id,
            expires=link.expires,
        )
    )


def load_link(connection: Connection, tenant_id: int, token_hash: str) -> LinkRow | None:
    """Return the link of a token."""
    where = (links.c.tenant_id == tenant_id, links.c.token_hash == token_hash)
    row = connection.execute(select(links).where(*where)).one_or_none()
    if row is None:
        return None
    return LinkRow(row.account_id, Purpose(row.purpose), row.address, row.mail_id, row.expires)


def delete_link(connection: Connection, token_hash: str) -> None:
    """Forget a link whose mail surely did not go out."""
    connection.execute(delete(links).where(links.c.token_hash == token_hash))


def delete_links(connection: Connection, purpose: Purpose, account_ids: Iterable[str]) -> None:
    """Close every link of a purpose that was mailed to these accounts."""
    for some in in_portions(account_ids):
        connection.execute(delete(links).where(links.c.account_id.in_(some), links.c.purpose == purpose.value))


def delete_old_links(connection: Connection, tenant_id: int, before: datetime) -> None:
    """Forget the links that ran out long ago."""
    connection.execute(delete(links).where(links.c.tenant_id == tenant_id, links.c.expires < before))


def newest_link(connection: Connection, account_id: str, purpose: Purpose) -> LinkRow | None:
    """Return the link of a purpose that is good the longest."""
    where = (links.c.account_id == account_id, links.c.purpose == purpose.value)
    row = connection.execute(select(links).where(*where).order_by(links.c.expires.desc()).limit(1)).one_or_none()
    return LinkRow(row.account_id, purpose, row.address, row.mail_id, row.expires) if row is not None else None
