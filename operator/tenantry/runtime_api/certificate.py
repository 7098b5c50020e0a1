"""The server's certificate, which is renewed in its files while it serves."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Certificate:
    """The files of a certificate and its key, and what connections are begun with."""

    certificate: Path
    private_key: Path
    _context: ssl.SSLContext | None = field(default=None, init=False)
    _loaded: tuple[int, int] = field(default=(0, 0), init=False)

    def context(self, _config: Any, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:  # noqa: ANN401 - uvicorn's
        """Have uvicorn make what it needs, and keep it."""
        self._loaded = self._written()
        self._context = make()
        return self._context

    def renew(self) -> None:
        """Take what the files have by now, for connections that begin from now on.

        Raises:
            OSError: they are not there, or the key is not that of the certificate: what was loaded stays.
        """
        written = self._written()
        if self._context is not None and written != self._loaded:
            for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self._context):  # one that fails loses its key
                context.load_cert_chain(self.certificate, self.private_key)
            self._loaded = written

    def _written(self) -> tuple[int, int]:
        return self.certificate.stat().st_mtime_ns, self.private_key.stat().st_mtime_ns
