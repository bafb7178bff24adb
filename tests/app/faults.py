"""What may happen to a scan, each a function of a seed: it makes the fault happen to real processes
on a real state, then lets the next scans run, and raises when anything that was stored is lost or
doubled, or was read again without need.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from scanner.model.coverage import Outcome
from scanner.model.facts import Asset
from scanner.store.numbers import all_events
from scanner.store.state import State
from tests.app.cluster import wait
from tests.app.scans import command, configured, image, installed, readings, scanned
from tests.app.scarcity import ended, refused
from tests.store.postgres import Server

SHARDS, LOGS, PAGES = 8, 2, 5
ESTATE = {"shards": SHARDS, "logs": LOGS, "assets": PAGES, "seconds": 0.05}
EXECUTORS = ("", 'executor = "processes"\nworkers = 2\n')


@dataclass
class Running:
    pid: int
    out: Path

    def is_there(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        wait(lambda: not self.is_there())

    def code(self) -> int:
        """Of its end, which is waited for."""
        wait(lambda: not self.is_there(), 120)
        return int(Path(f"{self.out}.code").read_text())

    def told(self) -> str:
        return self.out.read_text()


@dataclass
class Rig:
    """Where scans of one seed run; ``start`` is quick."""

    folder: Path
    env: dict[str, str]
    zygote: subprocess.Popen[str]
    server: Server | None = None
    started: int = 0
    calm: dict[str, list[bytes]] = field(default_factory=dict)

    def start(self, config: Path, **env: str) -> Running:
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.started += 1
        out = self.folder / f"out-{self.started}"
        argv = ["scan", "--config", str(config), "--quiet"]
        self.zygote.stdin.write(json.dumps({"argv": argv, "env": env, "out": str(out)}) + "\n")
        self.zygote.stdin.flush()
        return Running(int(self.zygote.stdout.readline()), out)

    def run(self, config: Path) -> int:
        return self.start(config).code()

    def expected(self) -> list[bytes]:
        """What a scan leaves to which nothing happens."""
        if "calm" not in self.calm:
            url = f"sqlite:///{self.folder}/calm.sqlite"
            assert self.run(configured(self.folder, "calm", url, **ESTATE)) == 0
            self.calm["calm"] = lasting(url)
        return self.calm["calm"]

    def state(self, name: str, chance: random.Random, *, server: bool | None = None) -> str:
        """The URL of a new state, in a file or (by the seed) on a server."""
        if self.server is not None and (chance.random() < 0.3 if server is None else server):
            return self.server.database()
        return f"sqlite:///{self.folder}/{name}.sqlite"


@contextmanager
def rig(folder: Path, server: Server | None = None) -> Iterator[Rig]:
    folder.mkdir(parents=True, exist_ok=True)
    env = installed(folder)
    program = [sys.executable, "-m", "tests.app.zygote"]
    with subprocess.Popen(program, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as zygote:  # fmt: skip
        try:
            yield Rig(folder, env, zygote, server)
        finally:
            assert zygote.stdin is not None
            zygote.stdin.close()


def lasting(url: str) -> list[bytes]:
    """What must be the same whatever happened on the way, and is not how many scans it took: a
    log's records count from where its last reading went on, and a finding is new but once."""
    rows = []
    for row in image(url):
        kind, _, body = row.partition(b" ")
        if kind in (b"memory", b"scan") or (kind == b"event" and b'"opened"' not in body):
            continue
        rows.append(_RECORDS.sub(b"", row) if kind == b"coverage" else row)
    return sorted({row.replace(b'"status":"new"', b'"status":"open"') for row in rows})


_RECORDS = re.compile(rb'"records":\d+,')


def sound(url: str, *, is_lacking: bool = False) -> set[str]:
    """The shards that are stored by now. Raises where one is stored in part, or twice.
    ``is_lacking``: what a source gave before it failed is kept, and coverage tells of it."""
    state = State(url)
    try:
        if url.startswith("sqlite"):
            with state.engine.connect() as db:
                assert db.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        scans = state.scans()
        rows = state.coverage(scans[-1].id) if scans else []
        whole = {str(row.shard) for row in rows if row.status is Outcome.COMPLETE}
        counts: Counter[str] = Counter()
        of_all: dict[str, int] = {}
        for shard, fact, _ in state.facts():
            counts[shard] += 1
            if isinstance(fact, Asset) and fact.id.endswith("-of-all"):
                of_all[shard] = sum(one.count for one in fact.evidence)
        for shard, count in counts.items():
            if "log-" in shard:
                assert of_all[shard] == 10 * (count - 1), f"{shard}: {of_all[shard]} of {count}"
            elif not is_lacking or shard in whole:
                assert count == _FACTS, f"{shard} holds {count} facts"
        opened = Counter(e.fingerprint for e in all_events(state) if e.change == "opened")
        assert not [one for one, often in opened.items() if often > 1], "a finding opened twice"
    finally:
        state.close()
    return whole


