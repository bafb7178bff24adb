"""Runs that come to no end: told to people once, by whoever sees it, until one does again.

A run that was killed tells nothing itself. The next one sees in the state that a scan has no end,
and tells it before it begins: it may be killed as well. The daemon sees how its runs end.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from scanner.app.clock import now
from scanner.app.config import LoadedConfig, store_url
from scanner.app.lock import locked
from scanner.app.notifying import Service, messengers
from scanner.emit.digests import plain
from scanner.emit.messages import NotSent
from scanner.model.errors import ShadowAIError
from scanner.store import marks
from scanner.store.addresses import file_of
from scanner.store.marks import Mark
from scanner.store.state import State

TITLE = "Shadow AI: a run came to no end"


def tell_of_killed(loaded: LoadedConfig, people: Mapping[str, Service]) -> list[str]:
    """Before a run begins -> messages that were not taken. A run that another process is at is not
    killed."""
    if not people:
        return []
    try:
        url = store_url(loaded)
        file = file_of(url)
        if file is not None and not file.exists():
            return []
        with locked(url):
            state = State(url)
            try:
                rows = state.scans()
                if not rows or rows[-1].finished_at:
                    return []
                reason = (
                    f"The scan that began {rows[-1].started_at} was ended before it was done "
                    "(killed, out of memory, or a crash). What it had read is stored."
                )
                return _told(state, loaded, people, reason)
            finally:
                state.close()
    except ShadowAIError:
        return []  # the run itself tells what is wrong with the state


def tell(loaded: LoadedConfig, people: Mapping[str, Service], reason: str) -> list[str]:
    """``reason`` -> messages that were not taken. Where the state is away nobody knows what was
    told before, and it is told."""
    if not people:
        return []
    try:
        state = State(store_url(loaded))
    except ShadowAIError:
        return _sent(people, reason)
    try:
        return _told(state, loaded, people, reason)
    finally:
        state.close()


def tell_for(loaded: LoadedConfig, environ: Mapping[str, str], reason: str) -> list[str]:
    """The daemon's: of a run that could not tell it itself. Raises ``ConfigError``."""
    missing: list[str] = []
    people = messengers(loaded, environ, lambda name, why: missing.append(why))
    return [*missing, *tell(loaded, people, reason)]


def _told(
    state: State, loaded: LoadedConfig, people: Mapping[str, Service], reason: str
) -> list[str]:
    troubles = []
    for name, service in people.items():
        if not loaded.config.notify[name].coverage:
            continue
        try:
            before = marks.mark(state, name)
            known = before or Mark()
            if known.broken_at:
                continue  # it is told, and no run has come to its end since
            scans = state.scans()
            last = scans[-1].id if scans and scans[-1].finished_at else ""
            taken = msgspec.structs.replace(known, broken_at=now(), broken_after=last)
            if not marks.put(state, name, before, taken):
                continue  # another run is at it
            failed = _sent({name: service}, reason)
            if failed:
                marks.put(state, name, taken, known)
            troubles += failed
        except ShadowAIError:
            troubles += _sent({name: service}, reason)
    return troubles


def _sent(people: Mapping[str, Service], reason: str) -> list[str]:
    troubles = []
    for service in people.values():
        try:
            service.send(TITLE, plain(reason))
        except NotSent as error:
            troubles.append(str(error))
    return troubles
