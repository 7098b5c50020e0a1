"""Plans, applies and edits with a bar, where somebody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tenantry.cli.progress import progress
from tenantry.services.editing import Edit, carry_out, preview
from tenantry.services.effects import Plan
from tenantry.services.pipeline import Request
from tenantry.services.preflight import count_gone
from tenantry.store import Store


def watched(call: Callable[[Store, Request], Plan], store: Store, request: Request) -> Plan:
    """Plan or apply."""
    with _bar(call.__name__.capitalize(), store, request) as shown:
        return call(store, shown)


def previewed(store: Store, edit: Edit) -> Plan:
    """Preview an edit."""
    with _bar("Plan", store, edit.request) as shown:
        return preview(store, replace(edit, request=shown))


def carried_out(store: Store, edit: Edit) -> Plan:
    """Carry out an edit."""
    with _bar("Apply", store, edit.request) as shown:
        return carry_out(store, replace(edit, request=shown))


@contextmanager
def _bar(verb: str, store: Store, request: Request) -> Iterator[Request]:
    """Yield the request with a step for each object, and one for each Secret that its password is compared with."""
    steps = len(request.wanted) + count_gone(store, request)
    steps += sum('"secretKeyRef"' in wanted.document for wanted in request.wanted)
    with progress(f"{verb} {request.namespace}", steps) as advance:
        yield replace(request, advance=advance)
