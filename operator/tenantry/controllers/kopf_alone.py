"""kopf, imported without the `kubernetes` package.

kopf imports that package, where it is installed, merely to recognize its model classes. We never hand it any, and the
package costs 20 MB of memory and half of the start-up time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # documented: an import of it then fails as if not installed
    try:
        yield
    finally:
        del sys.modules[name]


with _hidden("kubernetes"):
    import kopf
    from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

__all__ = ["ResourceMemories", "ResourceMemory", "kopf"]
