"""Bare clones of a forge's repositories in a bounded folder, fetched again only when need be.

Owns the folder: one place a repository, its lock, what is remembered of it, and who goes when room
is needed. Checks nothing out and reads no content. Nothing secret is written: a token lives only in
the environment of the fetching git (:mod:`scanner.kit.git.fetching`).

Layout: ``<folder>/locks/<name>.lock``; ``<folder>/clones/<name>/state.json`` (written after a whole
fetch only), ``fetching`` (there while one runs) and ``repo.git``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from scanner.kit import programs
from scanner.kit.git.cache_lock import CacheLock
from scanner.kit.git.fetching import Bounds, Damaged, Remote, fetch, plain_url, size_of
from scanner.kit.git.process import Git
from scanner.model.errors import SourceError, Unavailable

_GIB = 1 << 30
_MOST_PACKS = 40
"""More are joined to one: git opens each for every look-up."""


@dataclass(frozen=True)
class CacheLimits:
    """Of the whole folder and of one fetch, in bytes and seconds."""

    cache_bytes: int = 20 * _GIB
    repository_bytes: int = 8 * _GIB
    free_bytes: int = 2 * _GIB
    fetch_seconds: float = 1800.0
    lock_seconds: float = 600.0
    """How long another scan of the same repository is waited for."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    mark: str = ""
    refspecs: tuple[str, ...] = ()
    size: int = 0
    default_branch: str = ""


@dataclass
class _Use:
    """Threads of this process that use one clone; the first takes the lock, the last leaves it."""

    lock: CacheLock
    mutex: threading.Lock = field(default_factory=threading.Lock)
    fetching: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0
    is_fresh: bool = False
    """Fetched in this run."""


class CloneCache:
    """Shared by all threads of a run. ``folder`` is made when it is first needed."""

    def __init__(
        self,
        folder: Path,
        limits: CacheLimits | None = None,
        *,
        ca_file: str = "",
        allow_file: bool = False,
    ) -> None:
        self._folder = folder
        self._limits = limits or CacheLimits()
        self._ca_file = ca_file
        self._allow_file = allow_file
        self._uses: dict[str, _Use] = {}
        self._mutex = threading.Lock()
        self._room = threading.Lock()
        self.fetches = 0
        """How often a forge was asked in this run."""

    @contextmanager
    def clone(self, remote: Remote) -> Iterator[Git]:
        """A bare clone as the forge has it now, which nobody changes or removes meanwhile. The
        forge is asked at most once a run, and not at all when ``remote.mark`` is what it was at
        the last whole fetch. Raises ``Denied``, ``Throttled``, ``Unavailable``."""
        remote = _without_user(remote)
        name = entry_name(remote.url)
        use = self._enter(name, remote)
        try:
            with use.fetching:
                self._bring(name, use, remote)
            yield Git(self._clone(name) / "repo.git")
        finally:
            self._leave(use)

    def _enter(self, name: str, remote: Remote) -> _Use:
        with self._mutex:
            for part in ("locks", "clones"):
                _private(self._folder / part)
            lock = CacheLock(self._folder / "locks" / f"{name}.lock")
            use = self._uses.setdefault(name, _Use(lock))
        with use.mutex:
            if use.count == 0 and not use.lock.acquire(self._limits.lock_seconds):
                raise Unavailable(
                    f"{remote.url}: another scan has been using its clone for "
                    f"{self._limits.lock_seconds:.0f} s; let it end, or set `git.cache_folder`"
                )
            use.count += 1
        return use

    def _leave(self, use: _Use) -> None:
        with use.mutex:
            use.count -= 1
            if use.count == 0:
                use.lock.release()

    def _clone(self, name: str) -> Path:
        return self._folder / "clones" / name

    def _bring(self, name: str, use: _Use, remote: Remote) -> None:
        place = self._clone(name)
        state = _state(place)
        is_whole = state is not None and not (place / "fetching").exists()
        if state is not None and is_whole and state.refspecs == remote.refspecs:
            is_same = bool(remote.mark) and state.mark == remote.mark
            if (use.is_fresh or is_same) and _is_sound(place):
                self._point_head(place, state.default_branch, remote)
                self._remember(
                    place,
                    msgspec.structs.replace(
                        state, default_branch=remote.default_branch or state.default_branch
                    ),
                )
                return
        self._make_room(name)
        if not is_whole:
            _sweep(place)
        try:
            self._fetch(place, use, remote)
        except Damaged:
            if state is None:
                raise
            shutil.rmtree(place, ignore_errors=True)  # a damaged clone is made again, once
            self._fetch(place, use, remote)

    def _fetch(self, place: Path, use: _Use, remote: Remote) -> None:
        repository = place / "repo.git"
        _private(place)
        (place / "fetching").touch()
        if not _is_sound(place):
            shutil.rmtree(repository, ignore_errors=True)
            _init(repository)
        bounds = Bounds(
            most_bytes=self._limits.repository_bytes,
            seconds=self._limits.fetch_seconds,
            free_bytes=self._limits.free_bytes,
            ca_file=self._ca_file,
            allow_file=self._allow_file,
        )
        self.fetches += 1
        try:
            fetch(repository, remote, bounds, use.lock.descriptors)
        except SourceError:
            if _state(place) is None or size_of(repository) > bounds.most_bytes:
                shutil.rmtree(place, ignore_errors=True)  # half a clone of nothing known
            raise
        self._point_head(place, "", remote)
        _join_packs(repository)
        self._remember(place, _State(
            url=remote.url, mark=remote.mark, refspecs=remote.refspecs, size=size_of(repository),
            default_branch=remote.default_branch,
        ))  # fmt: skip
        (place / "fetching").unlink(missing_ok=True)
        use.is_fresh = True

    def _point_head(self, place: Path, known: str, remote: Remote) -> None:
        """HEAD as the forge's default branch, where it names one that may be."""
        branch = remote.default_branch
        if not branch or branch == known:
            return
        git = Git(place / "repo.git")
        ref = f"refs/heads/{branch}"
        if git.succeeds("check-ref-format", ref):
            git.text("symbolic-ref", "HEAD", ref)

    def _remember(self, place: Path, state: _State) -> None:
        """The file's time is that of its last use: who goes first when room is needed."""
        fresh = place / "state.json.new"
        fresh.write_bytes(msgspec.json.encode(state))
        os.replace(fresh, place / "state.json")

    def _make_room(self, name: str) -> None:
        """Before a fetch: clones that nobody uses go, the least recently used first, until the
        rest is within the limit and enough of the disk is free."""
        with self._room:
            known = sorted(_entries(self._folder / "clones"), key=lambda entry: entry[1])
            total = sum(size for _, _, size in known)
            for other, _, size in known:
                free = shutil.disk_usage(self._folder).free
                if total <= self._limits.cache_bytes and free >= self._limits.free_bytes:
                    return
                if other != name and self._evict(other):
                    total -= size
        if shutil.disk_usage(self._folder).free < self._limits.free_bytes:
            raise Unavailable(
                f"{self._folder}: less than {self._limits.free_bytes / _GIB:.1f} GiB of disk is "
                "free; make room, or set `git.cache_folder` to where there is some"
            )

    def _evict(self, name: str) -> bool:
        lock = CacheLock(self._folder / "locks" / f"{name}.lock")
        if not lock.acquire(0):
            return False
        try:
            shutil.rmtree(self._clone(name), ignore_errors=True)
        finally:
            lock.release()
        return True


