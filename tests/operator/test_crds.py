"""The CRDs and the admission policy as a real API server enforces them."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import pytest

from controlplane import Cluster
from tenantry.domain.observed import Kind
from tenantry.resources.crd import object_schema
from tenantry.resources.meta import API_VERSION, FINALIZER, RESOURCES, Resource
from tests.operator.schema_cases import RULES, Fixed, Refused, member, user
from tests.operator.schema_patterns import IMMUTABLE, PATTERNS
from tests.operator.schema_walk import at_limits, keywords, objects, strings
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError, Object

KINDS = [pytest.param(resource, id=str(resource.kind)) for resource in RESOURCES.values()]
SPECS: dict[str, dict[str, Any]] = {
    "LicensePool": {},
    "Workgroup": {},
    "User": user(),
    "ProjectMember": member(),
}
OTHERS = "example.com/other"


def body(kind: str, spec: dict[str, Any], **metadata: object) -> Object:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "one"} | metadata, "spec": spec}


def schema_of(kind: str) -> dict[str, Any]:
    return object_schema(RESOURCES[Kind(kind)])


@pytest.mark.parametrize("case", [*RULES, *PATTERNS])
def test_a_spec_that_breaks_a_rule_is_refused_in_words_that_help(kube: Kube, case: Refused) -> None:
    kube.create(body(case.kind, case.accepted), dry_run=True)
    with pytest.raises(KubeError) as refusal:
        kube.create(body(case.kind, case.refused), dry_run=True)
    assert refusal.value.status == 422
    assert case.message in refusal.value.message


@pytest.mark.parametrize("case", IMMUTABLE)
def test_what_is_fixed_at_creation_cannot_be_changed(kube: Kube, case: Fixed) -> None:
    created = kube.create(body(case.kind, case.before))
    with pytest.raises(KubeError) as refusal:
        kube.replace(created | {"spec": case.after})
    assert case.message in refusal.value.message
    kube.replace(created)


def test_every_rule_of_the_schemas_is_tried() -> None:
    tried = [parameter.values[0].message for parameter in [*RULES, *IMMUTABLE]]
    rules = chain.from_iterable(_below("x-kubernetes-validations"))
    untried = {rule["message"] for rule in rules if not any(message in rule["message"] for message in tried)}
    assert untried == set()


def test_every_pattern_of_the_schemas_is_tried(kube: Kube) -> None:
    refusals = "".join(_refusal(kube, parameter.values[0]) for parameter in PATTERNS)
    assert {pattern for pattern in _below("pattern") if f"'{pattern}'" not in refusals} == set()


def _refusal(kube: Kube, case: Refused) -> str:
    with pytest.raises(KubeError) as refusal:
        kube.create(body(case.kind, case.refused), dry_run=True)
    return refusal.value.message


def _below(keyword: str) -> Iterator[Any]:
    return chain.from_iterable(keywords(schema_of(kind), keyword) for kind in SPECS)


@pytest.mark.parametrize("kind", SPECS)
def test_every_string_is_accepted_at_its_limit_and_kept_whole(kube: Kube, kind: str) -> None:
    spec = at_limits(schema_of(kind)["properties"]["spec"])
    _choose(spec)
    created = kube.create(body(kind, spec))
    assert created["spec"] == spec
    assert any("😀" in text for text in strings(created["spec"]))


def _choose(spec: dict[str, Any]) -> None:
    """Set what a field beside it goes with: the spec then has every field there is."""
    for license_ in spec.get("licenses", ()):
        license_["type"] = "Floating"
    for name, field, value in (("authentication", "mode", "Directory"), ("emailIntegration", "provider", "SMTP")):
        if name in spec:
            spec[name][field] = value


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_of_a_status_is_kept(kube: Kube, kind: str) -> None:
    status = at_limits(schema_of(kind)["properties"]["status"])
    kube.create(body(kind, SPECS[kind]))
    assert kube.patch(kind, "one", {"status": status}, "status")["status"] == status


def test_a_user_of_256_kilobytes_is_kept_whole(kube: Kube) -> None:
    text = "ש😀" * 30
    scopes = [{"name": f"scope {i}", "values": [f"{j} {text}" for j in range(12)]} for i in range(8)]
    spec = user(workgroups=[{"workgroupRef": f"w{i}", "scopes": scopes} for i in range(16)])
    assert len(json.dumps(spec, ensure_ascii=False).encode()) > 256 * 1024
    assert kube.create(body("User", spec))["spec"]["workgroups"][15]["scopes"] == scopes


def test_the_largest_workgroup_passes_the_rules_across_its_fields(kube: Kube) -> None:
    modules = [{"name": _long(f"m{i}"), "levels": [{"name": _long(f"l{j}")} for j in range(8)]} for i in range(32)]
    access = [{"module": module["name"], "level": _long("l7")} for module in reversed(modules)]
    named = [{"name": f"x{i}", "access": access} for i in range(16)]
    kube.create(body("Workgroup", {"modules": modules, "roles": named, "groups": named}))


def _long(name: str) -> str:
    return name.ljust(63, "x")


@pytest.mark.parametrize("resource", KINDS)
def test_a_new_object_has_a_status_that_kstatus_takes_for_in_progress(kube: Kube, resource: Resource) -> None:
    given = body(resource.kind, SPECS[resource.kind]) | {"status": {"observedGeneration": 7}}
    assert kube.create(given)["status"] == {"observedGeneration": -1}


def test_defaults_are_filled_in_for_whoever_reads_the_object(kube: Kube) -> None:
    spec = kube.create(body("Workgroup", {"systemUsers": [{"userName": "Admin"}]}))["spec"]
    assert spec == {
        "systemUsers": [{"userName": "Admin", "login": "Disabled", "profile": "Fixed"}],
        "authentication": {"mode": "Password"},
        "characterSet": "UTF-8",
        "deletion": {"mode": "Restorable"},
        "emailVerification": "Assumed",
        "login": {"by": "UserName", "format": "Name", "maxLength": 254},
        "onboarding": {"expirationHours": 168, "mode": "Provisioned"},
        "password": {"expirationDays": 90, "expiry": "Never", "history": 0, "maxLength": 128, "minLength": 8},
        "sessions": {"perAccount": "Unlimited"},
    }


@pytest.mark.parametrize("resource", KINDS)
def test_the_finalizer_comes_with_the_object(kube: Kube, resource: Resource) -> None:
    assert kube.create(body(resource.kind, SPECS[resource.kind]))["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param([OTHERS], [OTHERS, FINALIZER], id="others-are-kept"),
        pytest.param([FINALIZER, OTHERS], [FINALIZER, OTHERS], id="ours-is-not-added-twice"),
        pytest.param([], [FINALIZER], id="an-empty-list-is-filled"),
    ],
)
def test_the_finalizer_gets_along_with_those_that_are_there(kube: Kube, given: list[str], found: list[str]) -> None:
    assert kube.create(body("LicensePool", {}, finalizers=given))["metadata"]["finalizers"] == found


def test_the_finalizer_comes_with_a_generated_name(kube: Kube) -> None:
    pool = body("LicensePool", {}) | {"metadata": {"generateName": "pool-"}}
    assert kube.create(pool)["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize("flags", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_the_finalizer_outlives_a_second_apply(cluster: Cluster, kube: Kube, namespace: str, flags: list[str]) -> None:
    for name in ("first", "second"):
        pool = json.dumps(body("LicensePool", {"displayName": name}))
        cluster.kubectl("apply", "-n", namespace, *flags, "-f", "-", stdin=pool)
    applied = kube.get("LicensePool", "one")
    assert applied["spec"]["displayName"] == "second"
    assert applied["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize("resource", KINDS)
def test_explain_describes_every_field(cluster: Cluster, resource: Resource) -> None:
    for path, schema in _own_objects(resource):
        said = _words(eventually(partial(cluster.kubectl, "explain", path)))
        missing = [name for name, below in schema["properties"].items() if _words(below["description"]) not in said]
        assert missing == [], path


def _own_objects(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in ("spec", "status"):
        yield from objects(schema_of(resource.kind)["properties"][part], f"{resource.crd_name}.{part}")


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("spec.userName=jdoe", ["user.tenantry.dev/one"]),
        ("spec.userName=JDOE", []),
        ("status.state=Active", ["user.tenantry.dev/one"]),
        ("status.state=Waiting", []),
    ],
)
def test_users_are_found_by_login_and_state(
    cluster: Cluster, kube: Kube, namespace: str, selector: str, names: list[str]
) -> None:
    kube.create(body("User", user(userName="jdoe")))
    kube.patch("User", "one", {"status": {"state": "Active"}}, "status")
    found = cluster.kubectl("get", "tuser", "-n", namespace, "--field-selector", selector, "-o", "name")
    assert found.split() == names


@pytest.mark.parametrize(
    ("short", "narrow", "wide"),
    [
        ("tuser", "NAME READY USER LICENSE ROLE STATE AGE", "WORKGROUP EMAIL MESSAGE"),
        ("lpool", "NAME READY LIMIT USED FREE WAITING AGE", "MESSAGE"),
        ("wg", "NAME READY POOL AGE", "MESSAGE"),
        ("pmember", "NAME READY WORKGROUP PROJECT USER AGE", "MESSAGE"),
    ],
)
def test_get_shows_the_columns_of_its_kind(
    cluster: Cluster, kube: Kube, namespace: str, short: str, narrow: str, wide: str
) -> None:
    kind = next(str(resource.kind) for resource in RESOURCES.values() if resource.short_name == short)
    kube.create(body(kind, SPECS[kind]))
    get = ("get", short, "-n", namespace)
    assert cluster.kubectl(*get).splitlines()[0].split() == narrow.split()
    assert cluster.kubectl(*get, "-o", "wide").splitlines()[0].split() == [*narrow.split(), *wide.split()]


def test_the_role_shown_is_the_one_the_account_has(cluster: Cluster, kube: Kube, namespace: str) -> None:
    wanted = [{"workgroupRef": "support", "role": "Editor"}, {"workgroupRef": "sales", "role": "Boss"}]
    kube.create(body("User", user(workgroups=wanted)))
    get = ("get", "tuser", "-n", namespace, "-o", "wide")
    row = cluster.kubectl(*get).splitlines()[1]
    assert "Editor" not in row
    assert "support" in row
    assert "sales" not in row
    kube.patch("User", "one", {"status": {"workgroups": [wanted[0] | {"membership": "Member"}]}}, "status")
    assert "Editor" in cluster.kubectl(*get)


def test_one_category_lists_all_kinds(cluster: Cluster, kube: Kube, namespace: str) -> None:
    for kind, spec in SPECS.items():
        kube.create(body(kind, spec))
    found = cluster.kubectl("get", "tenantry", "-n", namespace, "-o", "name").split()
    assert sorted(found) == sorted(f"{resource.singular}.tenantry.dev/one" for resource in RESOURCES.values())


def test_a_misspelled_field_is_named(cluster: Cluster, namespace: str) -> None:
    misspelled = json.dumps(body("User", user(workgroups=[{"workgroupRef": "support", "rolle": "Editor"}])))
    said = cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=misspelled, check=False)
    assert 'unknown field "spec.workgroups[0].rolle"' in said
