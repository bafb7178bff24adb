"""The day or time that people name: a real one, in the words in which events are stored."""

from __future__ import annotations

from datetime import UTC, date, datetime


def moment(text: str) -> str:
    """A day as it is, a time in UTC; both compare with the times of findings as texts. Raises
    ``ValueError``."""
    try:
        if len(text) == len("2026-01-31"):
            return date.fromisoformat(text).isoformat()
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"`{text}` is no day: write it as YYYY-MM-DD, or a time as YYYY-MM-DDTHH:MM:SSZ"
        ) from None
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z")
