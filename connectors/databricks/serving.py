"""Serving endpoints, by the list of them and by the events that make and change them. Pure.

An endpoint may serve models of other vendors with a key of theirs: it names the secret that holds
it, never the key (https://docs.databricks.com/api/workspace/servingendpoints).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.databricks.names import NAMES, OURS, owners
from scanner.kit.expressions import expression
from scanner.kit.values import items, mapping, text, when
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Fact, Relation
from scanner.model.items import Activity, Item

_PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "cohere": "cohere", "ai21labs": "ai21",
    "amazon-bedrock": "aws_bedrock", "google-cloud-vertex-ai": "google_vertex",
    "palm": "google_gemini", "databricks-model-serving": OURS,
}  # fmt: skip
"""``external_model.provider`` -> provider."""
_SECRET = expression(r"\{\{secrets/([^/{}]{1,128})/([^/{}]{1,128})\}\}")
_MOST_MODELS = 50
KIND = "databricks.serving_endpoint"
_SERVED = ("served_entities", "served_models")


def is_endpoint(record: Mapping[str, Any]) -> bool:
    return "name" in record and "config" in record and "state" in record


def endpoint(record: Any, org: str, rule: str = "serving-endpoints") -> list[Item] | None:
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    served = [
        mapping(one) for key in _SERVED for one in items(mapping(given.get("config")).get(key))
    ]
    outside = [mapping(one.get("external_model")) for one in served]
    providers = list(dict.fromkeys(_provider(one) for one in outside if one))
    models = sorted({shown for one in served if (shown := _model(one))})[:_MOST_MODELS]
    status = text(mapping(given.get("state")).get("ready")).casefold()
    tags = {text(mapping(t).get("key")): text(mapping(t).get("value"))
            for t in items(given.get("tags"))}  # fmt: skip
    thing = NAMES.thing(
        org, "serving_endpoint", name, name, AssetClass.MODEL_ENDPOINT,
        provider=next(filter(None, providers), OURS), models=tuple(models),
        created_at=when(given.get("creation_timestamp")), status=status.replace("_", " "),
        tags={key: value for key, value in tags.items() if key},
    )  # fmt: skip
    told = (NAMES.evidence(rule, thing.id),)
    found = list(NAMES.listed(thing, rule, owners(org, given.get("creator"))))
    for other in filter(None, providers[1:]):
        provider = NodeId(f"provider:{other}")
        found.append(Edge(source=thing.id, target=provider, relation=Relation.CALLS, evidence=told))
    for one in served:
        if entity := text(one.get("entity_name")) or text(one.get("model_name")):
            target = NAMES.node(org, "registered_model", entity)
            if "." in entity and not entity.startswith("system."):
                found.append(
                    Edge(source=thing.id, target=target, relation=Relation.SERVES, evidence=told)
                )
    for scope, key in sorted({place for one in outside for place in _secrets(one, 3)}):
        slot = NAMES.thing(
            org, "secret", f"{scope}/{key}", f"{scope}/{key}", AssetClass.SECRET_SLOT, is_ai=False
        )
        found += NAMES.listed(slot, rule)
        found.append(
            Edge(source=thing.id, target=slot.id, relation=Relation.AUTHENTICATES_WITH,
                 evidence=told)
        )  # fmt: skip
    return found


def _provider(external: Mapping[str, Any]) -> str:
    return _PROVIDERS.get(text(external.get("provider")).casefold(), "")


def _model(served: Mapping[str, Any]) -> str:
    external, base = mapping(served.get("external_model")), mapping(served.get("foundation_model"))
    return (
        text(external.get("name")) or text(base.get("name")) or text(served.get("entity_name"))
        or text(served.get("model_name"))
    )  # fmt: skip


def _secrets(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield from _SECRET.findall(value[:1000])
    for inner in mapping(value).values() if depth else ():
        yield from _secrets(inner, depth - 1)


# --- as events tell of them -----------------------------------------------------------------------


def used_endpoint(org: str, name: str, models: tuple[str, ...] = ()) -> Asset:
    """One of which an event tells no more than that it is used: another vendor may serve behind
    it, and whoever says which is not to be overruled."""
    return NAMES.thing(
        org, "serving_endpoint", name, name, AssetClass.MODEL_ENDPOINT, models=models
    )


def through(one: Activity) -> list[Activity | Fact]:
    """The use of an endpoint, and that Databricks is called by it, whatever it serves."""
    thing = one.thing
    if thing is None or thing.kind != KIND or not one.relation:
        return [one]
    told = NAMES.evidence(one.rule, thing.id, first_at=one.first_at, last_at=one.last_at)
    target = NodeId(f"provider:{OURS}")
    call = Edge(source=thing.id, target=target, relation=Relation.CALLS, evidence=(told,))
    return [one, call]


def configured(
    name: str, params: Mapping[str, Any], org: str, told: Evidence
) -> tuple[Asset, list[Fact]] | None:
    """An endpoint by what an event has made it of, and what it calls, serves and authenticates
    with; None where the event says nothing of that. ``told``: of the event."""
    config = mapping(_sent(params.get("config"))) or params
    served = {key: found for key in _SERVED if (found := items(_sent(config.get(key))))}
    listed = endpoint({"name": name, "config": served}, org, told.rule) if served else None
    if not listed or not isinstance(thing := listed[0], Asset):
        return None
    whole = (Relation.CONTAINS, thing.id), (Relation.CALLS, f"provider:{thing.provider}")
    facts: list[Fact] = [
        msgspec.structs.replace(one, evidence=(told,))
        for one in listed[1:]
        if isinstance(one, Asset)
        or (isinstance(one, Edge) and (one.relation, one.target) not in whole)
    ]
    return msgspec.structs.replace(thing, evidence=()), facts


def _sent(value: Any) -> Any:
    """A parameter may be the text of what was sent."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