_FACTS = 2 * PAGES + 3
"""Of a shard: things, what each calls, and what the detector made of its text."""


def _whole(rig: Rig, url: str, *, fell: bool = False) -> None:
    """``fell``: an earlier scan has said that it read less."""
    found, expected = lasting(url), rig.expected()
    if fell:
        found = [row for row in found if not _tells_of_less(row)]
    assert found == expected, (
        f"lost {[row for row in expected if row not in found][:3]}, "
        f"more {[row for row in found if row not in expected][:3]}"
    )


def _tells_of_less(row: bytes) -> bool:
    """A reading, or a finding or its beginning, that says what was not read."""
    if row.startswith(b"coverage "):
        return b'"status":"complete"' not in row
    return b'"detail":"Not read: ' in row or b'"asset":"coverage:' in row


def _in_the_middle(config: Path, chance: random.Random, before: int) -> None:
    """Until a random shard has been begun, and a random while longer."""
    begun = before + chance.randrange(1, SHARDS + LOGS + 1)
    with suppress(AssertionError):  # it may have come to its end
        wait(lambda: sum(readings(config).values()) >= begun, 6)
    time.sleep(chance.random() * chance.choice((0.01, 0.1, 0.4)))


def killed(rig: Rig, seed: int) -> str:
    """kill -9 at random moments, up to three times; the next scan goes on at the shard."""
    chance = random.Random(seed)
    url = rig.state(f"killed-{seed}", chance)
    lines = chance.choice(EXECUTORS)
    config = configured(rig.folder, f"killed-{seed}", url, lines, **ESTATE)
    kills = chance.randrange(1, 4)
    for _ in range(kills):
        before = sum(readings(config).values())
        running = rig.start(config)
        _in_the_middle(config, chance, before)
        running.kill()
        stored, read = sound(url), readings(config)
        if _is_finished(url):
            break
    code = rig.run(config)
    if code == 3 and kills == 3:  # one shard was in the air each time: it is taken for the cause
        code = rig.run(config)
    assert code == 0, f"exit {code}"
    after = readings(config)
    if not _is_finished(url, 2):
        again = {
            s for s in stored if after.get(s.partition(":")[2]) != read.get(s.partition(":")[2])
        }
        assert not again - {"troubled:list"}, f"read again: {sorted(again)}"
    _whole(rig, url)
    return f"{_shards(stored)} stored at the last of up to {kills} kills"


def _is_finished(url: str, scans: int = 1) -> bool:
    state = State(url)
    try:
        return len([row for row in state.scans() if row.finished_at]) >= scans
    finally:
        state.close()


def disk_full(rig: Rig, seed: int) -> str:
    """A file system of a random small size, in a name space of its own; then there is room."""
    chance = random.Random(seed)
    name = f"full-{seed}"
    folder = rig.folder / name
    url = f"sqlite:///{folder}/small/state.sqlite"
    (folder / "small").mkdir(parents=True)
    config = configured(rig.folder, f"{name}-scan", url, chance.choice(EXECUTORS), **ESTATE)
    size = chance.randrange(120, 700)
    script = (
        f"mount -t tmpfs -o size={size}k tmpfs '{folder}/small' || exit 90\n"
        f"'{sys.executable}' -m scanner scan --config '{config}' --quiet\n"
        f"code=$?; cp -r '{folder}/small' '{folder}/kept'; exit $code\n"
    )
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], env=rig.env, check=False,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode in (0, 3), f"exit {done.returncode}: {done.stderr[-500:]}"
    told = done.returncode == 3
    assert not told or "disk" in done.stderr or "not stored" in done.stderr or _says_full(folder)
    stored: set[str] = set()
    for kept in (folder / "kept").glob("state.sqlite*"):
        kept.rename(folder / "small" / kept.name)
    if (folder / "small" / "state.sqlite").exists():
        stored = sound(url)
    assert rig.run(config) == 0
    _whole(rig, url)
    return f"{size} KiB: {_shards(stored)} stored, exit {done.returncode}"


