"""Google Cloud: how fast an organization is read, with how many calls, and in how much memory.

    python bench/gcp.py [--projects 20] [--latency 0.05] [--sequential] [--growth]

Google Cloud is made up on loopback (``tests/google_rig``), in a process of its own that waits
``--latency`` seconds before every answer, with one of everything in each project. Whole processes:
start, rules, reading, graph, JSON. ``--sequential`` reads the same, one call after another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def scan(projects: int, latency: float, *, workers: int, parallel: int) -> tuple[float, str]:
    """Seconds, and a line that tells them with calls and peak memory."""
    command = [sys.executable, "-m", "tests.google_rig", "--while-stdin",
               "--projects", str(projects), "--latency", str(latency)]  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as rig,
    ):
        assert rig.stdin
        assert rig.stdout
        url = json.loads(rig.stdout.readline())["url"]
        config = Path(folder) / "shadow-ai.toml"
        config.write_text(
            f'[scan]\nworkers = {workers}\n[sources.gcp]\norganizations = ["1"]\n'
            f'endpoint_url = "{url}"\nparallel_calls = {parallel}\npersonal_agents = false\n'
        )
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--json",
             "--state", f"{folder}/state.db"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        told = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"exit {process.returncode}: {told[-2000:].decode()}")
        rig.stdin.close()
        figures = json.loads(rig.stdout.readline())
        if figures["wrong"]:
            raise SystemExit(f"Google has no such calls: {figures['wrong']}")
        calls, cpu = figures["calls"], usage.ru_utime + usage.ru_stime
    return wall, (
        f"{wall:8.1f} s wall {cpu:8.1f} s CPU {calls:8,} calls {calls / wall:7.0f} calls/s "
        f"{usage.ru_maxrss / 1024:6.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--sequential", action="store_true")
    parser.add_argument("--growth", action="store_true")
    asked = parser.parse_args()
    rest = (asked.projects, asked.latency)
    fast, said = scan(*rest, workers=0, parallel=64)
    print(f"{asked.projects:>4} projects{'':<16}{said}", flush=True)
    if asked.sequential:
        slow, said = scan(*rest, workers=1, parallel=1)
        print(f"{'one call after another':<34}{said}", flush=True)
        print(f"{slow / fast:.1f} times as fast")
    for many in (5, 10, 20, 40, 80) if asked.growth else ():
        _, said = scan(many, asked.latency, workers=0, parallel=64)
        print(f"{many:>4} projects{'':<16}{said}", flush=True)


if __name__ == "__main__":
    main()
