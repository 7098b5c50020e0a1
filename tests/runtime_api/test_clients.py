"""Applications: what their tokens open, where, and until when; the commands that make and delete them."""

from datetime import timedelta
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.errors import InputError
from tenantry.services.clients import create_client
from tenantry.services.passwords import hash_password
from tenantry.store.tenant import lock_tenant
from tests.runtime_api.api import Answer, Api
from tests.support.builders import user, workgroup
from tests.support.commands import Done, tenantry

_PASSWORD = "correct horse"
_READ = {"action": {"name": "read"}, "resource": {"type": "record", "id": "1"}}
#: One call of each way in: as the framework lets in, and past its layers.
CALLS: list[Any] = [
    pytest.param("GET", "sessions", None, Scope.SESSIONS, id="list"),
    pytest.param("POST", "sessions/heartbeat", {"tokens": ["tns_nothing"]}, Scope.SESSIONS, id="heartbeat"),
    pytest.param(
        "POST",
        "access/v1/evaluation",
        {"subject": {"type": "user", "id": "ada"}} | _READ,
        Scope.ACCESS,
        id="evaluation",
    ),
]


@pytest.fixture
def office(api: Api) -> Api:
    policy = {
        "modules": [{"name": "Map", "levels": [{"name": "View", "actions": ["record:read"]}]}],
        "roles": [{"name": "Viewer", "access": [{"module": "Map", "level": "View"}]}],
    }
    entry = {"workgroupRef": "tracker", "role": "Viewer"}
    api.tenant.apply(workgroup(pool=None, spec=policy), user("ada", license=None, in_=[entry]))
    api.give_password("ada", hash_password(_PASSWORD))
    with api.tenant.store.write() as connection:
        lock_tenant(connection, "other", "uid-of-other")
    return api


def _client(office: Api, *scopes: Scope, tenant: str = "acme", lifetime: timedelta | None = None) -> str:
    return create_client(office.tenant.store, tenant, "portal", scopes, office.tenant.now, lifetime)


def _clients(office: Api, command: str, *arguments: str) -> Done:
    url = office.tenant.store.engine.url.render_as_string(hide_password=False)
    return tenantry("clients", command, "-n", "acme", "--store-url", url, *arguments)


def _told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.reason


@pytest.mark.parametrize(("method", "path", "body", "scope"), CALLS)
def test_a_refusal_tells_which_token_is_asked_for(office: Api, method: str, path: str, body: Any, scope: Scope) -> None:
    lacking = _client(office, *(s for s in Scope if s is not scope))
    told = {
        token: office.call(method, path, body, token=token).headers["WWW-Authenticate"]
        for token in ("", "tnc_nothing", lacking)
    }
    realm = 'Bearer realm="tenantry"'
    errors = [realm, f'{realm}, error="invalid_token"', f'{realm}, error="insufficient_scope"']
    assert list(told.values()) == errors


@pytest.mark.parametrize(("method", "path", "body", "scope"), CALLS)
def test_a_call_is_for_who_has_its_scope_in_its_tenant(
    office: Api, method: str, path: str, body: Any, scope: Scope
) -> None:
    token = _client(office, scope)
    others = _client(office, *Scope, tenant="other")
    assert office.call(method, path, body, token=token).status == 200
    assert _told(office.call(method, path, body, token="")) == (401, "InvalidClient")
    assert _told(office.call(method, path, body, token="tnc_nothing")) == (401, "InvalidClient")
    assert _told(office.call(method, path, body, token=others)) == (401, "InvalidClient")
    assert office.call(method, f"../other/{path}", body, token=others).status == 200
    basic = {"Authorization": f"Basic {token}"}
    assert _told(office.call(method, path, body, token="", headers=basic)) == (401, "InvalidClient")
    lacking = office.token(set(Scope) - {scope})
    assert _told(office.call(method, path, body, token=lacking)) == (403, "InsufficientScope")


