"""What is made from the rules once and kept: in the user's own cache folder, keyed by all that it
was made from. A thousand YAML files cost half a second, their bytes a fiftieth of it.

A cache only: whatever stands in a file (cut short, damaged, of somebody else), it is then made
anew, and without a folder to write to everything is as it is with one. Files are read by their
owner alone; nothing that was scanned, and no secret, is ever kept here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from scanner import __version__
from scanner.model.base import Model
from scanner.rulebook.flows import FlowRules
from scanner.rulebook.norms import NormRules
from scanner.rulebook.policy import Framework, Policy
from scanner.rulebook.risk import RiskRules
from scanner.rulebook.same_as import SameAs
from scanner.rulebook.types import Provider

_KEPT_RULES = 3
"""Files; older ones are of versions that are gone."""
_MAGIC = b"shadow-ai cache 1\n"
_SUM_BYTES = 16
_MOST_BYTES = 64 << 20
_OTHERS_MAY_WRITE = 0o022
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe in its place is not waited for
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


_last: list[tuple[bytes, Parsed]] = []
"""What was read last, and of which bytes: a daemon reads the same before each scan."""


class Parsed(Model, frozen=True, kw_only=True):
    """What the rule files say."""

    providers: tuple[Provider, ...]
    policies: tuple[Policy, ...]
    frameworks: tuple[Framework, ...]
    products: frozenset[str]
    same_as: tuple[SameAs, ...] = ()
    flows: FlowRules = FlowRules()
    risk: RiskRules = RiskRules()
    norms: NormRules = NormRules()


def read(digest: str) -> Parsed | None:
    """None where there is none that can be used. The same bytes give the same object."""
    data = read_bytes("rules", digest)
    if data is None:
        return None
    for known, parsed in _last:
        if known == data:
            return parsed
    try:
        made = msgspec.msgpack.decode(data, type=Parsed)
    except (msgspec.MsgspecError, ValueError):
        return None
    _last[:] = [(data, made)]
    return made


def write(digest: str, parsed: Parsed) -> None:
    """Whole or not at all; a folder that cannot be written is no trouble."""
    write_bytes("rules", digest, msgspec.msgpack.encode(parsed), _KEPT_RULES)


def read_bytes(kind: str, key: str) -> bytes | None:
    """What :func:`write_bytes` kept under the same ``kind`` and ``key``; None where there is none,
    where it is not whole, and where another user could have written it."""
    path = _path(kind, key)
    try:
        with open(os.open(path, _READ), "rb") as file:
            if not _is_own(os.fstat(file.fileno())):
                return None
            content = file.read(_MOST_BYTES)
    except OSError:
        return None
    lead = len(_MAGIC) + _SUM_BYTES
    data = content[lead:]
    if content[:lead] != _MAGIC + _sum(kind, key, data):
        return None
    return data


def write_bytes(kind: str, key: str, data: bytes, most: int) -> None:
    """Whole or not at all. Of each ``kind`` the ``most`` files that were written last stay. A
    folder that cannot be written is no trouble."""
    path = _path(kind, key)
    if len(data) > _MOST_BYTES // 2:
        return
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Exclusive: a link that somebody put there is not followed.
            handle = os.open(draft, _WRITE, 0o600)
            with open(handle, "wb") as file:
                file.write(_MAGIC + _sum(kind, key, data) + data)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _drop_old(path.parent, kind, most)


def _drop_old(folder: Path, kind: str, most: int) -> None:
    aged: list[tuple[float, Path]] = []
    for path in folder.glob(f"{kind}-*"):  # drafts of a process that was killed, too
        with contextlib.suppress(OSError):  # another process drops them, too
            aged.append((path.stat().st_mtime, path))
    for _, old in sorted(aged, reverse=True)[most:]:
        old.unlink(missing_ok=True)


def _path(kind: str, key: str) -> Path:
    return user_cache_path("shadow-ai") / f"{kind}-{__version__}-{key}.msgpack"


def _sum(kind: str, key: str, data: bytes) -> bytes:
    """Of the content and of what it is kept as: a file that was renamed is not what it says."""
    person = hashlib.blake2b(f"{kind}\0{key}\0{__version__}".encode(), digest_size=16).digest()
    return hashlib.blake2b(data, digest_size=_SUM_BYTES, person=person).digest()


def _is_own(state: os.stat_result) -> bool:
    """A plain file of this user that no other may write: bytes of it reach a C library."""
    if not stat.S_ISREG(state.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows: the folder's own access list decides
    return state.st_uid == os.getuid() and not state.st_mode & _OTHERS_MAY_WRITE
