"""Many questions of effective access at once, by the rows of one moment (AuthZEN 1.0).

Whatever the number of questions, each table is read once: policies, accounts, the projects of those accounts.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tenantry.domain.access import Decision, ProjectPart, Question, Resource, actions_on, decide, shared_resources
from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.session import Session
from tenantry.services.clients import Client, Credential, identify
from tenantry.services.tokens import token_hash
from tenantry.store import Connection, Store
from tenantry.store.account import load_page
from tenantry.store.policy import Policies, load_policies
from tenantry.store.project_member import load_parts
from tenantry.store.session import load_by_token
from tenantry.store.subjects import Subject, load_subjects, owned
from tenantry.store.tenant import find_tenant

#: How many accounts a search of subjects reads in one go, and in one call: where few may, it would read all otherwise.
_PAGE, _MOST_LOOKED_AT = 500, 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """Who (a login or account id, or the token of a session), and what; the workgroup may be left out.

    ``qualifiers`` are properties of the action that are true: ``delete`` with ``soft`` is the action ``delete-soft``
    where the workgroup knows one of that name.
    """

    subject: str
    action: str
    resource: Resource
    workgroup: str | None = None
    by_session: bool = False
    qualifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A decision, and in which workgroup it was made."""

    decision: Decision
    workgroup: str


