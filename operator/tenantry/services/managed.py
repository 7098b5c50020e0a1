"""Accounts that the runtime API makes: each is an object that the store alone has, under the rules of every User.

Who is refused, or would have to wait, leaves nothing behind: whoever called hears it at once, and asks again.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from tenantry.domain.account import Account, Manager
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind, Observed, api_name, manager_of
from tenantry.domain.password import current
from tenantry.domain.reading import restore_object
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.secret import SecretOffer
from tenantry.domain.status import Finding, parse_summary
from tenantry.services.accounts import chosen_tenant
from tenantry.services.observed import observe_gone
from tenantry.services.passwords import offer_typed
from tenantry.services.pipeline import new_uid
from tenantry.services.provisioning import BATCH_SIZE, reconcile
from tenantry.services.trail import check_key
from tenantry.services.work import TenantRef, Work
from tenantry.specs.base import ConditionStatus
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_login, load_by_uid
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.project_member import load_uids_of
from tenantry.store.resource import ResourceRow, load_named, load_resources, mark_uids
from tenantry.store.rows import dump
from tenantry.store.tenant import TenantRow


@dataclass(frozen=True, slots=True)
class Put:
    """An account as it is to be: ``document`` is the spec of a User as JSON. ``create``: there must be none yet.

    ``password`` is one that somebody typed; without one what the account has stays. ``offer``: what comes of it, by who
    is in a transaction when this is carried out.
    """

    document: Mapping[str, Any]
    create: bool
    password: str | None = field(default=None, repr=False)
    offer: SecretOffer | None = field(default=None, repr=False)

    @property
    def login(self) -> str:
        """Return the login that the account has, or is to have."""
        return str(self.document.get("userName") or "")


@dataclass(frozen=True, slots=True)
class Drop:
    """An account that is to go, by its login."""

    login: str


Asked: TypeAlias = Put | Drop


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one: the account as it is then, None where it is gone, or why nothing came of it."""

    account: Account | None = None
    refusal: Refusal | None = None
    warnings: tuple[Finding, ...] = ()


def carry_out(store: Store, namespace: str, asked: Sequence[Asked], actor: str, now: datetime) -> list[Done]:
    """Make, change or delete accounts in one transaction. Of what is refused nothing is left; the others go on.

    Raises:
        InputError: there is no such tenant, or its audit trail is signed by another key.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    offers = _offers(store, namespace, asked)
    with joined(store, namespace) as held:
        run = _Run.enter(held, namespace, actor, now, offers)
        objects = {place: found for place, each in enumerate(asked) if (found := run.bind(place, each)) is not None}
        while objects:
            attempt = held.savepoint()
            run.carry_out(objects)
            refused = run.conclude(objects)
            if not refused:
                attempt.commit()
                break
            attempt.rollback()  # without those the others are planned anew: one may have needed another
            objects = {place: found for place, found in objects.items() if place not in refused}
        return [run.done[place] for place in range(len(asked))]


def _offers(store: Store, namespace: str, asked: Sequence[Asked]) -> dict[int, SecretOffer]:
    puts = {place: each for place, each in enumerate(asked) if isinstance(each, Put)}
    made = offer_all(store, namespace, [put for put in puts.values() if put.offer is None])
    found = {place: put.offer or made.get(put.login) for place, put in puts.items()}
    return {place: offer for place, offer in found.items() if offer is not None}


def offer_all(store: Store, namespace: str, puts: Sequence[Put]) -> dict[str, SecretOffer]:
    """Compare and hash passwords, outside of any transaction: one takes 40 ms by design. Returns offers by login.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    typed = [put for put in puts if put.password is not None]
    if not typed:
        return {}
    with store.read() as connection:
        tenant = chosen_tenant(connection, namespace)
        present = _by_login(connection, tenant, typed)
    # The first of one login is the one that may be made.
    made = {put.login: make_offer(put.password, present.get(login_key(put.login))) for put in reversed(typed)}
    return {login: offer for login, offer in made.items() if offer is not None}


