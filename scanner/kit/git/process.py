"""Run git to read a repository that may be hostile.

Only plumbing that prints objects is called, with every setting that could run a program, reach a
network, wait for a file or change what a log or a comparison shows (git-config's ``log.*``,
``diff.*``, ``color.*``, ``i18n.*``) pinned; the repository's own configuration cannot set them
again, because options on the command line win (https://git-scm.com/docs/git-config). The user's own
settings are not read. No child outlives its use, and none is waited for that does nothing.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.kit import programs
from scanner.kit.git.watch import PATIENCE_SECONDS, Watch, bound, end
from scanner.kit.text import PROBE
from scanner.model.errors import Unavailable

_NOWHERE = os.devnull
_SAFE = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.pager=cat",
    "-c", "core.sshCommand=false",
    "-c", "core.gitProxy=false",
    "-c", "core.alternateRefsCommand=false",
    "-c", f"core.attributesFile={_NOWHERE}",
    "-c", f"core.excludesFile={_NOWHERE}",
    "-c", "core.untrackedCache=false",
    "-c", "credential.helper=",
    "-c", f"diff.orderFile={_NOWHERE}",
    "-c", "diff.external=false",
    "-c", "diff.ignoreSubmodules=none",
    "-c", "diff.relative=false",
    "-c", "diff.renames=false",
    "-c", "color.ui=false",
    "-c", "color.diff=false",
    "-c", "i18n.commitEncoding=UTF-8",
    "-c", "i18n.logOutputEncoding=UTF-8",
    "-c", "log.diffMerges=separate",
    "-c", "log.follow=false",
    "-c", "log.mailmap=false",
    "-c", "log.showSignature=false",
    "-c", "gpg.program=false",
    "-c", "mailmap.file=",
    "-c", "mailmap.blob=",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
)  # fmt: skip
_TIMEOUT_SECONDS = 120
"""Of a short command, whatever it does."""
_MOST_ERRORS = 64 << 10
_MOST_DEATHS = 100
"""Objects that may each end git's process while sizes are asked for."""
_FACTS = "%(objectname) %(objecttype) %(objectsize)"


@dataclass(frozen=True)
class GitObject:
    oid: str
    kind: str
    size: int


