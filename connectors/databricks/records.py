"""Records of a Databricks workspace -> assets, what they call and read, and who made them. Pure.

https://docs.databricks.com/api/workspace
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from connectors.databricks import serving
from connectors.databricks.names import NAMES, OURS, owners, person
from scanner.kit.expressions import expression
from scanner.kit.folding import FAILED, mark_of, whole
from scanner.kit.overlooked import Happened, telling
from scanner.kit.values import items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import (
    Asset,
    AssetClass,
    DataStore,
    Edge,
    Identity,
    Relation,
)
from scanner.model.items import Activity, Item

TABLE = "databricks.table"
KINDS = ("serving_endpoint", "registered_model", "vector_index", "vector_endpoint",
         "genie_space", "app", "secret", "assistant")  # fmt: skip
_SERVICES = {
    "serverlessrealtimeinference": ("serving_endpoint", AssetClass.MODEL_ENDPOINT),
    "modelserving": ("serving_endpoint", AssetClass.MODEL_ENDPOINT),
    "aibigenie": ("genie_space", AssetClass.AGENT),
    "vectorsearch": ("vector_index", AssetClass.VECTOR_STORE),
    "databricksassistant": ("assistant", AssetClass.SAAS_APP),
    "assistant": ("assistant", AssetClass.SAAS_APP),
}  # fmt: skip
"""Service of an audited event, in lower case -> what it is about
(https://docs.databricks.com/admin/account-settings/audit-logs)."""
_SUPPORT = "genie"
"""No Genie, but what Databricks' own support does in a workspace."""
SERVICES = tuple(_SERVICES)
_OF_ONE = expression(r"(?i)create|update|put|delete|query|invoke|(?:genie)?(?:start|create)conv")
_MODEL_DELETED = "deleteregisteredmodel"
_MODEL_ACTIONS = {
    "createregisteredmodel": "created_by", "createmodelversion": "used_by",
    "finalizemodelversion": "used_by", "transitionmodelversionstage": "used_by",
    "updateregisteredmodel": "used_by", _MODEL_DELETED: "",
}  # fmt: skip
"""What is done with a registered model -> what it makes of whoever does it."""
_REGISTRIES = ("unitycatalog", "modelregistry")
_MADE = expression(r"(?:genie)?(?:create|clone)[a-z]*(?:space|endpoint|index)")
"""Actions that make the thing itself; conversations, messages and comments are made in it."""
_UNMADE = expression(
    r"(?:genie)?(?:delete|trash)(?:genie|serving|vectorsearch|vector)?(?:space|endpoint|index)"
)
"""Actions that delete the thing itself; data, conversations and limits are deleted in it."""
_PARAMS = ("requestParams", "request_params")
_ABOUT = ("name", "endpoint_name", "endpointName", "index_name", "indexName", "space_id", "spaceId")
_MODEL_NAMES = ("full_name_arg", "full_name", "model_name", "name")


def table(org: str, name: str) -> DataStore:
    ident = NAMES.node(org, "table", name)
    return DataStore(
        id=ident, kind=TABLE, name=name, store_class="warehouse table", account=NAMES.org(org),
        evidence=(NAMES.evidence("source of an index", ident),),
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


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
    return list(NAMES.listed(thing, rule, owners(org, given.get("owner"))))


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
    return list(NAMES.listed(thing, rule, owners(org, given.get("creator"))))


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
    found = list(NAMES.listed(thing, rule, owners(org, given.get("creator"))))
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
    found = list(NAMES.listed(thing, rule, owners(org, given.get("creator"))))
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
    service, _dot, action = kind.casefold().partition(".")
    return service in (*_SERVICES, _SUPPORT) or (
        service in _REGISTRIES and action in _MODEL_ACTIONS
    )


def _needed(kind: str, _: Mapping[str, Any]) -> str:
    """What is done with one thing names it; lists and settings of all name none."""
    service, _dot, action = kind.partition(".")
    if service.casefold() in _REGISTRIES:
        return "|".join(f"{params}.{one}" for one in _MODEL_NAMES for params in _PARAMS)
    if service.casefold() == _SUPPORT or not _OF_ONE.match(action):
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
    times = {"first_at": at, "last_at": at}
    if service.casefold() in _REGISTRIES:
        one = _model_used(org, service, action, params, who, has_failed, **times)
    else:
        one = used(org, service, action, about, who, has_failed, **times)
    if one is None:
        return ident, at, ()
    found = None
    if one.relation and one.thing is not None and one.thing.kind == serving.KIND:
        seen = NAMES.evidence(one.rule, one.app_id, **times)
        found = serving.configured(about, params, org, seen)
    if found is None:
        return ident, at, tuple(serving.through(one))
    return ident, at, (msgspec.structs.replace(one, thing=found[0]), *found[1])


def _model_used(
    org: str, service: str, action: str, params: Mapping[str, Any], who: Identity | None,
    has_failed: bool, **times: str,
) -> Activity | None:  # fmt: skip
    """One of the catalog by its full name, one of a workspace's own registry by its name."""
    relation = _MODEL_ACTIONS.get(action.casefold())
    own = text(params.get("model_name")) or text(params.get("name"))
    name = text(params.get("full_name_arg")) or text(params.get("full_name"))
    if own and not name:
        places = (text(params.get(key)) for key in ("catalog_name", "schema_name"))
        name = ".".join(filter(None, (*places, own)))
    if relation is None or not name:
        return None
    thing = NAMES.thing(org, "registered_model", name, name, AssetClass.MODEL)
    rule = f"{service}.{action}" + (FAILED if has_failed else "")
    ends = Ends.GONE if action.casefold() == _MODEL_DELETED else Ends.NOTHING
    relation = "" if has_failed else relation
    return NAMES.used(thing, rule, relation, actor=who, ends=ends, **times)


def used(
    org: str, service: str, action: str, about: str, who: Identity | None, has_failed: bool,
    **more: Any,
) -> Activity | None:  # fmt: skip
    """None where it is about no AI."""
    found = _SERVICES.get(service.casefold())
    if found is None:
        return None
    what, asset_class = found
    if not about and what != "assistant":
        return None
    name = about or "Databricks Assistant"
    if what == "serving_endpoint":
        thing = serving.used_endpoint(org, about)
    else:
        thing = NAMES.thing(org, what, about or "assistant", name, asset_class, provider=OURS)
    plain = action.casefold()
    relation = "created_by" if _MADE.fullmatch(plain) else "used_by"
    if has_failed or plain.startswith(("delete", "trash")):
        relation = ""
    rule = f"{service}.{action}" + (FAILED if has_failed else "")
    ends = Ends.GONE if _UNMADE.fullmatch(plain) else Ends.NOTHING
    return NAMES.used(thing, rule, relation, actor=who, ends=ends, **more)
