"""One transaction's work on one tenant: what was read, what was planned, and the writing of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.holding import Transfer, describe_transfer
from tenantry.domain.licensepool import LoginFigures
from tenantry.domain.observed import Kind, Observed, Ref, email_ref, login_ref, user_ref
from tenantry.domain.snapshot import Snapshot
from tenantry.domain.status import Finding, stamp
from tenantry.services.acts import Act, join
from tenantry.services.work import Outcome, Work
from tenantry.specs import Status
from tenantry.specs.base import Condition
from tenantry.specs.licensepool import LicenseType
from tenantry.store.account import Pair, apply_accounts, save_sequences
from tenantry.store.holding import apply_transfers
from tenantry.store.policy import Policies
from tenantry.store.resource import (
    ResourceRow,
    delete_resources,
    insert_resources,
    load_refs,
    load_resources,
    mark_dependents,
    mark_objects,
    mark_uids,
    replace_refs,
    update_resources,
)
from tenantry.store.rows import dump
from tenantry.store.session import count_logins
from tenantry.store.tenant import save_tenant


@dataclass(slots=True, kw_only=True)
class Batch(Act):
    """The state of one transaction. Plans go through ``conclude`` and ``change``; ``write`` puts them in the store."""

    work: Work
    policies: Policies
    snapshot: Snapshot
    rows: dict[str, ResourceRow] = field(default_factory=dict)
    results: dict[str, ResourceRow] = field(default_factory=dict)
    wanted_refs: dict[str, frozenset[Ref]] = field(default_factory=dict)
    released: dict[str, ResourceRow] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    unwritten: dict[str, Pair] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    dependents: set[Ref] = field(default_factory=set)
    concerned: dict[Kind, set[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    pools_touched: set[str] = field(default_factory=set)
    _logins: Mapping[str, Mapping[LicenseType, LoginFigures]] | None = None

    def logins(self) -> Mapping[str, Mapping[LicenseType, LoginFigures]]:
        """Return the log-ins of the tenant's pools, read once in a transaction and after what it ended itself."""
        if self._logins is None:
            self._logins = count_logins(self.connection, self.tenant.id, self.now)
        return self._logins

    def objects(self, kind: Kind) -> list[Observed[Any]]:
        """Return the batch's objects of a kind, in order of arrival."""
        return sorted((o for o in self.work.objects if o.kind is kind), key=lambda o: o.arrival)

    def change(self, before: Account | None, after: Account | None) -> None:
        """Take one account's change. Its own object is the one that is planned: others are to be looked at again."""
        join(self.effects, before, after)
        join(self.unwritten, before, after)
        if before != after:
            self._notify(before, after)

    def _notify(self, before: Account | None, after: Account | None) -> None:
        """Note who is to be looked at again because of an account's change."""
        lived, lives = (account is not None and account.tombstone is None for account in (before, after))
        emails = [a.email_key if a is not None and a.tombstone is None else None for a in (before, after)]
        if emails[0] != emails[1]:
            self.dependents |= {email_ref(key) for key in emails if key is not None}
        if lived != lives:
            self.dependents |= {login_ref(a.login_key) for a in (before, after) if a is not None and not a.scope}
        if _part(before) == _part(after):
            return
        owner = (after.resource_uid if after else None) or (before.resource_uid if before else None)
        row = self.results.get(owner or "") or self.rows.get(owner or "")
        if row is not None:
            self.dependents.add(user_ref(row.name))
        members_before = before.members if before else ()
        members_after = after.members if after else ()
        for name in {m.workgroup for m in members_before} - {m.workgroup for m in members_after}:
            self.leave(name)

    def leave(self, workgroup: str) -> None:
        """Note that an account left a workgroup: one that waits to go, or its pool, may go now."""
        policy = self.policies.workgroups.get(workgroup)
        if policy is None:
            return
        if policy.deleting:
            self.concern(Kind.WORKGROUP, workgroup)
        pool = self.policies.pools.get(policy.spec.license_pool_ref or "")
        if pool is not None and pool.deleting:
            self.concern(Kind.LICENSE_POOL, pool.name)

    def concern(self, kind: Kind, name: str) -> None:
        """Have an object looked at again, by name."""
        self.concerned.setdefault(kind, set()).add(name)

    def give(self, transfers: Iterable[Transfer], resource_uid: str) -> None:
        """Take what an account gives away, before the account itself is changed."""
        for transfer in transfers:
            if transfer.to is not None and self.unwritten.get(transfer.to, (True, None))[0] is None:
                self.flush()  # the row of who is given it must be there
            self.transfers.append(transfer)
            self.records.append(describe_transfer(transfer, resource_uid))

    def flush(self) -> None:
        """Write the accounts changed so far, so that the database can be asked about them.

        Holdings move first: what an account still has goes with it.
        """
        apply_transfers(self.connection, self.transfers)
        self.transfers.clear()
        self.end_shut(self.unwritten.values())
        apply_accounts(self.connection, self.tenant.id, list(self.unwritten.values()), self.now)
        self.unwritten.clear()

    def conclude(
        self,
        seen: Observed[Any],
        status: Status,
        findings: Iterable[Finding],
        *,
        refs: frozenset[Ref] | None = None,
        due: datetime | None = None,
    ) -> None:
        """Take an object's status. Conditions get their times from what was committed before."""
        row = self.results.get(seen.uid) or self.rows.get(seen.uid)
        previous = row.parsed_status() if row is not None else {}
        conditions = stamp(findings, _conditions(previous), seen.generation, self.now)
        document = status.model_copy(update={"conditions": conditions}).model_dump(
            mode="json", by_alias=True, exclude_defaults=True
        )
        self._result(seen, document, conditions[0].reason, due)
        if refs is not None:
            self.wanted_refs[seen.uid] = refs

    def hold(self, seen: Observed[Any], status: dict[str, Any], reason: str) -> None:
        """Take an object's status as it is to be, whole (a paused object)."""
        self._result(seen, status, reason, None)

    def _result(self, seen: Observed[Any], status: dict[str, Any], reason: str, due: datetime | None) -> None:
        known = self.rows.get(seen.uid)
        self.results[seen.uid] = ResourceRow(
            uid=seen.uid,
            tenant_id=self.tenant.id,
            kind=seen.kind,
            name=seen.name,
            # An object never moves: planned again in a foreign cluster, it is still one of the cluster it came from.
            namespace_uid=known.namespace_uid if known is not None else self.work.tenant.uid,
            generation=seen.generation,
            created=seen.created,
            paused=seen.paused,
            deleting=seen.deleting,
            document=seen.document,
            status=dump(status),
            reason=reason,
            due=due,
        )
        self.outcomes[seen.uid] = Outcome(seen.uid, seen.kind, seen.namespace, seen.name, status)

    def release(self, seen: Observed[Any]) -> None:
        """Let an object go: its row is forgotten and its finalizer may be removed."""
        self.results.pop(seen.uid, None)
        self.wanted_refs.pop(seen.uid, None)
        if seen.uid in self.rows:
            self.released[seen.uid] = self.rows[seen.uid]
        self.outcomes[seen.uid] = Outcome(seen.uid, seen.kind, seen.namespace, seen.name, None, released=True)

    def forget(self, uid: str) -> None:
        """Forget the object of an account that another object takes over."""
        self.results.pop(uid, None)
        self.outcomes.pop(uid, None)
        self.released |= load_resources(self.connection, [uid])

    def let_go(self, seen: Observed[Any]) -> None:
        """Have an object's finalizer removed, and leave its row as it is."""
        if seen.uid in self.rows:
            self.results[seen.uid] = replace(self.rows[seen.uid], due=None)
        self.outcomes[seen.uid] = Outcome(seen.uid, seen.kind, seen.namespace, seen.name, None, released=True)

    def write(self) -> None:
        """Write all that was planned. The order keeps unique logins and foreign keys whole."""
        self.flush()
        save_sequences(self.connection, self.tenant.id, self.sequences, self.snapshot.sequences)
        self.post_mail()
        self.put_on_record()
        written = self._write_resources() or self.effects or self.records
        # An epoch stands for what was written under it: where nothing was, a restart leaves the store as it is.
        if written and self.tenant.epoch < self.work.epoch:
            save_tenant(self.connection, self.tenant, epoch=self.work.epoch)

    def _write_resources(self) -> bool:
        """Write the objects' rows, and tell whether there were any to write."""
        delete_resources(self.connection, list(self.released))
        new = [r for uid, r in self.results.items() if uid not in self.rows]
        insert_resources(self.connection, new)
        known = [r for uid, r in self.results.items() if uid in self.rows]
        changed = [r for r in known if r != self.rows[r.uid] or self._was_marked()]
        update_resources(self.connection, changed)
        present = load_refs(self.connection, [r.uid for r in known]) if known else {}
        replace_refs(self.connection, self.tenant.id, present, self.wanted_refs)
        mark_dependents(self.connection, self.tenant.id, self.dependents)
        mark_uids(self.connection, self.woken)
        self.report_logins()
        for kind, names in self.concerned.items():
            mark_objects(self.connection, self.tenant.id, kind, names)
        return bool(self.released or new or changed)

    def _was_marked(self) -> bool:
        """Tell whether this transaction made objects due before it planned them: then ``due`` in ``rows`` is stale."""
        return any(o.kind in {Kind.WORKGROUP, Kind.LICENSE_POOL} for o in self.work.objects)


def _part(account: Account | None) -> tuple[object, ...]:
    """Return what others go by who name the User of an account: where it is, its license and its type."""
    if account is None:
        return ()
    return (account.members, account.seat.type if account.seat else None, (account.profile or {}).get("userType"))


def _conditions(status: dict[str, Any]) -> list[Condition]:
    return [Condition.model_validate(c) for c in status.get("conditions", ())]
