"""How completely everything was read: this process, the one it resumes, and the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from scanner.app.asking import asks_no_less
from scanner.kit.contract import Counts
from scanner.kit.git.tree import EXCLUDED
from scanner.kit.left_out import covers
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
    state: State,
    coverage: Sequence[Coverage],
    settings: Mapping[str, str] = {},
    counts: Mapping[str, Mapping[str, Counts]] = {},
) -> frozenset[ShardId]:
    """Shards that a listing used to name, which is now complete and names them no more; those that
    such a shard used to name itself (the regions of an account that is closed); and parts of what
    was read as a whole. ``settings``: source -> mark of what the configuration says of it: where it
    asked for more when the shard was read, the listing may be complete because less is asked for,
    and nothing is proven. ``counts``: source -> what its connector says of its fields."""
    now = {row.shard: row.source for row in coverage}
    complete = {row.shard for row in coverage if row.status is Outcome.COMPLETE}
    missing = state.shards() - now.keys()
    earlier: dict[ShardId, str] = {}
    for scan_row in reversed([row for row in state.scans() if row.finished_at]):
        if not missing - earlier.keys():
            break
        for row in state.coverage(scan_row.id):
            if row.shard in missing:
                before = scan_row.settings.get(row.source, "")
                # The table may have been renamed: what counts is who listed it now.
                source = now.get(ShardId(row.listed_by), row.source)
                is_same = asks_no_less(before, settings.get(source, ""), counts.get(source, {}))
                earlier.setdefault(row.shard, row.listed_by if is_same else "")
    gone = set(_read_as_a_whole(state, missing, coverage))
    while True:
        more = {
            shard
            for shard, listing in earlier.items()
            if listing and (listing in complete or listing in gone) and shard not in gone
        }
        if not more:
            return frozenset(gone)
        gone |= more


def _read_as_a_whole(
    state: State, missing: Set[ShardId], coverage: Sequence[Coverage]
) -> Iterator[ShardId]:
    """Of ``missing``, those that show a part of what was read to its end now, but for what its
    filters keep from being looked at there."""
    wholes = [
        (*row.whole_of.partition("{path}")[::2], row)
        for row in coverage
        if "{path}" in row.whole_of and row.status is Outcome.COMPLETE
    ]
    for part in sorted(missing) if wholes else ():
        for start, end, row in wholes:
            if not (part.startswith(start) and part.endswith(end)):
                continue
            path = part[len(start) : len(part) - len(end)]
            if path and not _is_kept_from(state, part, path, row.left_out):
                yield part
                break


def _is_kept_from(state: State, part: ShardId, path: str, globs: tuple[str, ...]) -> bool:
    """Whether what is read as a whole passes over some of what the part showed, whose evidence is
    named from the part's own folder or from the whole's."""
    if not EXCLUDED.isdisjoint(path.split("/")):
        return True
    return any(
        covers(globs, item.path) or covers(globs, f"{path}/{item.path}")
        for _, fact, _ in (state.facts(frozenset({part})) if globs else ())
        for item in fact.evidence
    )
