"""Namespaces as the cluster has them: the UID that tells one tenant from a later one of the same name."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from tenantry.controllers.api_error import NotFound
from tenantry.controllers.connection import METADATA, Connection
from tenantry.services.work import TenantRef


class Tenants:
    """What was seen of each namespace; events fill it from kopf's thread, reads fill what they did not bring.

    Where namespaces are not ``watched``, one may have been made again under its name at any time: each is asked for.
    """

    def __init__(self, connection: Connection, *, watched: bool = True) -> None:
        self._connection = connection
        self._watched = watched
        self._known: dict[str, TenantRef] = {}
        self._ending: deque[str] = deque()
        self._told: set[str] = set()

    def note(self, body: Mapping[str, Any], *, gone: bool) -> None:
        """Take in an event of a namespace."""
        ref = _tenant(body)
        if gone:
            self._told.discard(ref.uid)
        elif ref.terminating and ref.uid not in self._told:
            self._told.add(ref.uid)
            self._ending.append(ref.namespace)
        if not gone:
            self._known[ref.namespace] = ref
        elif (known := self._known.get(ref.namespace)) is not None and known.uid == ref.uid:
            self._known[ref.namespace] = TenantRef(ref.namespace, ref.uid, terminating=True)

    def take_ending(self) -> set[str]:
        """Return the namespaces that events since the last call told to be going."""
        return {self._ending.popleft() for _ in range(len(self._ending))}

    async def find(self, namespace: str, *, certain: bool) -> TenantRef:
        """Return the tenant of a namespace.

        With ``certain`` the API server is asked, since the event that a namespace is going may come later than those of
        the objects in it. A namespace that is gone is terminating. Its UID is the one that this process saw; without
        one it is empty, since a namespace of this name in the store may be another cluster's.

        Raises:
            ApiError: the API server did not say.
        """
        known = self._known.get(namespace)
        if known is not None and not known.terminating and self._watched and not certain:
            return known
        try:
            body = await self._connection.read(f"/api/v1/namespaces/{namespace}", METADATA)
        except NotFound:
            return TenantRef(namespace, known.uid if known is not None else "", terminating=True)
        self._known[namespace] = _tenant(body)
        return self._known[namespace]


def _tenant(body: Mapping[str, Any]) -> TenantRef:
    metadata = body["metadata"]
    return TenantRef(metadata["name"], metadata["uid"], terminating=metadata.get("deletionTimestamp") is not None)
