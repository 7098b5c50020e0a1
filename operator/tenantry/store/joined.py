"""Several use cases in one transaction: kept whole, or undone whole."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, NestedTransaction

from tenantry.store.database import Store
from tenantry.store.policy import forget_parsed


class JoinedStore(Store):
    """A store whose every transaction is a part of one that somebody else ends."""

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(store.engine, store.audit_key)
        self._connection = connection

    @contextmanager
    def write(self, tenant: str = "", *, haste: bool = False) -> Iterator[Connection]:  # noqa: ARG002 - it has the turn
        """Join the transaction."""
        yield self._connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Join the transaction: what it wrote so far is seen."""
        yield self._connection

    def savepoint(self) -> NestedTransaction:
        """Mark this moment, to come back to."""
        return self._connection.begin_nested()


@contextmanager
def joined(store: Store, tenant: str) -> Iterator[JoinedStore]:
    """Open a transaction for several use cases of a tenant, committed at the end, undone by an exception.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    try:
        with store.write(tenant) as connection:
            yield JoinedStore(store, connection)
    except BaseException:
        forget_parsed()  # what was parsed of generations that never were
        raise
