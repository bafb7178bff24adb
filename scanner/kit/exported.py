"""Settings of a source that is read from its exports alone: it has no API that lists what is
asked for."""

from __future__ import annotations

from typing import Any

from scanner.kit.administered import Settings
from scanner.kit.contract import Context


class FileSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``files`` alone."""

    live: bool = False
    """There is no API: `false`."""

    def __post_init__(self) -> None:
        if self.live:
            raise ValueError("it has no API that is read: leave `live` off, and set `files`")
        super().__post_init__()


def no_access(ctx: Context[Any]) -> None:
    """Nobody is asked."""