def make_offer(password: str | None, account: Account | None) -> SecretOffer | None:
    """Compare a password that somebody typed with those of the account, and hash it; None where nobody typed one."""
    if password is None:
        return None
    return SecretOffer(offer_typed(password, account.password if account is not None else None))


def _by_login(connection: Connection, tenant: TenantRow, asked: Iterable[Asked]) -> dict[str, Account]:
    """Return the live accounts by login key."""
    found = load_by_login(connection, tenant.id, {login_key(each.login) for each in asked})
    return {account.login_key: account for account in found if account.tombstone is None}


def document_of(connection: Connection, account: Account) -> dict[str, Any] | None:
    """Return the spec that an account of the runtime API was made by; None of one that another manager owns."""
    if account.manager is not Manager.API or account.resource_uid is None:
        return None
    row = load_resources(connection, [account.resource_uid]).get(account.resource_uid)
    document = json.loads(row.document) if row is not None else None
    return document if isinstance(document, dict) else None


def _secret_named(document: Mapping[str, Any]) -> Refusal | None:
    """Return that a spec names a Secret, or None: who calls the API may not read those, nor have them read."""
    for name in ("password", "emailIntegration"):
        part = document.get(name)
        if isinstance(part, Mapping) and "secretKeyRef" in part:
            message = "a Secret is named by a User resource alone; send a password itself, and leave this out"
            return Refusal(Reason.INVALID_SPEC, f"spec.{name}.secretKeyRef", message)
    return None


def owned_elsewhere(account: Account, resource: str) -> Refusal | None:
    """Return why the runtime API must not write what a spec says of this account, or None (design §2, decision 7)."""
    match account.manager:
        case Manager.API:
            return None
        case Manager.KUBERNETES:
            message = (
                f'"{account.user_name}" is owned by User "{resource}"; edit spec there: kubectl edit user.tenantry.dev '
                f"{resource}, or in a tenant without a cluster tenantry export, and tenantry apply"
            )
            return Refusal(Reason.MANAGED_BY_KUBERNETES, "userName", message)
        case Manager.SYSTEM:
            message = f'"{account.user_name}" is a system user of its Workgroup; it is there as long as that lists it'
            return Refusal(Reason.LOGIN_RESERVED, "userName", message)


