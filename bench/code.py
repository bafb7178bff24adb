"""Keys in whole histories: this scanner in its three readers beside the secret scanners that a user
would pick, one after another in one run, several rounds, live validation off.

    python bench/code.py REPOSITORY... [--rounds 3] [--peers FOLDER-WITH-THE-PROGRAMS] [--again]

Whole processes, JSON written to nowhere: start, rules, reading, confirmation, attribution. Prints
CPU and wall seconds (the least of the rounds), peak memory of the largest process, and each
program's CPU as a multiple of this scanner's with the compiled core; beside them how far the drain
of git itself (`git cat-file --batch` of all objects, output thrown away) is from that, and how far
the raw matcher: the sieve's own database over all bytes of all blobs, from memory, the calls that
match alone and what they find thrown away. A run below it has spared itself bytes. ``--again``
adds the second scan of an unchanged repository and the size of what is remembered. What a program
finds is not compared here: they know different providers. A peer that stops at a missing object
looks fast: `stopped` says so.

``--equal`` adds Kingfisher with this scanner's credential formats in place of its own, so that both
look for the same. ``--shapes`` measures copies of each repository in which there is less to gain:
all objects whole instead of as deltas, and all of them loose; and a history of random binaries.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_EQUAL = ("kingfisher", "scan", "{repo}", "--turbo", "--no-validate", "--no-update-check",
          "--quiet", "--format", "json", "--load-builtins=false", "--rules-path")  # fmt: skip
_FINE = (0, 1, 3, 200, 205)
_MOST_LOOSE = 60_000
"""Objects: a file each."""
_MOST_SECONDS = 600.0
_PIECE = 4 << 20


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


def matcher(repo: str) -> Cost:
    """Of a process of its own, so that its memory is its own, too."""
    command = [sys.executable, __file__, "--matcher", repo]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_installed(),
        timeout=_MOST_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        return Cost(0, 0, 0, done.stderr.strip().rpartition("\n")[2][:60] or "failed")
    wall, cpu, mib, size = map(float, done.stdout.split())
    speed = f"{size / 1e6:,.0f} MB, {size / 1e6 / wall:,.0f} MB/s" if wall else ""
    return Cost(wall, cpu, mib, speed)


def _match(repo: str) -> None:
    """Wall and CPU seconds of the calls, MiB, bytes. Blobs in pieces of some megabytes with a NUL
    between them, as the readers hand them to the sieve; git and the copying are not counted."""
    from scanner.detect.engine import Detector
    from scanner.detect.sieve import AutomatonSieve
    from scanner.rulebook import load

    sieve = Detector(load.load(), b"bench").sieve
    if not isinstance(sieve, AutomatonSieve):
        raise SystemExit("no automaton here")
    sieve.places(b"")  # its scratch is made at the first call
    base, scratch = sieve._database, sieve._local.scratch
    wall = cpu = 0.0
    size = 0
    for piece in _pieces(repo):
        size += len(piece)
        start, used = time.perf_counter(), time.process_time()
        base.scan(piece, match_event_handler=lambda *found: None, scratch=scratch)
        wall, cpu = wall + time.perf_counter() - start, cpu + time.process_time() - used
    print(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size)


def _pieces(repo: str) -> Iterator[bytes]:
    command = ["git", "-C", repo, "cat-file", "--batch-all-objects", "--batch", "--buffer",
               "--unordered"]  # fmt: skip
    environ = {**os.environ, "GIT_NO_LAZY_FETCH": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
        stream = process.stdout
        assert stream is not None
        piece = bytearray()
        while head := stream.readline():
            fields = head.split()
            if len(fields) != 3 or not fields[2].isdigit():
                continue  # missing
            data = stream.read(int(fields[2]) + 1)
            if fields[1] != b"blob":
                continue
            piece += data[:-1] + b"\0"
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)


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
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--matcher", default="", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--skip", nargs="*", default=[], help="names of programs to leave out")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--equal", action="store_true", help="Kingfisher with this scanner's rules")
    parser.add_argument("--shapes", action="store_true", help="copies with less to gain")
    chosen = parser.parse_args()
    if chosen.matcher:
        _match(chosen.matcher)
        return
    if not chosen.repositories:
        parser.error("name a repository")
    own = str(Path(sys.executable).parent / "shadow-ai")
    path = f"{chosen.peers}:{os.environ['PATH']}" if chosen.peers else os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        rules = _equal_rules(Path(folder)) if chosen.equal else ""
        for repository in chosen.repositories:
            repo = str(repository.resolve())
            name = repository.name if repository.name != "repo" else repository.parent.name
            table(name, own, repo, path, chosen, rules)
            if chosen.again:
                first, second, size = again(own, repo)
                print(f"second scan: {second.cpu:.2f} s CPU, {second.wall:.2f} s wall (first "
                      f"{first.cpu:.2f}, {first.wall:.2f}); {size:,} bytes remembered")  # fmt: skip
            for shape, made in _shapes(repo, Path(folder)) if chosen.shapes else ():
                table(f"{name}, {shape}", own, str(made), path, chosen, rules)
                shutil.rmtree(made)


def table(
    title: str, own: str, repo: str, path: str, chosen: argparse.Namespace, rules: str
) -> None:
    print(f"\n{title}: {facts(repo)}", flush=True)
    best: dict[str, Cost] = {}
    for _ in range(chosen.rounds):
        for name, command, environ in _commands(own, repo, path, chosen.skip, rules):
            _keep(best, name, measure(command, environ))
        if "drain" not in chosen.skip:
            _keep(best, "git cat-file (drain)", drain(repo))
        if "matcher" not in chosen.skip:
            _keep(best, "raw matcher", matcher(repo))
    _print(best)


def _equal_rules(folder: Path) -> str:
    """This scanner's credential formats as rules of Kingfisher's. A word that has to stand near is
    put before the shape, as Kingfisher's own rules do it."""
    import re

    import yaml

    from scanner.rulebook import load

    rules = []
    for provider in load.load().providers:
        for key in provider.keys:
            near = "|".join(re.escape(word).replace("_", "[_-]?") for word in key.near)
            lead = f"(?i:{near})(?:.|[\\n\\r]){{0,80}}?" if near else ""
            rules.append(
                {"name": key.id, "id": f"own.{key.id}", "confidence": "medium",
                 "pattern": rf"{lead}\b({key.pattern})(?:[^A-Za-z0-9_-]|$)",
                 "min_entropy": key.min_entropy, "examples": []}
            )  # fmt: skip
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"rules": rules}))
    return str(file)


