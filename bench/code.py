"""Keys in whole histories: this scanner in its three readers beside the secret scanners that a user
would pick, one after another in one run, several rounds, live validation off.

    python bench/code.py REPOSITORY... [--rounds 3] [--peers FOLDER-WITH-THE-PROGRAMS] [--again]

Whole processes, JSON written to nowhere: start, rules, reading, confirmation, attribution. Prints
CPU and wall seconds (the least of the rounds), peak memory of the largest process, and each
program's CPU as a multiple of this scanner's with the compiled core; beside them how far the drain
of git itself (`git cat-file --batch` of all objects, output thrown away) is from that. ``--again``
adds the second scan of an unchanged repository and the size of what is remembered. What a program
finds is not compared here: they know different providers. A peer that stops at a missing object
looks fast: `stopped` says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_OWN = ("scan", "{repo}", "--no-tree", "--json")
_PEERS = {
    "kingfisher turbo": ("kingfisher", "scan", "{repo}", "--turbo", "--no-validate",
                         "--no-update-check", "--quiet", "--format", "json"),
    "kingfisher": ("kingfisher", "scan", "{repo}", "--no-validate", "--no-update-check",
                   "--quiet", "--format", "json"),
    "betterleaks": ("betterleaks", "git", "{repo}", "--no-banner", "--exit-code", "0",
                    "--log-level", "error", "--log-opts=--all"),
    "gitleaks": ("gitleaks", "git", "{repo}", "--no-banner", "--exit-code", "0", "--log-level",
                 "error", "--log-opts=--all"),
}  # fmt: skip
_FINE = (0, 1, 3, 200, 205)
_MOST_SECONDS = 600.0


@dataclass
class Cost:
    wall: float
    cpu: float
    mib: float
    note: str = ""


def measure(command: list[str], environ: dict[str, str] | None = None) -> Cost:
    """One run, ended after ten minutes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**_installed(), **(environ or {})},
        )
        timer = _end_later(process)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        timer()
        errors.seek(0)
        told = errors.read(1 << 16)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    note = ""
    if process.returncode not in _FINE:
        note = f"exit {process.returncode}"
    elif b"missing object" in told or b"could not" in told or b"fatal:" in told:
        note = "stopped at a missing object"
    return Cost(wall, cpu, usage.ru_maxrss / 1024, note)


def _installed() -> dict[str, str]:
    """Python as it is where a package was installed: modules keep their bytecode."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _end_later(process: subprocess.Popen[bytes]):  # type: ignore[no-untyped-def]
    import threading

    timer = threading.Timer(_MOST_SECONDS, process.kill)
    timer.start()
    return timer.cancel


def drain(repo: str) -> Cost:
    command = (
        f"git -C '{repo}' cat-file --batch-all-objects --batch --buffer --unordered >/dev/null"
    )
    return measure(["sh", "-c", command], {"GIT_NO_LAZY_FETCH": "1"})


def again(own: str, repo: str) -> tuple[Cost, Cost, int]:
    """The first scan, the second, and how many bytes are remembered between them."""
    with tempfile.TemporaryDirectory() as folder:
        state = str(Path(folder) / "state.sqlite")
        command = [own, *(a.format(repo=repo) for a in _OWN), "--state", state]
        first, second = measure(command), measure(command)
        with sqlite3.connect(state) as db:
            size = db.execute("select coalesce(sum(length(body)), 0) from memory").fetchone()[0]
    return first, second, int(size)


def facts(repo: str) -> str:
    """Objects, blobs and their bytes."""
    listing = subprocess.run(
        ["git", "-C", repo, "cat-file", "--batch-all-objects", "--unordered",
         "--batch-check=%(objecttype) %(objectsize)"],
        capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    blobs = [int(line.split(" ")[1]) for line in listing if line.startswith("blob ")]
    return (
        f"{len(listing) - 1:,} objects, {len(blobs):,} blobs, {sum(blobs) / 1e6:,.0f} MB of blobs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--skip", nargs="*", default=[], help="names of programs to leave out")
    parser.add_argument("--again", action="store_true")
    chosen = parser.parse_args()
    own = str(Path(sys.executable).parent / "shadow-ai")
    path = f"{chosen.peers}:{os.environ['PATH']}" if chosen.peers else os.environ["PATH"]
    for repository in chosen.repositories:
        repo = str(repository.resolve())
        print(f"\n{repository.name if repository.name != 'repo' else repository.parent.name}: "
              f"{facts(repo)}", flush=True)  # fmt: skip
        best: dict[str, Cost] = {}
        for _ in range(chosen.rounds):
            for name, command, environ in _commands(own, repo, path, chosen.skip):
                _keep(best, name, measure(command, environ))
            if "drain" not in chosen.skip:
                _keep(best, "git cat-file (drain)", drain(repo))
        _print(best)
        if chosen.again:
            first, second, size = again(own, repo)
            print(f"second scan: {second.cpu:.2f} s CPU, {second.wall:.2f} s wall (first "
                  f"{first.cpu:.2f}, {first.wall:.2f}); {size:,} bytes remembered")  # fmt: skip


def _commands(
    own: str, repo: str, path: str, skip: list[str]
) -> list[tuple[str, list[str], dict[str, str]]]:
    mine = [own, *(a.format(repo=repo) for a in _OWN)]
    found = [
        (f"shadow-ai {reader}", mine, {"SHADOW_AI_HISTORY_READER": reader})
        for reader in ("native", "python", "reference")
    ]
    for name, (program, *arguments) in _PEERS.items():
        if where := shutil.which(program, path=path):
            found.append((name, [where, *(a.format(repo=repo) for a in arguments)], {}))
    return [row for row in found if row[0] not in skip and row[0].split(" ")[-1] not in skip]


def _keep(best: dict[str, Cost], name: str, found: Cost) -> None:
    if name not in best or found.cpu < best[name].cpu:
        best[name] = found


def _print(best: dict[str, Cost]) -> None:
    base = best.get("shadow-ai native", Cost(0, 0, 0))
    print(f"{'program':<22}{'CPU s':>9}{'wall s':>9}{'MiB':>7}{'CPU x':>8}{'wall x':>8}  note")
    for name, cost in best.items():
        cpu = f"{cost.cpu / base.cpu:.1f}" if base.cpu else "-"
        wall = f"{cost.wall / base.wall:.1f}" if base.wall else "-"
        print(f"{name:<22}{cost.cpu:>9.2f}{cost.wall:>9.2f}{cost.mib:>7.0f}{cpu:>8}{wall:>8}  "
              f"{cost.note}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
