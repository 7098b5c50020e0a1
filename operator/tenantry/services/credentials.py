"""Whether a password is a person's. An unknown login costs the same time and says the same as a wrong password.

Hashes are compared outside of every transaction: one takes 40 ms by design.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.domain.account import Account, Password
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.services.passwords import nobodys_hash, renew_hash, verify_password
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_login, load_system_named
from tenantry.store.attempt import clear_attempts, forget_old_attempts, load_attempt, save_attempt
from tenantry.store.policy import load_policies
from tenantry.store.tenant import find_tenant

#: So many wrong passwords cost nothing; each one more doubles the delay, up to the longest.
FREE_ATTEMPTS = 5
LONGEST_DELAY = timedelta(minutes=15)
#: What is told of a wrong password, and in the same words of a login that nobody has.
NOT_RIGHT = Refusal(Reason.INVALID_CREDENTIALS, "", "login or password is not right")
#: After so long without another failure a login is as if none had been.
_FORGOTTEN = timedelta(hours=24)
#: How many such are forgotten with each new failure: more than one, so that they become fewer.
_FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a person says to be, and in which workgroup."""

    workgroup: str
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That a password was right, for the account and the password that the store had then.

    ``renewed`` is a hash of the same password, where the one there is costs less than it should by now; ``pool`` the
    LicensePool of the workgroup, if it has one.
    """

    workgroup: str
    login: str
    account_id: str
    password: Password | None
    renewed: str | None = None
    pool: str = ""


def prove(store: Store, namespace: str, claim: Claim, now: datetime) -> Proof | Refusal:
    """Compare a password with the stored one (design §5).

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return Refusal(Reason.TENANT_NOT_FOUND, "tenant", f'the store has no tenant "{namespace}"')
        workgroups = load_policies(connection, tenant.id).workgroups
        if claim.workgroup not in workgroups:
            message = f'Workgroup "{claim.workgroup}" does not exist; {choices(sorted(workgroups))}'
            return Refusal(Reason.WORKGROUP_NOT_FOUND, "workgroup", message)
        wait = _wait(connection, tenant.id, claim.login, now)
        account = account_of(connection, tenant.id, claim.workgroup, claim.login)
    if wait > timedelta():
        message = "too many wrong passwords; try again later"
        return Refusal(Reason.TOO_MANY_ATTEMPTS, "", message, retry_after=max(1, round(wait.total_seconds())))
    known = account.password if account is not None else None
    right = verify_password(known.hash if known is not None else nobodys_hash(), claim.password)
    if account is not None and known is not None and right:
        pool = workgroups[claim.workgroup].spec.license_pool_ref or ""
        return Proof(claim.workgroup, claim.login, account.id, known, renew_hash(known.hash, claim.password), pool)
    _note_failure(store, namespace, claim.login, now)
    return NOT_RIGHT


def account_of(connection: Connection, tenant_id: int, workgroup: str, login: str) -> Account | None:
    """Return the account that logs in to a workgroup by this login: a system user's is its own."""
    key = login_key(login)
    users = (a for a in load_by_login(connection, tenant_id, [key]) if a.tombstone is None)
    return next(iter(load_system_named(connection, tenant_id, key, workgroup)), None) or next(users, None)


def _digest(login: str) -> str:
    return hashlib.sha256(login_key(login).encode(errors="surrogateescape")).hexdigest()


def _wait(connection: Connection, tenant_id: int, login: str, now: datetime) -> timedelta:
    attempt = load_attempt(connection, tenant_id, _digest(login))
    return max(timedelta(), attempt.until - now) if attempt is not None else timedelta()


def _note_failure(store: Store, namespace: str, login: str, now: datetime) -> None:
    with store.write() as connection:
        tenant = find_tenant(connection, namespace, lock=True)
        if tenant is None:  # pragma: no cover - tenants are not removed
            return
        forget_old_attempts(connection, tenant.id, now - _FORGOTTEN, _FORGOTTEN_AT_ONCE)
        known = load_attempt(connection, tenant.id, _digest(login))
        stale = known is None or known.until + _FORGOTTEN <= now
        failures = 1 if known is None or stale else known.failures + 1
        save_attempt(connection, tenant.id, _digest(login), failures, now + delay(failures), known=known is not None)


def delay(failures: int) -> timedelta:
    """Return how long the next attempt must wait after so many failures in a row."""
    over = failures - FREE_ATTEMPTS
    return timedelta() if over < 0 else min(LONGEST_DELAY, timedelta(seconds=2 ** min(over, 20)))


def forget_failures(connection: Connection, tenant_id: int, login: str) -> None:
    """Forget the failures of a login that was proved."""
    clear_attempts(connection, tenant_id, _digest(login))
