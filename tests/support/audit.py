"""Who wrote what to the API server, from its own audit log."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.cluster import OPERATOR_ACCOUNT


@dataclass(frozen=True)
class Write:
    user: str
    agent: str
    verb: str
    resource: str  # with the subresource, as in users/status
    namespace: str
    name: str
    status: int


def writes(log: Path, since: int = 0, user: str = OPERATOR_ACCOUNT) -> list[Write]:
    """Give the writes after a position that `mark` gave, those of one user or, with "", of everybody."""
    with log.open("rb") as file:
        file.seek(since)
        found = [_write(json.loads(line)) for line in file if line.endswith(b"\n")]
    return [write for write in found if user in {"", write.user}]


def mark(log: Path) -> int:
    return log.stat().st_size


def _write(record: dict[str, Any]) -> Write:
    target = record.get("objectRef", {})
    subresource = target.get("subresource")
    return Write(
        user=record["user"].get("username", ""),
        agent=record.get("userAgent", ""),
        verb=record["verb"],
        resource=target.get("resource", "") + (f"/{subresource}" if subresource else ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        status=record.get("responseStatus", {}).get("code", 0),
    )