def _says_full(folder: Path) -> bool:
    state = State(f"sqlite:///{folder}/kept/state.sqlite")
    try:
        rows = [row for scan in state.scans() for row in state.coverage(scan.id)]
    finally:
        state.close()
    return any("disk" in row.reason for row in rows)


def restarted(rig: Rig, seed: int) -> str:
    """The database is stopped at once in the middle, and comes back."""
    assert rig.server is not None
    chance = random.Random(seed)
    url = rig.state(f"restarted-{seed}", chance, server=True)
    config = configured(rig.folder, f"restarted-{seed}", url, chance.choice(EXECUTORS), **ESTATE)
    running = rig.start(config)
    _in_the_middle(config, chance, 0)
    rig.server.stop()
    time.sleep(chance.random() * 1.5)
    rig.server.start()
    first = running.code()
    assert first in (0, 3, 4), f"exit {first}: {running.told()[-500:]}"
    sound(url)
    code = first if first == 0 else rig.run(config)
    assert code == 0, f"exit {code}"
    _whole(rig, url)
    return f"exit {first}, then {code}"


def two_at_once(rig: Rig, seed: int) -> str:
    """Two begin together: one is refused. On a server whose lock was lost by a restart the later
    one takes over, and what the earlier one reads from then on is not stored."""
    chance = random.Random(seed)
    url = rig.state(f"two-{seed}", chance)
    config = configured(rig.folder, f"two-{seed}", url, chance.choice(EXECUTORS), **ESTATE)
    one = rig.start(config)
    time.sleep(chance.random() * 0.6)
    if url.startswith("postgresql") and rig.server is not None:
        rig.server.stop()
        rig.server.start()
    other = rig.start(config)
    codes = sorted((one.code(), other.code()))
    sound(url)
    if 0 not in codes:
        assert rig.run(config) == 0
    _whole(rig, url)
    return f"exits {codes}"


