"""`tenantry audit export`: JSON lines, a checkpoint at the end, and personal data only when asked for."""

import json
from itertools import pairwise
from typing import Any

import pytest

from tenantry.domain.audit import sign
from tenantry.services.work import TenantRef
from tenantry.store import Store, policy
from tests.support.builders import pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.tenancy import Tenant

KEY = b"key"


@pytest.fixture
def acme(store: Store) -> Tenant:
    policy._PARSED.clear()  # builders give the same UID to the same name
    tenant = Tenant(Store(store.engine, KEY))
    tenant.apply(pool(static=9), workgroup(), user("ada", spec={"displayName": "Ada Lovelace"}))
    return tenant


def export(store_url: str, *options: str) -> list[dict[str, Any]]:
    done = tenantry("audit", "export", "--store-url", store_url, *options)
    assert done.code == 0
    return [json.loads(line) for line in done.lines]


@pytest.mark.usefixtures("acme")
def test_records_come_in_order_and_the_last_line_is_the_checkpoint(store_url: str) -> None:
    *records, checkpoint = export(store_url)
    assert [record["sequence"] for record in records] == [1, 2, 3]
    assert [record["action"] for record in records] == ["PolicyChanged", "PolicyChanged", "AccountCreated"]
    assert all(after["previous"] == before["hash"] for before, after in pairwise(records))
    head = records[-1]["hash"]
    assert checkpoint == {"tenant": "acme", "sequence": 3, "head": head, "signature": sign(KEY, "acme", 3, head)}


@pytest.mark.usefixtures("acme")
def test_personal_data_is_left_out_unless_asked_for(store_url: str) -> None:
    assert "Lovelace" not in json.dumps(export(store_url))
    account = export(store_url, "--personal")[2]
    assert account["personal"]["profile"][1]["displayName"] == "Ada Lovelace"
    assert account["salt"]


def test_each_tenant_has_its_own_checkpoint(store_url: str, acme: Tenant) -> None:
    other = Tenant(acme.store, TenantRef("globex", "namespace-2"))
    other.apply(workgroup("lab", pool=None, namespace="globex"))
    lines = export(store_url)
    assert [(line["tenant"], line["sequence"]) for line in lines if "head" in line] == [("acme", 3), ("globex", 1)]
    assert {line["tenant"] for line in export(store_url, "-n", "globex")} == {"globex"}


def test_a_tenant_that_is_none_is_told(store_url: str) -> None:
    done = tenantry("audit", "export", "-n", "nowhere", "--store-url", store_url)
    assert (done.code, done.out, done.err) == (1, "", 'tenantry: the store has no tenant "nowhere"; it has: none\n')
