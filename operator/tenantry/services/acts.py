"""What changes a tenant beside its objects: one transaction under its lock, on record with what it changes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tenantry.domain.account import Account
from tenantry.domain.audit import Change, describe_accounts
from tenantry.domain.holding import describe_orphans
from tenantry.domain.mail import Mail
from tenantry.domain.observed import Kind
from tenantry.domain.session import (
    Session,
    SessionEnd,
    describe_session_end,
    ends_by_change,
    is_revoked,
    workgroups_shut,
)
from tenantry.services.accounts import chosen_tenant
from tenantry.services.posting import post
from tenantry.services.trail import check_key
from tenantry.store import Connection, Store
from tenantry.store.account import Pair, apply_accounts
from tenantry.store.audit import append_records, erase_personal
from tenantry.store.holding import count_holdings
from tenantry.store.resource import mark_later, mark_uids
from tenantry.store.session import delete_lapsed, delete_sessions, last_report, load_by_account
from tenantry.store.tenant import TenantRow

#: A pool's status tells of log-ins at most this often: each time of all that there were since.
REPORT_SECONDS = 2


@dataclass(slots=True, kw_only=True)
class Act:
    """One transaction on a locked tenant: who acts, what changes, and what is put on record beside that.

    ``woken`` are the UIDs of objects to be looked at again because of it, ``logins_moved`` the pools whose log-ins are
    other than before, ``mails`` those that were asked for: which follow from a change is found out when it is written.
    """

    connection: Connection
    tenant: TenantRow
    actor: str
    now: datetime
    audit_key: bytes = b""
    records: list[Change] = field(default_factory=list)
    effects: dict[str, Pair] = field(default_factory=dict)
    woken: set[str] = field(default_factory=set)
    logins_moved: set[str] = field(default_factory=set)
    mails: list[Mail] = field(default_factory=list)

    def change(self, before: Account | None, after: Account | None) -> None:
        """Take one account's change, and have the objects that own it looked at again."""
        join(self.effects, before, after)
        self.woken |= {a.resource_uid for a in (before, after) if a is not None and a.resource_uid is not None}

    def dismiss(self, system: Sequence[Account]) -> None:
        """Erase system users. What they hold goes with them, on record: nobody can be asked to settle it first."""
        held = count_holdings(self.connection, [account.id for account in system])
        for account in system:
            self.records += [describe_orphans(account.id, None, some) for some in held[account.id]]
            self.change(account, None)

    def end(self, sessions: Collection[Session], why: SessionEnd) -> None:
        """End sessions at once, so that what they took is free in this transaction already."""
        delete_sessions(self.connection, sessions)
        self._tell_ended(sessions, why)

    def end_lapsed(self) -> None:
        """End the sessions whose lease or time is over. A heartbeat takes no lock: until then it may save one."""
        self._tell_ended(delete_lapsed(self.connection, self.tenant.id, self.now), SessionEnd.LAPSED)

    def _tell_ended(self, sessions: Collection[Session], why: SessionEnd) -> None:
        self.records += [describe_session_end(session, why) for session in sessions]
        self.logins_moved |= {session.pool for session in sessions if session.pool is not None}

    def end_shut(self, changes: Iterable[Pair]) -> None:
        """End the sessions that do not outlive these changes, before they are written: a row erased takes its own."""
        moved = {pair[0].id: pair for pair in changes if pair[0] is not None and ends_by_change(*pair)}
        present = load_by_account(self.connection, moved)
        revoked = [s for s in present if is_revoked(s, *moved[s.account_id])]
        others = (s for s in present if s not in revoked)
        self.end(revoked, SessionEnd.REVOKED)
        self.end(
            [s for s in others if s.workgroup in workgroups_shut(*moved[s.account_id])], SessionEnd.ACCOUNT_CHANGED
        )

    def report_logins(self) -> None:
        """Have the status of the pools told of their log-ins, at most every two seconds."""
        pause = timedelta(seconds=REPORT_SECONDS)
        for pool in self.logins_moved:
            last = last_report(self.connection, self.tenant.id, pool) or self.now - pause
            # A report of a clock that was ahead is waited for no longer than any other.
            soonest = min(max(self.now, last + pause), self.now + pause)
            mark_later(self.connection, self.tenant.id, Kind.LICENSE_POOL, pool, soonest)

    def write(self) -> None:
        """Write all that was taken."""
        self.end_shut(self.effects.values())
        apply_accounts(self.connection, self.tenant.id, list(self.effects.values()), self.now)
        self.post_mail()
        self.put_on_record()
        mark_uids(self.connection, self.woken)
        self.report_logins()

    def post_mail(self) -> None:
        """Have people told of what concerns them."""
        post(self.connection, self.tenant.id, list(self.effects.values()), self.mails, self.now)

    def put_on_record(self) -> None:
        """Append to the trail what happened, and take out of it the personal data of accounts that are erased."""
        changes = [*self.records, *describe_accounts(self.effects.values())]
        self.tenant = append_records(self.connection, self.tenant, changes, self.actor, self.now, self.audit_key)
        erased = [before.id for before, after in self.effects.values() if before and (not after or not after.user_name)]
        erase_personal(self.connection, self.tenant.id, erased)


def join(kept: dict[str, Pair], before: Account | None, after: Account | None) -> None:
    """Add one account's change to others; a second one of the same account joins the first."""
    subject = after or before
    if before != after and subject is not None:
        first = kept[subject.id][0] if subject.id in kept else before
        kept[subject.id] = (first, after)


@contextmanager
def acting(store: Store, namespace: str, actor: str, now: datetime) -> Iterator[Act]:
    """Lock a tenant, and write at the end what was taken: that and its record are there together, or neither is.

    Raises:
        InputError: the store has no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with store.write(namespace) as connection:
        tenant = chosen_tenant(connection, namespace, lock=True)
        check_key(tenant, store.audit_key)
        act = Act(connection=connection, tenant=tenant, actor=actor, now=now, audit_key=store.audit_key)
        yield act
        act.write()
