"""A made-up estate of a large company, scanned daily through the whole pipeline: connector, store,
graph, reconciliation, findings. Time, memory and disk a day.

    python -m bench.estate [--share 0.01] [--days 3] [--full] [--executor threads] [--profile]

``--full`` is 5,000 accounts, 50,000 repositories, a million things and five million edges for 30
days; ``--share`` takes a part of that, and by itself three days. Every day is a process of its own
on one state, so that its peak of memory is its own. On each day one shard in a hundred has changed.
Parts are told in processor seconds of all threads, which hold on a machine that others use, too.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.estate_source import FIRST_DAY
from scanner.app.config import Config, LoadedConfig, RegistryConfig, ScanConfig

FULL = {"accounts": 5_000, "repositories": 50_000, "assets": 1_000_000, "edges": 5_000_000}
_ENTRIES = 0.0005
"""Entries of the registry a thing."""
_PARTS = (
    ("executing", "read", "read and store"),
    ("suppressing", "learned", "suppressions"),
    ("", "AssetGraph", "graph"),
    ("", "reconcile", "reconcile"),
    ("", "OwnerBook", "owners"),
    ("", "evaluate", "findings"),
    ("", "advance", "life cycle"),
    ("state", "save_findings", "save findings"),
    ("metering", "keep", "metrics"),
    ("", "build", "document"),
)
"""Where the pipeline calls what, and what that is called in the table."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--days", type=int, default=0)
    parser.add_argument("--executor", default="threads")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--no-versions", action="store_true",
                        help="sources that list everything again each day")  # fmt: skip
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--day", type=int, default=-1, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    share = 1.0 if chosen.full else chosen.share
    if chosen.day >= 0:
        print(json.dumps(one_day(chosen.folder, share, chosen.day, chosen)))
        return
    with tempfile.TemporaryDirectory(prefix="estate") as name:
        days(Path(name), share, chosen.days or (30 if chosen.full else 3), chosen)


def days(folder: Path, share: float, count: int, chosen: argparse.Namespace) -> None:
    sizes = ", ".join(f"{int(size * share):,} {name}" for name, size in FULL.items())
    print(f"{sizes}, {count} days\n")
    site = folder / "site" / "estate-1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: estate\nVersion: 1.0\n")
    (site / "entry_points.txt").write_text(
        "[shadow_ai.connectors]\nestate = bench.estate_source:CONNECTOR\n"
    )
    registry(folder, share)
    names = "; ".join(name for *_, name in _PARTS)
    print(f"| day | seconds | CPU s | of it: {names} | peak MiB | state MiB | findings |")
    print("|---|---|---|---|---|---|---|")
    for day in range(count):
        command = [sys.executable, "-m", "bench.estate", "--day", str(day), "--share", str(share),
                   "--folder", str(folder), "--executor", chosen.executor]  # fmt: skip
        command += ["--profile"] if chosen.profile else []
        command += ["--no-versions"] if chosen.no_versions else []
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        sys.stderr.write(done.stderr)
        row = json.loads(done.stdout)
        parts = "; ".join(f"{row['parts'].get(name, 0):.1f}" for *_, name in _PARTS)
        cells = (day + 1, f"{row['seconds']:.1f}", f"{row['cpu']:.1f}", parts, f"{row['mib']:.0f}",
                 f"{row['disk']:.1f}", f"{row['findings']:,}")  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def registry(folder: Path, share: float) -> None:
    entries = [
        {
            "id": f"AIR-{number:05}", "name": f"System {number}", "owner": "p1@company.example",
            "bindings": [{"type": "id", "value": f"arn:estate:{number % 7:05}:thing/{number}"}],
        }
        for number in range(max(10, int(FULL["assets"] * share * _ENTRIES)))
    ]  # fmt: skip
    (folder / "registry.json").write_text(json.dumps(entries))


def one_day(folder: Path, share: float, day: int, chosen: argparse.Namespace) -> dict[str, Any]:
    sys.path.insert(0, str(folder / "site"))
    from scanner.app import pipeline
    from scanner.store.state import State

    sizes = {name: max(1, int(size * share)) for name, size in FULL.items()}
    loaded = LoadedConfig(
        config=Config(
            scan=ScanConfig(executor=chosen.executor),
            registry=RegistryConfig(files=("registry.json",)),
            sources={"estate": {**sizes, "says_version": not chosen.no_versions}},
        ),
        path=folder / "shadow-ai.toml",
    )
    parts: dict[str, float] = {}
    modules: dict[str, Any] = {
        "": pipeline, "executing": pipeline.executing, "suppressing": pipeline.suppressing,
        "metering": pipeline.metering, "state": State,
    }  # fmt: skip
    for module, name, told in _PARTS:
        setattr(modules[module], name, _timed(getattr(modules[module], name), told, parts))
    gc.set_threshold(100_000, 50, 100)  # as the command does
    at = FIRST_DAY + timedelta(days=day)
    profile = cProfile.Profile() if chosen.profile else None
    url = f"sqlite:///{folder}/state.sqlite"
    began, cpu = time.monotonic(), time.process_time()
    settings = pipeline.Settings(now=lambda: at)
    if profile is not None:
        profile.enable()
    result = pipeline.scan(loaded, url=url, settings=settings)
    if profile is not None:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    state = [path.stat().st_size for path in folder.glob("state.sqlite*")]
    return {
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "parts": parts,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk": sum(state) / (1 << 20),
        "findings": len(result.document.findings),
    }


def _timed(call: Callable[..., Any], told: str, parts: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return call(*args, **named)
        finally:
            parts[told] = parts.get(told, 0.0) + time.process_time() - began

    return timed


if __name__ == "__main__":
    main()
