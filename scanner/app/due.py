"""Sources with times of their own: which of them a scan reads, and how the others stand.

What is not due stands as of its last reading, completely read or not: its coverage is the new
scan's, too, so that nothing of it is gone, resolved or forgotten. What never was read, was read
under other settings or rules, or by a scan that was cut short since, is due whatever the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from scanner.app.config import LoadedConfig
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError
from scanner.store.carried import carry
from scanner.store.state import READ, SETTINGS, ScanRow, State

_DECISIVE = ("shadow_ai", "rules")
"""Of the versions of a scan: under others more may be found in what has not changed."""


@dataclass(frozen=True)
class Due:
    sources: frozenset[str]
    others: frozenset[str]
    before: ScanRow | None
    settled: Mapping[str, str]
    """Source -> under which settings it was, or is now, read."""

    @property
    def versions(self) -> dict[str, str]:
        """What a scan that is resumed must have in common."""
        told = {f"{SETTINGS}{name}": mark for name, mark in self.settled.items()}
        return {**told, READ: " ".join(sorted(self.sources))} if self.others else told

    def stand(self, state: State, scan_id: str) -> list[Coverage]:
        if self.before is None or not self.others:
            return []
        return carry(state, self.before, scan_id, self.others)


def due(
    state: State, settled: Mapping[str, str], only: Set[str], versions: Mapping[str, str]
) -> Due:
    """``settled``: source -> mark of its settings, ``only``: those whose time it is; none: all."""
    every = frozenset(settled)
    before: ScanRow | None = None
    begun: list[ScanRow] = []
    """Cut short since: the facts of what they have read are newer than the coverage of it."""
    for row in state.scans():
        before, begun = (row, []) if row.finished_at else (before, [*begun, row])
    if (
        not only
        or before is None
        or any(before.versions.get(part) != versions[part] for part in _DECISIVE)
    ):
        return Due(every, frozenset(), before, settled)
    known = {row.source for row in state.coverage(before.id)}
    others = frozenset(
        name
        for name in every - only
        if name in known
        and before.settings.get(name) == settled[name]
        and not any(row.has_read(name) for row in begun)
    )
    return Due(every - others, others, before, settled)


def crons(loaded: LoadedConfig) -> dict[str, str]:
    """Source -> when it is read. Raises ``ConfigError``."""
    found = {}
    for name, table in loaded.config.sources.items():
        cron = table.get("cron", loaded.config.schedule.cron)
        if not isinstance(cron, str):
            raise ConfigError(f'{loaded.name}: [sources.{name}] cron: give it as "15 3 * * *"')
        found[name] = cron
    return found


def check(loaded: LoadedConfig, only: Sequence[str]) -> None:
    for name in only:
        if name not in loaded.config.sources:
            known = ", ".join(sorted(loaded.config.sources)) or "none"
            raise ConfigError(f"{loaded.name}: there is no [sources.{name}]; there is {known}")
