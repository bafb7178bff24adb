"""Which project, person and key used which models, how often: sums, never a request.

https://platform.openai.com/docs/api-reference/usage: buckets of a day, 31 a page, joined by
``next_page``; ``group_by`` names what the sums are apart by. OpenAI states no end to what it
keeps; how far back is looked is the configuration's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from connectors.openai.admin import key_id, org_id, project_id, seconds, who_id
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of
from scanner.kit.grouped import Grouped
from scanner.kit.http import ReadOnlySession
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_page_token
from scanner.kit.told import gap
from scanner.kit.usage import Sum, joined
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Item

_BY_ALL = ("project_id", "user_id", "api_key_id", "model")
_USE = (
    ("completions", _BY_ALL),
    ("embeddings", _BY_ALL),
    ("moderations", _BY_ALL),
    ("images", _BY_ALL),
    ("audio_speeches", _BY_ALL),
    ("audio_transcriptions", _BY_ALL),
    ("vector_stores", ("project_id",)),
    ("code_interpreter_sessions", ("project_id",)),
    ("file_search_calls", ("project_id", "user_id", "api_key_id")),
    ("web_search_calls", _BY_ALL),
)
OPERATIONS = tuple(
    (f"/v1/organization/usage/{kind}", "usage", f"who used {kind.replace('_', ' ')}, how often")
    for kind, _ in _USE
)
KINDS = frozenset({"openai.project"})
_RULE = "GET /v1/organization/usage"
_COUNTS = ("num_model_requests", "num_sessions", "num_requests")


def used(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Projects with the models that they used, and by whom and which key. A kind of use that may
    not be read is a gap; when none may, its error is raised."""
    sums: dict[tuple[str, ...], Sum] = {}
    errors: list[tuple[str, SourceError]] = []
    start = int((now - timedelta(days=days)).timestamp())
    for kind, groups in _USE:
        try:
            for bucket in _buckets(session, kind, groups, start):
                _add(sums, kind, bucket)
        except SourceError as error:
            errors.append((kind, error))
    if len(errors) == len(_USE):
        raise errors[0][1]
    yield from _facts(sums, name)
    for kind, trouble in errors:
        yield gap(f"use of {kind}", trouble)


def _buckets(
    session: ReadOnlySession, kind: str, groups: tuple[str, ...], start: int
) -> Iterator[Mapping[str, Any]]:
    grouped = "&".join(f"group_by={group}" for group in groups)
    path = f"/v1/organization/usage/{kind}"
    return by_page_token(session, f"{path}?start_time={start}&bucket_width=1d&limit=31&{grouped}")


# --- exported files -------------------------------------------------------------------------------

_ENDS = ("start_time", "end_time")
_EMPTY = {*_ENDS, *(f"{one}_iso" for one in _ENDS)}
"""Columns of a row of the CSV for a time without use."""
_EXPORT = "usage export"
_APART = (*_BY_ALL, "batch", "service_tier", "object", "size", "source", "vector_store_id")
"""What results of one bucket may be apart by."""
_OF_KIND = {"output_tokens", "images", "characters", "seconds", "num_sessions", "num_requests",
            "usage_bytes"}  # fmt: skip
"""Columns that tables of one kind of use alone have: a table does not name its kind."""
_OBJECT = expression(r"organization\.usage\.([a-z_]{1,40})\.result")


def is_bucket(record: Mapping[str, Any]) -> bool:
    """A bucket of the API, or a row of the dashboard's CSV, which is one with one result; those of
    costs are not."""
    if not set(_ENDS) <= record.keys():
        return False
    is_row = bool(record.keys() & {*_COUNTS, "input_tokens"}) or record.keys() <= _EMPTY
    return "results" in record or is_row


def bucket(record: Mapping[str, Any], name: str) -> Happened | None:
    """What it tells counts once, however many exports hold it; of one that a later export tells
    with higher counts, the first holds."""
    at = seconds(record.get("start_time"))
    if not at:
        return None
    if "results" not in record:
        record = {**record, "results": [] if record.keys() <= _EMPTY else [dict(record)]}
    results = [mapping(one) for one in items(record["results"])]
    sums: dict[tuple[str, ...], Sum] = {}
    of_kind = _OBJECT.fullmatch(text(results[0].get("object"))) if results else None
    _add(sums, of_kind[1] if of_kind else "", record)
    groups = sorted(
        " ".join((*(text(one.get(group)) for group in _APART), *sorted(_OF_KIND & one.keys())))
        for one in results
    )
    ident = mark_of((text(record.get("end_time")), at, *groups))
    return ident, at, tuple(_of_one(fact) for fact in _facts(sums, name, _EXPORT))


def _reduced(one: Mapping[str, Any], rest: Decimal) -> Mapping[str, Any]:
    name = next((name for name in _COUNTS if _number(one.get(name)) is not None), _COUNTS[0])
    return {**one, name: int(rest)}


GROUPED = Grouped(
    is_bucket, _BY_ALL[:-1], ("model", "batch", "service_tier"), _ENDS,
    lambda one: next((Decimal(n) for c in _COUNTS if (n := _number(one.get(c))) is not None), None),
    _reduced,
)  # fmt: skip


def _of_one(fact: Asset | Edge) -> Asset | Edge:
    """Without what is of one bucket alone: evidence is added up, this would be the last one's."""
    if isinstance(fact, Asset):
        return msgspec.structs.replace(fact, tags={})
    return msgspec.structs.replace(fact, detail="")


def _add(sums: dict[tuple[str, ...], Sum], kind: str, bucket: Mapping[str, Any]) -> None:
    start, end = seconds(bucket.get("start_time")), seconds(bucket.get("end_time"))
    for one in map(mapping, items(bucket.get("results"))):
        count = next((n for c in _COUNTS if (n := _number(one.get(c))) is not None), 1)
        who = (text(one.get("project_id")), text(one.get("user_id")), text(one.get("api_key_id")))
        sums.setdefault(who, Sum()).add(count, start, end, text(one.get("model")), kind)


def _number(value: Any) -> int | None:
    """Of requests; a table writes `3.0`."""
    said = text(value).removesuffix(".0") if not isinstance(value, bool) else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def _facts(
    sums: Mapping[tuple[str, ...], Sum], name: str, rule: str = _RULE
) -> Iterator[Asset | Edge]:
    for (project,), whole in joined(sums, 0).items():
        ident = _project(project, name)
        yield Asset(
            id=ident,
            kind="openai.project",
            name=project or f"{name}, no project",
            asset_class=AssetClass.INTEGRATION,
            provider="openai",
            account=org_id(name),
            models=tuple(sorted(whole.models)),
            tags={"requests": str(whole.count), "used_for": ", ".join(sorted(whole.kinds))},
            evidence=(whole.evidence(rule, "openai", ident),),
        )
        yield _edge(ident, NodeId("provider:openai"), Relation.CALLS, whole, rule)
    for (project, user), one in joined(sums, 0, 1).items():
        if user:
            yield _edge(_project(project, name), who_id(user), Relation.USED_BY, one, rule)
    for (project, key), one in joined(sums, 0, 2).items():
        if key:
            yield _edge(
                _project(project, name), key_id(key), Relation.AUTHENTICATES_WITH, one, rule
            )


def _project(project: str, name: str) -> NodeId:
    return project_id(project) if project else NodeId(f"{org_id(name)}/no-project")


def _edge(source: NodeId, target: NodeId, relation: Relation, one: Sum, rule: str) -> Edge:
    return one.edge(source, target, relation, one.evidence(rule, "openai", source))
