"""One shard of the table: records -> assets, edges, bytes for the detector.

A type that may not be listed is a gap and the others go on; a record whose details are denied stays
with what its list has shown. Nothing is ever left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any, TypeAlias

from scanner.kit.tabled.batches import fill_batch
from scanner.kit.tabled.contents import contents, is_asked, text_of
from scanner.kit.tabled.edges import edge_of, edges, leads_to_listed
from scanner.kit.tabled.presence import Presence
from scanner.kit.tabled.reading import Reading, gap_of, is_usable
from scanner.kit.tabled.whole import Whole, asset_of, ident_of, name_of
from scanner.kit.tables import (
    Call,
    Child,
    Document,
    ResourceType,
    fill,
    first_text,
    holds,
    tags_of,
    values,
    with_fields,
)
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Relation
from scanner.model.items import Gap, Item

Asked: TypeAlias = Callable[[Call, Mapping[str, Any]], Iterator[Any]]
_AT_ONCE = 64
"""Records whose details are on their way at once."""


def read_types(types: tuple[ResourceType, ...], reading: Reading) -> Iterator[Item]:
    """Every record of every type. Raises when not one type could be listed.

    The first page of every list, and what belongs to each record, is asked for at once; what is
    yielded keeps the table's order."""
    types = tuple(kind for kind in types if not kind.opt_in or kind.opt_in in reading.opted)
    errors: list[tuple[ResourceType, SourceError]] = []
    reading.kept_for = frozenset(kind.under for kind in types if kind.under)
    known = {kind.kind: kind for kind in types}
    started = {kind.kind: _started(kind, reading) for kind in types if not kind.under}
    for kind in types:
        try:
            if kind.under:
                yield from _read_below(kind, known[kind.under], reading)
            else:
                yield from _read_records(kind, started[kind.kind], {}, reading)
        except (Denied, NotEnabled, Throttled, Unavailable) as error:
            errors.append((kind, _absent(kind, error)))
    yield from reading.drain()  # what a list without a record has missed
    failed = {kind.kind for kind, _ in errors}
    if failed and all(kind.kind in failed for kind in types if not kind.under):
        raise _worst(errors)
    for kind, trouble in errors:
        if not isinstance(trouble, NotEnabled):
            yield Gap(what=kind.kind, reason=str(trouble), denied=isinstance(trouble, Denied))


def try_list(kind: ResourceType, reading: Reading) -> None:
    """Raises the source errors when the type's list may not be read."""
    try:
        next(_listed(kind.list, {}, "", reading), None)
    except SourceError as error:
        raise _absent(kind, error) from error


def _absent(kind: ResourceType, error: SourceError) -> SourceError:
    """The error, or that the account does not use the service, which its words may say."""
    is_absent = any(words in str(error) for words in kind.absent)
    return NotEnabled(str(error)) if is_absent else error


def _worst(errors: list[tuple[ResourceType, SourceError]]) -> SourceError:
    """What a retry may help first, then what was refused; only all together are not enabled."""
    for family in (Throttled, Unavailable, Denied):
        for _, error in errors:
            if isinstance(error, family):
                return error
    return errors[0][1]


