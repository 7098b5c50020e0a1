"""Whether a password is a person's. An unknown login costs the same time and says the same as a wrong password.

Hashes are compared, and directories asked, outside of every transaction: a hash takes 40 ms by design.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tenantry.domain.account import Account, Password
from tenantry.domain.directory import Directories, Inquiry, is_principal
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.errors import DirectoryUnavailable
from tenantry.services.passwords import is_password, renew_hash
from tenantry.specs import WorkgroupSpec
from tenantry.specs.workgroup_login import Directory, LoginBy
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id
from tenantry.store.attempt import clear_attempts, forget_old_attempts, load_attempt, save_attempt
from tenantry.store.claimed import Claimed, load_claimed
from tenantry.store.policy import load_policies
from tenantry.store.tenant import find_tenant

#: After so many wrong passwords in a row the next attempt waits; each one more doubles the delay, up to the longest.
ATTEMPTS = 5
LONGEST_DELAY = timedelta(minutes=15)
#: What is told of a wrong password, and in the same words of a login that nobody has.
NOT_RIGHT = Refusal(Reason.INVALID_CREDENTIALS, "", "login or password is not right")
#: What is told where the workgroup's directory gives no answer: why stands in the log, which a person does not see.
NO_DIRECTORY = Refusal(
    Reason.DIRECTORY_UNAVAILABLE,
    "",
    "the directory that compares passwords of this workgroup cannot be asked just now; try again",
    retry_after=5,
)
#: After so long without another failure a login is as if none had been.
_FORGOTTEN = timedelta(hours=24)
#: How many such are forgotten with each new failure: more than one, so that they become fewer.
_FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a person says to be, and in which workgroup."""

    workgroup: str
    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a password was right, for the account, and for the password or the directory that the store had then.

    ``renewed`` is a hash of the same password, where the one there is costs less than it should by now; ``pool`` the
    LicensePool of the workgroup, if it has one.
    """

    workgroup: str
    account_id: str
    password: Password | None = None
    renewed: str | None = None
    pool: str = ""
    directory: Directory | None = None

    def account(self, connection: Connection, tenant_id: int, workgroup: WorkgroupSpec) -> Account | None:
        """Return the account, if it is proven by what the workgroup compares passwords with now (NR-12), or None."""
        account = next(iter(load_by_id(connection, [self.account_id], tenant_id)), None)
        compared = workgroup.authentication.directory
        if account is None or account.tombstone is not None or self.directory != compared:
            return None
        return account if compared is not None or _choice(self.password) == _choice(account.password) else None


def _choice(password: Password | None) -> object:
    return password.choice if password is not None else None


@dataclass(frozen=True, slots=True)
class DirectoryClaim:
    """A claim that a directory decides. ``account``: whose it seems to be by what was typed."""

    namespace: str
    tenant_id: int
    claim: Claim
    by: LoginBy
    directory: Directory
    pool: str
    account: Claimed | None
    time: datetime


def prove(store: Store, namespace: str, claim: Claim, now: datetime) -> Proof | Refusal | DirectoryClaim:
    """Compare a password with the stored one, or return what a directory is to be asked (design §5, NR-12).

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
        policy = workgroups[claim.workgroup].spec
        account = _claimed(connection, tenant.id, claim.workgroup, claim.login, policy.login.by)
        key = _key(claim.login, account)
        early = _too_early(connection, tenant.id, key, now)
    if early is not None:
        return early
    if policy.authentication.directory is not None:
        directory, pool = policy.authentication.directory, policy.license_pool_ref or ""
        return DirectoryClaim(namespace, tenant.id, claim, policy.login.by, directory, pool, account, now)
    known = account.password if account is not None else None
    right = is_password(known.hash if known is not None else None, claim.password)
    if account is not None and known is not None and right:
        renewed = renew_hash(known.hash, claim.password)
        return Proof(claim.workgroup, account.id, known, renewed, policy.license_pool_ref or "")
    _note_failure(store, namespace, key, now)
    return NOT_RIGHT


