"""Run git to read a repository that may be hostile.

Only plumbing that prints objects is called, with every setting that could run a program or reach a
network switched off; the repository's own configuration cannot turn them on again, because options
on the command line win (https://git-scm.com/docs/git-config).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.model.errors import Unavailable

_SAFE = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.pager=cat",
    "-c", "core.sshCommand=false",
    "-c", "credential.helper=",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "-c", "log.showSignature=false",
    "-c", "gc.auto=0",
)  # fmt: skip
_TIMEOUT_SECONDS = 120
_MOST_ERRORS = 64 << 10


@dataclass(frozen=True)
class GitObject:
    oid: str
    kind: str
    size: int


class Git:
    """One repository. ``folder``: its work tree, or the bare repository itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def text(self, *args: str) -> str:
        """The output of a short command. Raises ``Unavailable`` with git's own words."""
        try:
            done = subprocess.run(
                self._command(args),
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                env=_environment(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{self.folder}: git cannot be run: {error}") from error
        if done.returncode != 0:
            raise Unavailable(f"{self.folder}: git {args[0]}: {_reason(done.stderr)}")
        return done.stdout.decode("utf-8", "replace")

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
            stream = process.stdout
            if stream is None:
                raise Unavailable(f"{self.folder}: git {args[0]}: no output stream")
            try:
                rest = b""
                while chunk := stream.read(1 << 16):
                    *whole, rest = (rest + chunk).split(separator)
                    yield from (record.decode("utf-8", "replace") for record in whole)
                if rest:
                    yield rest.decode("utf-8", "replace")
                failed = process.wait() != 0
            finally:
                _end(process)
            errors.seek(0)
            told = errors.read(_MOST_ERRORS)
        if failed:
            raise Unavailable(f"{self.folder}: git {args[0]}: {_reason(told)}")
        for line in told.decode("utf-8", "replace").splitlines():
            if line.startswith("error: "):
                complain(line.removeprefix("error: ")[:200])

    def head_of(self, oid: str, size: int = 8000) -> bytes:
        """The first bytes of an object, without reading the rest. Empty when it is unreadable."""
        process = self._start(("cat-file", "blob", oid), stdin=subprocess.DEVNULL)
        try:
            return process.stdout.read(size) if process.stdout else b""
        finally:
            _end(process)

    def objects(self, complain: Callable[[str], None] = lambda line: None) -> list[GitObject]:
        """Every object of the repository, reachable or not. ``complain``: told of what git could
        not open while it looked."""
        found = []
        for line in self.lines(
            "cat-file", "--batch-all-objects", "--unordered",
            "--batch-check=%(objectname) %(objecttype) %(objectsize)", complain=complain,
        ):  # fmt: skip
            oid, _, rest = line.partition(" ")
            kind, _, size = rest.partition(" ")
            if size.isdigit():
                found.append(GitObject(oid, kind, int(size)))
            elif oid:
                found.append(GitObject(oid, "unreadable", 0))
        return found

    def absent(self, *revisions: str) -> set[str]:
        """The objects that these lead to and that are not stored: one walk over commits and trees,
        of which git prints only what it misses. Raises ``Unavailable`` when it cannot walk."""
        walked = self.lines("rev-list", "--objects", "--missing=print", "--quiet", *revisions)
        return {line[1:].split(" ")[0] for line in walked if line.startswith("?")}

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Of what is stored. Not to be asked for what is absent: it stops git where a remote
        promises the rest (a partial clone)."""
        found: dict[str, int] = {}
        form = "--batch-check=%(objectname) %(objectsize)"
        for line in self.lines("cat-file", "--buffer", form, feed=oids):
            oid, _, size = line.partition(" ")
            if size.isdigit():
                found[oid] = int(size)
        return found

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
        process = self._start(("cat-file", "--batch", "--buffer"), stdin=subprocess.PIPE)
        feeder = threading.Thread(target=_feed, args=(process, oids), daemon=True)
        feeder.start()
        try:
            stream = process.stdout
            for oid in oids if stream is not None else ():
                header = stream.readline() if stream else b""
                fields = header.decode("ascii", "replace").split()
                if not fields or fields[0] != oid:
                    return  # git died, or what it prints no longer lines up
                if len(fields) != 3 or not fields[2].isdigit():
                    yield oid, None  # "missing", "ambiguous"
                    continue
                size = int(fields[2])
                data = stream.read(size + 1) if stream else b""
                if len(data) != size + 1 or data[-1:] != b"\n":
                    return  # the object is longer or shorter than it says
                yield oid, data[:-1]
        finally:
            _end(process)

    def _start(
        self, args: tuple[str, ...], stdin: int, stderr: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command(args),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_environment(),
                bufsize=1 << 20,
            )
        except OSError as error:
            raise Unavailable(f"{self.folder}: git cannot be run: {error}") from error

    def _command(self, args: tuple[str, ...]) -> list[str]:
        return ["git", *_SAFE, "-C", str(self.folder), *args]


def _environment() -> dict[str, str]:
    """No program of the user's settings, no network, and the objects as they are: a replacement
    (git-replace) would hide what it replaces. ``GIT_ALLOW_PROTOCOL`` outweighs what the repository
    allows itself (https://git-scm.com/docs/git#Documentation/git.txt-codeGITALLOWPROTOCOLcode)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
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


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr, process.stdin):
        if stream:
            with suppress(OSError):
                stream.close()


def _reason(errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "failed without a word; try `git fsck`"
