"""Logs that used to tell something and do not any more, or never did: there is no use, or the
logging is off.

A log is a shard that goes on where it stopped. What it tells is told of its source as a whole, in
days: a source that is heard once a month is not silent after a week. What could not be read is
lacking coverage, not silence.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec

from scanner.emit.digests import Silent
from scanner.store import marks
from scanner.store.marks import Heard, Mark
from scanner.store.state import State

_MOST_SCANS = 30
"""Of those that ended since the last message: where there are more, the newest."""
_LONGEST_PAUSE = 7.0
"""Days between two scans of which both heard a log that count as its own; what is longer is the
scanner's pause, not the log's."""
_FADES = 0.8
"""How much of what was usual is so at the next time that a log is heard."""


def listened(state: State, known: Mark, now: str) -> Mark:
    """``known`` with what the scans that have ended since were told by logs."""
    done = [row for row in state.scans() if row.finished_at]
    ids = [row.id for row in done]
    begin = ids.index(known.listened) + 1 if known.listened in ids else 0
    fresh = [row for row in done[begin:] if row.started_at <= now][-_MOST_SCANS:]
    if not fresh:
        return known
    logs = marks.logs(state)
    heard = dict(known.heard)
    quiet = set(known.quiet)
    for scan in fresh:
        told: dict[str, int] = defaultdict(int)
        for row in state.coverage(scan.id):
            if not scan.has_read(row.source):
                continue
            if str(row.shard) in logs and (row.records or not row.status.is_lacking):
                told[row.source] += row.records
        for source, records in told.items():
            if records:
                heard[source] = _heard(
                    heard.get(source), scan.started_at,
                    was_silent=source in known.silent, was_quiet=source in quiet,
                )  # fmt: skip
            elif source not in heard:
                heard[source] = Heard(at=scan.started_at, is_first=True)
        now_quiet = {source for source, records in told.items() if not records} & heard.keys()
        # One that was not due is as quiet as it was.
        quiet = {source for source in quiet if not scan.has_read(source)} | now_quiet
    return msgspec.structs.replace(
        known, heard=heard, listened=fresh[-1].id, quiet=tuple(sorted(quiet))
    )


def put_right(known: Mark, now: str) -> Mark:
    """What was heard by a clock that was ahead was heard now at the latest, and the pause before it
    is nobody's usual one."""
    heard = {
        source: msgspec.structs.replace(one, at=now, usual=min(one.usual, _LONGEST_PAUSE))
        if _days(one.at, now) < 0
        else one
        for source, one in known.heard.items()
    }
    return msgspec.structs.replace(known, heard=heard)


def _heard(before: Heard | None, at: str, *, was_silent: bool, was_quiet: bool) -> Heard:
    if before is None or before.is_first:
        return Heard(at=at)
    # A silence that was told of is nothing usual.
    gap = 0.0 if was_silent else _days(before.at, at)
    if not was_quiet:
        gap = min(gap, _LONGEST_PAUSE)
    return Heard(at=max(at, before.at), usual=max(before.usual * _FADES, gap))


def silent(mark: Mark, days: float, now: str) -> dict[str, Silent]:
    """By source. ``days``: at least so long, and twice as long as ever before; 0: never."""
    found = {}
    for source in mark.quiet if days else ():
        heard = mark.heard[source]
        if _days(heard.at, now) > max(days, 2 * heard.usual):
            found[source] = Silent(
                source=source, since=heard.at, usual=heard.usual, is_first=heard.is_first
            )
    return found


def _days(one: str, other: str) -> float:
    try:
        between = datetime.fromisoformat(other) - datetime.fromisoformat(one)
    except ValueError:
        return 0.0
    return between.total_seconds() / 86400
