"""What is measured: one tenant's pool, workgroup and Users, as plain objects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenantry.resources.meta import API_VERSION

Object = dict[str, Any]

#: Seats enough for every User of a crowd.
PLENTY = 1_000_000
WORKGROUP = "tracker"


@dataclass(frozen=True)
class Crowd:
    """Users of one workgroup: numbered, alike, and each as full as a usual one."""

    namespace: str
    workgroup: str = WORKGROUP
    prefix: str = "person"

    def names(self, count: int, first: int = 0) -> list[str]:
        return [f"{self.prefix}-{number:06d}" for number in range(first, first + count)]

    def users(self, count: int, first: int = 0) -> Iterator[Object]:
        return (self.user(name) for name in self.names(count, first))

    def user(self, name: str) -> Object:
        return _object("User", self.namespace, name, _user_spec(name, self.workgroup))

    def policies(self, seats: int = PLENTY) -> list[Object]:
        """Return the pool with so many seats, and the workgroup that is seated from it."""
        pool = {"licenses": [{"type": "Static", "quantity": seats}]}
        return [
            _object("LicensePool", self.namespace, self.workgroup, pool),
            _object("Workgroup", self.namespace, self.workgroup, _workgroup_spec(self.workgroup)),
        ]


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def is_ready(body: Object) -> bool:
    conditions = body.get("status", {}).get("conditions", ())
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _object(kind: str, namespace: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _user_spec(name: str, workgroup: str) -> Object:
    return {
        "userName": f"{name}.{workgroup}@example.com",
        "displayName": f"Person {name}",
        "name": {"givenName": "Person", "familyName": name},
        "organization": "Example",
        "emails": [{"value": f"{name}@example.com", "primary": True}],
        "license": {"type": "Static"},
        "workgroups": [{"workgroupRef": workgroup, "role": "operator", "groups": ["day-shift"]}],
    }


def _workgroup_spec(pool: str) -> Object:
    levels = [{"name": "View", "actions": ["asset:read"]}, {"name": "Edit", "actions": ["asset:update"]}]
    access = [{"module": "assets", "level": "Edit"}]
    return {
        "licensePoolRef": pool,
        "modules": [{"name": "assets", "levels": levels}],
        "roles": [{"name": "operator", "access": access}],
        "groups": [{"name": "day-shift", "access": [{"module": "assets", "level": "View"}]}],
    }
