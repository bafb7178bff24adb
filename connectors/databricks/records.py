"""Records of a Databricks workspace -> assets, what they call and read, and who made them. Pure.

https://docs.databricks.com/api/workspace. A serving endpoint may serve models of other vendors with
a key of theirs: it names the secret that holds it, never the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, telling
from scanner.kit.values import items, mapping, text, when
from scanner.model.base import NodeId
from scanner.model.facts import (
    Asset,
    AssetClass,
    DataStore,
    Edge,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import Item

NAMES = Names(source="databricks", vendor="databricks", tenant="workspace")
OURS = "databricks"
TABLE = "databricks.table"
KINDS = ("serving_endpoint", "registered_model", "vector_index", "vector_endpoint",
         "genie_space", "app", "secret", "assistant")  # fmt: skip
_PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "cohere": "cohere", "ai21labs": "ai21",
    "amazon-bedrock": "aws_bedrock", "google-cloud-vertex-ai": "google_vertex",
    "palm": "google_gemini", "databricks-model-serving": OURS,
}  # fmt: skip
"""``external_model.provider`` -> provider."""
_SECRET = expression(r"\{\{secrets/([^/{}]{1,128})/([^/{}]{1,128})\}\}")
_MOST_MODELS = 50
_SERVICES = {
    "serverlessrealtimeinference": ("serving_endpoint", AssetClass.MODEL_ENDPOINT),
    "modelserving": ("serving_endpoint", AssetClass.MODEL_ENDPOINT),
    "aibigenie": ("genie_space", AssetClass.AGENT),
    "genie": ("genie_space", AssetClass.AGENT),
    "vectorsearch": ("vector_index", AssetClass.VECTOR_STORE),
    "databricksassistant": ("assistant", AssetClass.SAAS_APP),
    "assistant": ("assistant", AssetClass.SAAS_APP),
}  # fmt: skip
"""Service of an audited event, in lower case -> what it is about
(https://docs.databricks.com/admin/account-settings/audit-logs)."""
SERVICES = tuple(_SERVICES)
_OF_ONE = expression(r"(?i)create|update|put|delete|query|invoke|(?:genie)?(?:start|create)conv")
_PARAMS = ("requestParams", "request_params")
_ABOUT = ("name", "endpoint_name", "endpointName", "index_name", "indexName", "space_id", "spaceId")


def person(org: str, who: str) -> Identity | None:
    """A person by address; what has none is a service principal."""
    if not who:
        return None
    kind = PrincipalType.HUMAN if "@" in who else PrincipalType.SERVICE
    return NAMES.person(org, who, who if "@" in who else "", who, kind)


def _owners(org: str, *names: Any) -> list[Identity | None]:
    found = dict.fromkeys(text(name) for name in names)
    return [person(org, name) for name in found]


def table(org: str, name: str) -> DataStore:
    ident = NAMES.node(org, "table", name)
    return DataStore(
        id=ident, kind=TABLE, name=name, store_class="warehouse table", account=NAMES.org(org),
        evidence=(NAMES.evidence("source of an index", ident),),
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def is_endpoint(record: Mapping[str, Any]) -> bool:
    return "name" in record and "config" in record and "state" in record


def endpoint(record: Any, org: str, rule: str = "serving-endpoints") -> list[Item] | None:
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    served = [
        mapping(one)
        for key in ("served_entities", "served_models")
        for one in items(mapping(given.get("config")).get(key))
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
    found = list(NAMES.listed(thing, rule, _owners(org, given.get("creator"))))
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


def is_model(record: Mapping[str, Any]) -> bool:
    return "full_name" in record and "schema_name" in record and "owner" in record


def model(record: Any, org: str, rule: str = "registered models") -> list[Item] | None:
    given = mapping(record)
    name = text(given.get("full_name"))
    if not name:
        return None
    thing = NAMES.thing(
        org, "registered_model", name, name, AssetClass.MODEL,
        created_at=when(given.get("created_at")),
    )  # fmt: skip
    return list(NAMES.listed(thing, rule, _owners(org, given.get("owner"))))


def vector_endpoint(record: Any, org: str, rule: str) -> list[Item] | None:
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    thing = NAMES.thing(
        org, "vector_endpoint", name, name, AssetClass.VECTOR_STORE, provider=OURS,
        created_at=when(given.get("creation_timestamp")),
        status=text(mapping(given.get("endpoint_status")).get("state")).casefold(),
    )  # fmt: skip
    return list(NAMES.listed(thing, rule, _owners(org, given.get("creator"))))


def is_index(record: Mapping[str, Any]) -> bool:
    return "index_type" in record and "name" in record


def index(record: Any, org: str, rule: str = "vector-search indexes") -> list[Item] | None:
    """With the table that it is made of and the endpoint that embeds it, where they are told."""
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    synced = mapping(given.get("delta_sync_index_spec"))
    spec = synced or mapping(given.get("direct_access_index_spec"))
    thing = NAMES.thing(
        org, "vector_index", name, name, AssetClass.VECTOR_STORE, provider=OURS,
        tags={"index_type": text(given.get("index_type")).casefold()},
    )  # fmt: skip
    told = (NAMES.evidence(rule, thing.id),)
    found = list(NAMES.listed(thing, rule, _owners(org, given.get("creator"))))
    if source := text(synced.get("source_table")):
        store = table(org, source)
        found += [
            store,
            Edge(source=thing.id, target=store.id, relation=Relation.READS_FROM, evidence=told),
        ]
    embedders = {
        text(mapping(one).get("embedding_model_endpoint_name"))
        for one in items(spec.get("embedding_source_columns"))
    }
    served_by = {text(given.get("endpoint_name"))}
    found += _calls(thing, org, "serving_endpoint", embedders, Relation.CALLS, told)
    found += _calls(thing, org, "vector_endpoint", served_by, Relation.CONFIGURED_BY, told)
    return found


def _calls(
    thing: Asset, org: str, what: str, names: Iterable[str], relation: Relation, told: Any
) -> Iterator[Edge]:
    for name in sorted(set(names) - {""}):
        yield Edge(
            source=thing.id, target=NAMES.node(org, what, name), relation=relation, evidence=told
        )


def is_space(record: Mapping[str, Any]) -> bool:
    return "space_id" in record and "title" in record


def space(record: Any, org: str, rule: str = "genie spaces") -> list[Item] | None:
    given = mapping(record)
    ident = text(given.get("space_id"))
    if not ident:
        return None
    thing = NAMES.thing(
        org, "genie_space", ident, text(given.get("title")), AssetClass.AGENT, provider=OURS
    )
    return list(NAMES.listed(thing, rule))


def app(record: Any, org: str, rule: str) -> list[Item] | None:
    """An app that was given an endpoint, a Genie space or an index is AI; others are left."""
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    resources = [mapping(one) for one in items(given.get("resources"))]
    called = {
        what: [text(mapping(one.get(what)).get(key)) for one in resources]
        for what, key in (("serving_endpoint", "name"), ("genie_space", "space_id"))
    }
    if not any(name for some in called.values() for name in some):
        return []
    thing = NAMES.thing(
        org, "app", name, name, AssetClass.WORKLOAD, created_at=when(given.get("create_time")),
        aliases=(url,) if (url := text(given.get("url"))) else (),
    )  # fmt: skip
    told = (NAMES.evidence(rule, thing.id),)
    found = list(NAMES.listed(thing, rule, _owners(org, given.get("creator"))))
    for what, names in called.items():
        found += _calls(thing, org, what, names, Relation.CALLS, told)
    return found


# --- use ------------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"serviceName", "actionName"} <= record.keys() or (
        {"service_name", "action_name"} <= record.keys()
    )


def _kind(given: Mapping[str, Any]) -> str:
    names = (("serviceName", "service_name"), ("actionName", "action_name"))
    return ".".join(text(given.get(one)) or text(given.get(other)) for one, other in names)


def _is_known(kind: str, _: Mapping[str, Any]) -> bool:
    return kind.partition(".")[0].casefold() in _SERVICES


def _needed(kind: str, _: Mapping[str, Any]) -> str:
    """What is done with one thing names it; lists and settings of all name none."""
    if not _OF_ONE.match(kind.partition(".")[2]):
        return ""
    return "|".join(f"{params}.{one}" for one in _ABOUT for params in _PARAMS)


@telling(_kind, _is_known, _needed, NAMES)
def event(record: Any, org: str) -> Happened | None:
    """Of a delivered audit log (camel case) or a row of ``system.access.audit`` (snake case)."""
    given = mapping(record)

    def told(camel: str, snake: str) -> Any:
        return given.get(camel) if camel in given else given.get(snake)

    service, action = (
        text(told("serviceName", "service_name")),
        text(told("actionName", "action_name")),
    )
    if not service or not action:
        return None
    at = when(told("timestamp", "event_time"))
    ident = text(told("requestId", "request_id")) or mark_of((at, whole(given)))
    params = mapping(told("requestParams", "request_params"))
    about = next((shown for key in _ABOUT if (shown := text(params.get(key)))), "")
    who = person(org, text(mapping(told("userIdentity", "user_identity")).get("email")))
    answer = mapping(given.get("response"))
    code = answer.get("statusCode") or answer.get("status_code")
    has_failed = isinstance(code, int) and code >= 400
    one = used(org, service, action, about, who, has_failed, first_at=at, last_at=at)
    return ident, at, (one,) if one else ()


def used(
    org: str, service: str, action: str, about: str, who: Identity | None, has_failed: bool,
    **more: Any,
) -> Any:  # fmt: skip
    """None where it is about no AI."""
    found = _SERVICES.get(service.casefold())
    if found is None:
        return None
    what, asset_class = found
    if not about and what != "assistant":
        return None
    name = about or "Databricks Assistant"
    thing = NAMES.thing(org, what, about or "assistant", name, asset_class, provider=OURS)
    plain = action.casefold()
    relation = "created_by" if plain.startswith("create") else "used_by"
    if has_failed or plain.startswith("delete"):
        relation = ""
    rule = f"{service}.{action}" + (" (failed)" if has_failed else "")
    return NAMES.used(thing, rule, relation, actor=who, **more)