def _started(
    kind: ResourceType, reading: Reading, parent: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    """The list, whose first page is on its way."""
    listed = _listed(kind.list, parent or {}, "", reading)
    records = _first(kind.list, listed, reading) if kind.list.most else listed
    first = reading.pool.submit(lambda: list(islice(records, 1)))

    def following() -> Iterator[Any]:
        yield from first.result()
        yield from records

    return following()


def _first(call: Call, listed: Iterator[Any], reading: Reading) -> Iterator[Any]:
    """As many as are wanted; that there are more is told."""
    yield from islice(listed, call.most)
    if next(listed, None) is not None:
        said = f"the first {call.most} that it lists were read; there are more"
        reading.gaps.append(
            Gap(what=f"{call.op} in {reading.account}/{reading.region}", reason=said)
        )


def _listed(
    call: Call, record: Mapping[str, Any], ident: str, reading: Reading, ask: Asked | None = None
) -> Iterator[Any]:
    args = _args(call, record, ident, reading)
    for choice in product(*call.each.values()):
        asked = {**args, **dict(zip(call.each, choice, strict=True))}
        yield from (ask or reading.pages)(call, asked)


def _read_below(kind: ResourceType, above: ResourceType, reading: Reading) -> Iterator[Item]:
    """The lists of all records of the kind above, some at a time. One that may not be read is a
    gap, unless its record is proven to be gone; when none may, the kind as a whole is."""
    errors: list[SourceError] = []
    gaps: list[Gap] = []
    presence = _presence(above, reading)
    parents = [
        parent
        for parent in reading.records.get(kind.under, [])
        if all(holds(one, parent) for one in kind.asked_of)
    ]
    for bunch in _bunches(parents, _AT_ONCE):
        lists = [(parent, _started(kind, reading, parent)) for parent in bunch]
        for parent, records in lists:
            try:
                yield from _read_records(kind, records, parent, reading)
            except (Denied, NotEnabled, Throttled, Unavailable) as error:
                errors.append(error)
                ident = str(parent["parent_id"])
                if reading.is_gone(error) and presence.is_gone(*reading.origins[ident]):
                    continue
                gaps.append(gap_of(f"{kind.list.op} of {ident}", error))
    if errors and len(errors) == len(parents):
        for family in (NotEnabled, Denied):
            if all(isinstance(error, family) for error in errors):
                raise errors[0]
    yield from gaps
    yield from reading.drain()


def _presence(kind: ResourceType, reading: Reading) -> Presence:
    def ids(parent: Mapping[str, Any]) -> Iterator[str]:
        for one in _listed(kind.list, parent, "", reading, reading.afresh):
            yield ident_of(kind, _record(one, parent), reading)

    return Presence(ids, reading)


def _read_records(
    kind: ResourceType, listed: Iterator[Any], parent: Mapping[str, Any], reading: Reading
) -> Iterator[Item]:
    names = reading.names.setdefault(kind.kind, {})
    whole = (_record(one, parent) for one in listed)
    wanted = (record for record in whole if _is_wanted(kind, record, reading))
    presence = _presence(kind, reading)
    for records in _bunches(wanted, kind.batch.size if kind.batch else _AT_ONCE):
        is_told = not kind.batch or fill_batch(kind, kind.batch, records, parent, reading)
        waiting = [
            reading.pool.submit(_completed, kind, record, reading, is_told=is_told)
            for record in records
        ]
        for one in waiting:
            done = one.result()
            if done.doubts and not presence.is_gone(parent, done.listed_as):
                done.gaps += done.doubts
            reading.gaps += done.gaps
            if done.is_wanted:
                if kind.kind in reading.kept_for:
                    reading.origins[done.ident] = (parent, done.listed_as)
                names[name_of(kind, done.record, reading)] = done.ident
                reading.listed.add(done.ident)
                yield from _items(kind, done, reading)
            yield from reading.drain()


def _is_wanted(kind: ResourceType, record: Mapping[str, Any], reading: Reading) -> bool:
    """As far as the list tells."""
    if not all(holds(one, record) for one in kind.listed):
        return leads_to_listed(kind.kept_with, record, reading)
    if not kind.kept_if_used or not all(holds(one, record) for one in kind.kept_if_used):
        return True
    ident = ident_of(kind, record, reading)
    keys = (str(value) for path in kind.aliases for value in values(record, path))
    return not reading.used.isdisjoint((ident, *keys))


def _record(listed: Any, parent: Mapping[str, Any]) -> dict[str, Any]:
    """Some lists are of names alone: these are a record's ``value``."""
    record = dict(listed) if isinstance(listed, Mapping) else {"value": listed}
    return {**record, **parent}


def _completed(
    kind: ResourceType, record: dict[str, Any], reading: Reading, *, is_told: bool
) -> Whole:
    """Runs beside others. ``is_told``: details that come for many at once have come."""
    ident = ident_of(kind, record, reading)
    seen_by = kind.batch.op if kind.batch and is_told else kind.list.op
    whole = Whole(record, ident, seen_by, listed_as=ident, is_whole=is_told)
    if kind.detail:
        is_due = all(holds(one, record) for one in kind.detailed)
        found = _detail(kind.detail, whole, reading) if is_due else {}
        whole.is_whole = bool(found)
        if found:
            record.update({**found, **record} if kind.is_list_first else found)
            whole.seen_by = kind.detail.op
            whole.ident = ident = ident_of(kind, record, reading)
    # What could not be read may be of interest: absence is never guessed.
    is_unread = bool(whole.gaps or whole.doubts) or not is_told
    whole.is_wanted = is_unread or all(holds(one, record) for one in kind.where)
    if not whole.is_wanted:
        return whole
    whole.tags = _tags(kind, whole, reading)
    for child in kind.children:
        _add_children(child, whole, reading)
    for document in kind.documents:
        is_due = all(holds(one, record) for one in document.asked_of)
        if document.call and is_due and is_asked(document, reading.opted):
            _add_text(kind, document, document.call, whole, reading)
    return whole


def _items(kind: ResourceType, whole: Whole, reading: Reading) -> Iterator[Item]:
    record, ident = whole.record, whole.ident
    if not is_usable(ident):
        reason = "a record without an id that can be used; the answer is malformed"
        yield Gap(what=f"{kind.list.op} in {reading.account}/{reading.region}", reason=reason)
        return
    if kind.kind in reading.kept_for:
        reading.records.setdefault(kind.kind, []).append({"parent": record, "parent_id": ident})
    evidence = Evidence(rule=whole.seen_by, source=reading.source, resource=ident)
    yield asset_of(kind, whole, evidence, reading)
    holder = record.get("parent_id") or reading.holder
    yield edge_of(NodeId(str(holder)), NodeId(ident), Relation.CONTAINS, evidence)
    yield from edges(kind, kind.edges, record, ident, evidence, reading)
    yield from reading.tag_edges(whole.tags, ident, evidence)
    yield from contents(kind, record, ident, reading.opted)
    yield from whole.texts
    for child, found in whole.below:
        seen = Evidence(rule=(child.detail or child.list).op, source=reading.source, resource=ident)
        yield from edges(kind, child.edges, found, ident, seen, reading)


def _bunches(records: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """What came before a list broke is given before its error is."""
    bunch: list[Any] = []
    try:
        for one in records:
            bunch.append(one)
            if len(bunch) == size:
                yield bunch
                bunch = []
    except SourceError:
        if bunch:
            yield bunch
        raise
    if bunch:
        yield bunch


def _miss(whole: Whole, what: str, error: SourceError, reading: Reading) -> None:
    """A part of a record could not be read."""
    if not reading.is_gone(error):
        whole.gaps.append(gap_of(what, error))
    elif not reading.says_none:
        whole.doubts.append(gap_of(what, error))


def _detail(call: Call, whole: Whole, reading: Reading) -> dict[str, Any]:
    args = _args(call, whole.record, whole.ident, reading)
    try:
        answer = reading.call(call, args)
    except SourceError as error:  # whatever it is: it ends this record's part, never the list
        _miss(whole, whole.ident, error, reading)
        return {}
    found: Any = next(values(answer, call.items), {})
    if not isinstance(found, Mapping):
        broken = Unavailable(f"{call.op} of {whole.ident[:200]}: the answer is malformed")
        _miss(whole, whole.ident, broken, reading)
        return {}
    told = {key: value for key, value in found.items() if key != "ResponseMetadata"}
    if not told:
        whole.gaps.append(Gap(what=f"{call.op} of {whole.ident[:200]}", reason="nothing was told"))
    return told


def _tags(kind: ResourceType, whole: Whole, reading: Reading) -> dict[str, str]:
    record = whole.record
    if not kind.tags or not all(holds(one, record) for one in kind.tagged):
        return tags_of(record.get("Tags") or record.get("tags") or record.get("TagList"))
    known = reading.tags_of(whole.ident)
    if known is not None:
        return known
    args = _args(kind.tags, record, whole.ident, reading)
    try:
        if kind.tags.items.endswith("[]"):
            return tags_of(list(reading.pages(kind.tags, args)))
        answer = reading.call(kind.tags, args)
    except NotEnabled:
        return {}  # no such thing as tags there
    except SourceError as error:
        _miss(whole, f"tags of {whole.ident}", error, reading)
        return {}
    return tags_of(next(values(answer, kind.tags.items), None))


def _add_children(child: Child, whole: Whole, reading: Reading) -> None:
    call = child.list
    try:
        for listed in _listed(call, whole.record, whole.ident, reading):
            below = Whole(_record(listed, {"parent": whole.record}), whole.ident, call.op)
            if child.detail:
                below.record.update(_detail(child.detail, below, reading))
            whole.gaps += below.gaps
            whole.doubts += below.doubts
            whole.below.append((child, below.record))
    except SourceError as error:  # whatever it is: it ends this record's part, never the list
        _miss(whole, f"{call.op} of {whole.ident}", error, reading)


def _add_text(
    kind: ResourceType, document: Document, call: Call, whole: Whole, reading: Reading
) -> None:
    args = _args(call, whole.record, whole.ident, reading)
    try:
        answer = reading.call(call, args)
    except SourceError as error:  # whatever it is: it ends this record's part, never the list
        _miss(whole, f"{document.name} of {whole.ident}", error, reading)
        return
    name = first_text(whole.record, kind.name)
    for value in values(answer, document.path):
        whole.texts += text_of(document, value, name, whole.ident)


def _args(call: Call, record: Mapping[str, Any], ident: str, reading: Reading) -> dict[str, Any]:
    scope = {**reading.scope, "id": ident}
    filled = {name: fill(path, record, scope) for name, path in call.args.items()}
    return {**call.params, **with_fields(filled)}
