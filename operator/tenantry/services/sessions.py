"""Log in, stay logged in, log off (NR-03 to NR-05, MM-12, MM-14, MM-17): each use case is one transaction."""

import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.session import (
    Admission,
    LogIn,
    Session,
    SessionEnd,
    admit,
    describe_session_start,
    heartbeat_of,
    plan_log_in,
)
from tenantry.services.acts import Act, acting
from tenantry.services.clients import Client, Credential, identify
from tenantry.services.credentials import NOT_RIGHT, Proof, forget_failures
from tenantry.services.tokens import token_hash
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id, load_ids
from tenantry.store.policy import load_policies
from tenantry.store.session import (
    count_active,
    count_denied,
    extend_sessions,
    forget_denials,
    insert_session,
    load_by_account,
    load_by_token,
    load_live,
    load_page,
    note_denial,
    raise_peak,
    slots_taken,
)
from tenantry.store.tenant import find_tenant

#: What an application is told apart by from other secrets, in a scan of a repository or a log.
_PREFIX = "tns_"


@dataclass(frozen=True, slots=True)
class Started:
    """A session as the application gets it: the only time that its token is told."""

    token: str = field(repr=False)
    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which sessions are meant: one by its id, those of a login, or all."""

    session_id: str | None = None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A live session and whose it is."""

    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as people see it."""

    session: Session
    login: str


def start(store: Store, namespace: str, client: str, proof: Proof, now: datetime) -> Started | Refusal:
    """Log an account in whose password was right, or say why it cannot be (NR-01, NR-03 to NR-05).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked; nobody is let in.
    """
    with acting(store, namespace, client, now) as act:
        policies = load_policies(act.connection, act.tenant.id)
        workgroup = policies.workgroups.get(proof.workgroup)
        if workgroup is None:
            return NOT_RIGHT
        # The password was compared outside of this transaction, with what was there then.
        account = proof.account(act.connection, act.tenant.id, workgroup.spec)
        if account is None:
            return NOT_RIGHT
        forget_failures(act.connection, act.tenant.id, account)
        _renew(act, account, proof)
        act.end_lapsed()
        log_in = plan_log_in(account, workgroup, policies.pools.get(workgroup.spec.license_pool_ref or ""), now)
        if isinstance(log_in, Refusal):
            return log_in
        admission = _admit(act, account, log_in)
        if isinstance(admission, Refusal):
            return admission
        act.end(admission.ended, SessionEnd.TAKEN_OVER)
        session = log_in.session(str(uuid.uuid4()), account.id, client, admission.slot, now)
        token = _PREFIX + secrets.token_urlsafe(32)
        insert_session(act.connection, act.tenant.id, session, token_hash(token))
        act.records.append(describe_session_start(session))
        forget_denials(act.connection, account.id)
        if session.pool is not None and session.type is not None:
            active = count_active(act.connection, act.tenant.id, session.pool, session.type)
            raise_peak(act.connection, act.tenant.id, session.pool, session.type, active)
            act.logins_moved.add(session.pool)
        return Started(token, session, account)


def _renew(act: Act, account: Account, proof: Proof) -> None:
    """Put the dearer hash of the same password in place of the one there is, whether it lets in or not."""
    if proof.renewed is not None and account.password is not None:
        act.change(account, replace(account, password=replace(account.password, hash=proof.renewed)))


def _admit(act: Act, account: Account, log_in: LogIn) -> Admission | Refusal:
    own = load_by_account(act.connection, [account.id])
    pool = log_in.pool.name if log_in.pool is not None else ""
    taken = slots_taken(act.connection, act.tenant.id, pool) if log_in.floats else set()
    found = admit(log_in, own, taken)
    if not isinstance(found, Refusal):
        return found
    if found.reason is Reason.LOGIN_LIMIT_REACHED and log_in.type is not None:
        until = act.now + timedelta(seconds=log_in.lease_seconds)
        if note_denial(act.connection, act.tenant.id, account.id, pool, act.now, until):
            count_denied(act.connection, act.tenant.id, pool, log_in.type)
            act.logins_moved.add(pool)
    return replace(found, retry_after=heartbeat_of(log_in.lease_seconds))


@dataclass(frozen=True, slots=True)
class Beat:
    """The heartbeats that an application sends in one go: the tokens of sessions."""

    credential: Credential
    tokens: Sequence[str] = field(repr=False)


def heartbeat(store: Store, beats: Sequence[Beat], now: datetime) -> list[tuple[Client | None, list[Session | None]]]:
    """Extend the leases of sessions, those of many calls in one transaction; None of a session that is over.

    It takes no lock of a tenant, and on SQLite the next turn: a storm of log-ins does not hold it up.

    Raises:
        StoreUnavailable: the database is gone or locked; no lease was extended.
    """
    with store.write(haste=True) as connection:
        clients = identify(connection, {beat.credential for beat in beats}, now)
        wanted: dict[int, set[str]] = {}
        for beat in beats:
            client = clients[beat.credential]
            if client is not None:
                wanted.setdefault(client.tenant_id, set()).update(map(token_hash, beat.tokens))
        kept = {tenant_id: _extend(connection, tenant_id, hashes, now) for tenant_id, hashes in wanted.items()}
    answers: list[tuple[Client | None, list[Session | None]]] = []
    for beat in beats:
        client = clients[beat.credential]
        live = kept[client.tenant_id] if client is not None else {}
        answers.append((client, [live.get(token_hash(token)) for token in beat.tokens]))
    return answers


def _extend(connection: Connection, tenant_id: int, hashes: Collection[str], now: datetime) -> dict[str, Session]:
    """Extend live sessions by the hash of their token, and return them as they are then."""
    known = load_by_token(connection, tenant_id, hashes)
    live = {h: replace(s, expires=max(s.expires, s.extended(now))) for h, s in known.items() if s.expires > now}
    there = extend_sessions(connection, {s.id: s.expires for s in live.values()})
    return {hashed: session for hashed, session in live.items() if session.id in there}


def introspect(store: Store, namespace: str, token: str, now: datetime) -> Known | None:
    """Return the live session of a token with its login, or None (RFC 7662)."""
    hashed = token_hash(token)
    with store.snapshot() as connection:  # a session goes with its account: both are there, or neither is
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return None
        session = load_by_token(connection, tenant.id, [hashed]).get(hashed)
        if session is None or session.expires <= now:
            return None
        (account,) = load_by_id(connection, [session.account_id])
        return Known(session, account)


def log_off(store: Store, namespace: str, client: str, token: str, now: datetime) -> bool:
    """End the session of a token; tell whether there was one. What it took is free at once (NR-04).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    hashed = token_hash(token)
    with acting(store, namespace, client, now) as act:
        session = load_by_token(act.connection, act.tenant.id, [hashed]).get(hashed)
        if session is None:
            return False
        over = session.expires <= now
        act.end([session], SessionEnd.LAPSED if over else SessionEnd.LOGGED_OFF)
        return not over


def revoke(store: Store, namespace: str, client: str, chosen: Chosen, now: datetime) -> int:
    """End one session, those of an account, or all of the tenant (MM-14); return how many were live.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, client, now) as act:
        act.end_lapsed()
        of = load_ids(act.connection, act.tenant.id, login_key(chosen.login)) if chosen.login is not None else None
        sessions = load_live(act.connection, act.tenant.id, session_id=chosen.session_id, account_ids=of)
        act.end(sessions, SessionEnd.REVOKED)
        return len(sessions)


def list_sessions(
    store: Store, namespace: str, now: datetime, after: str = "", limit: int = 100, login: str | None = None
) -> list[ListedSession]:
    """Return a page, by id, of the live sessions of a tenant or of one login."""
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return []
        of = load_ids(connection, tenant.id, login_key(login)) if login is not None else None
        rows = load_page(connection, tenant.id, now, after, limit, of)
    return [ListedSession(session, login) for session, login in rows]
