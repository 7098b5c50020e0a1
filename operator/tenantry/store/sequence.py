"""Sequences: numbers that are given once (TT-04)."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from tenantry.store.schema import sequences


def load_sequences(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Return the next value of each sequence of a tenant."""
    query = select(sequences.c.name, sequences.c.next).where(sequences.c.tenant_id == tenant_id)
    return {name: following for name, following in connection.execute(query)}  # noqa: C416 - a Row is not a pair to mypy


def save_sequences(connection: Connection, tenant_id: int, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Write the sequences that moved."""
    for name, following in after.items():
        if name not in before:
            connection.execute(insert(sequences).values(tenant_id=tenant_id, name=name, next=following))
        elif before[name] != following:
            where = (sequences.c.tenant_id == tenant_id, sequences.c.name == name)
            connection.execute(update(sequences).where(*where).values(next=following))
