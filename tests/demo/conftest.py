"""The demo's company, scanned once for all that asks about it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEY = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-tests-of-the-demo"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.demo.asked", str(folder)],
        capture_output=True, text=True, check=False, timeout=300, cwd=ROOT,
        env={**os.environ, **KEY},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
