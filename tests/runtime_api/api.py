"""The runtime API as an application calls it."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import urllib3

from tenantry.domain.account import Password
from tenantry.domain.client import Scope
from tenantry.services.acts import acting
from tenantry.services.clients import create_client
from tenantry.store.account import load_by_login
from tests.support.watched import WatchedTenant

_POOL = urllib3.PoolManager(retries=False)


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: urllib3.HTTPHeaderDict
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def reason(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        return str(self.body["reason"])


@dataclass
class Api:
    """Calls on one tenant, with the token of an application that may do everything unless another is given."""

    tenant: WatchedTenant
    url: str
    _tokens: dict[frozenset[str], str] = field(default_factory=dict)

    def token(self, scopes: Collection[Scope] = tuple(Scope)) -> str:
        key = frozenset(scopes)
        if key not in self._tokens:
            name = f"client-{len(self._tokens)}"
            namespace = self.tenant.ref.namespace
            self._tokens[key] = create_client(self.tenant.store, namespace, name, scopes, self.tenant.now)
        return self._tokens[key]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: dict[str, str] | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request; ``token`` is the bearer's, none at all where it is empty."""
        sent = dict(headers or {})
        bearer = self.token() if token is None else token
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        url = f"{self.url}/v1/{self.tenant.ref.namespace}/{path}".rstrip("/")
        if form is not None:
            reply = _POOL.request(method, url, fields=form, encode_multipart=False, headers=sent)
        elif body is not None:
            sent["Content-Type"] = "application/json"
            reply = _POOL.request(method, url, body=json.dumps(body).encode(), headers=sent)
        else:
            reply = _POOL.request(method, url, headers=sent)
        return Answer(reply.status, urllib3.HTTPHeaderDict(reply.headers), reply.data.decode())

    def send(self, path: str, content: bytes, type_: str, token: str | None = None) -> Answer:
        """Send bytes as they are."""
        headers = {"Authorization": f"Bearer {token or self.token()}", "Content-Type": type_}
        url = f"{self.url}/v1/{self.tenant.ref.namespace}/{path}"
        reply = _POOL.request("POST", url, body=content, headers=headers)
        return Answer(reply.status, urllib3.HTTPHeaderDict(reply.headers), reply.data.decode())

    def at(self, path: str, method: str = "GET") -> Answer:
        """Ask for what is outside of the tenant, without a token."""
        reply = _POOL.request(method, self.url + path)
        return Answer(reply.status, urllib3.HTTPHeaderDict(reply.headers), reply.data.decode())

    def give_password(self, login: str, hashed: str) -> None:
        """Have an account's password be of this hash: reading Secrets is for other tests."""
        with acting(self.tenant.store, self.tenant.ref.namespace, "test", self.tenant.now) as act:
            (account,) = load_by_login(act.connection, act.tenant.id, [login])
            act.change(account, replace(account, password=Password(hashed, self.tenant.now)))

    def log_in(self, login: str, password: str, workgroup: str = "tracker") -> Answer:
        return self.call("POST", "sessions", {"workgroup": workgroup, "userName": login, "password": password})
