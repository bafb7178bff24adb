"""Hyperscan databases, compiled once and kept: 9,000 literals cost 150 ms to compile and under 2 to
load.

Owns the key under which a database is kept: the expressions with their ids and flags, the engine,
and the processor, as a database is machine code in all but name. The engine refuses a database of
another version or processor itself, too
(https://intel.github.io/hyperscan/dev-reference/serialization.html); damaged bytes never reach it,
:mod:`scanner.rulebook.cache` holds their sum.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from scanner.rulebook import cache as kept

CASELESS = 1
DOTALL = 2
MULTILINE = 4
SINGLEMATCH = 8
"""Flags of an expression, as numbers, so that asking for them does not import the engine
(https://intel.github.io/hyperscan/dev-reference/api_files.html)."""
_KIND = "patterns"
_MOST_KEPT = 24
"""Files: what a run uses is some five."""
_WORTH_BYTES = 2048
"""Shorter lists compile as fast as a file is read."""
_CPUINFO = "/proc/cpuinfo"


def database(
    expressions: Sequence[bytes],
    *,
    ids: Sequence[int],
    flags: Sequence[int],
    is_kept: bool = True,
) -> Any:
    """A ``hyperscan.Database`` in block mode that tells of ``expressions`` (in Hyperscan's syntax)
    by their ``ids``; see :func:`new_scratch`. ``is_kept``: for the next process, too.

    Raises ``ImportError`` where there is no wheel, ``hyperscan.error`` for what does not compile.
    """
    import hyperscan

    if not is_kept or sum(map(len, expressions)) < _WORTH_BYTES:
        return _compiled(hyperscan, expressions, ids, flags)
    key = _key(expressions, ids, flags)
    data = kept.read_bytes(_KIND, key)
    if data is not None:
        try:
            return hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
        except hyperscan.error:
            pass  # of another build of the engine, which knows it: compiled anew
    made = _compiled(hyperscan, expressions, ids, flags)
    kept.write_bytes(_KIND, key, hyperscan.dumpb(made), _MOST_KEPT)
    return made


def new_scratch(made: Any) -> Any:
    """Working memory for scans of ``made``: one a thread."""
    import hyperscan

    return hyperscan.Scratch(made)


def _compiled(
    hyperscan: Any, expressions: Sequence[bytes], ids: Sequence[int], flags: Sequence[int]
) -> Any:
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    made.compile(
        expressions=list(expressions),
        ids=list(ids),
        elements=len(expressions),
        flags=list(flags),
    )
    return made


def _key(expressions: Sequence[bytes], ids: Sequence[int], flags: Sequence[int]) -> str:
    hasher = hashlib.blake2b(digest_size=20)
    hasher.update(repr((_engine(), _processor())).encode())
    hasher.update(repr((list(ids), list(flags))).encode())
    hasher.update(b"".join(b"%d:%s" % (len(text), text) for text in expressions))
    return hasher.hexdigest()


@cache
def _engine() -> tuple[str, str]:
    """The wheel's version, and what the library in it says of itself: two builds of one version
    may hold different libraries."""
    import hyperscan

    smallest = _compiled(hyperscan, [b"a"], [0], [0])
    return str(getattr(hyperscan, "__version__", "")), repr(smallest.info())


@cache
def _processor() -> str:
    """The architecture and what the processor can do, as far as the system tells without a
    program: databases hold what was chosen for it."""
    machine = os.uname().machine if hasattr(os, "uname") else ""
    return " ".join((machine, os.environ.get("PROCESSOR_IDENTIFIER", ""), _features()))


def _features() -> str:
    """The first processor's: ``flags`` on x86, ``Features`` on ARM. Empty where there is no such
    file (macOS, Windows); the engine's own check is then the only one."""
    try:
        with open(_CPUINFO, "rb") as file:
            head = file.read(8192)  # every further processor costs the kernel time
    except OSError:
        return ""
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"flags", b"features"):
            return " ".join(sorted(value.decode("ascii", "replace").split()))
    return ""
