import json
from pathlib import Path
from typing import Any

from benchmarks.audit_tail import AuditTail
from controlplane.cluster import OPERATOR_ACCOUNT


def line(
    name: str, *, user: str = OPERATOR_ACCOUNT, namespace: str = "ours", code: int = 200, part: str = "status"
) -> str:
    record: dict[str, Any] = {
        "user": {"username": user},
        "verb": "patch",
        "objectRef": {"resource": "users", "namespace": namespace, "name": name, "subresource": part},
        "responseStatus": {"code": code},
        "stageTimestamp": "2026-01-01T00:00:01.500000Z",
    }
    return json.dumps(record) + "\n"


def test_counts_the_operators_statuses_in_its_namespace(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(line("before"))
    with AuditTail.of(log, "ours") as tail:
        others = [line("b", user="admin"), line("c", namespace="theirs"), line("d", code=409)]
        log.write_text(line("before") + line("a") + "".join(others) + line("a") + line("e")[:-20])
        assert tail.read().users == {"a": 2}
        assert tail.writes == 2
        assert tail.last_status == 1767225601.5


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(line("a")[:-20])
    with log.open("rb") as file:
        tail = AuditTail(file, "ours")
        assert tail.read().writes == 0
        log.write_text(line("a"))
        assert tail.read().writes == 1
