"""The state of a scan, locked and open; a server that is away for a moment is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from scanner.app.lock import locked
from scanner.model.errors import ShadowAIError, StateTaken, StoreError, Throttled, Unavailable
from scanner.store.state import State

_TURN_SECONDS = 2.0
"""So often it is asked whether the other scan has ended."""


@dataclass(frozen=True)
class Patience:
    """``pauses``: seconds between attempts where it may heal; ``turn``: seconds that a scan which
    has the state is waited for, of which ``on_taken`` is told once."""

    pauses: Sequence[float] = ()
    turn: float = 0.0
    on_taken: Callable[[str], None] = lambda reason: None


@contextmanager
def held(
    url: str, key: str, warnings: list[str], patience: Patience | None = None
) -> Iterator[State]:
    """``key``: mark of the fingerprint key.

    Raises ``ConfigError``, and ``StoreError`` where another scan has it, or its server stays away.
    """
    chosen = patience or Patience()
    pauses, end, is_told = iter(chosen.pauses), time.monotonic() + chosen.turn, False
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(url))
                state = _opened(url, key, warnings)
                break
            except StoreError as error:
                stack.close()
                if isinstance(error, StateTaken) and time.monotonic() < end:
                    if not is_told:
                        chosen.on_taken(str(error))
                    is_told = True
                    time.sleep(_TURN_SECONDS)
                    continue
                pause = next(pauses, None)
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
