"""A tenant in a store: people with passwords, a floating license that they share, an application that asks."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
from argon2 import PasswordHasher
from click.testing import CliRunner

from benchmarks.measured import BenchError
from tenantry.cli import main
from tenantry.domain.account import Password
from tenantry.domain.client import Scope
from tenantry.services.acts import acting
from tenantry.services.clients import create_client
from tenantry.store import Store
from tenantry.store.account import load_by_login

NAMESPACE = "office"
PASSWORD = "correct horse battery"  # noqa: S105 - it opens what is thrown away afterwards
PEOPLE = 200


@dataclass(frozen=True)
class Office:
    """Where it is, and what opens it."""

    store_url: str
    token: str
    logins: tuple[str, ...]

    @classmethod
    def build(cls, store_url: str, folder: Path, licenses: int, hasher: PasswordHasher) -> "Office":
        """Make the tenant. Who has a seat keeps it when there are fewer licenses than that takes."""
        logins = tuple(f"user-{n}" for n in range(PEOPLE))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "office.json"
        _tenantry(store_url, "db", "upgrade")
        for quantity in (PEOPLE, licenses):
            path.write_bytes(orjson.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(logins, quantity)}))
            _tenantry(store_url, "apply", str(path), "--yes")
        store, now = Store.open(store_url), datetime.now(UTC)
        with acting(store, NAMESPACE, "bench", now) as act:
            password = Password(hasher.hash(PASSWORD), now)
            for account in load_by_login(act.connection, act.tenant.id, logins):
                act.change(account, replace(account, password=password))
        token = create_client(store, NAMESPACE, "bench", tuple(Scope), now)
        store.close()
        return cls(store_url, token, logins)

    def log_in(self, login: str, password: str = PASSWORD) -> str:
        """Return the body of a log-in."""
        return orjson.dumps({"workgroup": "desk", "userName": login, "password": password}).decode()


def _tenantry(store_url: str, *command: str) -> None:
    found = CliRunner().invoke(main, [*command, "--store-url", store_url])
    if found.exit_code:
        raise BenchError(f"tenantry {command[0]}: {found.output}")


def _objects(logins: tuple[str, ...], licenses: int) -> list[dict[str, object]]:
    actions = [{"name": "View", "actions": ["record:read"]}, {"name": "Edit", "actions": ["record:write"]}]
    floating = {"type": "Floating", "quantity": licenses}
    desk: dict[str, object] = {
        "licensePoolRef": "seats",
        "modules": [{"name": "Records", "levels": actions}],
        "roles": [{"name": "Clerk", "access": [{"module": "Records", "level": "Edit"}]}],
    }
    specs: list[tuple[str, str, dict[str, object]]] = [
        ("LicensePool", "seats", {"licenses": [floating], "sessions": {"leaseSeconds": 3600}}),
        ("Workgroup", "desk", desk),
    ]
    for login in logins:
        member: list[object] = [{"workgroupRef": "desk", "role": "Clerk"}]
        emails: list[object] = [{"value": f"{login}@example.com"}]
        spec: dict[str, object] = {
            "userName": login,
            "license": {"type": "Floating"},
            "workgroups": member,
            "emails": emails,
        }
        specs.append(("User", login, spec))
    return [
        {
            "apiVersion": "tenantry.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": spec,
        }
        for kind, name, spec in specs
    ]
