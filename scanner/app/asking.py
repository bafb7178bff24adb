"""What the settings of a source ask its listings for, in a mark that tells later whether they have
come to ask for less: then a complete list that names a shard no more proves nothing.

The mark holds digests alone, a field each. What it holds of a connector is said by the connector
(:attr:`ConnectorSpec.listing`): of a field that it says nothing of, any change counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from scanner.kit.contract import Counts
from scanner.model.base import digest

_BYTES = 6


def mark_of(table: Mapping[str, object], config: msgspec.Struct, counts: Mapping[str, str]) -> str:
    """``table``: as the file has it, ``config``: the same, typed."""
    fields = [
        f"{name}={told}"
        for name, value in leaves(config)
        if (told := _told(value, counts.get(name, Counts.ANY)))
    ]
    asks = {name: value for name, value in table.items() if name != "cron"}
    return " ".join([digest(asks), *fields])


def asks_no_less(before: str, now: str, counts: Mapping[str, str]) -> bool:
    """Whether a listing under the settings ``now`` names all that it named under those before.
    Empty: nothing is known of them, as of a state that older versions wrote."""
    if not before or not now or before.partition(" ")[0] == now.partition(" ")[0]:
        return True
    old, new = _fields(before), _fields(now)
    if not old:
        return False
    return all(
        old.get(name, new.get(name)) == new.get(name)
        or (counts.get(name) == Counts.MORE and _grew(old[name], new.get(name, "")))
        for name in old.keys() | new.keys()
        if counts.get(name) != Counts.NEVER
    )


def leaves(config: msgspec.Struct, within: str = "") -> Iterator[tuple[str, object]]:
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if isinstance(value, msgspec.Struct):
            yield from leaves(value, f"{within}{name}.")
        else:
            yield within + name, value


def _told(value: object, counts: str) -> str:
    if counts == Counts.NEVER:
        return ""
    if counts == Counts.MORE and isinstance(value, bool):
        return "on" if value else "off"
    if counts == Counts.MORE and isinstance(value, tuple):
        return ",".join(sorted(digest(str(item), _BYTES) for item in value)) or "-"
    return digest(msgspec.to_builtins(value), _BYTES)


def _grew(old: str, new: str) -> bool:
    """A switch that is on now, or a list with all that was in it. An empty list may mean all."""
    if old in ("on", "off"):
        return new == "on"
    return old != "-" and set(old.split(",")) <= set(new.split(","))


def _fields(mark: str) -> dict[str, str]:
    return dict(field.split("=", 1) for field in mark.split(" ")[1:])
