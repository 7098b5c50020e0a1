"""Objects as a person writes them, short: each test names only what it is about."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.kube import Kube, Object

API_VERSION = "tenantry.dev/v1alpha1"
#: Requests that a test has under way at once.
_AT_ONCE = 8


def document(kind: str, name: str, spec: Object, **metadata: Any) -> Object:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def pool(static: int, name: str = "seats") -> Object:
    return document("LicensePool", name, {"licenses": [{"type": "Static", "quantity": static}]})


def workgroup(name: str = "desk", deletion: str = "Permanent", pool: str | None = "seats", **spec: object) -> Object:
    seated = {} if pool is None else {"licensePoolRef": pool}
    return document("Workgroup", name, {**seated, "deletion": {"mode": deletion}, **spec})


def user(name: str, workgroup: str = "desk", **spec: object) -> Object:
    entry = {"workgroupRef": workgroup}
    return document("User", name, {"userName": name, "license": {"type": "Static"}, "workgroups": [entry], **spec})


def unseated(name: str, workgroup: str = "desk", **spec: object) -> Object:
    """Give a User that takes no license."""
    body = user(name, workgroup, **spec)
    del body["spec"]["license"]
    return body


def secret(name: str, value: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": value}}


def with_password(body: Object, name: str) -> Object:
    body["spec"]["password"] = {"secretKeyRef": {"name": name}}
    return body


def with_mailbox(body: Object, name: str) -> Object:
    body["spec"]["emailIntegration"] = {"provider": "Google", "secretKeyRef": {"name": name}}
    return body


def create(kube: Kube, bodies: Iterable[Object]) -> None:
    """Create objects in about this order, some at once, as kubectl and Argo CD do."""
    with ThreadPoolExecutor(_AT_ONCE) as requests:
        list(requests.map(kube.create, bodies))


def strip(kube: Kube, kind: str, name: str) -> None:
    """Take the finalizers off by hand."""
    kube.patch(kind, name, {"metadata": {"finalizers": None}})


def chance(seed: int) -> random.Random:
    """Give chance that is the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - hides nothing


def is_ready(kube: Kube, kind: str, name: str) -> bool:
    """Tell whether the object is Ready by the spec of now."""
    found = kube.get(kind, name)
    told: Object = next((c for c in found.get("status", {}).get("conditions", ()) if c["type"] == "Ready"), {})
    return told.get("status") == "True" and told.get("observedGeneration") == found["metadata"]["generation"]


def reason(kube: Kube, name: str, kind: str = "User") -> str:
    """Give why the object is Ready or not, empty while nobody has looked at it."""
    return str(kube.condition(kind, name).get("reason", ""))


def reasons(kube: Kube, kind: str = "User") -> dict[str, str]:
    """Give by name why each object is Ready or not."""
    found = {}
    for item in kube.items(kind):
        conditions = item.get("status", {}).get("conditions", ())
        found[item["metadata"]["name"]] = next((c["reason"] for c in conditions if c["type"] == "Ready"), "")
    return found
