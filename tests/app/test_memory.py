"""`memory_mib`: real scans whose shards hold memory read fewer at once, and come to their end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scanner.app.memory import SoftLimit
from tests.app.scans import command, configured, image, installed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
_HELD = 64
"""MiB that a shard holds while it is read."""
_ESTATE = {"shards": 10, "mib": _HELD, "seconds": 0.6}


_MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(used.ru_maxrss)
sys.exit(process.returncode)
"""


def _peak(config: Path, env: dict[str, str]) -> float:
    """MiB of a scan that comes to its end without trouble, started by a small process of its own:
    Linux begins a child's `ru_maxrss` at what its parent had (getrusage(2), `execve`), and these
    tests' process may have had more than the scan takes.
    """
    line = [sys.executable, "-I", "-c", _MEASURED, *command(config)]
    done = subprocess.run(line, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.splitlines()[-1]) / 1024


@pytest.mark.slow
def test_a_limit_slows_a_scan_and_ends_nothing(tmp_path: Path) -> None:
    env = installed(tmp_path)
    peaks, images = {}, {}
    for limit in (0, 400, 1):
        name = f"limit-{limit}"
        url = f"sqlite:///{tmp_path}/{name}.sqlite"
        lines = f"workers = 8\nmemory_mib = {limit}"
        peaks[limit] = _peak(configured(tmp_path, name, url, lines, **_ESTATE), env)
        images[limit] = image(url)
    assert images[0] == images[400] == images[1]
    assert peaks[0] > 400 + 2 * _HELD  # without a limit it is much more
    assert peaks[400] < 400 + 2 * _HELD
    # Below what the process itself takes, it is one shard at a time, after the first two.
    assert peaks[1] < peaks[0] - 3 * _HELD


@pytest.mark.parametrize(
    ("used", "allowed"), [(10.0, [4, 8, 8]), (60.0, [3, 4, 5]), (120.0, [1] * 3)]
)
def test_how_many_follows_what_is_taken(used: float, allowed: list[int]) -> None:
    """Three steps of a made-up clock, with all that is allowed in the air."""
    now = iter(range(0, 1000, 3))
    limit = SoftLimit(100, lambda: used, lambda: None, lambda: float(next(now)))
    rooms = [0]
    for _ in allowed:
        rooms.append(limit.room(8, rooms[-1]))
    assert rooms[1:] == allowed
