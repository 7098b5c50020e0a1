"""Files as a person would write them, and tenants that no cluster has."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import yaml

from tenantry.domain.observed import Kind, Observed
from tenantry.services.effects import Effect, Plan
from tenantry.services.file_secrets import FileSecrets
from tenantry.services.pipeline import Request, Wanted, apply, plan
from tenantry.store import Store
from tests.support.builders import NAMESPACE, START

NOW = START + timedelta(hours=1)


def manifest(seen: Observed[Any], namespace: str = NAMESPACE) -> dict[str, Any]:
    """Return the object as it stands in a file."""
    metadata: dict[str, Any] = {"name": seen.name, "namespace": namespace}
    if seen.paused:
        metadata["annotations"] = {"tenantry.dev/paused": "true"}
    spec = yaml.safe_load(seen.document)
    return {"apiVersion": "tenantry.dev/v1alpha1", "kind": str(seen.kind), "metadata": metadata, "spec": spec}


def text(*objects: Observed[Any] | dict[str, Any]) -> str:
    """Return a file with these objects."""
    return yaml.safe_dump_all([each if isinstance(each, dict) else manifest(each) for each in objects])


def secret(name: str, **values: str) -> dict[str, Any]:
    """Return a Secret as it stands in a file."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def secrets(values: Mapping[str, Mapping[str, str]], *, elsewhere: bool = False) -> FileSecrets:
    """Return the Secrets of the files: key to value by name."""
    encoded = {
        name: {
            "metadata": {"name": name, "uid": "files", "resourceVersion": ""},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in some.items()},
        }
        for name, some in values.items()
    }
    return FileSecrets(encoded, elsewhere=elsewhere)


def request(*objects: Observed[Any], now: datetime = NOW, **options: Any) -> Request:
    """Ask for these objects, in this order."""
    wanted = [Wanted(o.kind, o.name, o.document, o.paused) for o in objects]
    return Request(NAMESPACE, now, "test", wanted, **options)


def applied(store: Store, *objects: Observed[Any], **options: Any) -> Plan:
    return apply(store, request(*objects, **options))


def planned(store: Store, *objects: Observed[Any], **options: Any) -> Plan:
    return plan(store, request(*objects, **options))


def by_name(found: Plan | Iterable[Effect]) -> dict[str, tuple[str, str, str]]:
    """Return action, result and reason by name, of what is not as it was."""
    effects: Sequence[Effect] = list(found.effects if isinstance(found, Plan) else found)
    return {e.name: (e.action.value, e.result.value, str(e.reason)) for e in effects}


def users(found: Plan) -> dict[str, tuple[str, str, str]]:
    """Return the same of Users alone."""
    return by_name(e for e in found.effects if e.kind is Kind.USER)


def counts(found: Plan) -> dict[str, tuple[int, int, int | None]]:
    """Return use before, use with those who wait, and what was bought, by name of the capacity."""
    return {
        c.capacity.name: (c.before.used + c.before.waiting, c.after.used + c.after.waiting, c.after.bought)
        for c in found.counts
    }
