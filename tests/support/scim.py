"""scim2-client over real HTTP, and what the tests of SCIM share."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from scim2_client import BaseSyncSCIMClient

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

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        target = url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if params:
            target += "?" + urlencode(params, doseq=True)
        body = content if json is None else _dump(json)
        if json is not None:
            sent.setdefault("Content-Type", "application/scim+json")
        found = _POOL.request(method, target, body=body, headers=sent)
        return Reply(found.status, urllib3.HTTPHeaderDict(found.headers), found.data)


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()
