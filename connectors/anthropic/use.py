"""Which workspace and key used which models, and who works with Claude Code: sums.

https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages tells tokens by days,
31 a page, and not requests: what is counted here is days. ``.../retrieve_claude_code`` tells one
day a call, a record a person or key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from connectors.anthropic.admin import key_id, org_id, workspace_id
from connectors.anthropic.things import by_name, workspace
from scanner.kit.folding import mark_of
from scanner.kit.grouped import Grouped
from scanner.kit.http import ReadOnlySession
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_page_token
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.told import gap
from scanner.kit.usage import Sum, joined
from scanner.kit.values import items, mapping, size, stamp, text, when
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Item

MESSAGES = "/v1/organizations/usage_report/messages"
CLAUDE_CODE = "/v1/organizations/usage_report/claude_code"
OPERATIONS = (
    (MESSAGES, "usage", "which workspaces and keys used which models"),
    (CLAUDE_CODE, "usage", "who uses Claude Code, how often, with which models"),
)
KINDS = frozenset({"anthropic.workspace", "anthropic.claude_code", "anthropic.user"})
_GROUPS = ("workspace_id", "api_key_id", "model")
_TOKENS = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")


def used(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Raises the source errors."""
    start = (now - timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")
    grouped = "&".join(f"group_by[]={group}" for group in _GROUPS)
    sums: dict[tuple[str, ...], Sum] = {}
    url = f"{MESSAGES}?starting_at={start}&bucket_width=1d&limit=31&{grouped}"
    for bucket in by_page_token(session, url):
        _count(sums, bucket)
    yield from _facts(sums, name, f"GET {MESSAGES}")


def _count(sums: dict[tuple[str, ...], Sum], bucket: Mapping[str, Any]) -> None:
    first, last = stamp(bucket.get("starting_at")), stamp(bucket.get("ending_at"))
    for one in map(mapping, items(bucket.get("results"))):
        if not any(one.get(field) for field in _TOKENS):
            continue
        who = (text(one.get("workspace_id")), text(one.get("api_key_id")))
        sums.setdefault(who, Sum()).add(1, first, last, text(one.get("model")))


def _facts(sums: Mapping[tuple[str, ...], Sum], name: str, rule: str) -> Iterator[Asset | Edge]:
    for (place,), whole in joined(sums, 0).items():
        ident = workspace_id(place, name)
        evidence = whole.evidence(rule, "anthropic", ident)
        yield Asset(
            id=ident,
            kind="anthropic.workspace",
            name=place or f"{name}, default workspace",
            asset_class=AssetClass.INTEGRATION,
            provider="anthropic",
            account=org_id(name),
            models=tuple(sorted(whole.models)),
            evidence=(evidence,),
        )
        yield whole.edge(ident, NodeId("provider:anthropic"), Relation.CALLS, evidence)
    for (place, key), part in joined(sums, 0, 1).items():
        if key:  # none: the Console's own workbench
            ident = workspace_id(place, name)
            evidence = part.evidence(rule, "anthropic", ident)
            yield part.edge(ident, key_id(key), Relation.AUTHENTICATES_WITH, evidence)


# --- exported files -------------------------------------------------------------------------------

_ENDS = {"starting_at", "ending_at"}
_ROW = ("usage_date_utc", "model_version", "usage_output_tokens")
_EXPORT = "usage export"


def is_bucket(record: Mapping[str, Any]) -> bool:
    """Of the usage report; those of costs have amounts."""
    results = [mapping(one) for one in items(record.get("results"))]
    return (
        record.keys() >= _ENDS and "results" in record and not any("amount" in r for r in results)
    )


def bucket(record: Mapping[str, Any], name: str) -> Happened | None:
    """What it tells counts once, however many exports hold it."""
    at = stamp(record.get("starting_at"))
    if not at:
        return None
    results = [mapping(one) for one in items(record.get("results"))]
    sums: dict[tuple[str, ...], Sum] = {}
    _count(sums, record)
    groups = sorted(
        " ".join(text(one.get(key)) for key in (*_GROUPS, "service_tier", "context_window"))
        for one in results
    )
    ident = mark_of((at, text(record.get("ending_at")), *groups))
    return ident, at, tuple(_of_one(fact) for fact in _facts(sums, name, _EXPORT))


def _tokens(one: Mapping[str, Any]) -> Decimal:
    """By which is told what is left of a day; a result is counted, not they."""
    return Decimal(sum(size(one.get(field)) for field in _TOKENS))


GROUPED = Grouped(
    is_bucket, _GROUPS[:-1], ("model", "service_tier", "context_window"),
    ("starting_at", "ending_at"), _tokens, lambda one, _: one,
)  # fmt: skip


def _of_one(fact: Asset | Edge) -> Asset | Edge:
    """Without the models of one bucket, where others add up: the workspace has those of all."""
    return msgspec.structs.replace(fact, detail="") if isinstance(fact, Edge) else fact


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW)


