"""When a blob stood at a path: what is told of it, however it was found out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Commit:
    oid: str
    seconds: int
    """Committer's date, since 1970."""
    author: str

    @property
    def at(self) -> str:
        """ISO 8601, UTC; empty for a date that no calendar has."""
        try:
            moment = datetime.fromtimestamp(self.seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return ""
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class Stay:
    """Of one blob at one path."""

    first: Commit | None = None
    last: Commit | None = None

    def brought(self, commit: Commit) -> None:
        if self.first is None or _order(commit) < _order(self.first):
            self.first = commit
        self.touched(commit)

    def touched(self, commit: Commit) -> None:
        if self.last is None or _order(commit) > _order(self.last):
            self.last = commit


def _order(commit: Commit) -> tuple[int, str]:
    return commit.seconds, commit.oid


Stays = dict[str, dict[str, Stay]]
"""blob -> path -> stay"""


def brought(stays: Stays) -> set[str]:
    """Blobs of which it is known where they came from."""
    return {blob for blob, places in stays.items() if any(stay.first for stay in places.values())}
