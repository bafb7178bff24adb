"""Fetch a repository's branches and tags from a forge that may be hostile, into a bare clone.

The one place where git may reach a network: http(s) to the one host of the URL, no redirect, no
submodule, no hook, no credential helper, nothing of the user's or the system's git settings, and no
``git`` of the folder that the scanner was started in (:mod:`scanner.kit.programs`). The
token is handed over in git's environment alone (``GIT_CONFIG_COUNT``,
https://git-scm.com/docs/git-config#ENVIRONMENT): command lines are for all to see, URLs stand in
error messages, and what is in a configuration file stays there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from scanner.kit import programs
from scanner.kit.expressions import expression
from scanner.model.errors import Denied, SourceError, Throttled, Unavailable

HEADS_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_POLL_SECONDS = 0.2
_MOST_ERRORS = 64 << 10
_ALWAYS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.askPass", ""),
    ("core.sshCommand", "false"),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("http.userAgent", "git/shadow-ai-scanner"),
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("transfer.bundleURI", "false"),
)


class Damaged(Unavailable):
    """The clone itself cannot be read: fetching into it again does not help."""


@dataclass(frozen=True)
class Remote:
    """Where a repository is fetched from."""

    url: str
    """http(s), without user or password; :func:`plain_url` takes them out."""
    authorization: str = field(default="", repr=False)
    """Value of the Authorization header; empty: none is sent."""
    default_branch: str = ""
    mark: str = ""
    """See :attr:`scanner.kit.forge.repository.Repository.refs_mark`."""
    refspecs: tuple[str, ...] = HEADS_AND_TAGS


@dataclass(frozen=True)
class Bounds:
    """Of one fetch. Bytes and seconds."""

    most_bytes: int
    seconds: float
    free_bytes: int
    ca_file: str = ""
    allow_file: bool = False
    """``file://`` remotes, for tests."""


