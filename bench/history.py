"""Credentials in a repository's whole history: this scanner beside the secret scanners it may
replace, one after another in one run, several rounds, live validation off.

    python bench/history.py REPOSITORY [--rounds 3] [--peers FOLDER-WITH-THE-PROGRAMS]

Prints wall and CPU seconds (minimum of the rounds), peak memory, and each program's ratio to this
scanner. What a program finds is not compared here: they know different providers, and only this one
also reads imports, dependencies, hosts and models.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

_PEERS = {
    "kingfisher": ["scan", "{repo}", "--no-validate", "--no-update-check", "--quiet"],
    "betterleaks": ["git", "{repo}", "--no-banner", "--exit-code", "0", "--log-level", "error"],
    "gitleaks": ["git", "{repo}", "--no-banner", "--exit-code", "0", "--log-level", "error"],
}


def measure(command: list[str]) -> tuple[float, float, float] | None:
    """Wall seconds, CPU seconds with children, peak MiB; None when the program fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3, 200, 205):
        return None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=None)
    chosen = parser.parse_args()
    repo = str(chosen.repository.resolve())
    own = Path(sys.executable).parent / "shadow-ai"
    commands = {"shadow-ai": [str(own), "scan", repo, "--json"]}
    path = f"{chosen.peers}:{os.environ['PATH']}" if chosen.peers else os.environ["PATH"]
    for name, arguments in _PEERS.items():
        program = shutil.which(name, path=path)
        if program:
            commands[name] = [program, *(a.format(repo=repo) for a in arguments)]
    best: dict[str, tuple[float, float, float]] = {}
    for _ in range(chosen.rounds):
        for name, command in commands.items():
            found = measure(command)
            if found is None:
                print(f"{name}: failed", file=sys.stderr)
            elif name not in best or found[1] < best[name][1]:
                best[name] = found
    base = best["shadow-ai"]
    print(f"{'program':<12}{'wall s':>9}{'CPU s':>9}{'MiB':>8}{'CPU ratio':>11}")
    for name, (wall, cpu, memory) in best.items():
        print(f"{name:<12}{wall:>9.2f}{cpu:>9.2f}{memory:>8.0f}{cpu / base[1]:>11.2f}")


if __name__ == "__main__":
    main()
