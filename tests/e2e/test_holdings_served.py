"""Holdings by the runtime API beside the operator: a deletion waits for them and goes on (NR-16 to NR-18)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tests.e2e.conftest import Site
from tests.support.eventually import eventually
from tests.support.serving import RuntimeApiProcess


@pytest.fixture(scope="module")
def serving(module_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeApiProcess]:
    with RuntimeApiProcess(tmp_path_factory.mktemp("runtime-api"), module_store) as process:
        yield process


class Tracker:
    """The issue tracker's application, which tells what its users hold."""

    def __init__(self, site: Site, serving: RuntimeApiProcess) -> None:
        self.site, self._serving = site, serving
        self._token = create_client(site.store, site.namespace, "tracker", [Scope.HOLDINGS], datetime.now(UTC))

    def call(self, method: str, path: str, body: object = None) -> Any:
        status, answer = self._serving.call(method, f"{self.site.namespace}/{path}", self._token, body)
        assert status == 200, answer
        return answer

    def put(self, login: str, kind: str, *names: str) -> None:
        of = {"workgroup": "support", "kind": kind, "userName": login}
        self.call("PUT", "holdings", {"holdings": [{**of, "name": name} for name in names]})

    def held(self, query: str) -> set[str]:
        return {holding["name"] for holding in self.call("GET", f"holdings?{query}")["holdings"]}

    def delete_user(self, name: str) -> None:
        self.site.kubectl("delete", "tuser", name, "--wait=false")
        self.site.becomes(name, "HoldingsLeft")

    def is_gone(self, name: str) -> bool:
        return name not in {item["metadata"]["name"] for item in self.site.kube.items("User")}


@pytest.fixture
def tracker(example: Callable[[str], Site], serving: RuntimeApiProcess) -> Tracker:
    return Tracker(example("netresults-tracker"), serving)


def test_nr_16_nr_18_a_deletion_goes_on_once_the_application_moved_or_dropped_the_last(tracker: Tracker) -> None:
    tracker.put("jonas", "record", "R-1", "R-2")
    tracker.put("jonas", "alert", "A-1")
    tracker.delete_user("jonas")
    left = [{"workgroupRef": "support", "kind": "alert", "count": 1}]
    assert tracker.call("POST", "holdings/move", {"from": "jonas", "to": "maria", "kind": "record"}) == {"changed": 2}
    assert eventually(lambda: tracker.site.kube.get("User", "jonas")["status"]["holdings"] == left)
    tracker.call("POST", "holdings/delete", {"workgroup": "support", "kind": "alert", "names": ["A-1"]})
    assert eventually(lambda: tracker.is_gone("jonas"))
    tracker.site.pool_shows("tracker", "Static", used=4)
    assert tracker.held("userName=maria") == {"R-1", "R-2"}


def test_nr_17_before_a_deletion_all_may_be_given_to_tbd(tracker: Tracker) -> None:
    tracker.put("jonas", "record", "R-1")
    body = {"from": "jonas", "to": "TBD", "workgroup": "support", "kind": "record"}
    assert tracker.call("POST", "holdings/move", body) == {"changed": 1}
    assert tracker.held("userName=TBD&workgroup=support") == {"R-1"}
    tracker.site.delete("User", "jonas")