class Git:
    """One repository. ``folder``: its work tree, or the bare repository itself; ``patience``:
    seconds that a child may do nothing while it is waited for."""

    def __init__(
        self,
        folder: Path,
        patience: float = PATIENCE_SECONDS,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """``variables``: of git's own, for a hook that git has started (where a push waits to be
        judged); nothing else of the caller's is passed on."""
        self._variables = dict(variables or {})
        self.folder = folder
        self.patience = patience
        self._hung = ""

    def text(self, *args: str) -> str:
        """The output of a short command. Raises ``Unavailable`` with git's own words."""
        process = self._start(args, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        watch = Watch(process, self.patience)
        try:
            out, errors = watch.during(process.communicate, timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise self._stalled(args, f"is not done after {_TIMEOUT_SECONDS} s") from None
        finally:
            watch.stop()
            end(process)
        if watch.is_stalled:
            raise self._stalled(args, f"did nothing for {self.patience:.0f} s")
        if process.returncode != 0:
            raise Unavailable(f"{self.folder}: git {args[0]}: {_reason(errors)}")
        return _decoded(out)

    def _stalled(self, args: tuple[str, ...], how: str) -> Unavailable:
        """git waits for a file: a pipe in place of one, a disk that is away. The next command would
        do the same."""
        self._hung = (
            f"{self.folder}: git {args[0]} {how}; a file of the repository may be a pipe, or its "
            "disk away"
        )
        return Unavailable(self._hung)

    def succeeds(self, *args: str) -> bool:
        """Whether a command that answers by its exit code says yes."""
        try:
            self.text(*args)
        except Unavailable:
            return False
        return True

    def path(self, name: str) -> Path:
        """Where git keeps ``name``: a linked work tree or a submodule keeps it elsewhere."""
        return self.folder / self.text("rev-parse", "--git-path", name).rstrip("\n")

    def lines(
        self,
        *args: str,
        separator: bytes = b"\n",
        feed: Iterable[str] = (),
        complain: Callable[[str], None] = lambda line: None,
    ) -> Iterator[str]:
        """The output of a long command, record by record; ``feed``: lines for its input. Raises
        ``Unavailable`` at the end when git failed, after all that it printed; when it did not,
        what it still called an error goes to ``complain``."""
        # Errors go to a file: a pipe that nobody empties would stop git when it has many to tell.
        with tempfile.TemporaryFile() as errors:
            process = self._start(args, stdin=subprocess.PIPE, stderr=errors.fileno())
            threading.Thread(target=_feed, args=(process, list(feed)), daemon=True).start()
            stream, watch = process.stdout, Watch(process, self.patience)
            if stream is None:
                raise Unavailable(f"{self.folder}: git {args[0]}: no output stream")
            try:
                rest, between = b"", separator.decode()
                while chunk := watch.during(stream.read1, 1 << 16):  # type: ignore[attr-defined]
                    whole, found, rest = (rest + chunk).rpartition(separator)
                    if found:
                        yield from _decoded(whole).split(between)
                if rest:
                    yield _decoded(rest)
                failed = watch.during(process.wait) != 0
            finally:
                watch.stop()
                end(process)
            if watch.is_stalled:
                raise self._stalled(args, f"did nothing for {self.patience:.0f} s")
            errors.seek(0)
            told = errors.read(_MOST_ERRORS)
        if failed:
            raise Unavailable(f"{self.folder}: git {args[0]}: {_reason(told)}")
        for line in told.decode("utf-8", "replace").splitlines():
            if line.startswith("error: "):
                complain(line.removeprefix("error: ")[:200])

    def head_of(self, oid: str, size: int = PROBE) -> bytes:
        """The first bytes of an object, without reading the rest. Empty when it is unreadable."""
        process = self._start(("cat-file", "blob", oid), stdin=subprocess.DEVNULL)
        watch = Watch(process, self.patience)
        try:
            return watch.during(process.stdout.read, size) if process.stdout else b""
        finally:
            watch.stop()
            end(process)

    def objects(self, complain: Callable[[str], None] = lambda line: None) -> list[GitObject]:
        """Every object of the repository, reachable or not; kind ``unreadable`` for what git cannot
        look at. ``complain``: told of what git could not open while it looked."""
        every = ("cat-file", "--batch-all-objects", "--unordered")
        try:
            lines = self.lines(*every, f"--batch-check={_FACTS}", complain=complain)
            return [_object(line) for line in lines if line]
        except Unavailable:
            if self._hung:
                raise
        # One object that git takes for a bug ends its list. Names alone are listed all the same.
        names = list(dict.fromkeys(self.lines(*every, "--batch-check=%(objectname)")))
        found: list[GitObject] = []
        for oid, line in self._checked(names):
            found.append(_object(line) if line else GitObject(oid, "unreadable", 0))
        return found

    def absent(self, *revisions: str) -> set[str]:
        """The objects that these lead to and that are not stored: one walk over commits and trees,
        of which git prints only what it misses. Raises ``Unavailable`` when it cannot walk."""
        walked = self.lines("rev-list", "--objects", "--missing=print", "--quiet", *revisions)
        return {line[1:].split(" ")[0] for line in walked if line.startswith("?")}

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Of what is stored and can be read. What is absent ends git's process where a remote
        promises the rest (a partial clone); each costs a new one, so few may be asked for."""
        return {oid: found.size for oid, found in self.facts(oids).items()}

    def facts(self, oids: Iterable[str]) -> dict[str, GitObject]:
        """As :meth:`sizes`, with their kinds."""
        return {found.oid: found for found in self.named(oids).values()}

    def named(self, names: Iterable[str]) -> dict[str, GitObject]:
        """As :meth:`facts`, by ids or other names of objects (``HEAD:path``) as they were given."""
        checked = ((name, _object(line)) for name, line in self._checked(list(names)) if line)
        return {name: found for name, found in checked if found.kind != "unreadable"}

    def _checked(self, oids: list[str]) -> Iterator[tuple[str, str]]:
        """Each object with what git says of it; empty for one that ended git's process. Raises
        ``Unavailable`` when too many do."""
        remaining = oids
        for _ in range(_MOST_DEATHS if oids else 0):
            done = 0
            try:
                feed = self.lines("cat-file", "--buffer", f"--batch-check={_FACTS}", feed=remaining)
                for oid, line in zip(remaining, feed, strict=False):
                    done += 1
                    yield oid, line
            except Unavailable:
                if self._hung:
                    raise
            if done >= len(remaining):
                return
            yield remaining[done], ""
            remaining = remaining[done + 1 :]
        if remaining:
            raise Unavailable(f"{self.folder}: more than {_MOST_DEATHS} objects are damaged")

    def contents(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """The bytes of each object; None where it could not be read. A damaged object ends git's
        process: it is named, and the reading goes on behind it."""
        remaining = list(oids)
        while remaining:
            done = 0
            for oid, data in self._batch(remaining):
                done += 1
                yield oid, data
            if done < len(remaining):
                yield remaining[done], None
                done += 1
            remaining = remaining[done:]

    def _batch(self, oids: list[str]) -> Iterator[tuple[str, bytes | None]]:
        args = ("cat-file", "--batch", "--buffer")
        process = self._start(args, stdin=subprocess.PIPE)
        feeder = threading.Thread(target=_feed, args=(process, oids), daemon=True)
        feeder.start()
        watch = Watch(process, self.patience)
        try:
            stream = process.stdout
            for oid in oids if stream is not None else ():
                header = watch.during(stream.readline) if stream else b""
                fields = header.decode("ascii", "replace").split()
                if not fields or fields[0] != oid:
                    break  # git died, or what it prints no longer lines up
                if len(fields) != 3 or not fields[2].isdigit():
                    yield oid, None  # "missing", "ambiguous"
                    continue
                size = int(fields[2])
                data = watch.during(stream.read, size + 1) if stream else b""
                if len(data) != size + 1 or data[-1:] != b"\n":
                    break  # the object is longer or shorter than it says
                yield oid, data[:-1]
        finally:
            watch.stop()
            end(process)
        if watch.is_stalled:
            raise self._stalled(args, f"did nothing for {self.patience:.0f} s")

    def _start(
        self, args: tuple[str, ...], stdin: int, stderr: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        if self._hung:
            raise Unavailable(self._hung)
        try:
            process = subprocess.Popen(
                [programs.found("git"), *_SAFE, "-C", str(self.folder), *args],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**_environment(), **self._variables},
                bufsize=1 << 20,
            )
        except OSError as error:
            raise Unavailable(f"{self.folder}: git cannot be run: {error}") from error
        bound(process.pid)
        return process


def _environment() -> dict[str, str]:
    """Nothing of the user's settings, no network, and the objects as they are: a replacement
    (git-replace) would hide what it replaces. ``GIT_ALLOW_PROTOCOL`` outweighs what the repository
    allows itself (https://git-scm.com/docs/git#Documentation/git.txt-codeGITALLOWPROTOCOLcode)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {
        **kept,
        "PATH": programs.environ_path(),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": _NOWHERE,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "LC_ALL": "C",
    }


def _feed(process: subprocess.Popen[bytes], oids: list[str]) -> None:
    with suppress(OSError, ValueError):
        if process.stdin:
            for start in range(0, len(oids), 1000):
                process.stdin.write("".join(f"{o}\n" for o in oids[start : start + 1000]).encode())
            process.stdin.close()


def _object(line: str) -> GitObject:
    oid, _, rest = line.partition(" ")
    kind, _, size = rest.partition(" ")
    return GitObject(oid, kind, int(size)) if size.isdigit() else GitObject(oid, "unreadable", 0)


def _decoded(record: bytes) -> str:
    """Names in it may be any bytes; what is not UTF-8 is shown escaped, so that it can be stored,
    and two names stay two."""
    return record.decode("utf-8", "backslashreplace")


def _reason(errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "failed without a word; try `git fsck`"
