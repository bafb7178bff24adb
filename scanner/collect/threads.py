"""Threads that may be left behind: one that hangs in a call cannot be ended, and must keep neither
its place from others nor the process from its end, as those of ``ThreadPoolExecutor`` do."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from functools import partial
from multiprocessing import util
from queue import SimpleQueue
from typing import Any

_LAST_WORDS = 20.0
"""Seconds that those have which are at work when it is shut down."""
_left: list[threading.Thread] = []


def left_behind() -> bool:
    """Whether any is still there. A process that has some ends by ``os._exit``: they may wait for
    threads of their own, and so would the interpreter."""
    return any(thread.is_alive() for thread in _left)


def leave_behind(threads: Iterable[threading.Thread]) -> None:
    """Others' that nobody waits for any more."""
    _left.extend(thread for thread in threads if thread.is_alive())


def end_at_once() -> None:
    """In a worker, where something was left behind: when it has no more to do. What multiprocessing
    finalizes comes before the interpreter waits for threads."""
    util.Finalize(None, os._exit, args=(0,), exitpriority=0)


class Threads(Executor):
    """Up to ``count``, begun as they are needed."""

    def __init__(self, count: int, name: str = "shards") -> None:
        self._count = count
        self._name = name
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._at_work: dict[Future[Any], threading.Thread] = {}
        self._is_shut = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._is_shut:
                raise RuntimeError("it is shut down")
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._count:
                self._begin()
            self._jobs.put((future, partial(fn, *args, **kwargs)))
        return future

    def _begin(self) -> None:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        me = threading.current_thread()
        while (job := self._jobs.get()) is not None:
            future, call = job
            with self._lock:
                self._at_work[future] = me
            if future.set_running_or_notify_cancel():
                _called(future, call)
            del job, call
            with self._lock:
                del self._at_work[future]
                if me not in self._threads:
                    return  # left behind: another has its place
                if self._jobs.empty():
                    self._idle += 1

    def leave(self, future: Future[Any]) -> None:
        """Whoever is at ``future`` hangs; another takes its place."""
        with self._lock:
            thread = self._at_work.get(future)
            if thread is None or thread not in self._threads:
                return
            self._threads.discard(thread)
            _left.append(thread)
            if not self._jobs.empty():
                self._begin()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Waits for those that are at work, and not for ever."""
        with self._lock:
            self._is_shut = True
            threads = list(self._threads)
        for _ in threads:
            self._jobs.put(None)
        until = time.monotonic() + _LAST_WORDS
        for thread in threads if wait else ():
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            _left.extend(thread for thread in threads if wait and thread.is_alive())


def _called(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
