"""scim2-tester, whole, over HTTP."""

import uuid
from typing import Any

import pytest
import scim2_tester.filling
from scim2_tester import Status, check_server

from tenantry.domain.client import Defaults, Scope
from tenantry.services.clients import create_client
from tests.runtime_api.api import Api
from tests.support.builders import pool, workgroup
from tests.support.scim import Client

#: What the tester does with each kind of resource, so that none of it is passed over unseen.
CHECKS = {
    "object_creation",
    "object_query",
    "object_query_without_id",
    "object_query_with_attributes",
    "object_list_with_attributes",
    "search_with_attributes",
    "object_replacement",
    "object_deletion",
    "check_add_attribute",
    "check_remove_attribute",
    "check_replace_attribute",
}


class _Words:
    """Random words of the tester's, without dashes: a login in the form of an account id is refused."""

    @staticmethod
    def uuid4() -> Any:
        return uuid.uuid4().hex


def test_scim2_tester_finds_no_fault(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scim2_tester.filling, "uuid", _Words)
    licenses = [{"type": type_, "quantity": 50} for type_ in ("Static", "Floating", "Restricted")]
    spec = {"password": {"minLength": 8, "history": 0}, "groups": [{"name": "ops"}], "deletion": {"mode": "Permanent"}}
    api.tenant.apply(pool(spec={"licenses": licenses}), workgroup("desk", spec=spec))
    tenant, now = api.tenant.ref.namespace, api.tenant.now
    defaults = Defaults(workgroup="desk", license="Static")
    token = create_client(api.tenant.store, tenant, "hr", [Scope.SCIM], now, defaults=defaults)
    results = check_server(Client(f"{api.url}/v1/{tenant}/scim/v2", token))
    assert [r for r in results if r.status not in {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}] == []
    for kind in ("User", "Group"):
        assert {r.title for r in results if r.resource_type == kind} >= CHECKS
    assert api.call("GET", "scim/v2/Users").body["totalResults"] == 0
