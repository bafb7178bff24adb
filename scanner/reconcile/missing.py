"""Whether "it is not there" may be said of what an entry binds.

Owns when coverage proves it: the connectors say of which ids they list every one, and in which
shards; those were read to their end, and, where the id leaves open where it lies, so was what lists
them. Of anything else absence is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from scanner.model.coverage import Coverage, Sight
from scanner.model.registry import BindingType, RegistryEntry
from scanner.reconcile.keys import canonical

_NOWHERE = (BindingType.PATTERN, BindingType.TAG)


@dataclass(frozen=True)
class Seen:
    """What of one scan proves absence."""

    coverage: Sequence[Coverage]
    ask: Callable[[], Iterable[Sight]]
    """What the connectors list; asked only where an entry was not found."""

    @cached_property
    def _sights(self) -> list[tuple[re.Pattern[str], Sight]]:
        return [(re.compile(one.ids, re.IGNORECASE), one) for one in self.ask()]

    @cached_property
    def _rows(self) -> dict[str, Coverage]:
        return {row.shard: row for row in self.coverage}

    def why_not(self, entry: RegistryEntry) -> tuple[str, str]:
        """Why absence may not be said, or nothing; and since when nobody has looked, where an
        earlier scan did."""
        placed = [binding for binding in entry.bindings if binding.type not in _NOWHERE]
        if not placed:
            return "the entry has no exact binding that says where to look", ""
        times = []
        for binding in placed:
            unread, at = self._unread(canonical(binding.type, binding.value), binding.value)
            if unread:
                return unread, ""
            times.append(at)
        return "", _oldest(times)

    def _unread(self, key: str, shown: str) -> tuple[str, str]:
        fitting = [(m, one) for ids, one in self._sights if (m := ids.fullmatch(key))]
        if not fitting:
            return f"no connector lists every thing of the kind of {shown}", ""
        for found, sight in fitting:
            said = [self._of(found, template, shown) for template in sight.shards]
            if not any(why for why, _ in said):
                return "", _oldest(at for _, at in said)
        return next(why for why, _ in said if why), ""

    def _of(self, found: re.Match[str], template: str, shown: str) -> tuple[str, str]:
        groups = found.groupdict()
        names = re.findall(r"\{(\w+)\}", template)
        is_open = not all(groups.get(name) for name in names)
        wanted = re.escape(template)
        for name in names:
            value = groups.get(name)
            hole = re.escape(f"{{{name}}}")
            wanted = wanted.replace(hole, re.escape(value) if value else "[^/]+")
        form = re.compile(wanted, re.IGNORECASE)
        rows = [row for row in self.coverage if form.fullmatch(row.shard)]
        if not rows:
            return f"no shard of this scan covers {shown}", ""
        if is_open:
            listings = [self._rows.get(row.listed_by) for row in rows if row.listed_by]
            if not listings or None in listings:
                return f"nothing says where all {shown} could lie", ""
            rows += [row for row in listings if row is not None]
        unread = next((row for row in rows if not row.status.proves_absence), None)
        if unread:
            return f"{unread.shard} was not read completely ({unread.status})", ""
        return "", _oldest(row.read_at for row in rows)


def _oldest(times: Iterable[str]) -> str:
    return min(filter(None, times), default="")
