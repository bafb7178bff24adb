"""What a worker does: reads one shard with connectors, rules and credentials of its own.

The job names the sources as the configuration does; what is behind a reference (a variable, a file,
a role) the worker looks up where it runs. It refuses to read under another version, other rules or
another fingerprint key than the scan's: what it found would not be comparable.
"""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.app.config import Config, LoadedConfig, fingerprint_key, key_mark
from scanner.app.interpreting import interpreter
from scanner.app.sourcing import rulebook_of, sources_of
from scanner.app.verifying import verifier_of
from scanner.collect.away import Job, answer, job_of, refusal
from scanner.collect.reading import Interpret, Options, Source
from scanner.detect.engine import Detector
from scanner.model.base import Model
from scanner.model.errors import ConfigError, ShadowAIError

_MOST_SETUPS = 2
"""Of scans that a long-lived worker serves at the same time."""


class Setup(Model, frozen=True, kw_only=True):
    """What a worker must know of a scan. ``config`` has the sources and how they are read, and
    nothing of the state, the registry, trackers or people."""

    scan: str
    version: str
    rules: str
    key: str
    config: Config
    folder: str
    name: str
    mark: str
    readers: int
    frugal: bool = False
    """Memory is short: it is given back after each shard."""
    asked: str = ""
    """Folder in which the scan's processes note what they asked providers about keys; empty: they
    ask nothing."""


_SETUPS = msgspec.msgpack.Decoder(Setup)
_ENCODER = msgspec.msgpack.Encoder()


@dataclass
class _Bench:
    sources: dict[str, Source]
    interpret: Interpret
    options: Options
    detector: Detector
    frugal: bool


_benches: OrderedDict[bytes, _Bench] = OrderedDict()
_lock = threading.Lock()


def encoded(setup: Setup) -> bytes:
    return _ENCODER.encode(setup)


def work(data: bytes) -> bytes:
    """A job -> a reading, as :mod:`scanner.collect.away` has them."""
    job = job_of(data)
    try:
        bench = _bench(job)
    except ShadowAIError as error:
        where = f"worker {socket.gethostname()}:{os.getpid()}"
        return refusal(job, ConfigError(f"{where}: {error}"))
    told = answer(
        job,
        bench.sources[job.source],
        bench.interpret,
        bench.options,
        lambda: bench.detector.comments.problems,
    )
    if bench.frugal:
        give_back()
    return told


def _bench(job: Job) -> _Bench:
    """Made once a scan."""
    with _lock:
        found = _benches.get(job.setup)
        if found is None:
            found = _benches[job.setup] = _made(_SETUPS.decode(job.setup))
            while len(_benches) > _MOST_SETUPS:
                _benches.popitem(last=False)
        return found


def _made(setup: Setup) -> _Bench:
    if setup.version != __version__:
        raise ConfigError(
            f"shadow-ai {__version__} where the scan is {setup.version}; install that"
        )
    loaded = LoadedConfig(config=setup.config, path=Path(setup.folder) / setup.name)
    rulebook = rulebook_of(loaded)
    if rulebook.digest != setup.rules:
        raise ConfigError("its rules are not the scan's; give it the same folders of rules")
    key, _ = fingerprint_key(os.environ, setup.config.scan.fingerprint_key_env, loaded.folder)
    if key_mark(key) != setup.key:
        raise ConfigError(
            "its fingerprint key is not the scan's; give it the same SHADOW_AI_FINGERPRINT_KEY"
        )
    scan = setup.config.scan
    detector = Detector(rulebook, key, scan.engine, verifier_of(setup.asked, key))
    sources = sources_of(
        loaded, detector, os.environ, lambda: datetime.now(UTC), readers=setup.readers
    )
    return _Bench(
        sources={source.name: source for source in sources},
        interpret=interpreter(rulebook, detector),
        options=Options(
            attempts=scan.attempts,
            deadline_seconds=scan.shard_deadline_seconds,
            mark=setup.mark,
            clean=lambda text: detector.masked(text.encode()).decode(),
        ),
        detector=detector,
        frugal=setup.frugal,
    )


def give_back() -> None:
    """To the operating system what is free: glibc keeps it otherwise, and the process stays as
    large as its largest shard."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
