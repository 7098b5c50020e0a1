"""scim2-client over real HTTP, and what the tests of SCIM share."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from scim2_client import BaseSyncSCIMClient

from tenantry.domain.audit import Record
from tenantry.domain.client import Defaults, Scope
from tenantry.services.clients import create_client
from tenantry.store.audit import read_records
from tenantry.store.tenant import find_tenant
from tests.runtime_api.api import Answer, Api

_POOL = urllib3.PoolManager(retries=False)


@dataclass(frozen=True)
class Reply:
    """A response, as scim2-client reads one."""

    status_code: int
    headers: urllib3.HTTPHeaderDict
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Client(BaseSyncSCIMClient):
    """scim2-client with urllib3 under it: the packages for its own engine are not among ours."""

    def __init__(self, base_url: str, token: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base_url = base_url
        self.token = token

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return "://" not in endpoint or endpoint.startswith(self.base_url + "/")

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **sent: Any) -> Reply:
        """``sent`` has params, json, content and headers, as the client gives them."""
        target = url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"
        headers = {"Authorization": f"Bearer {self.token}", **(sent.get("headers") or {})}
        if sent.get("params"):
            target += "?" + urlencode(sent["params"], doseq=True)
        body = sent.get("content")
        if sent.get("json") is not None:
            headers.setdefault("Content-Type", "application/scim+json")
            body = json.dumps(sent["json"]).encode()
        found = _POOL.request(method, target, body=body, headers=headers)
        return Reply(found.status, urllib3.HTTPHeaderDict(found.headers), found.data)


USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ASKED = "urn:tenantry:scim:schemas:extension:2.0:User"


@dataclass
class Directory:
    """An identity provider's calls, with plain JSON: what scim2-client would not send can be sent."""

    api: Api
    token: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api.call(method, f"scim/v2/{path}", body, token=self.token, headers=sent)

    def make(self, login: str, **attributes: Any) -> Answer:
        return self.call("POST", "Users", {"schemas": [USER], "userName": login, **attributes})

    def made(self, login: str, **attributes: Any) -> dict[str, Any]:
        answer = self.make(login, **attributes)
        assert answer.status == 201, answer.text
        found: dict[str, Any] = answer.body
        return found

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Answer:
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": operations}, **headers)

    def find(self, kind: str, filter_: str = "", **parameters: Any) -> list[dict[str, Any]]:
        query = urlencode(({"filter": filter_} if filter_ else {}) | parameters)
        answer = self.call("GET", f"{kind}?{query}")
        assert answer.status == 200, answer.text
        found: list[dict[str, Any]] = answer.body.get("Resources", [])
        return found

    def user(self, login: str) -> dict[str, Any]:
        (found,) = self.find("Users", f'userName eq "{login}"')
        return found

    def group(self, name: str) -> dict[str, Any]:
        (found,) = self.find("Groups", f'displayName eq "{name}"')
        return found


def directory(api: Api, name: str = "hr", **defaults: str) -> Directory:
    """Return the calls of a client whose accounts get these defaults."""
    tenant = api.tenant
    scopes = [Scope.SCIM]
    token = create_client(tenant.store, tenant.ref.namespace, name, scopes, tenant.now, defaults=Defaults(**defaults))
    return Directory(api, token)


def refused(answer: Answer, status: int, *words: str, type_: str | None = None) -> None:
    """Check that this is a SCIM error of that status and type, and tells these words."""
    assert answer.headers["Content-Type"] == "application/scim+json", answer.text
    body = answer.body
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (answer.status, body["status"], body.get("scimType")) == (status, str(status), type_), answer.text
    assert all(word in body["detail"] for word in words), body["detail"]


def records(hr: Directory) -> list[Record]:
    """Return the audit trail."""
    with hr.api.tenant.store.read() as connection:
        tenant = find_tenant(connection, hr.api.tenant.ref.namespace)
        assert tenant is not None
        return list(read_records(connection, tenant.id))
