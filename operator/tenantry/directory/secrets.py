"""Secrets as a log-in needs them: from mounted files, and kept for a short time whatever they come from."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenantry.domain.directory import SecretSource
from tenantry.errors import SecretUnavailable
from tenantry.specs.base import SecretKeyRef

#: How long a value is used without a look whether it changed, in seconds.
_KEPT = 60.0
#: One that is doubted is read again no more often than this, whoever knocks and however often.
_DOUBTED = 2.0
#: So many values are kept; with one more all are read anew.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class MountedSecrets:
    """Secrets in a folder, as Kubernetes mounts them: ``<folder>/<namespace>/<secret>/<key>``."""

    folder: Path

    def read(self, namespace: str, ref: SecretKeyRef) -> str:
        """Return the value of a key.

        Raises:
            SecretUnavailable: there is no such file, or it cannot be read.
        """
        try:
            return (self.folder / namespace / ref.name / ref.key).read_bytes().decode().removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            problem = (
                f'Secret "{ref.name}" of {namespace}: no readable file for key "{ref.key}" ({type(error).__name__})'
            )
            raise SecretUnavailable(problem) from error


class KeptSecrets:
    """Values of a source, each kept for up to a minute: a log-in need not wait for the API server."""

    def __init__(self, source: SecretSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], tuple[float, str]] = {}

    def read(self, namespace: str, ref: SecretKeyRef, *, doubted: bool = False) -> str:
        """Return the value of a key, read again where it is older, or not to be trusted.

        Raises:
            SecretUnavailable: there is none, or it may not be read; none that was kept is used instead.
        """
        key = (namespace, ref.name, ref.key)
        with self._lock:
            read, value = self._kept.get(key, (float("-inf"), ""))
        if self._clock() - read < (_DOUBTED if doubted else _KEPT):
            return value
        value = self._source.read(namespace, ref)
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[key] = (self._clock(), value)
        return value
