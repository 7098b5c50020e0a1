"""From the row of an object back to the object as the rules see it."""

from dataclasses import replace
from typing import Any

from tenantry.domain.observed import Observed
from tenantry.domain.reading import restore_object
from tenantry.store.resource import ResourceRow


def observe(row: ResourceRow, namespace: str) -> Observed[Any]:
    """Return the object that a row remembers."""
    found = restore_object(
        row.kind,
        uid=row.uid,
        namespace=namespace,
        name=row.name,
        generation=row.generation,
        created=row.created,
        deleting=row.deleting,
        paused=row.paused,
        document=row.document,
    )
    return replace(found, remembered=True)


def observe_gone(row: ResourceRow, namespace: str) -> Observed[Any]:
    """Return the object as one that is gone: going, and not held up by a pause."""
    return replace(observe(row, namespace), deleting=True, paused=False)