def entry_name(url: str) -> str:
    """Folder of a clone: readable, and different for every URL (which tells upper from lower
    case, as file systems may not)."""
    mark = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
    plain = re.sub(r"[^a-z0-9.-]+", "-", url.partition("://")[2].removesuffix(".git").lower())
    return f"{plain[-60:].strip('.-')}-{mark}"


def _without_user(remote: Remote) -> Remote:
    return Remote(
        url=plain_url(remote.url),
        authorization=remote.authorization,
        default_branch=remote.default_branch,
        mark=remote.mark,
        refspecs=remote.refspecs,
    )


def _private(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"{folder}: the cache of clones cannot be made ({error.strerror}); set "
            "`git.cache_folder`"
        ) from error


def _state(place: Path) -> _State | None:
    try:
        return msgspec.json.decode((place / "state.json").read_bytes(), type=_State)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _entries(clones: Path) -> Iterator[tuple[str, float, int]]:
    """Name, time of last use and bytes of each clone; what was never whole counts as oldest."""
    with suppress(OSError), os.scandir(clones) as found:
        for entry in found:
            place = Path(entry.path)
            state = _state(place)
            used = 0.0
            with suppress(OSError):
                used = (place / "state.json").stat().st_mtime
            yield entry.name, used, state.size if state else size_of(place)


def _is_sound(place: Path) -> bool:
    repository = place / "repo.git"
    return (repository / "HEAD").is_file() and Git(repository).succeeds("rev-parse", "--git-dir")


def _init(repository: Path) -> None:
    command = [programs.found("git"), "init", "--quiet", "--bare", "--template=", str(repository)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env = {
        **kept,
        "PATH": programs.environ_path(),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, env=env, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git cannot be run: {error}") from error
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip()[-200:]
        raise Unavailable(f"{repository}: no clone can be made there: {words}")


def _sweep(place: Path) -> None:
    """What a fetch that was killed left: half packs, and locks whose owner is gone (ours is held,
    so nobody else is at work)."""
    repository = place / "repo.git"
    for pattern in ("objects/pack/tmp_*", "objects/pack/.tmp-*", "objects/tmp_*", "objects/*/tmp_*",
                    "*.lock", "refs/**/*.lock"):  # fmt: skip
        for left in repository.glob(pattern):
            with suppress(OSError):
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()


def _join_packs(repository: Path) -> None:
    """Every fetch adds a pack. What no branch leads to any more is kept: it may hold a key."""
    if sum(1 for _ in (repository / "objects" / "pack").glob("*.pack")) > _MOST_PACKS:
        Git(repository).succeeds("repack", "-a", "-d", "--keep-unreachable", "--quiet")
