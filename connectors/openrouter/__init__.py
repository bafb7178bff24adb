"""OpenRouter: an organization's API keys, and which models are called through it.

https://openrouter.ai/docs/guides/overview/auth/management-api-keys. Of a key its label shows a few
characters; what identifies it there is kept as a digest. Activity is told by model, for 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    each,
    read,
    session,
    told_once,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.folding import mark_of, whole
from scanner.kit.money import charged
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_number, whole_list
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.told import hint
from scanner.kit.values import mapping, text, when
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Relation
from scanner.model.items import Item

NAMES = Names(source="openrouter", vendor="openrouter", tenant="organization")
GATEWAY, KEY = "openrouter.gateway", "openrouter.api_key"
Part = Literal["keys", "use"]
KEYS = read("/api/v1/keys", "management API key", "API keys, whether they are used")
ACTIVITY = read("/api/v1/activity", "management API key", "requests by day, model and host")
_PAGE = 100
_MOST_TEXT = 120


class OpenRouterConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization or account, or files exported from one."""

    token_env: str = "OPENROUTER_MANAGEMENT_KEY"  # noqa: S105 - the variable's name
    """Environment variable with a management API key."""
    url: str = "https://openrouter.ai"
    parts: tuple[Part, ...] = ("keys", "use")


def _access(ctx: Context[OpenRouterConfig]) -> Any:
    return session(ctx, (KEYS, ACTIVITY), bearer(ctx, hint=" to a management API key"))


def gateway(org: str, models: tuple[str, ...] = ()) -> Asset:
    return Asset(
        id=NAMES.node(org, "gateway", "openrouter"), kind=GATEWAY, name=f"OpenRouter of {org}",
        asset_class=AssetClass.MODEL_ENDPOINT, provider="openrouter", account=NAMES.org(org),
        models=models,
    )  # fmt: skip


def is_key(record: Mapping[str, Any]) -> bool:
    return {"hash", "label"} <= record.keys()


def key(record: Any, org: str) -> list[Item] | None:
    """A key with what its label shows of it; whose it is OpenRouter does not tell."""
    given = mapping(record)
    mark = text(given.get("hash"))
    if not mark:
        return None
    ident = NAMES.node(org, "key", mark_of((mark,)))
    shown = text(given.get("label"))
    told = (NAMES.evidence(KEYS.id, ident),)
    status = "disabled" if given.get("disabled") is True else "active"
    usage = given.get("usage")
    tags = {"status": status, "expires_at": when(given.get("expires_at")),
            "usage": text(usage) if isinstance(usage, (int, float)) else ""}  # fmt: skip
    thing = gateway(org)
    return [
        Credential(
            id=ident, kind=KEY,
            name=f"OpenRouter key {cut(text(given.get('name')), _MOST_TEXT)}".strip(),
            issuer="openrouter", fingerprint="",
            hint=hint(shown) if shown.startswith("sk-or-") and "." in shown else "",
            created_at=when(given.get("created_at")),
            tags={name: value for name, value in tags.items() if value}, evidence=told,
        ),
        *NAMES.listed(thing, KEYS.id),
        Edge(source=thing.id, target=ident, relation=Relation.AUTHENTICATES_WITH, evidence=told),
    ]  # fmt: skip


def keys(reading: Reading) -> Iterator[Item]:
    found = by_number(
        reading.access, "/api/v1/keys", {"include_disabled": "true"}, items="data", param="offset",
        size=_PAGE, first=0, step=_PAGE,
    )  # fmt: skip
    yield from each(found, key, reading.org, KEYS.id)


def is_activity(record: Mapping[str, Any]) -> bool:
    return {"date", "model", "requests"} <= record.keys()


def activity(record: Any, org: str) -> Happened | None:
    """A day of one model, which is told once: by whom it does not tell."""
    given = mapping(record)
    model, at = cut(text(given.get("model")), _MOST_TEXT), when(given.get("date"))
    count = given.get("requests")
    if not model or not at or isinstance(count, bool) or not isinstance(count, int):
        return None
    where = cut(text(given.get("provider_name")), _MOST_TEXT)
    one = NAMES.used(
        gateway(org, (model,)), "activity", count=max(1, count), first_at=at, last_at=at,
        where=f"{model} by {where}" if where else model, costs=charged(given.get("usage"), "USD"),
    )  # fmt: skip
    # What it is of is said in words (model, provider, endpoint), how much in numbers.
    words = (f"{key} {said}" for key, said in sorted(given.items()) if isinstance(said, str))
    return mark_of(words), at, (one,)


def use(reading: Reading) -> Iterator[Item]:
    found = whole_list(reading.access, ACTIVITY, items="data")
    yield from told_once(found, activity, reading, ACTIVITY.id)


# --- the console's table --------------------------------------------------------------------------


def is_row(record: Mapping[str, Any]) -> bool:
    """Of the CSV that the page of activity exports, a row a request: generation_id, created_at,
    cost_total, tokens_prompt, model_permaslug, provider_name, app_name, api_key_name and others.
    https://openrouter.ai/docs/cookbook/administration/activity-export names no columns; programs
    that read it do."""
    return has_columns(record, ("created_at", "model_permaslug", "cost_total"))


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """One request; by which key and application stands beside the model."""
    at, model = when(column(record, "created_at")), cut(column(record, "model_permaslug"), 120)
    if not at or not model:
        return None
    host, key_name, app = (
        cut(column(record, name), _MOST_TEXT) for name in ("provider_name", "api_key_name",
                                                           "app_name")
    )  # fmt: skip
    ways = (("by", host), ("key", key_name), ("from", app))
    one = NAMES.used(
        gateway(org, (model,)), "activity export", first_at=at, last_at=at,
        where=" ".join((model, *(f"{word} {said}" for word, said in ways if said))),
        costs=charged(column(record, "cost_total"), "USD"),
    )  # fmt: skip
    ident = column(record, "generation_id")
    return ident or mark_of((at, whole(record))), at, (one,)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="openrouter",
        title="OpenRouter keys and use by model",
        config=OpenRouterConfig,
        operations=(KEYS, ACTIVITY),
        yields=NAMES.kinds | {GATEWAY, KEY},
        docs_url="https://openrouter.ai/docs/api-reference/overview",
        exports=("the activity page's CSV, a row a request",),
        rates={"default": 5.0},
    ),
    names=NAMES,
    parts=(Listed("keys", KEYS, keys), Listed("use", ACTIVITY, use, counts=True)),
    kinds=(Kind(is_key, key), Kind(is_activity, activity), Kind(is_row, row)),
    access=_access,
    expected="keys or days of activity",
)
