"""Which project, person and key used which models, how often: sums, never a request.

https://platform.openai.com/docs/api-reference/usage: buckets of a day, 31 a page, joined by
``next_page``; ``group_by`` names what the sums are apart by. OpenAI states no end to what it
keeps; how far back is looked is the configuration's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from connectors.openai.admin import key_id, org_id, project_id, seconds, who_id
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Gap, Item

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
)
OPERATIONS = tuple(
    (f"/v1/organization/usage/{kind}", "usage", f"who used {kind.replace('_', ' ')}, how often")
    for kind, _ in _USE
)
KINDS = frozenset({"openai.project"})
_MOST_PAGES = 10_000
_COUNTS = ("num_model_requests", "num_sessions", "num_requests")


@dataclass
class _Sum:
    count: int = 0
    first: str = ""
    last: str = ""
    models: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)

    def add(self, kind: str, count: int, model: str, start: str, end: str) -> None:
        self.count += count
        self.first = min(filter(None, (self.first, start)), default="")
        self.last = max(self.last, end)
        self.kinds.add(kind)
        if model:
            self.models.add(model)


def used(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Projects with the models that they used, and by whom and which key. A kind of use that may
    not be read is a gap; when none may, its error is raised."""
    sums: dict[tuple[str, str, str], _Sum] = {}
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
        yield Gap(what=f"use of {kind}", reason=str(trouble), denied=isinstance(trouble, Denied))


def _buckets(
    session: ReadOnlySession, kind: str, groups: tuple[str, ...], start: int
) -> Iterator[Mapping[str, Any]]:
    path = f"/v1/organization/usage/{kind}"
    grouped = "&".join(f"group_by={group}" for group in groups)
    asked = f"{path}?start_time={start}&bucket_width=1d&limit=31&{grouped}"
    seen: set[str] = set()
    page = ""
    for _ in range(_MOST_PAGES):
        body = mapping(json_body(session.get(asked + (f"&page={quote(page)}" if page else ""))))
        if not isinstance(body.get("data"), list):
            raise Unavailable(f"GET {path}: the answer has no list `data`")
        yield from map(mapping, body["data"])
        if not body.get("has_more"):
            return
        page = text(body.get("next_page"))
        if not page or page in seen:
            raise Unavailable(f"GET {path}: the source repeats a page token")
        seen.add(page)
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def _add(sums: dict[tuple[str, str, str], _Sum], kind: str, bucket: Mapping[str, Any]) -> None:
    start, end = seconds(bucket.get("start_time")), seconds(bucket.get("end_time"))
    for one in map(mapping, items(bucket.get("results"))):
        count = next((n for c in _COUNTS if isinstance(n := one.get(c), int)), 1)
        who = (text(one.get("project_id")), text(one.get("user_id")), text(one.get("api_key_id")))
        sums.setdefault(who, _Sum()).add(kind, count, text(one.get("model")), start, end)


def _facts(sums: Mapping[tuple[str, str, str], _Sum], name: str) -> Iterator[Item]:
    wholes: dict[str, _Sum] = {}
    for (project, _, _), one in sums.items():
        whole = wholes.setdefault(project, _Sum())
        whole.count += one.count
        whole.first = min(filter(None, (whole.first, one.first)), default="")
        whole.last = max(whole.last, one.last)
        whole.models |= one.models
        whole.kinds |= one.kinds
    for project, whole in sorted(wholes.items()):
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
            evidence=(_evidence(whole, ident),),
        )
        yield _edge(ident, NodeId("provider:openai"), Relation.CALLS, whole)
    edges: dict[tuple[NodeId, NodeId, Relation], _Sum] = {}
    for (project, user, key), one in sorted(sums.items()):
        ident = _project(project, name)
        ends = [(ident, who_id(user), Relation.USED_BY)] if user else []
        ends += [(ident, key_id(key), Relation.AUTHENTICATES_WITH)] if key else []
        for end in ends:
            known = edges.setdefault(end, _Sum())
            known.count += one.count
            known.first = min(filter(None, (known.first, one.first)), default="")
            known.last = max(known.last, one.last)
            known.models |= one.models
    for (source, target, relation), one in edges.items():
        yield _edge(source, target, relation, one)


def _project(project: str, name: str) -> NodeId:
    return project_id(project) if project else NodeId(f"{org_id(name)}/no-project")


def _evidence(one: _Sum, ident: NodeId) -> Evidence:
    return Evidence(
        rule="GET /v1/organization/usage", source="openai", resource=ident,
        count=max(1, one.count), first_at=one.first, last_at=one.last,
    )  # fmt: skip


def _edge(source: NodeId, target: NodeId, relation: Relation, one: _Sum) -> Edge:
    return Edge(
        source=source, target=target, relation=relation, evidence=(_evidence(one, source),),
        detail=", ".join(sorted(one.models))[:500],
    )  # fmt: skip
