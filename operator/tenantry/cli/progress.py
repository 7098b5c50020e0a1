"""A progress bar for work that takes a while, where somebody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Fewer steps are over before a bar could be read.
_FEWEST = 50


@contextmanager
def progress(label: str, total: int, fewest: int = _FEWEST) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each of ``total`` steps. The bar stands on stderr, and only on a terminal."""
    if total < fewest or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and rarely needed
    from rich.progress import Progress  # noqa: PLC0415 - as above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)
