"""A User with everything at its limit: stored whole, or refused by the schema."""

from collections.abc import Callable

import pytest

from tests.faults import rows
from tests.faults.objects import create, is_ready, unseated, workgroup
from tests.support.commands import tenantry
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError, Object
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
#: Four bytes, right to left, combining, joined, and one that looks like another.
_TEXTS = ["😀" * 256, "مرحبا بالعالم " * 18 + "مرح", "e\u0301" * 128, "👩‍👩‍👧‍👦" * 23, "ﬁ" * 256]
_PROFILE = {
    "displayName",
    "name",
    "organization",
    "comment",
    "emails",
    "phoneNumbers",
    "addresses",
    "preferredLanguage",
    "timezone",
}


def _full(name: str, text: str) -> Object:
    """Give a User with every string of its profile at its limit."""
    body = unseated(name, "lounge")
    addresses = [
        {
            "type": f"{n}" + "t" * 31,
            "streetAddress": (text * 512)[:512],
            "locality": text[:256],
            "region": text[:256],
            "postalCode": text[:32],
            "country": text[:256],
        }
        for n in range(4)
    ]
    body["spec"] |= {
        "userName": (f"{name}-" + "語" * 254)[:254],
        "displayName": text[:256],
        "name": {"givenName": text[:256], "familyName": text[:256]},
        "organization": text[:256],
        "comment": (text * 4096)[:4096],
        "emails": [{"value": f"{n}{'a' * 240}@example.com"} for n in range(8)],
        "phoneNumbers": [{"type": f"{n}" + "t" * 31, "value": "+" + "1" * 39} for n in range(8)],
        "addresses": addresses,
        "preferredLanguage": "de-" + "-".join(["abcdefg"] * 4),
        "timezone": "A" * 31 + "/" + "B" * 32,
        "attributes": [{"name": f"attribute-{n}", "value": text[:256]} for n in range(32)],
    }
    return body


def test_users_at_every_limit_are_stored_whole(run_operator: Run, store_url: str, kube: Kube) -> None:
    run_operator(store_url)
    kube.create(workgroup("lounge", pool=None, attributes=[{"name": f"attribute-{n}"} for n in range(32)]))
    bodies = [_full(f"full-{n}", text) for n, text in enumerate(_TEXTS)]
    create(kube, bodies)
    assert eventually(lambda: all(is_ready(kube, "User", body["metadata"]["name"]) for body in bodies))
    accounts = rows.accounts(store_url, kube.namespace)
    listed = {u["login"]: u for u in tenantry("users", "list", "-o", "json", "--store-url", store_url).data}
    for spec in (body["spec"] for body in bodies):
        account = accounts[spec["userName"]]
        profile = account.profile or {}
        assert dict(account.attributes) == {a["name"]: a["value"] for a in spec["attributes"]}
        assert profile == {name: spec[name] for name in profile}
        assert profile.keys() == _PROFILE
        line = listed[spec["userName"]]
        assert (line["company"], line["name"]) == (spec["organization"], spec["displayName"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("displayName", "x" * 257),
        ("userName", "x" * 255),
        ("comment", "x" * 256 * 1024),
        ("emails", [{"value": "x" * 250 + "@example.com"}]),
        ("emails", [{"value": f"a{n}@example.com"} for n in range(9)]),
    ],
)
def test_what_is_above_a_limit_is_refused_by_the_schema(kube: Kube, field: str, value: object) -> None:
    body = unseated("large", "lounge")
    body["spec"][field] = value
    with pytest.raises(KubeError, match=field) as refused:
        kube.create(body)
    assert refused.value.status == 422


def test_256_kilobytes_of_yaml_around_a_user_change_nothing(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url)
    body = _full("heavy", "ü" * 256)
    body["metadata"]["annotations"] = {"example.com/note": "x" * (256 * 1024 - 100)}  # as much as the API server takes
    create(kube, [workgroup("lounge", pool=None, attributes=[{"name": f"attribute-{n}"} for n in range(32)]), body])
    assert eventually(lambda: is_ready(kube, "User", "heavy"))
    (account,) = rows.accounts(sqlite_url, kube.namespace).values()
    assert (account.profile or {})["comment"] == body["spec"]["comment"]