def _shapes(repo: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Bare copies: no deltas; every object loose; and random bytes that no delta shortens."""

    def git(*args: str, **options: Any) -> str:
        done = subprocess.run(
            ["git", *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_CONFIG_GLOBAL": os.devnull},
            **options,
        )  # fmt: skip
        return done.stdout.decode("utf-8", "replace")

    whole = folder / "whole.git"
    try:
        git("clone", "--quiet", "--bare", "--no-local", repo, str(whole))
    except subprocess.CalledProcessError:
        print("(objects are missing: no copies of other shapes)")
        return
    git("-C", str(whole), "repack", "-a", "-d", "-f", "--quiet", "--window=0", "--depth=0")
    yield "no deltas", whole
    loose = folder / "loose.git"
    git("init", "--quiet", "--bare", str(loose))
    count = sum(int(line.split(": ")[1]) for line in git("-C", repo, "count-objects", "-v")
                .splitlines() if line.startswith(("in-pack", "count")))  # fmt: skip
    if count <= _MOST_LOOSE:
        git("clone", "--quiet", "--bare", "--no-local", repo, str(folder / "packed.git"))
        for pack in (folder / "packed.git/objects/pack").glob("*.pack"):
            with pack.open("rb") as stream:
                git("-C", str(loose), "unpack-objects", "-q", stdin=stream)
        shutil.copy(folder / "packed.git/packed-refs", loose / "packed-refs")
        shutil.rmtree(folder / "packed.git")
        yield "all loose", loose
    binary = folder / "binary"
    git("init", "--quiet", str(binary))
    for number in range(40):
        (binary / f"weights-{number % 8}.bin").write_bytes(b"\0\1" + os.urandom(5 << 20))
        git("-C", str(binary), "add", ".")
        git("-C", str(binary), "-c", "user.name=b", "-c", "user.email=b@example.com", "commit",
            "--quiet", "-m", "b")  # fmt: skip
    git("-C", str(binary), "repack", "-a", "-d", "--quiet")
    yield "random binaries", binary


def _commands(
    own: str, repo: str, path: str, skip: list[str], rules: str
) -> list[tuple[str, list[str], dict[str, str]]]:
    mine = [own, *(a.format(repo=repo) for a in _OWN)]
    found = [
        (f"shadow-ai {reader}", mine, {"SHADOW_AI_HISTORY_READER": reader})
        for reader in ("native", "python", "reference")
    ]
    for name, (program, *arguments) in _PEERS.items():
        if where := shutil.which(program, path=path):
            found.append((name, [where, *(a.format(repo=repo) for a in arguments)], {}))
    if rules and (where := shutil.which("kingfisher", path=path)):
        found.append(
            ("kingfisher equal", [where, *(a.format(repo=repo) for a in _EQUAL[1:]), rules], {})
        )
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
    raw = best.get("raw matcher", Cost(0, 0, 0))
    if raw.cpu and base.cpu:
        print(f"the whole run takes {base.cpu / raw.cpu:.1f} times the CPU of the raw matcher")


if __name__ == "__main__":
    main()
