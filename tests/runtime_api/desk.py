"""People who administrate accounts through an application, over HTTP."""

from dataclasses import dataclass
from typing import Any

from tenantry.domain.login import login_key
from tenantry.services import sessions
from tenantry.services.credentials import Proof, account_of
from tenantry.services.sessions import Started
from tenantry.store.account import load_by_key
from tests.runtime_api.api import Answer, Api
from tests.support.builders import NAMESPACE
from tests.support.persons import accept_invitation


def account_id(api: Api, login: str) -> str:
    """Return the id of the account of a login; of system users the first workgroup's."""
    with api.tenant.store.read() as connection:
        found = load_by_key(connection, 1, [login_key(login)])
    return min(found, key=lambda a: a.scope).id


def arrive(api: Api, *logins: str) -> None:
    """Have these accept their invitations."""
    for login in logins:
        assert accept_invitation(api.tenant.store, NAMESPACE, login, api.tenant.now) is None
    api.tenant.settle()


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in to a workgroup, and acts there through an application named portal."""

    api: Api
    token: str
    id: str

    def call(self, method: str, path: str, body: object = None) -> Answer:
        return self.api.call(method, path, body, headers={"Tenantry-Session": self.token})

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer.text
        return answer.body

    def post(self, path: str, body: object = None) -> Answer:
        return self.call("POST", path, body)

    def on(self, login: str, act: str = "") -> str:
        """Return the path of an act on an account."""
        return f"users/{account_id(self.api, login)}{act}"

    @property
    def lives(self) -> bool:
        return sessions.introspect(self.api.tenant.store, NAMESPACE, self.token, self.api.tenant.now) is not None


def let_in(api: Api, login: str, workgroup: str) -> Person:
    """Log somebody in whose password is taken to be right: what passwords are worth is for other tests."""
    with api.tenant.store.read() as connection:
        account = account_of(connection, 1, workgroup, login)
    assert account is not None
    proof = Proof(workgroup, account.id, account.password)
    started = sessions.start(api.tenant.store, NAMESPACE, "portal", proof, api.tenant.now)
    assert isinstance(started, Started), str(started)
    return Person(api, started.token, account.id)


def told(answer: Answer) -> tuple[int, str]:
    """Return status and reason of a refusal."""
    return answer.status, answer.reason


MISSING = (403, "CapabilityMissing")
BEYOND = (403, "RoleNotGrantable")
OUT_OF_REACH = (403, "OutOfReach")


def made(person: Person, name: str, password: str | None = None, /, **spec: Any) -> str:
    """Have a person make an account, and return its id."""
    body = {"spec": {"userName": name, **spec}} | ({"password": password} if password else {})
    answer = person.post("users", body)
    assert answer.status == 201, answer.text
    return str(answer.body["id"])
