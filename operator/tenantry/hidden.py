"""Packages that others import when they find them, though nothing of ours uses them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let imports in this block believe that a package is not installed, unless it is imported already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # documented: an import of it then fails
    try:
        yield
    finally:
        del sys.modules[package]
