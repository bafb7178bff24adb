"""The made-up AWS in a process beside the test or bench, so that the two do not share a thread."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]


@contextmanager
def running(*options: str) -> Iterator[dict[str, Any]]:
    """``python -m tests.aws_rig <options>``: what it says of itself (``url``, ``figures``,
    ``accounts``, ``regions``). It ends with the block, and with this process whatever happens."""
    command = [sys.executable, "-m", "tests.aws_rig", "--while-stdin", *options]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} ended with {process.wait()}")
        try:
            yield json.loads(line)
        finally:
            process.stdin.close()
            process.wait(10)
