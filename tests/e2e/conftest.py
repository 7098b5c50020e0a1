"""One operator a module for all namespaces; tenants of a module or of one test, driven with kubectl as people do."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane import Cluster
from tenantry.domain.access import Resource
from tenantry.domain.account import Account
from tenantry.domain.client import Scope
from tenantry.domain.login import login_key
from tenantry.domain.refusal import Refusal
from tenantry.services.access import Request, explain
from tenantry.services.clients import create_client
from tenantry.services.passwords import verify_password
from tenantry.store import Store
from tenantry.store.account import load_by_login
from tenantry.store.tenant import find_tenant
from tests.support.commands import Done, tenantry
from tests.support.eventually import eventually
from tests.support.installation import remove_objects
from tests.support.kube import Kube, Object
from tests.support.operator import OperatorProcess
from tests.support.persons import accept_invitation, verify_email
from tests.support.serving import RuntimeApiProcess

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: What the issue tracker of a module buys, so that each of its tests can seat people of its own.
LICENSES = [
    {"type": "Static", "quantity": 5},
    {"type": "Floating", "quantity": 6, "accountsPerLicense": 10},
    {"type": "Restricted", "quantity": 9},
]


@dataclass(frozen=True)
class Site:
    """A tenant of a running operator."""

    cluster: Cluster
    kube: Kube
    namespace: str
    store_url: str
    store: Store
    serving: Callable[[], RuntimeApiProcess]

    def apply_example(self, name: str) -> None:
        """Apply an example as its README says, and wait until all of it is Ready."""
        self.kubectl("apply", "-k", EXAMPLES / name)
        self.kubectl("wait", "tenantry", "--all", "--for=condition=Ready", "--timeout=60s")

    def apply(self, *documents: Object, refused: bool = False) -> str:
        """Apply documents with kubectl and return what it says; with ``refused``, why it does not."""
        text = yaml.safe_dump_all(documents)
        if not refused:
            return self.kubectl("apply", "-f", "-", stdin=text)
        found = subprocess.run(
            [self.cluster.kubectl_path, "-n", self.namespace, "apply", "-f", "-"],
            input=text,
            env=self.cluster.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode != 0, found.stdout
        return found.stderr

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def tenantry(self, *arguments: object) -> Any:
        """Run the command line on this tenant's store and return its JSON."""
        done = self.run(*arguments, "-o", "json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def run(self, *arguments: object) -> Done:
        """Run the command line on this tenant's store."""
        return tenantry(*arguments, "--store-url", self.store_url, "-n", self.namespace)

    def export_audit(self) -> list[Any]:
        """Return the tenant's audit trail as it is exported, record by record."""
        return [json.loads(line) for line in self.run("audit", "export").lines]

    def account(self, login: str) -> Account:
        """Return the account as the store has it."""
        with self.store.read() as connection:
            tenant = find_tenant(connection, self.namespace)
            assert tenant is not None
            (found,) = load_by_login(connection, tenant.id, {login_key(login)})
        return found

    def password_is(self, login: str, password: str) -> bool:
        """Tell whether this is the account's password by now."""
        kept = self.account(login).password
        return kept is not None and verify_password(kept.hash, password)

    def accept(self, login: str) -> Refusal | None:
        """Accept the invitation, or sign up, as the person does."""
        return accept_invitation(self.store, self.namespace, login, datetime.now(UTC))

    def verify(self, login: str) -> None:
        """Show that the address is the person's."""
        verify_email(self.store, self.namespace, login, datetime.now(UTC))

    def decide(
        self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None
    ) -> tuple[bool, str]:
        """Have the runtime API decide a question such as "read mission/m-1": `tenantry explain` says the same of it.

        ``owner``: whose it is, several with commas between them.
        """
        action, type_, name = re.split("[ /]", question, maxsplit=2)
        scopes = dict([scope.split("=")]) if scope else {}
        owners = owner.split(",") if owner else []
        asked = {
            "subject": {"type": "user", "id": user},
            "action": {"name": action},
            "resource": {"type": type_, "id": name, "properties": {**scopes, **({"owners": owners} if owners else {})}},
            "context": {"workgroup": workgroup} if workgroup else {},
        }
        status, answer = self.serving().call("POST", f"{self.namespace}/access/v1/evaluation", self._token, asked)
        assert status == 200, answer
        resource = Resource(type_, name, frozenset(owners), scopes)
        request = Request(user, action, resource, self.namespace, workgroup)
        explained = explain(self.store, request, datetime.now(UTC)).decision
        told = (explained.allowed, str(explained.reason))
        assert (answer["decision"], answer["context"]["reason"]) == told
        return told

    @cached_property
    def _token(self) -> str:
        return create_client(self.store, self.namespace, "decisions", [Scope.ACCESS], datetime.now(UTC))

    def allows(self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None) -> bool:
        return self.decide(user, question, owner, scope, workgroup)[0]

    def reason(self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None) -> str:
        return self.decide(user, question, owner, scope, workgroup)[1]

    def settled(self, kind: str, name: str) -> Object:
        """Return an object once the operator has seen its newest spec."""
        return eventually(lambda: self._seen(kind, name))

    def _seen(self, kind: str, name: str) -> Object | None:
        found = self.kube.get(kind, name)
        return found if found["status"].get("observedGeneration") == found["metadata"]["generation"] else None

    def ready(self, name: str, kind: str = "User") -> Object:
        """Return the object's Ready condition, once it speaks of the newest spec."""
        conditions = self.settled(kind, name)["status"]["conditions"]
        return next(found for found in conditions if found["type"] == "Ready")

    def becomes(self, name: str, reason: str, kind: str = "User") -> Object:
        """Return the Ready condition once it has this reason."""
        return eventually(lambda: found if (found := self.ready(name, kind))["reason"] == reason else None)

    def one_is_let_in(self, *names: str, reason: str) -> None:
        """Wait until one of those who wait is Ready, and see that the others still wait for the same reason.

        Which one it is, is not told here: arrivals within one second are in the order of their UIDs.
        """
        found = eventually(lambda: r if "Provisioned" in (r := [self.ready(n)["reason"] for n in names]) else None)
        assert sorted(found) == sorted(["Provisioned", *(reason for _ in names[1:])])

    def condition(self, name: str, type_: str, kind: str = "User") -> Object:
        return self.kube.condition(kind, name, type_)

    def pool_shows(self, pool: str, entry: str | None = None, /, **figures: int) -> None:
        """Wait until a pool, or a license type or limit of it, shows these figures.

        A pool's status is a write of its own: it may come after that of the User who changed it.
        """

        def look() -> bool:
            status = self.settled("LicensePool", pool)["status"]
            rows = [*status.get("licenses", ()), *status.get("limits", ())]
            row = status if entry is None else next(x for x in rows if entry in {x.get("name"), x.get("type")})
            assert {name: row[name] for name in figures} == figures
            return True

        eventually(look)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object and wait until it is gone."""
        self.kubectl("delete", kind, name, "--timeout=30s")


def user(name: str, workgroup: str, role: str | None = None, /, **spec: object) -> Object:
    """Return a User of one workgroup as people write it."""
    entry = {"workgroupRef": workgroup} | ({"role": role} if role else {})
    body = {"userName": name, "emails": [{"value": f"{name}@example.com"}], "workgroups": [entry], **spec}
    return {"apiVersion": "tenantry.dev/v1alpha1", "kind": "User", "metadata": {"name": name}, "spec": body}


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> str:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("store") / "store.db")
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def everywhere(
    cluster: Cluster, module_store: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """Run an operator for all namespaces, with a Lease of its own."""
    folder = tmp_path_factory.mktemp("operator")
    arguments = (f"--lease-name={folder.name}", "--resync-seconds=2")
    with OperatorProcess(folder, cluster.operator_kubeconfig, module_store, *arguments) as operator:
        yield operator
        print(operator.log[-5000:])


@pytest.fixture(scope="module")
def opened_store(module_store: str) -> Iterator[Store]:
    store = Store.open(module_store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def beside(module_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], RuntimeApiProcess]]:
    """Run the runtime API beside the operator, from when the first asks it."""
    with ExitStack() as stack:
        yield cache(lambda: stack.enter_context(RuntimeApiProcess(tmp_path_factory.mktemp("decisions"), module_store)))


@pytest.fixture
def site(  # noqa: PLR0917 - what a tenant takes
    cluster: Cluster,
    kube: Kube,
    namespace: str,
    everywhere: OperatorProcess,
    module_store: str,
    opened_store: Store,
    beside: Callable[[], RuntimeApiProcess],
) -> Site:
    """A tenant of the test's own."""
    assert everywhere.running
    return Site(cluster, kube, namespace, module_store, opened_store, beside)


@pytest.fixture(scope="module")
def shared(
    cluster: Cluster,
    everywhere: OperatorProcess,
    module_store: str,
    opened_store: Store,
    beside: Callable[[], RuntimeApiProcess],
) -> Iterator[Callable[[str], Site]]:
    """Apply an example once for a module: `shared("thinger")`. Tests change only what no other of them looks at."""
    assert everywhere.running
    made: list[Site] = []

    @cache
    def applied(name: str) -> Site:
        namespace = f"shared-{uuid.uuid4().hex[:8]}"
        cluster.kubectl("create", "namespace", namespace)
        made.append(Site(cluster, Kube.of(cluster, namespace), namespace, module_store, opened_store, beside))
        made[-1].apply_example(name)
        return made[-1]

    yield applied
    for each in made:
        remove_objects(each.kube)


@pytest.fixture
def example(site: Site) -> Callable[[str], Site]:
    """Apply an example to a tenant of the test's own: `example("thinger")`."""

    def applied(name: str) -> Site:
        site.apply_example(name)
        return site

    return applied


def person(name: str, license_type: str, workgroup: str, /, **spec: Any) -> Object:
    """Return a User of the issue tracker with a license and a password; a field given as None is left out."""
    password = {"secretKeyRef": {"name": "passwords", "key": "maria"}}
    whole = {"name": {"givenName": name.title()}, "license": {"type": license_type}, "password": password, **spec}
    body = user(name, workgroup, **whole)
    body["spec"] = {field: value for field, value in body["spec"].items() if value is not None}
    return body