@dataclass(slots=True)
class _Run:
    """One transaction on a locked tenant. ``done`` holds what came of each, by its place."""

    store: JoinedStore
    tenant: TenantRow
    actor: str
    now: datetime
    offers: dict[int, SecretOffer]
    done: dict[int, Done] = field(default_factory=dict)

    @classmethod
    def enter(
        cls, store: JoinedStore, namespace: str, actor: str, now: datetime, offers: dict[int, SecretOffer]
    ) -> "_Run":
        with store.write() as connection:
            tenant = chosen_tenant(connection, namespace, lock=True)
            check_key(tenant, store.audit_key)
        return cls(store, tenant, actor, now, offers)

    def bind(self, place: int, asked: Asked) -> Observed[Any] | None:
        """Return the object that is to be planned, or None where that is refused already."""
        key = login_key(asked.login)
        with self.store.read() as connection:
            account = _by_login(connection, self.tenant, [asked]).get(key)
            row = next(iter(load_named(connection, self.tenant.id, Kind.USER, [api_name(key)])), None)
            refusal = self._barred(connection, asked, account, row)
        if refusal is not None:
            self.done[place] = Done(account, refusal)
            return None
        if isinstance(asked, Drop):
            return observe_gone(row, self.tenant.namespace) if row is not None else None
        self._renew_offer(place, asked, account)
        return self._object(asked, row, place)

    def _renew_offer(self, place: int, put: Put, account: Account | None) -> None:
        """Compare a password again where the account got another meanwhile: the offer would be passed over."""
        offer = self.offers.get(place)
        if offer is None or current(offer.password, account.password if account is not None else None) is not None:
            return
        renewed = make_offer(put.password, account)
        if renewed is not None:
            self.offers[place] = renewed

    def _barred(
        self, connection: Connection, asked: Asked, account: Account | None, row: ResourceRow | None
    ) -> Refusal | None:
        if account is not None and account.manager is not Manager.API:
            owner = load_resources(connection, [account.resource_uid or ""]).get(account.resource_uid or "")
            creates = isinstance(asked, Put) and asked.create
            taken = Refusal(Reason.LOGIN_TAKEN, "userName", f'"{asked.login}" is taken; choose another')
            return taken if creates else owned_elsewhere(account, owner.name if owner is not None else "")
        secret = _secret_named(asked.document) if isinstance(asked, Put) else None
        if secret is not None:
            return secret
        if isinstance(asked, Put) and asked.create:
            message = f'"{asked.login}" is the login of an account already; choose another'
            return Refusal(Reason.LOGIN_TAKEN, "userName", message) if row is not None else None
        message = f'there is no account with the login "{asked.login}"'
        return Refusal(Reason.USER_NOT_FOUND, "userName", message) if row is None else None

    def _object(self, put: Put, row: ResourceRow | None, place: int) -> Observed[Any]:
        """Return the object as an API server would have it: a generation more for each change of the spec."""
        created = self.now + timedelta(microseconds=place)
        seen = restore_object(
            Kind.USER,
            uid=row.uid if row is not None else new_uid(created),
            namespace=self.tenant.namespace,
            name=api_name(login_key(put.login)),
            generation=1,
            created=row.created if row is not None else created,
            deleting=False,
            paused=False,
            document=dump(put.document),
        )
        return seen if row is None else replace(seen, generation=row.generation + (row.document != seen.document))

    def carry_out(self, objects: Mapping[int, Observed[Any]]) -> None:
        """Plan and write, and have who is concerned beside them looked at by who shows their status."""
        wanted = [*objects.values(), *self._parts_of([seen.name for seen in objects.values() if seen.deleting])]
        offers = {seen.uid: self.offers[place] for place, seen in objects.items() if place in self.offers}
        ref = TenantRef(self.tenant.namespace, self.tenant.observed_uid)
        others = set()
        for start in range(0, len(wanted), BATCH_SIZE):
            some = wanted[start : start + BATCH_SIZE]
            work = Work(ref, some, self.now, self.tenant.epoch, offers, self.actor)
            others |= {outcome.uid for outcome in reconcile(self.store, work)}
        with self.store.write() as connection:
            mark_uids(connection, others)

    def _parts_of(self, users: Collection[str]) -> list[Observed[Any]]:
        """Return the projects' parts that people gave those who go: the login may be another's once."""
        with self.store.read() as connection:
            rows = load_resources(connection, load_uids_of(connection, self.tenant.id, users)).values()
        return [observe_gone(row, self.tenant.namespace) for row in rows if manager_of(row.name) is Manager.API]

    def conclude(self, objects: Mapping[int, Observed[Any]]) -> set[int]:
        """Note what came of each, and return the places of those that are not in force."""
        refused = set()
        uids = [seen.uid for seen in objects.values()]
        with self.store.read() as connection:
            rows = load_resources(connection, uids)
            accounts = {account.resource_uid: account for account in load_by_uid(connection, uids)}
        for place, seen in objects.items():
            row = rows.get(seen.uid)
            self.done[place] = _done(row, accounts.get(seen.uid)) if row is not None else Done()
            if self.done[place].refusal is not None:
                refused.add(place)
        return refused


def _done(row: ResourceRow, account: Account | None) -> Done:
    conditions = row.parsed_status().get("conditions", ())
    ready = next((c for c in conditions if c["type"] == "Ready"), None)
    if ready is None or ready["status"] != ConditionStatus.TRUE or row.deleting:
        message = str(ready["message"]) if ready is not None else ""
        return Done(None, parse_summary(Reason.of(row.reason), message))
    warnings = (
        Finding(
            c["type"], holds=c["status"] == ConditionStatus.TRUE, reason=Reason.of(c["reason"]), message=c["message"]
        )
        for c in conditions
        if c["type"] != "Ready"
    )
    return Done(account, None, tuple(warnings))