def overtaken(rig: Rig, seed: int) -> tuple[int, int]:
    """A slow scan loses its lock with the server, and another one begins meanwhile: what they would
    both add to the counts of the logs is added once. The exit codes of both."""
    assert rig.server is not None
    url = rig.state(f"overtaken-{seed}", random.Random(seed), server=True)
    slow = {**ESTATE, "seconds": 2.0}
    config = configured(rig.folder, f"overtaken-{seed}", url, "workers = 10", **slow)
    one = rig.start(config)
    wait(lambda: len(readings(config)) == SHARDS + LOGS)
    rig.server.stop()
    rig.server.start()
    other = rig.start(config)
    codes = one.code(), other.code()
    sound(url)
    _whole(rig, url)
    return codes


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def clock_is_set(rig: Rig, seed: int) -> str:
    """Back or forth by up to three days after a scan, and back again (libfaketime); the scan under
    the other clock is killed, and goes on."""
    chance = random.Random(seed)
    url = rig.state(f"clock-{seed}", chance, server=False)
    config = configured(rig.folder, f"clock-{seed}", url, chance.choice(EXECUTORS), **ESTATE)
    assert rig.run(config) == 0
    days = chance.choice((-3, -1, 2))
    env = {**rig.env, "LD_PRELOAD": FAKETIME, "FAKETIME": f"{days:+d}d",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
    before = sum(readings(config).values())
    with subprocess.Popen(command(config), env=env, stderr=subprocess.PIPE) as process:
        wait(lambda: sum(readings(config).values()) > before or process.poll() is not None)
        time.sleep(chance.random() * 0.5)
        process.kill()
    stored, first = sound(url), _scans(url)
    done = scanned(config, env)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    second = _scans(url)
    assert second[: len(first)] == first, "the scan under the other clock is not the last one"
    assert len(second) == len(first) + _is_finished(url, 3), "it did not go on at the shard"
    assert rig.run(config) == 0
    assert _scans(url)[:-1] == second
    _whole(rig, url)
    return f"{days:+d} days: {_shards(stored)} stored at the kill"


class Source:
    """What the troubled connector asks: it answers, refuses, or is not there (and is again)."""

    def __init__(self) -> None:
        self.answer, self.left = b"200", -1
        """``left``: so often it still gives something; below zero: always."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                if self.left:
                    self.left -= 1
                    client.sendall(b"200")
                elif self.answer:  # empty: the connection ends, as where a net is cut
                    client.sendall(self.answer)
                else:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def network_lost(rig: Rig, seed: int) -> str:
    return _source_fails(rig, seed, "network", b"")


def credentials_expired(rig: Rig, seed: int) -> str:
    return _source_fails(rig, seed, "expired", b"401")


def _source_fails(rig: Rig, seed: int, what: str, answer: bytes) -> str:
    """From a random moment on nothing more is given. By the seed all was read once before: then
    nothing of it is lost, and nothing counts as gone."""
    chance = random.Random(seed)
    url = rig.state(f"{what}-{seed}", chance)
    source = Source()
    try:
        config = configured(rig.folder, f"{what}-{seed}", url, chance.choice(EXECUTORS),
                            peer=source.port, **ESTATE)  # fmt: skip
        was_read = chance.random() < 0.5
        if was_read:
            assert rig.run(config) == 0
        known = _known(url) if was_read else set()
        source.answer, source.left = answer, chance.randrange(SHARDS * PAGES)
        running = rig.start(config)
        first = running.code()
        assert first == 3, f"exit {first}: {running.told()[-500:]}"
        stored = sound(url, is_lacking=True)
        assert known <= _known(url), "what was known is lost"
        source.left = -1
        code = rig.run(config)
        assert code == 0, f"exit {code}"
        sound(url)
        _whole(rig, url, fell=True)
    finally:
        source.close()
    return f"exit {first}, {_shards(stored)} stored"


def _known(url: str) -> set[str]:
    """Things, and findings with how they stand."""
    state = State(url)
    try:
        things = {str(fact.id) for _, fact, _ in state.facts() if isinstance(fact, Asset)}
        open_ = {str(key) for key, one in state.findings().items() if one.status.is_open}
        return things | open_
    finally:
        state.close()


def out_of_memory(rig: Rig, seed: int) -> str:
    """The system gives a random amount and no more, or ends what takes more; then there is enough.
    What was stored by a scan that has not come to its end is not read again."""
    chance = random.Random(seed)
    name = f"memory-{seed}"
    url = rig.state(name, chance)
    config = configured(rig.folder, name, url, chance.choice(EXECUTORS), mib=64, **ESTATE)
    if seed % 2:
        mib, begun = chance.randrange(120, 400), chance.randrange(SHARDS + LOGS)
        code, told = ended(
            command(config), rig.env, mib, rig.folder / f"{name}.told",
            lambda: sum(readings(config).values()) > begun,
        )  # fmt: skip
    else:
        mib = chance.randrange(180, 900)
        code, told = refused(command(config), rig.env, mib)
    assert code in (0, 3, 4) or code < 0, f"exit {code}: {told[-500:]}"
    exists = not url.startswith("sqlite") or Path(url.removeprefix("sqlite:///")).exists()
    stored = sound(url, is_lacking=True) if exists else set()
    if code == 0:
        _whole(rig, url)
    is_over = exists and _is_finished(url)
    read = readings(config)
    again = rig.run(config)
    assert again == 0, f"exit {again}"
    sound(url)
    _whole(rig, url, fell=True)
    if not is_over:
        after = readings(config)
        twice = {s for s in stored if after.get(name := s.partition(":")[2]) != read.get(name)}
        assert not twice - {"troubled:list"}, f"read again: {sorted(twice)}"
    return f"{mib} MiB {'in all' if seed % 2 else 'each'}: exit {code}, {_shards(stored)} stored"


def _shards(stored: set[str]) -> str:
    return f"{len(stored - {'troubled:list'})} of {SHARDS + LOGS}"


def _scans(url: str) -> list[str]:
    state = State(url)
    try:
        return [row.id for row in state.scans()]
    finally:
        state.close()


FAULTS: dict[str, Callable[[Rig, int], str]] = {
    "killed": killed,
    "disk full": disk_full,
    "database restarted": restarted,
    "two at once": two_at_once,
    "clock set": clock_is_set,
    "out of memory": out_of_memory,
    "network lost": network_lost,
    "credentials expired": credentials_expired,
}


def can_mount() -> bool:
    """Whether a small file system can be made here."""
    probe = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
    with suppress(OSError):
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    return False


def can_set_clock() -> bool:
    return Path(FAKETIME).exists()
