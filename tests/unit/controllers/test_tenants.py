from tenantry.controllers.tenants import Tenants
from tests.unit.controllers.fakes import NAMESPACE, FakeApi


def _make_again(api: FakeApi) -> None:
    api.objects[f"/api/v1/namespaces/{NAMESPACE}"]["metadata"]["uid"] = "new-uid"


async def test_a_namespace_that_is_watched_is_asked_for_once() -> None:
    api = FakeApi()
    tenants = Tenants(api)
    for _ in range(3):
        assert (await tenants.find(NAMESPACE, certain=False)).uid == "acme-uid"
    assert len(api.requests) == 1


async def test_a_namespace_that_was_made_again_is_another_tenant_though_no_event_told_of_it() -> None:
    api = FakeApi()
    tenants = Tenants(api, watched=False)
    assert (await tenants.find(NAMESPACE, certain=False)).uid == "acme-uid"
    _make_again(api)
    assert (await tenants.find(NAMESPACE, certain=False)).uid == "new-uid"


async def test_an_event_tells_of_a_namespace_that_was_made_again() -> None:
    api = FakeApi()
    tenants = Tenants(api)
    await tenants.find(NAMESPACE, certain=False)
    _make_again(api)
    tenants.note(api.objects[f"/api/v1/namespaces/{NAMESPACE}"], gone=False)
    assert (await tenants.find(NAMESPACE, certain=False)).uid == "new-uid"
