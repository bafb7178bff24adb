"""A vendor's cloud that is made up on loopback, in a process of its own, and whole scans of it.

What ``bench/gcp.py`` and ``bench/azure.py`` share: start, rules, reading, graph, JSON are measured
together, and a call that the vendor does not have ends the measurement.
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
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]


class Cloud(NamedTuple):
    source: str
    """Name of the connector."""
    rig: str
    """Module that makes it up."""
    units: str
    """What it is made of, as its option is called."""
    many: int
    """Of them, in ``--show``."""
    settings: str
    """Lines of the source's configuration."""


class Scan(NamedTuple):
    seconds: float
    said: str
    """With calls and peak memory, for people."""
    status: int
    expected: dict[str, str]
    """Shard -> status, as planted, of all that are not complete."""
    document: dict[str, Any]


def scan(cloud: Cloud, *, many: int, latency: float, workers: int, parallel: int,
         is_troubled: bool = False) -> Scan:  # fmt: skip
    command = [sys.executable, "-m", cloud.rig, "--while-stdin", f"--{cloud.units}", str(many),
               "--latency", str(latency), *(["--troubled"] if is_troubled else [])]  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as rig,
    ):
        assert rig.stdin
        assert rig.stdout
        began = json.loads(rig.stdout.readline())
        config, out = Path(folder) / "shadow-ai.toml", Path(folder) / "document.json"
        config.write_text(
            f"[scan]\nworkers = {workers}\n[sources.{cloud.source}]\n"
            f'endpoint_url = "{began["url"]}"\nparallel_calls = {parallel}\n{cloud.settings}'
        )
        start = time.perf_counter()
        with out.open("wb") as written:
            process = subprocess.Popen(
                [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--json",
                 "--state", f"{folder}/state.db"],
                env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
                stdout=written, stderr=subprocess.PIPE,
            )  # fmt: skip
            told = process.stderr.read() if process.stderr else b""
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ((3,) if is_troubled else (0, 1)):
            raise SystemExit(f"exit {process.returncode}: {told[-2000:].decode()}")
        rig.stdin.close()
        figures = json.loads(rig.stdout.readline())
        if figures["wrong"]:
            raise SystemExit(f"{cloud.source} has no such calls: {figures['wrong']}")
        calls, cpu = figures["calls"], usage.ru_utime + usage.ru_stime
        said = (
            f"{wall:8.1f} s wall {cpu:8.1f} s CPU {calls:8,} calls {calls / wall:7.0f} calls/s "
            f"{usage.ru_maxrss / 1024:6.0f} MiB"
        )
        document = json.loads(out.read_bytes())
        return Scan(wall, said, process.returncode, began["expected"], document)


def difference(found: Scan) -> list[str]:
    """What coverage says and was not planted, and the reverse; none: it is exact."""
    told = {one["shard"]: one["status"] for one in found.document["coverage"]}
    lacking = {shard: status for shard, status in told.items() if status != "complete"}
    return [
        f"{shard}: planted {found.expected.get(shard, 'complete')}, "
        f"told {told.get(shard, 'nothing')}"
        for shard in sorted(lacking.keys() | found.expected.keys())
        if lacking.get(shard) != found.expected.get(shard)
    ]


def _show(cloud: Cloud, many: int, latency: float) -> None:
    found = scan(cloud, many=many, latency=latency, workers=0, parallel=64, is_troubled=True)
    coverage = found.document["coverage"]
    counts: dict[str, int] = {}
    for one in coverage:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    print(f"{many:>4} {cloud.units:<20}{found.said}")
    print(f"exit {found.status}; of {len(coverage):,} shards "
          + ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items())))  # fmt: skip
    wrong = difference(found)
    for one in wrong[:20]:
        print(one)
    print(f"coverage is exact: {not wrong}")
    if wrong:
        raise SystemExit(1)


def main(cloud: Cloud, doc: str) -> None:
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument(f"--{cloud.units}", dest="many", type=int)
    parser.add_argument("--latency", type=float)
    parser.add_argument(
        "--sequential", action="store_true", help="the same, one call after another"
    )
    parser.add_argument("--growth", action="store_true", help="of more and more of them")
    parser.add_argument("--show", action="store_true",
                        help="much is refused or gone: is coverage what was planted?")  # fmt: skip
    asked = parser.parse_args()
    if asked.show:
        _show(cloud, asked.many or cloud.many, asked.latency or 0.0)
        return
    many = asked.many or 20
    latency = 0.05 if asked.latency is None else asked.latency
    fast = scan(cloud, many=many, latency=latency, workers=0, parallel=64)
    print(f"{many:>4} {cloud.units:<24}{fast.said}", flush=True)
    if asked.sequential:
        slow = scan(cloud, many=many, latency=latency, workers=1, parallel=1)
        print(f"{'one call after another':<29}{slow.said}", flush=True)
        print(f"{slow.seconds / fast.seconds:.1f} times as fast")
    for more in (5, 10, 20, 40, 80) if asked.growth else ():
        found = scan(cloud, many=more, latency=latency, workers=0, parallel=64)
        print(f"{more:>4} {cloud.units:<24}{found.said}", flush=True)