def plain_url(url: str) -> str:
    """Without user, password, query and fragment. Raises ``Unavailable`` for what is no URL."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        raise Unavailable("a clone URL that cannot be read") from None
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{port}" if port is not None else shown
    return urlunsplit((split.scheme, place, split.path, "", ""))


def fetch(folder: Path, remote: Remote, bounds: Bounds, inherited: Sequence[int] = ()) -> None:
    """Branches and tags of ``remote`` into the bare repository ``folder``; what the remote no
    longer has is pruned, what it rewrote is overwritten. ``inherited``: descriptors that git keeps
    open. Raises ``Denied``, ``Throttled``, ``Unavailable``; never with the token in the words."""
    scheme = urlsplit(remote.url).scheme
    if scheme not in ("https", "http") and not (scheme == "file" and bounds.allow_file):
        raise Unavailable(f"{_shown(remote)}: cloned over http(s) only, not {scheme or 'a path'}")
    command = [
        programs.found("git"), "--git-dir", str(folder),
        "fetch", "--quiet", "--force", "--prune", "--no-tags",
        "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance", "--refmap=",
        "--", remote.url, *remote.refspecs,
    ]  # fmt: skip
    with tempfile.TemporaryFile() as told:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=told.fileno(),
                stderr=told.fileno(),
                env=_environment(folder, remote, bounds),
                pass_fds=tuple(inherited),
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"git cannot be run: {error}") from error
        try:
            _watch(process, folder, remote, bounds)
        finally:
            _end(process)
        told.seek(0)
        words = told.read(_MOST_ERRORS).decode("utf-8", "replace")
    if process.returncode != 0:
        raise trouble(_shown(remote), words)


def _environment(folder: Path, remote: Remote, bounds: Bounds) -> dict[str, str]:
    """HOME is the clone: neither the user's git settings nor a ``.netrc`` are found. Proxies of
    the environment stay in force."""
    scheme = urlsplit(remote.url).scheme
    settings = [*_ALWAYS, (f"protocol.{scheme}.allow", "always")]
    if bounds.ca_file:
        settings.append(("http.sslCAInfo", bounds.ca_file))
    if remote.authorization:
        split = urlsplit(remote.url)
        origin = f"{split.scheme}://{split.netloc}/"
        settings.append((f"http.{origin}.extraHeader", f"Authorization: {remote.authorization}"))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "SSH_"))}
    given = {
        **kept,
        "PATH": programs.environ_path(),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "LC_ALL": "C",
    }
    for number, (key, value) in enumerate(settings):
        given[f"GIT_CONFIG_KEY_{number}"] = key
        given[f"GIT_CONFIG_VALUE_{number}"] = value
    return given


def _watch(process: subprocess.Popen[bytes], folder: Path, remote: Remote, bounds: Bounds) -> None:
    """Waits for the end, or breaks off what grows or lasts too long."""
    until = time.monotonic() + bounds.seconds
    while True:
        try:
            process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() > until:
                raise Unavailable(
                    f"{_shown(remote)}: not fetched within {bounds.seconds / 60:.0f} minutes; "
                    "raise `git.fetch_minutes`, or leave it out by `filters`"
                ) from None
            if size_of(folder) > bounds.most_bytes:
                raise Unavailable(
                    f"{_shown(remote)}: larger than {bounds.most_bytes / (1 << 30):.1f} GiB; "
                    "raise `git.max_repository_gib`, or leave it out by `filters`"
                ) from None
            if shutil.disk_usage(folder).free < bounds.free_bytes:
                raise Unavailable(
                    f"{_shown(remote)}: less than {bounds.free_bytes / (1 << 30):.1f} GiB of disk "
                    "is free; make room, or set `git.cache_folder` to where there is some"
                ) from None
        else:
            if process.returncode == 0 and size_of(folder) > bounds.most_bytes:
                raise Unavailable(
                    f"{_shown(remote)}: larger than {bounds.most_bytes / (1 << 30):.1f} GiB; "
                    "raise `git.max_repository_gib`, or leave it out by `filters`"
                )
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group: git's helpers write the pack."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def size_of(folder: Path) -> int:
    """Bytes of all files below; what vanishes meanwhile counts nothing."""
    total = 0
    pending = [str(folder)]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total


_MADE_OF: tuple[tuple[str, Callable[[str], SourceError]], ...] = (
    (r"returned error: 429|rate.?limit", lambda said: Throttled(f"{said}: too many requests")),
    (r"returned error: 451|DMCA|legal reasons",
     lambda said: Unavailable(f"{said}: the forge withholds it for legal reasons")),
    (r"Authentication failed|could not read Username|could not read Password|error: 40[13]|"
     r"[Aa]ccess denied|Permission denied to|not authori[sz]ed",
     lambda said: Denied(f"{said}: the token may not read it; grant it reading of contents")),
    (r"error: 40[49]|error: 410|[Rr]epository .{0,200}not found|does not exist",
     lambda said: Denied(f"{said}: not there, or not shown to this token: deleted or renamed since "
                         "it was listed (the next scan tells), or reading of contents is missing")),
    (r"unable to update url base from redirection|error: 30[12378]|redirect",
     lambda said: Unavailable(f"{said}: answers with a redirect, which is not followed; it was "
                              "renamed or moved since it was listed (the next scan tells)")),
    (r"SSL|certificate|TLS",
     lambda said: Unavailable(f"{said}: its certificate is not trusted; set `git.ca_file` to the "
                              "authority that issued it")),
    (r"No space left|Disk quota", lambda said: Unavailable(f"{said}: no room on the disk left")),
)  # fmt: skip


_DAMAGED = expression(
    r"not a git repository|corrupt|bad object|unable to read|inflate|missing (?:blob|tree|commit)|"
    r"did not send all necessary objects|loose object|packed object|packfile|index file|"
    r"bad ref|unable to parse|invalid sha1 pointer|unable to find current"
)


def trouble(what: str, words: str) -> SourceError:
    """What git's own words mean; the words themselves only where none of ours fits."""
    for pattern, make in _MADE_OF:
        if re.search(pattern, words):
            return make(what)
    family = Damaged if _DAMAGED.search(words) else Unavailable
    return family(f"{what}: cannot be fetched: {next(_last(words), 'git gave no reason')}")


def _last(words: str) -> Iterator[str]:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    yield from (line[:200] for line in (*fatal[:1], *lines[-1:]))


def _shown(remote: Remote) -> str:
    split = urlsplit(remote.url)
    return f"{split.hostname or ''}{split.path}".removesuffix(".git")
