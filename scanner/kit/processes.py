"""Processes of this machine beside the scan's own.

Started anew, not forked: the scan's process has threads and connections that no child may share.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

ENDS_WITH = "SHADOW_AI_ENDS_WITH"
"""Variable: ``stdin``, where a run is to end when its standard input does, which whoever has begun
it holds."""


def processors() -> int:
    """That this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pool(count: int, begin: Callable[..., None] | None = None, *args: Any) -> ProcessPoolExecutor:
    """Of ``count`` processes, which find credentials in the environment that they inherit. They end
    with the one that started them, however that ends. ``begin``: called in each with ``args``; they
    must be short, as what is more than a pipe holds is written until it is read: a process that
    dies before it has read it would be waited for without end."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin, initargs=(begin, *args)
    )


def _begin(begin: Callable[..., None] | None = None, *args: Any) -> None:
    """In a worker, first of all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the scan ends it
    gc.set_threshold(100_000, 50, 100)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if begin is not None:
        begin(*args)


def _end_with(parent: Any) -> None:
    """A worker whose scan was killed would wait for work for ever."""
    parent.join()
    os._exit(1)
