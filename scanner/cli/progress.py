"""Progress on a terminal; nothing in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scanner.model.coverage import Coverage

Callback = Callable[[Coverage, int, int], None]


@contextmanager
def progress(*, enabled: bool) -> Iterator[Callback]:
    """A bar on standard error that counts shards."""
    if not enabled:
        yield lambda coverage, done, known: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning", total=None)

        def update(coverage: Coverage, done: int, known: int) -> None:
            bar.update(task, completed=done, total=known, description=str(coverage.shard)[:60])

        yield update
