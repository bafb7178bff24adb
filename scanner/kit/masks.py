"""What stands in place of a secret in what is told."""

from __future__ import annotations

from collections.abc import Iterable

MASK = "***"


def without(text: str, secrets: Iterable[str]) -> str:
    """``text`` without each of them; of two of which one holds the other, the longer first."""
    for value in sorted({*secrets} - {""}, key=lambda one: (-len(one), one)):
        text = text.replace(value, MASK)
    return text