def row(record: Mapping[str, Any], name: str) -> Happened | None:
    """Of the Console's CSV: a day of a model, with workspace and key by their names alone."""
    at = when(column(record, "usage_date_utc"))
    model = column(record, "model_version")
    if not at or not model:
        return None
    place, key = column(record, "workspace"), column(record, "api_key")
    kind = column(record, "usage_type"), column(record, "context_window")
    ident = mark_of(("row", at, model, place, key, *kind))
    is_idle = not any(size(value) for name, value in record.items() if "_tokens" in str(name))
    if is_idle:
        return ident, at, ()
    which, shown = by_name(place, name)
    one = Sum()
    one.add(1, at, at)
    evidence = one.evidence(_EXPORT, "anthropic", workspace_id(which, name))
    evidence = msgspec.structs.replace(evidence, path=f"key {key}" if key else "")
    thing = workspace(which, name, shown, models=(model,), evidence=(evidence,))
    call = one.edge(thing.id, NodeId("provider:anthropic"), Relation.CALLS, evidence)
    return ident, at, (thing, call)


# --- Claude Code ----------------------------------------------------------------------------------


def claude_code(session: ReadOnlySession, name: str, now: datetime, days: int) -> Iterator[Item]:
    """Who works with it. Days that may not be read are one gap; when none may, its error is
    raised."""
    sums: dict[tuple[str, ...], Sum] = {}
    errors: list[SourceError] = []
    for ago in range(days, -1, -1):
        day = (now - timedelta(days=ago)).astimezone(UTC).strftime("%Y-%m-%d")
        try:
            for record in by_page_token(session, f"{CLAUDE_CODE}?starting_at={day}&limit=1000"):
                _add(sums, record, f"{day}T00:00:00Z")
        except SourceError as error:
            errors.append(error)
            if isinstance(error, Denied):
                break  # what is refused today was refused yesterday
    if errors and not sums:
        raise errors[0]
    yield from _people(sums, name)
    if errors:
        yield gap(f"Claude Code on {len(errors)} days", errors[0])


def _add(sums: dict[tuple[str, ...], Sum], record: Mapping[str, Any], day: str) -> None:
    actor = mapping(record.get("actor"))
    who = text(actor.get("email_address")).lower(), text(actor.get("api_key_name"))
    sessions = mapping(record.get("core_metrics")).get("num_sessions")
    count = sessions if isinstance(sessions, int) and not isinstance(sessions, bool) else 1
    one = sums.setdefault(who, Sum())
    one.add(count, day, day, kind=text(record.get("terminal_type")))
    one.models |= {
        text(mapping(told).get("model")) for told in items(record.get("model_breakdown"))
    } - {""}


def _people(sums: Mapping[tuple[str, ...], Sum], name: str) -> Iterator[Item]:
    if not sums:
        return
    ident = NodeId(f"{org_id(name)}/claude-code")
    whole = Sum()
    for one in sums.values():
        whole.join(one)
    evidence = whole.evidence(f"GET {CLAUDE_CODE}", "anthropic", ident)
    yield Asset(
        id=ident,
        kind="anthropic.claude_code",
        name=f"Claude Code of {name}",
        asset_class=AssetClass.AGENT,
        provider="anthropic",
        account=org_id(name),
        models=tuple(sorted(whole.models)),
        tags={"sessions": str(whole.count), "terminals": cut(", ".join(sorted(whole.kinds)), 500),
              "users": str(len(sums))},
        evidence=(evidence,),
    )  # fmt: skip
    yield Edge(source=org_id(name), target=ident, relation=Relation.CONTAINS, evidence=(evidence,))
    yield whole.edge(ident, NodeId("provider:anthropic"), Relation.CALLS, evidence)
    for (mail, key), one in sorted(sums.items()):
        seen = one.evidence(f"GET {CLAUDE_CODE}", "anthropic", ident)
        who = NodeId(f"anthropic:person/{mail}" if mail else f"anthropic:key-name/{key}")
        yield Identity(
            id=who,
            kind="anthropic.user",
            name=mail or key or "unknown",
            email=mail,
            principal_type=PrincipalType.HUMAN if mail else PrincipalType.SERVICE,
            evidence=(seen,),
        )
        yield one.edge(ident, who, Relation.USED_BY, seen)
