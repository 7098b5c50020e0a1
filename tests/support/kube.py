"""A small client for tests: plain dicts in and out, one connection pool, no caching of objects."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Self

import urllib3

from controlplane import Cluster

Object = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

_GROUP_VERSIONS = (
    "v1",
    "tenantry.dev/v1alpha1",
    "rbac.authorization.k8s.io/v1",
    "coordination.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
)


class KubeError(Exception):
    """What the API server refused, in its own words."""

    def __init__(self, status: int, body: bytes) -> None:
        said = json.loads(body) if body.startswith(b"{") else {"message": body.decode(errors="replace")}
        self.status = status
        self.reason: str = said.get("reason", "")
        self.message: str = said.get("message", "")
        super().__init__(f"{status} {self.reason}: {self.message}")


@dataclass(frozen=True)
class Resource:
    prefix: str
    plural: str
    namespaced: bool


@dataclass
class Kube:
    """Talks to one namespace; `within` gives the same for another."""

    server: str
    token: str
    namespace: str
    pool: urllib3.PoolManager = field(repr=False)
    _resources: dict[str, Resource] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, cluster: Cluster, namespace: str = "default", token: str = "admin") -> Self:  # noqa: S107
        pool = urllib3.PoolManager(ca_certs=str(cluster.ca_file), maxsize=16, retries=False, timeout=30)
        return cls(cluster.server, token, namespace, pool)

    def within(self, namespace: str) -> Self:
        return replace(self, namespace=namespace)

    def create(self, body: Object, *, dry_run: bool = False) -> Object:
        return self.request("POST", self._path(body) + _dry_run(dry_run), body)

    def apply(self, body: Object, *, manager: str = "tests") -> Object:
        """Apply on the server's side, as kubectl and Argo CD do."""
        path = self._path(body, body["metadata"]["name"])
        return self.request("PATCH", f"{path}?fieldManager={manager}&force=true", body, APPLY_PATCH)

    def get(self, kind: str, name: str) -> Object:
        return self.request("GET", self._path_of(kind, name))

    def find(self, kind: str, name: str) -> Object | None:
        """Give the object, or None where there is none."""
        try:
            return self.get(kind, name)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def items(self, kind: str, query: str = "") -> list[Object]:
        items: list[Object] = self.request("GET", f"{self._path_of(kind)}?{query}")["items"]
        return items

    def patch(self, kind: str, name: str, patch: Object, subresource: str = "") -> Object:
        path = self._path_of(kind, name) + (f"/{subresource}" if subresource else "")
        return self.request("PATCH", path, patch, MERGE_PATCH)

    def replace(self, body: Object) -> Object:
        return self.request("PUT", self._path(body, body["metadata"]["name"]), body)

    def delete(self, kind: str, name: str, query: str = "") -> Object:
        return self.request("DELETE", f"{self._path_of(kind, name)}?{query}")

    def delete_all(self, kind: str) -> Object:
        return self.request("DELETE", self._path_of(kind))

    def condition(self, kind: str, name: str, condition: str = "Ready") -> Object:
        """Give one condition of an object, empty while it has not been written."""
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        return next((found for found in conditions if found["type"] == condition), {})

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Object:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        encoded = None if body is None else json.dumps(body).encode()
        reply = self.pool.request(method, self.server + path, body=encoded, headers=headers)
        if reply.status >= 400:
            raise KubeError(reply.status, reply.data)
        answer: Object = json.loads(reply.data)
        return answer

    def _path(self, body: Object, name: str = "") -> str:
        namespace = body.get("metadata", {}).get("namespace", "")
        resource = self._resource(body["kind"], body["apiVersion"])
        return self._join(resource, namespace or self.namespace, name)

    def _path_of(self, kind: str, name: str = "") -> str:
        return self._join(self._resource(kind), self.namespace, name)

    def _join(self, resource: Resource, namespace: str, name: str) -> str:
        scope = [f"namespaces/{namespace}"] if resource.namespaced else []
        return "/".join([resource.prefix, *scope, resource.plural, *([name] if name else [])])

    def _resource(self, kind: str, group_version: str = "") -> Resource:
        candidates = [group_version] if group_version else _GROUP_VERSIONS
        for candidate in candidates:
            key = f"{candidate}/{kind}"
            if key not in self._resources:
                self._discover(candidate)
            if key in self._resources:
                return self._resources[key]
        raise KeyError(f"the API server knows no {group_version} {kind}")

    def _discover(self, group_version: str) -> None:
        prefix = "/api/v1" if group_version == "v1" else f"/apis/{group_version}"
        try:
            found = self.request("GET", prefix)["resources"]
        except KubeError:  # a group that is not installed has no kinds
            return
        for each in found:
            if "/" not in each["name"]:
                resource = Resource(prefix, each["name"], each["namespaced"])
                self._resources[f"{group_version}/{each['kind']}"] = resource


def _dry_run(dry_run: bool) -> str:  # noqa: FBT001 - a value passed on
    return "?dryRun=All" if dry_run else ""
