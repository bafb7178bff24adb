"""How completely everything was read: this process, the one it resumes, and the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.reconcile.inventory import Reading
from scanner.store.state import OpenScan, State


def whole_coverage(
    state: State, opened: OpenScan, fresh: Sequence[Coverage], reading: Reading
) -> list[Coverage]:
    """What this process read, what an interrupted one had read before it, and the registry."""
    rows = {row.shard: row for row in fresh}
    if opened.done:
        for row in state.coverage(opened.id):
            if row.shard in opened.done:
                rows.setdefault(row.shard, row)
    if reading.unread or reading.files:
        registry = _registry_coverage(reading)
        rows[registry.shard] = registry
    return [rows[shard] for shard in sorted(rows)]


def _registry_coverage(reading: Reading) -> Coverage:
    shard = ShardId("registry:files")
    if reading.unread:
        return Coverage(
            shard=shard, source="registry", status=Outcome.FAILED, reason=reading.unread
        )
    if reading.problems:
        return Coverage(
            shard=shard, source="registry", status=Outcome.PARTIAL, records=len(reading.entries),
            reason=f"{len(reading.problems)} rows refused; the first: {reading.problems[0]}",
            gaps=tuple(reading.problems[:50]),
        )  # fmt: skip
    return Coverage(
        shard=shard, source="registry", status=Outcome.COMPLETE, records=len(reading.entries)
    )


def gone(
    state: State, coverage: Sequence[Coverage], settings: Mapping[str, str] = {}
) -> frozenset[ShardId]:
    """Shards that a listing used to name, which is now complete and names them no more; and those
    that such a shard used to name itself (the regions of an account that is closed). ``settings``:
    source -> digest of what the configuration says of it: where that was another when the shard was
    read, the listing may be complete because less is asked for, and nothing is proven."""
    now = {row.shard for row in coverage}
    complete = {row.shard for row in coverage if row.status is Outcome.COMPLETE}
    missing = state.shards() - now
    earlier: dict[ShardId, str] = {}
    for scan_row in reversed([row for row in state.scans() if row.finished_at]):
        if not missing - earlier.keys():
            break
        for row in state.coverage(scan_row.id):
            if row.shard in missing:
                before = scan_row.settings.get(row.source, "")
                is_same = before in ("", settings.get(row.source, before))
                earlier.setdefault(row.shard, row.listed_by if is_same else "")
    gone: set[ShardId] = set()
    while True:
        more = {
            shard
            for shard, listing in earlier.items()
            if listing and (listing in complete or listing in gone) and shard not in gone
        }
        if not more:
            return frozenset(gone)
        gone |= more