def prove_by_directory(store: Store, asked: DirectoryClaim, directories: Directories | None) -> Proof | Refusal:
    """Have the workgroup's directory compare the password; where it gives no answer nobody is let in (NR-12).

    Every login that could be a user principal name is looked up as one, so that none takes longer than another.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    if directories is None:
        return NO_DIRECTORY
    early = _too_early_for(store, asked, asked.claim.login, asked.account)
    if early is not None:
        return early
    try:
        with directories.ask(asked.namespace, asked.directory) as inquiry:
            return _prove_by(inquiry, store, asked)
    except DirectoryUnavailable:
        return NO_DIRECTORY


def _prove_by(inquiry: Inquiry, store: Store, asked: DirectoryClaim) -> Proof | Refusal:
    claim, login, account = asked.claim, asked.claim.login, asked.account
    named = inquiry.login_of(login) if asked.by is LoginBy.USER_NAME and is_principal(login) else None
    if account is None and named is not None:
        login = named
        with store.read() as connection:
            account = _claimed(connection, asked.tenant_id, claim.workgroup, login)
        early = _too_early_for(store, asked, login, account)
        if early is not None:
            return early
    right = inquiry.accepts(account.user_name if account is not None else None, claim.password)
    if right and account is not None:
        return Proof(claim.workgroup, account.id, pool=asked.pool, directory=asked.directory)
    _note_failure(store, asked.namespace, _key(login, account), asked.time)
    return NOT_RIGHT


def _too_early_for(store: Store, asked: DirectoryClaim, login: str, account: Claimed | None) -> Refusal | None:
    """As ``_too_early``, at the claim's turn: of many that came at once those before it may have failed meanwhile."""
    with store.read() as connection:
        return _too_early(connection, asked.tenant_id, _key(login, account), asked.time)


def account_of(
    connection: Connection, tenant_id: int, workgroup: str, login: str, by: LoginBy = LoginBy.USER_NAME
) -> Account | None:
    """Return the account that logs in to a workgroup by this login."""
    claimed = _claimed(connection, tenant_id, workgroup, login, by)
    return next(iter(load_by_id(connection, [claimed.id])), None) if claimed is not None else None


def _claimed(
    connection: Connection, tenant_id: int, workgroup: str, login: str, by: LoginBy = LoginBy.USER_NAME
) -> Claimed | None:
    """Return whose this login is: a system user's is its own.

    An email address that several accounts have is nobody's, unless one of them alone belongs to the workgroup.
    """
    found = load_claimed(connection, tenant_id, workgroup, login_key(login), by)
    for some in ([c for c in found if c.scope], [c for c in found if c.at_home], found):
        if some:
            return some[0] if len(some) == 1 else None
    return None


def _key(login: str, account: Claimed | None) -> str:
    """Return what failures count for: the account however it is called, so that a second name is no second chance."""
    return _key_of(account) if account is not None else login_key(login)


def _key_of(account: Account | Claimed) -> str:
    """Return the key of an account: a system user has the name in its workgroup alone. No login has a line break."""
    return f"{account.scope}\n{account.login_key}" if account.scope else account.login_key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def _too_early(connection: Connection, tenant_id: int, key: str, now: datetime) -> Refusal | None:
    """Return how long the next attempt must wait, or None."""
    attempt = load_attempt(connection, tenant_id, _digest(key))
    # Far beyond the longest delay it was written by a clock that was ahead: it would keep a person out until then.
    if attempt is None or not now < attempt.until <= now + 2 * LONGEST_DELAY:
        return None
    message = "too many wrong passwords; try again later"
    seconds = max(1, round((attempt.until - now).total_seconds()))
    return Refusal(Reason.TOO_MANY_ATTEMPTS, "", message, retry_after=seconds)


def _note_failure(store: Store, namespace: str, key: str, now: datetime) -> None:
    with store.write(namespace) as connection:
        tenant = find_tenant(connection, namespace, lock=True)
        if tenant is None:  # pragma: no cover - tenants are not removed
            return
        forget_old_attempts(connection, tenant.id, now - _FORGOTTEN, _FORGOTTEN_AT_ONCE)
        known = load_attempt(connection, tenant.id, _digest(key))
        stale = known is None or known.until + _FORGOTTEN <= now
        failures = 1 if known is None or stale else known.failures + 1
        save_attempt(connection, tenant.id, _digest(key), failures, now + delay(failures), known=known is not None)


def delay(failures: int) -> timedelta:
    """Return how long the next attempt must wait after so many failures in a row."""
    over = failures - ATTEMPTS
    return timedelta() if over < 0 else min(LONGEST_DELAY, timedelta(seconds=2 ** min(over, 20)))


def forget_failures(connection: Connection, tenant_id: int, account: Account) -> None:
    """Forget the failures of an account whose password was right."""
    clear_attempts(connection, tenant_id, _digest(_key_of(account)))
