"""Secrets read from the API server by whoever has no event loop: the runtime API, at a log-in by directory."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.api_error import ApiError
from tenantry.controllers.connection import Connection
from tenantry.controllers.kubeconfig import find_access
from tenantry.controllers.secret_lane import read_secret
from tenantry.errors import InputError, SecretUnavailable
from tenantry.services.secret_values import decode
from tenantry.specs.base import SecretKeyRef


class ClusterSecrets:
    """Secrets by the API server's ``get``. The cluster is looked for when the first is needed, and not before."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._lock = threading.Lock()
        self._access: ClusterAccess | None = None

    def read(self, namespace: str, ref: SecretKeyRef) -> str:
        """Return the value of a key.

        Raises:
            SecretUnavailable: there is no such Secret or key, or it may not be read.
        """
        secret = self._get(namespace, ref.name)
        encoded = (secret.get("data") or {}).get(ref.key)
        value = decode(encoded) if encoded is not None else None
        if value is None:
            raise SecretUnavailable(f'Secret "{ref.name}" of {namespace} has no text at key "{ref.key}"')
        return value

    def _get(self, namespace: str, name: str) -> Mapping[str, Any]:
        try:
            found = asyncio.run(_get(self._find_access(), namespace, name))
        except (ApiError, InputError, OSError) as error:
            problem = str(error) if isinstance(error, InputError) else type(error).__name__
            raise SecretUnavailable(f'Secret "{name}" of {namespace} cannot be read: {problem}') from error
        if found is None:
            raise SecretUnavailable(f'Secret "{name}" of {namespace} does not exist')
        return found

    def _find_access(self) -> ClusterAccess:
        with self._lock:
            if self._access is None:
                self._access = find_access(self._kubeconfig)
            return self._access


async def _get(access: ClusterAccess, namespace: str, name: str) -> Mapping[str, Any] | None:
    connection = Connection(access)
    try:
        return await read_secret(connection, namespace, name)
    finally:
        await connection.close()
