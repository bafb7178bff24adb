"""Real events of vendors, where a folder of them lies beside the repository's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "audit-events"


def recorded_events(pattern: str) -> list[dict[str, Any]]:
    """Every event of the files that fit ``pattern``; a test is skipped where there are none."""
    files = sorted(_FOLDER.glob(pattern))
    if not files:
        pytest.skip(f"no recorded events {pattern} here")
    return [
        json.loads(line)["event"] for file in files for line in file.read_text("utf-8").splitlines()
    ]
