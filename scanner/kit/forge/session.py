"""How a forge's API is asked: the headers, authorities and limits that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanner.kit.contract import Context, Operation
from scanner.kit.forge.settings import GitSettings
from scanner.kit.http import ReadOnlySession

_HEADERS = {"Accept": "application/json", "User-Agent": "shadow-ai-scanner"}


def ca_file(ctx: Context[Any], settings: GitSettings) -> str:
    """Path of the authorities to trust, for API and git; empty: the system's."""
    return str(ctx.folder / Path(settings.ca_file).expanduser()) if settings.ca_file else ""


def api_session(
    ctx: Context[Any],
    url: str,
    operations: tuple[Operation, ...],
    headers: Mapping[str, str],
    **options: Any,
) -> ReadOnlySession:
    """One that the caller keeps. ``headers``: beside or instead of those of all forges;
    ``options``: of :class:`scanner.kit.http.ReadOnlySession`."""
    return ReadOnlySession(
        url,
        operations,
        ctx.limits,
        headers={**_HEADERS, **headers},
        retries=ctx.retries,
        ca_file=ca_file(ctx, ctx.config.git),
        **options,
    )
