"""What the operator's account has written, from the API server's audit log: no load on the server, exact times."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

import orjson

from controlplane.cluster import OPERATOR_ACCOUNT

_FIRST_ERROR = 400


@dataclass
class AuditTail:
    """Follows the log from where it stood when this was made."""

    file: BinaryIO
    namespace: str
    writes: int = 0
    last_status: float = 0.0  # when the newest status of a User was stored
    users: Counter[str] = field(default_factory=Counter)  # statuses written, by User
    kinds: Counter[str] = field(default_factory=Counter)  # writes, by resource and subresource

    @classmethod
    def of(cls, log: Path, namespace: str) -> Self:
        """Start at the present end of the log."""
        file = log.open("rb")
        file.seek(0, 2)
        return cls(file, namespace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self) -> Self:
        """Take in what was added since the last time."""
        while True:
            position = self.file.tell()
            line = self.file.readline()
            if not line.endswith(b"\n"):
                self.file.seek(position)
                return self
            if OPERATOR_ACCOUNT.encode() in line:
                self._take(orjson.loads(line))

    def _take(self, record: dict[str, object]) -> None:
        match record:
            case {
                "user": {"username": str(user)},
                "objectRef": {"resource": str(resource), "namespace": str(namespace), **target},
                "responseStatus": {"code": int(code)},
                "stageTimestamp": str(stage),
            } if user == OPERATOR_ACCOUNT and namespace == self.namespace and code < _FIRST_ERROR:
                part = target.get("subresource")
                self.writes += 1
                self.kinds[f"{resource}/{part}" if part else resource] += 1
                if (resource, part) == ("users", "status"):
                    self.users[str(target.get("name"))] += 1
                    self.last_status = datetime.fromisoformat(stage).timestamp()
            case _:  # another's, or one that was refused
                pass