@dataclass(frozen=True, slots=True)
class FoundSubjects:
    """A page of a search of subjects: logins, and where to go on."""

    logins: tuple[str, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """What an application asks in one go."""

    credential: Credential
    asked: Sequence[Asked]


def evaluate(store: Store, calls: Sequence[Call], now: datetime) -> list[tuple[Client | None, list[Evaluated]]]:
    """Decide the questions of many calls, each call's in order; nothing for one whose token is nobody's.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing is allowed.
    """
    with store.snapshot() as connection:
        clients = identify(connection, {call.credential for call in calls}, now)
        wanted: dict[str, list[Asked]] = {}
        for call in calls:
            if clients[call.credential] is not None:
                wanted.setdefault(call.credential.tenant, []).extend(call.asked)
        known = {tenant: _Known.load(connection, tenant, asked, now) for tenant, asked in wanted.items()}
    answers: list[tuple[Client | None, list[Evaluated]]] = []
    for call in calls:
        client = clients[call.credential]
        rows = known[call.credential.tenant] if client is not None else None
        answers.append((client, [rows.answer(one) for one in call.asked] if rows is not None else []))
    return answers


def search_actions(store: Store, namespace: str, asked: Asked, now: datetime) -> list[str]:
    """Return the actions that the subject may do to the resource, of those that the workgroup knows of its type."""
    with store.snapshot() as connection:
        known = _Known.load(connection, namespace, [asked], now)
    account, workgroup = known.subject(asked)
    policy = known.policies.workgroups.get(workgroup)
    if policy is None:
        return []
    words = actions_on(policy.spec, asked.resource.type)
    return [word for word in words if known.decide(account, workgroup, word, asked.resource).allowed]


def search_resources(store: Store, namespace: str, asked: Asked, now: datetime) -> list[str]:
    """Return the resources of a type that the subject may do an action to, of those that projects share (TH-13).

    No other resource is known here: they are the application's.
    """
    with store.snapshot() as connection:
        known = _Known.load(connection, namespace, [asked], now)
    account, workgroup = known.subject(asked)
    policy = known.policies.workgroups.get(workgroup)
    names = shared_resources(policy.spec, asked.resource.type) if policy is not None else []
    resources = (Resource(asked.resource.type, name, asked.resource.owners, asked.resource.scopes) for name in names)
    return [r.name for r in resources if known.decide(account, workgroup, known.action(asked, workgroup), r).allowed]


def search_subjects(
    store: Store, namespace: str, asked: Asked, now: datetime, after: str = "", limit: int = 50
) -> FoundSubjects:
    """Return a page of who may do an action to a resource, by login; the subject asked for says nothing.

    It may have fewer than ``limit``, or none, and others still come.
    """
    found: list[str] = []
    with store.snapshot() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return FoundSubjects((), None)
        for _ in range(0, _MOST_LOOKED_AT, _PAGE):
            page = load_page(connection, tenant.id, asked.workgroup, after, _PAGE)
            known = _Known.of(connection, tenant.id, owned(connection, page), now)
            for account in page:
                if len(found) == limit:
                    return FoundSubjects(tuple(found), after)
                after = account.login_key
                if known.answer(replace(asked, subject=account.id)).decision.allowed:
                    found.append(account.user_name)
            if len(page) < _PAGE:
                return FoundSubjects(tuple(found), None)
    return FoundSubjects(tuple(found), after)


@dataclass(slots=True)
class _Known:
    """What the rows of one moment say of some subjects. Accounts are there by id, by login key, and by session."""

    now: datetime
    policies: Policies
    accounts: dict[str, Account]
    by_login: dict[str, list[Account]]
    by_token: dict[str, Session]
    names: dict[str, str]
    projects: dict[tuple[str, str], list[ProjectPart]]

    @classmethod
    def load(cls, connection: Connection, namespace: str, asked: Sequence[Asked], now: datetime) -> "_Known":
        """Read what the questions need."""
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return cls(now, Policies({}, {}), {}, {}, {}, {}, {})
        sessions = load_by_token(connection, tenant.id, {token_hash(a.subject) for a in asked if a.by_session})
        words = {a.subject for a in asked if not a.by_session} | {s.account_id for s in sessions.values()}
        found = cls.of(connection, tenant.id, load_subjects(connection, tenant, words), now)
        found.by_token = sessions
        return found

    @classmethod
    def of(cls, connection: Connection, tenant_id: int, subjects: Collection[Subject], now: datetime) -> "_Known":
        """Read what belongs to these accounts."""
        names = {s.account.id: s.user for s in subjects if s.user}
        by_login: dict[str, list[Account]] = {}
        for subject in subjects:
            by_login.setdefault(subject.account.login_key, []).append(subject.account)
        return cls(
            now,
            load_policies(connection, tenant_id),
            {s.account.id: s.account for s in subjects},
            by_login,
            {},
            names,
            load_parts(connection, tenant_id, names.values()),
        )

    def answer(self, asked: Asked) -> Evaluated:
        """Decide one question."""
        account, workgroup = self.subject(asked)
        return Evaluated(self.decide(account, workgroup, self.action(asked, workgroup), asked.resource), workgroup)

    def action(self, asked: Asked, workgroup: str) -> str:
        """Return the action that is meant: the first qualified one that the workgroup knows, else as it was named."""
        policy = self.policies.workgroups.get(workgroup)
        if policy is None or not asked.qualifiers:
            return asked.action
        words = (f"{asked.action}-{qualifier}" for qualifier in asked.qualifiers)
        known = set(actions_on(policy.spec, asked.resource.type))
        return next((word for word in words if word in known), asked.action)

    def subject(self, asked: Asked) -> tuple[Account | None, str]:
        """Return the account that is meant and the workgroup: a session has one, an account may be in one only."""
        if asked.by_session:
            session = self.by_token.get(token_hash(asked.subject))
            if session is None or session.expires <= self.now or asked.workgroup not in {None, session.workgroup}:
                return None, asked.workgroup or ""
            return self.accounts.get(session.account_id), session.workgroup
        candidates = list(self._candidates(asked.subject, asked.workgroup))
        account = candidates[0] if len(candidates) == 1 else None
        if asked.workgroup is not None:
            return account, asked.workgroup
        names = [member.workgroup for member in account.members] if account is not None else []
        return account, names[0] if len(names) == 1 else ""

    def _candidates(self, subject: str, workgroup: str | None) -> Iterator[Account]:
        if subject in self.accounts:
            yield self.accounts[subject]
            return
        found = [a for a in self.by_login.get(login_key(subject), ()) if a.tombstone is None]
        own = [a for a in found if a.scope and a.scope == workgroup]
        yield from own or (a for a in found if not a.scope or workgroup is None)

    def decide(self, account: Account | None, workgroup: str, action: str, resource: Resource) -> Decision:
        """Decide for an account in a workgroup."""
        policy = self.policies.workgroups.get(workgroup)
        projects = self.projects.get((workgroup, self.names.get(account.id, "")), []) if account is not None else []
        question = Question(workgroup, action, resource)
        return decide(account, question, policy.spec if policy is not None else None, projects, self.now)
