"""A tenant that remembers its live objects and Secrets, and can be checked for what must always hold."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.secret import SecretOffer
from tenantry.services import provisioning, secret_needs
from tenantry.services.passwords import verify_password
from tenantry.services.secret_values import find_mailbox, source_of
from tenantry.services.work import Outcome, PasswordNeed, SecretNeed, SweepReport, TenantRef, Work
from tenantry.specs.base import SecretKeyRef
from tenantry.store.account import load_all
from tenantry.store.subjects import load_subjects
from tenantry.store.tenant import find_tenant
from tests.support.tenancy import Tenant

_FEW = 50


@dataclass
class WatchedTenant(Tenant):
    """``objects`` are those the API server has, by UID; ``secrets`` are the values by (Secret, key).

    ``read`` tells for whom a Secret was read.
    """

    objects: dict[str, Observed[Any]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    secrets_version: int = 1
    read: list[str] = field(default_factory=list)

    def apply(self, *objects: Observed[Any], offers: Mapping[str, SecretOffer] | None = None) -> list[Outcome]:
        """Reconcile one batch as the operator does: Secrets first, and afterwards all that it made due."""
        self._keep_in_memory()
        self.objects |= {seen.uid: seen for seen in objects}
        outcomes = self._reconcile(objects, offers)
        return outcomes + self.settle()

    def _keep_in_memory(self) -> None:
        """Have accounts kept as decisions find them: whatever changes next must be seen by who asks afterwards."""
        with self.store.read() as connection:
            row = find_tenant(connection, self.ref.namespace)
            logins = [a.login_key for a in load_all(connection, row.id)] if row and len(self.objects) < _FEW else []
            if row is not None and logins:
                load_subjects(connection, row, logins)

    def settle(self) -> list[Outcome]:
        """Do what is due by now."""
        outcomes: list[Outcome] = []
        for _ in range(100):
            due = provisioning.load_due(self.store, self.now).get(self.ref.namespace)
            if not due:
                return outcomes
            outcomes += self._reconcile(due)
        raise AssertionError("the same objects are due over and over")

    def sweep(self, *, live: Iterable[Observed[Any]] | None = None) -> SweepReport:
        """Compare the store with the objects there are."""
        there = self.objects.values() if live is None else live
        listed = {o.uid: (o.kind, o.name, o.generation) for o in there}
        report = provisioning.sweep(self.store, self.ref, listed, self.now, self.now, self.epoch)
        self._remember(report.outcomes)
        self.settle()
        return report

    def vanish(self, *objects: Observed[Any]) -> None:
        """Take objects away behind the operator's back: their finalizer was stripped."""
        for seen in objects:
            self.objects.pop(seen.uid, None)
            self.statuses.pop(seen.uid, None)

    def move(self, namespace_uid: str) -> None:
        """Point the operator at another cluster's namespace of the same name, in which there is nothing yet."""
        self.ref = TenantRef(self.ref.namespace, namespace_uid)
        self.objects.clear()
        self.statuses.clear()

    def rotate(self, secret: str, key: str, value: str) -> None:
        """Change a Secret, and look out for rotated ones as the operator does from time to time."""
        self.secrets[secret, key] = value
        self.look_out()

    def look_out(self) -> None:
        """Look at every Secret as the operator does from time to time, after some were changed."""
        self.secrets_version += 1
        needs = secret_needs.secrets_known(self.store, "")
        offers = {need.uid: self._offer(need) for need in needs if self._sources(need) != _known(need)}
        objects = provisioning.load_objects(self.store, list(offers)).get(self.ref.namespace, [])
        self._reconcile(objects, offers)
        self.settle()

    def _reconcile(
        self, objects: Iterable[Observed[Any]], offers: Mapping[str, SecretOffer] | None = None
    ) -> list[Outcome]:
        batch = list(objects)
        needs = secret_needs.secrets_needed(self.store, self.ref, batch)
        read = {need.uid: self._offer(need) for need in needs} | dict(offers or {})
        outcomes = provisioning.reconcile(self.store, Work(self.ref, batch, self.now, self.epoch, read))
        self._remember(outcomes)
        return outcomes

    def _remember(self, outcomes: Iterable[Outcome]) -> None:
        self._take(list(outcomes))
        for outcome in outcomes:
            if outcome.released:
                self.objects.pop(outcome.uid, None)

    def _sources(self, need: SecretNeed) -> tuple[str | None, ...]:
        """Tell what the look-out finds; the values of one Secret change together here."""
        return tuple(self._source(part.ref) for part in need.parts)

    def _source(self, ref: SecretKeyRef) -> str:
        known = any(name == ref.name for name, _ in self.secrets)
        return source_of(self._secret(ref), ref.key) if known else ""

    def _secret(self, ref: SecretKeyRef) -> dict[str, Any]:
        values = {
            key: b64encode(value.encode(errors="surrogateescape")).decode()
            for (name, key), value in self.secrets.items()
            if name == ref.name
        }
        return {
            "metadata": {"name": ref.name, "uid": f"{ref.name}-uid", "resourceVersion": str(self.secrets_version)},
            "data": values,
        }

    def _offer(self, need: SecretNeed) -> SecretOffer:
        """Read what the lane reads, and count it."""
        self.read.append(need.uid)
        mailbox = None
        if need.mailbox is not None:
            ref = need.mailbox.ref
            mailbox = find_mailbox(ref, self._secret(ref) if self._source(ref) else None)
        system = {password.login: self._password(password) for password in need.system}
        return SecretOffer(self._password(need.password) if need.password is not None else None, mailbox, system)

    def _password(self, need: PasswordNeed) -> PasswordOffer:
        """Compare a password. The hash is the value turned around: what hashes cost is for other tests."""
        value = self.secrets.get((need.ref.name, need.ref.key))
        source = self._source(need.ref)
        if value is None:
            return PasswordOffer(OfferKind.NO_KEY if source else OfferKind.NO_SECRET)
        kind, position, hashed = OfferKind.NEW, 0, value[::-1]
        if need.applied and (need.applied == hashed or verify_password(need.applied, value)):
            return PasswordOffer(OfferKind.SAME, source, need.present, len(value), need.present)
        if hashed == need.present:
            kind = OfferKind.SAME
        elif hashed in (past := (need.present, *need.history)):
            kind, position = OfferKind.USED_BEFORE, past.index(hashed)
        return PasswordOffer(kind, source, hashed, len(value), need.present, position)

    def status_of(self, kind: Kind, name: str) -> dict[str, Any]:
        """Return the status of a live object by name."""
        (uid,) = (o.uid for o in self.objects.values() if (o.kind, o.name) == (kind, name))
        return self.statuses[uid]


def _known(need: SecretNeed) -> tuple[str | None, ...]:
    return tuple(part.source for part in need.parts)
