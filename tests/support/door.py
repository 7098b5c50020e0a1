"""Log-ins of a tenant on a real store, without HTTP."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tenantry.domain.client import Scope
from tenantry.domain.observed import Kind
from tenantry.domain.refusal import Refusal
from tenantry.services import sessions
from tenantry.services.clients import Credential, create_client
from tenantry.services.credentials import Proof, account_of
from tenantry.services.sessions import Beat, Chosen, Started
from tests.support.watched import WatchedTenant

CLIENT = "portal"


@dataclass
class Door:
    """Whoever knocks has a right password: what passwords are worth is for other tests."""

    tenant: WatchedTenant
    workgroup: str = "tracker"

    def proof(self, login: str, workgroup: str | None = None) -> Proof:
        where = workgroup or self.workgroup
        with self.tenant.store.read() as connection:
            account = account_of(connection, 1, where, login)
        assert account is not None
        return Proof(where, account.id, account.password)

    def knock(self, login: str, workgroup: str | None = None) -> Started | Refusal:
        found = self.enter(self.proof(login, workgroup))
        self.tenant.settle()
        return found

    def enter(self, proof: Proof) -> Started | Refusal:
        return sessions.start(self.tenant.store, self.tenant.ref.namespace, CLIENT, proof, self.tenant.now)

    def let_in(self, login: str, workgroup: str | None = None) -> Started:
        found = self.knock(login, workgroup)
        assert isinstance(found, Started), str(found)
        return found

    def refused(self, login: str, workgroup: str | None = None) -> Refusal:
        found = self.knock(login, workgroup)
        assert isinstance(found, Refusal)
        return found

    def log_off(self, started: Started) -> bool:
        return sessions.log_off(self.tenant.store, self.tenant.ref.namespace, CLIENT, started.token, self.tenant.now)

    def lives(self, started: Started) -> bool:
        return (
            sessions.introspect(self.tenant.store, self.tenant.ref.namespace, started.token, self.tenant.now)
            is not None
        )

    def beat(self, *started: Started) -> list[bool]:
        beats = [Beat(self.credential, [one.token]) for one in started]
        return [found[0] is not None for _, found in sessions.heartbeat(self.tenant.store, beats, self.tenant.now)]

    @cached_property
    def credential(self) -> Credential:
        """The token of an application."""
        namespace = self.tenant.ref.namespace
        token = create_client(self.tenant.store, namespace, CLIENT, [Scope.SESSIONS], self.tenant.now)
        return Credential(namespace, token)

    def revoke(self, chosen: Chosen) -> int:
        return sessions.revoke(self.tenant.store, self.tenant.ref.namespace, CLIENT, chosen, self.tenant.now)

    def logins(self, pool: str = "seats") -> dict[str, Any]:
        """Return the pool's figures of log-ins by type, as its status shows them within three seconds."""
        self.tenant.later(seconds=3).settle()
        licenses = self.tenant.status_of(Kind.LICENSE_POOL, pool)["licenses"]
        return {x["type"]: x.get("logins") for x in licenses}
