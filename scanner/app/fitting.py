"""Whether the graph of what is stored fits into memory: asked before it is begun, as the kernel
ends a process that takes too much without a word.

What the system does not tell (other than Linux) is not judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scanner.app.config import LoadedConfig
from scanner.app.memory import resident_mib
from scanner.app.working import give_back
from scanner.model.errors import StoreError
from scanner.store.numbers import facts_at_most, facts_stored
from scanner.store.state import State

_FACT_KIB = 0.7
"""Of the graph and all that follows, as measured (docs/scale.md)."""
_KIB, _MIB = 1 << 10, 1 << 20
_CONTROLLERS = (
    ("sys/fs/cgroup", "memory.max", "memory.current", ("inactive_file", "active_file")),
    ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     ("total_inactive_file", "total_active_file")),
)  # fmt: skip
"""Of control groups, version 2 and 1: folder, limit, what is taken, and what of that is given back
(https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files)."""


def fitting(loaded: LoadedConfig, state: State) -> str:
    """What to warn of, if anything. Raises ``StoreError`` where the graph does not fit."""
    limit = loaded.config.scan.memory_mib
    room = available_mib() if loaded.config.scan.check_memory else None
    taken = resident_mib(os.getpid())
    need = _mib(facts_at_most(state))
    if _fits(need, taken, limit, room):
        return ""
    give_back()
    facts = facts_stored(state)
    taken, need = resident_mib(os.getpid()), _mib(facts)
    room = available_mib() if loaded.config.scan.check_memory else None
    graph = f"the graph of {facts:,} facts takes about {need:,.0f} MiB"
    if room is not None and need > room:
        where = state.engine.url.database
        kept = (
            f"state {where}: all that was read is stored. Run again with more memory, within "
            "scan.resume_hours, and no shard is read again; or divide"
            if where
            else "divide"
        )
        raise StoreError(
            f"{graph} and {room:,.0f} are left; it was not begun, or the system would have ended "
            f"this process. {kept} the sources among several states. `[scan] check_memory = false` "
            "tries it all the same"
        )
    if _fits(need, taken, limit, room):
        return ""
    return f"{graph} beside {taken:,.0f}, which memory_mib = {limit:,} does not bound"


def _fits(need: float, taken: float, limit: int, room: float | None) -> bool:
    return (room is None or need <= room) and (not limit or taken + need <= limit)


def _mib(facts: int) -> float:
    return facts * _FACT_KIB / 1024


def available_mib(root: Path = Path("/")) -> float | None:
    """What this process may still take before somebody is ended for it: of the machine, and of
    every control group that it is in. None: the system does not tell."""
    told = _words(root / "proc/meminfo")
    if "MemAvailable:" not in told:
        return None
    swap = told.get("SwapFree:", 0) * _KIB
    rooms = [told["MemAvailable:"] * _KIB + swap]
    for group in _groups(root):
        for folder, limit, current, cache in _CONTROLLERS:
            bound, taken = (_number(root / folder / group / name) for name in (limit, current))
            if bound is not None and taken is not None:
                kept = _words(root / folder / group / "memory.stat")
                rooms.append(bound - taken + sum(kept.get(name, 0) for name in cache) + swap)
    return max(0, min(rooms)) / _MIB


def _groups(root: Path) -> Iterator[str]:
    """Relative to where they are mounted, each with all above it. Within a container its own is the
    root, whatever it is called outside."""
    found = {"."}
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text("ascii", "replace").splitlines():
            _, _, path = line.partition(":")
            kinds, _, path = path.partition(":")
            if kinds in ("", "memory"):
                inner = Path(path.lstrip("/"))
                found |= {str(one) for one in (inner, *inner.parents)}
    yield from sorted(found)


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such group here, or "max"
        return None


def _words(file: Path) -> dict[str, int]:
    found = {}
    with suppress(OSError):
        for line in file.read_text("ascii", "replace").splitlines():
            name, _, rest = line.partition(" ")
            value = rest.split()[:1]
            if value and value[0].isdigit():
                found[name] = int(value[0])
    return found
