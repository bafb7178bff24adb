"""Scans of the troubled connector as processes of their own, and what a state holds after them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from scanner.model.base import encode
from scanner.model.coverage import Coverage
from scanner.store.numbers import all_events
from scanner.store.state import State

ROOT = Path(__file__).parents[2]
TOKEN = "made-up-token-that-stays-where-it-is"
KEY = "a-made-up-fingerprint-key-of-the-house"
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_SCAN = re.compile(rb"\d{8}T\d{6}Z-[0-9a-f]{8}")
_SECONDS = 120


def installed(folder: Path) -> dict[str, str]:
    """The environment of a process that finds the connector as one that was installed."""
    info = folder / "site" / "troubled-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: troubled\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[shadow_ai.connectors]\ntroubled = tests.app.troubled:CONNECTOR\n"
    )
    return {
        **os.environ,
        "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{ROOT}",
        "SHADOW_AI_FINGERPRINT_KEY": KEY,
        "TROUBLED_TOKEN": TOKEN,
        "DASK_DISTRIBUTED__COMM__COMPRESSION": "false",
    }


def configured(
    folder: Path, name: str, url: str, scan: str = "", sources: str = "", **troubled: object
) -> Path:
    """A configuration; its connector's journal is the folder of the same name."""
    journal = folder / name
    journal.mkdir(exist_ok=True)
    settings = {"journal": str(journal), **troubled}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    file = folder / f"{name}.toml"
    file.write_text(
        f'[store]\nurl = "{url}"\n[scan]\n{scan}\n[sources.troubled]\n'
        + "\n".join(lines)
        + f"\n{sources}\n"
    )
    return file


def command(config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--quiet", *more]


def scanned(config: Path, env: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(config, *more), env=env, capture_output=True, text=True, check=False,
        timeout=_SECONDS,
    )  # fmt: skip


def coverage(url: str) -> list[Coverage]:
    """Of the last scan."""
    state = State(url)
    try:
        return state.coverage(state.scans()[-1].id)
    finally:
        state.close()


def readings(config: Path) -> dict[str, int]:
    """Shard -> how often a process began to read it."""
    found: dict[str, int] = {}
    for mark in config.with_suffix("").glob("read-*"):
        shard = mark.name.removeprefix("read-").rsplit("-", 2)[0]
        found[shard] = found.get(shard, 0) + 1
    return found


def image(url: str) -> list[bytes]:
    """All that a state knows, sorted, but for times and the ids of scans."""
    state = State(url)
    try:
        rows = [b"fact %s %s %d" % (shard.encode(), encode(fact), seen)
                for shard, fact, seen in state.facts()]  # fmt: skip
        rows += [b"finding %s" % encode(finding) for finding in state.findings().values()]
        rows += [b"event %s" % encode(event) for event in all_events(state)]
        for scan in state.scans():
            rows += [b"coverage %s" % encode(row) for row in state.coverage(scan.id)]
            rows.append(b"scan ended %r" % scan.exit_code)
        rows += [b"memory %s" % state.memory(shard) for shard in sorted(state.shards())]
    finally:
        state.close()
    return sorted(_plain(row) for row in rows)


def _plain(row: bytes) -> bytes:
    return _SCAN.sub(b"SCAN", _TIME.sub(b"TIME", row))
