"""The state of a scan, locked and open; a server that is away for a moment is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from scanner.app.lock import locked
from scanner.model.errors import ShadowAIError, StoreError, Throttled, Unavailable
from scanner.store.state import State


@contextmanager
def held(url: str, key: str, warnings: list[str], pauses: Sequence[float] = ()) -> Iterator[State]:
    """``key``: mark of the fingerprint key, ``pauses``: seconds between attempts where it may heal.

    Raises ``ConfigError``, and ``StoreError`` where another scan has it, or its server stays away.
    """
    with ExitStack() as stack:
        for pause in (*pauses, None):
            try:
                stack.enter_context(locked(url))
                state = _opened(url, key, warnings)
                break
            except StoreError as error:
                stack.close()
                if pause is None or not error.may_heal:
                    raise
                time.sleep(pause)
        stack.callback(state.close)
        yield state


def _opened(url: str, key: str, warnings: list[str]) -> State:
    """The state; on a full disk a passing one in memory, so that the scan itself is not lost. Any
    other trouble is told before anything is read."""
    try:
        state = State(url)
        state.check_key(key)
        state.check_room()
        return state
    except StoreError as error:
        if not error.is_full:
            raise
        warnings.append(f"{error}. This scan is not stored: nothing of it is compared or kept")
        state = State("sqlite://")
        state.is_passing = True
        return state


def may_heal(error: ShadowAIError) -> bool:
    """Whether the same again may come to more: what was away, and nothing that somebody must
    mend."""
    if isinstance(error, StoreError):
        return error.may_heal
    return isinstance(error, (Throttled, Unavailable))