@pytest.mark.parametrize(("method", "path", "body", "scope"), CALLS)
def test_a_token_opens_nothing_once_its_time_is_over_or_its_client_is_deleted(
    office: Api, method: str, path: str, body: Any, scope: Scope
) -> None:
    passing = _client(office, scope, lifetime=timedelta(days=1))
    lasting = _clients(office, "create", "lasting", "--scope", scope).out.strip()
    assert [office.call(method, path, body, token=token).status for token in (passing, lasting)] == [200, 200]
    office.tenant.later(days=1)
    assert [office.call(method, path, body, token=token).status for token in (passing, lasting)] == [401, 200]
    assert _clients(office, "delete", "lasting").code == 0
    assert office.call(method, path, body, token=lasting).status == 401
    assert [line.split()[0] for line in _clients(office, "list").lines] == ["NAME", "portal"]


def test_a_session_of_one_tenant_is_nothing_in_another(office: Api) -> None:
    session = office.log_in("ada", _PASSWORD).body["token"]
    others = _client(office, *Scope, tenant="other")
    question = {"subject": {"type": "session", "id": session}} | _READ
    assert office.call("POST", "access/v1/evaluation", question).body["decision"] is True
    assert office.call("POST", "../other/access/v1/evaluation", question, token=others).body["decision"] is False
    beat = office.call("POST", "../other/sessions/heartbeat", {"tokens": [session]}, token=others).body
    assert [one["active"] for one in beat] == [False]
    told = office.call("POST", "../other/sessions/introspect", form={"token": session}, token=others).body
    assert told == {"active": False}
    assert office.call("POST", "../other/sessions/logoff", {"token": session}, token=others).status == 204
    assert office.call("DELETE", "../other/sessions", token=others).body == {"revoked": 0}
    assert office.call("POST", "sessions/introspect", form={"token": session}).body["active"] is True


@pytest.mark.parametrize("name", ["", "a" * 64, "two words", "-portal", "port\nal", "Ünicode"])
def test_a_client_has_a_name_that_records_and_sessions_can_tell(office: Api, name: str) -> None:
    done = _clients(office, "create", "--scope", "sessions", "--", name)
    assert (done.code, "63 letters, digits" in done.err) == (1, True)


def test_a_name_is_there_once_and_who_is_not_there_cannot_be_deleted(office: Api) -> None:
    first = _clients(office, "create", "portal", "--scope", "sessions")
    again = _clients(office, "create", "portal", "--scope", "sessions")
    assert (first.code, again.code, "already" in again.err) == (0, 1, True)
    assert _clients(office, "delete", "portal", "nobody").code == 1
    assert office.call("GET", "sessions", token=first.out.strip()).status == 200


@pytest.mark.parametrize("name", ["person", "kubernetes", "", "a b", "-a", "a" * 64])
def test_a_client_has_a_name_that_records_can_tell_from_others(office: Api, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        create_client(office.tenant.store, "acme", name, [Scope.ACCESS], office.tenant.now)


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ((), "without --workgroup it makes only accounts whose request names workgroups"),
        (("--workgroup", "nolab"), 'until there is a Workgroup "nolab" its accounts are refused; there is: tracker'),
        (
            ("--workgroup", "tracker", "--role", "Boss"),
            'until Workgroup "tracker" has a role "Boss" its accounts are refused; it has: Viewer',
        ),
        (("--workgroup", "tracker", "--role", "Viewer"), ""),
        (("--workgroup", "tracker"), ""),
    ],
)
def test_a_client_of_scim_whose_accounts_would_be_refused_is_made_with_a_warning(
    office: Api, options: tuple[str, ...], warning: str
) -> None:
    done = _clients(office, "create", "hr", "--scope", "scim", *options)
    assert (done.code, done.err) == (0, f"warning: {warning}\n" if warning else "")
    assert office.call("GET", "scim/v2/Users", token=done.out.strip()).status == 200


def test_who_makes_clients_and_deletes_them_sees_what_they_are(office: Api) -> None:
    defaults = ("--scope", "scim", "--workgroup", "tracker", "--role", "Viewer", "--license", "Static")
    made = _clients(office, "create", "hr", *defaults, "-o", "yaml").data
    assert (made["name"], made["scopes"], made["token"][:4]) == ("hr", ["scim"], "tnc_")
    header, line = _clients(office, "list").lines
    assert header.split() == ["NAME", "SCOPES", "WORKGROUP", "ROLE", "LICENSE", "CREATED", "EXPIRES"]
    assert line.split()[:5] == ["hr", "scim", "tracker", "Viewer", "Static"]
    assert _clients(office, "delete", "hr").out == "Deleted: hr\n"
