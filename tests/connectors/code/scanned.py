"""Folders scanned through the whole pipeline, and what is asked of the result."""

from __future__ import annotations

from pathlib import Path

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import Result, scan


def scan_paths(*paths: Path, **options: object) -> Result:
    table = {"code": {"paths": [str(path) for path in paths], **options}}
    return scan(LoadedConfig(config=Config(sources=table)), url="sqlite://")


def told(result: Result) -> str:
    """Everything that coverage says is missing."""
    return "\n".join(
        text for row in result.document.coverage for text in (row.reason, *row.gaps) if text
    )


def keys(result: Result) -> set[tuple[str, str]]:
    """Path and setting of each place of a key."""
    return {
        (e.path, str(e.context))
        for row in result.document.assets
        if row.type == "credential"
        for e in row.evidence
    }
