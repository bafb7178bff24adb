"""Rows of Snowflake -> assets, use, and the tables that models have read. Pure.

Rows come as mappings by the name of the column in lower case: a query's, or those of an exported
table. Text of prompts is in no view that is asked, and of the statements of a file nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.snowflake.sql import calls
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened
from scanner.kit.text import cut
from scanner.kit.values import text, when
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
from scanner.model.items import Content, Item, Place

NAMES = Names(source="snowflake", vendor="snowflake", tenant="account")
PROVIDER = "snowflake_cortex"
TABLE = "snowflake.table"
KINDS = ("cortex", "search_service", "agent", "model", "function")
Row = Mapping[str, Any]
_MOST_CODE = 1 << 20
_MAKERS = (
    ("claude", "anthropic"), ("openai", "openai"), ("gpt", "openai"), ("mistral", "mistral"),
    ("mixtral", "mistral"), ("llama", "meta_llama"), ("deepseek", "deepseek"),
    ("gemini", "google_gemini"), ("reka", "reka"), ("jamba", "ai21"),
)  # fmt: skip
"""Words of a model's name -> who made it; Snowflake runs it."""


_ROLES = frozenset({"CORTEX_USER", "CORTEX_EMBED_USER", "CORTEX_AGENT_USER", "COPILOT_USER"})


def user_id(org: str, name: str) -> NodeId:
    return NAMES.node(org, "user", name)


def person(org: str, name: str) -> Identity | None:
    return NAMES.person(org, name, name if "@" in name else "", name)


def _owner(org: str, role: str) -> Identity | None:
    """What owns an object is a role."""
    if not role:
        return None
    return Identity(
        id=NAMES.node(org, "role", role), kind=NAMES.user_kind, name=role,
        principal_type=PrincipalType.GROUP,
    )  # fmt: skip


def cortex(org: str, model: str = "") -> Asset:
    """A model that Cortex serves, or Cortex itself."""
    name = f"Cortex {model}" if model else f"Snowflake Cortex of {org}"
    maker = next((one for word, one in _MAKERS if word in model.casefold()), "")
    return NAMES.thing(
        org, "cortex", model or "cortex", name, AssetClass.MODEL_ENDPOINT, provider=PROVIDER,
        models=(model,) if model else (), tags={"maker": maker} if maker else {},
    )  # fmt: skip


def _full(row: Row, *names: str) -> str:
    return ".".join(filter(None, (text(row.get(name)) for name in names)))


def _shown(what: str, asset_class: AssetClass) -> Any:
    def told(row: Row, org: str, rule: str) -> list[Item] | None:
        name = text(row.get("name"))
        if not name:
            return None
        full = _full(row, "database_name", "schema_name", "name")
        model = text(row.get("embedding_model"))
        comment = cut(text(row.get("comment")), 200)
        thing = NAMES.thing(
            org, what, full, full, asset_class,
            provider="" if what == "model" else PROVIDER, models=(model,) if model else (),
            created_at=when(row.get("created_on")), tags={"comment": comment} if comment else {},
        )  # fmt: skip
        return list(NAMES.listed(thing, rule, [_owner(org, text(row.get("owner")))]))

    return told


search = _shown("search_service", AssetClass.VECTOR_STORE)
agent = _shown("agent", AssetClass.AGENT)
model = _shown("model", AssetClass.MODEL)


def function(row: Row, org: str, rule: str) -> list[Item] | None:
    """A function that may reach out of Snowflake: its text says where to, which the detector reads;
    by itself it is no AI."""
    name = _full(row, "function_catalog", "function_schema", "function_name")
    if not text(row.get("function_name")):
        return None
    told = {
        "language": text(row.get("function_language")).casefold(),
        "api_integration": text(row.get("api_integration")),
        "external_access": text(row.get("external_access_integrations")),
        "secrets": text(row.get("secrets")),
    }
    thing = NAMES.thing(
        org, "function", name, name, AssetClass.WORKLOAD, is_ai=False,
        created_at=when(row.get("created")),
        tags={key: value for key, value in told.items() if value},
    )  # fmt: skip
    found = list(NAMES.listed(thing, rule, [_owner(org, text(row.get("function_owner")))]))
    code = text(row.get("function_definition"))
    if code:
        ending = {"python": "py", "javascript": "js", "java": "java", "scala": "scala"}
        path = f"{name}.{ending.get(told['language'], 'txt')}"
        place = Place(subject=thing.id, resource=thing.id, path=path)
        found.append(Content(place=place, data=code.encode()[:_MOST_CODE]))
    return found


def function_use(row: Row, org: str, rule: str) -> list[Item] | None:
    used = text(row.get("function_name"))
    if not used:
        return None
    return [
        NAMES.used(
            cortex(org, text(row.get("model_name"))), f"cortex.{used.casefold()}",
            actor=person(org, text(row.get("user_name"))), count=count_of(row),
            **times_of(row),
        )
    ]  # fmt: skip


def query(row: Row, org: str, rule: str) -> Happened | None:
    """A statement that was run: which of Cortex's functions it calls, with which model. Of what it
    asks nothing is kept. Who makes a function that calls one has made a thing that is AI, and has
    not called it."""
    if not text(row.get("query_text")):
        return None
    at = when(row.get("start_time"))
    ident = text(row.get("query_id")) or mark_of((at, whole(row)))
    who = person(org, text(row.get("user_name")))
    is_done = text(row.get("execution_status")).upper() in ("SUCCESS", "")
    called, defined, made = calls(text(row["query_text"]))
    told = [
        NAMES.used(cortex(org, model), f"cortex.{name}", actor=who, **times_of(row))
        for name, model in sorted(called)
    ]
    if defined and made:
        name = _placed(row, made)
        thing = NAMES.thing(
            org, "function", name, name, AssetClass.WORKLOAD, provider=PROVIDER,
            models=tuple(sorted({model for _, model in defined} - {""})),
        )  # fmt: skip
        told.append(NAMES.used(thing, "create function", "created_by", actor=who, **times_of(row)))
    return ident, at, tuple(one if is_done else failed(one) for one in told)


def _placed(row: Row, name: str) -> str:
    """A name as it was written, in the database and schema that the statement was run in."""
    around = [text(row.get("database_name")), text(row.get("schema_name"))]
    parts = name.split(".")
    return ".".join(filter(None, (*around[: max(0, 3 - len(parts))], *parts)))


def user_grant(row: Row, org: str, rule: str) -> list[Item] | None:
    """A role that a person was given: of those of Cortex it says that they may use it."""
    right, name = text(row.get("role")), text(row.get("grantee_name"))
    if not name:
        return None
    who = person(org, name)
    if right.upper() not in _ROLES or text(row.get("deleted_on")) or who is None:
        return []
    return [
        NAMES.used(
            cortex(org), rule, "grants", actor=who, scopes=(right,),
            first_at=when(row.get("created_on")),
        )
    ]  # fmt: skip


def analyst_use(row: Row, org: str, rule: str) -> list[Item] | None:
    thing = NAMES.thing(
        org, "agent", "cortex-analyst", f"Cortex Analyst of {org}", AssetClass.AGENT,
        provider=PROVIDER,
    )  # fmt: skip
    who = person(org, text(row.get("username")))
    if who is None:
        return None
    return [
        NAMES.used(
            thing, "cortex.analyst", actor=who, count=count_of(row),
            **times_of(row),
        )
    ]  # fmt: skip


def search_use(row: Row, org: str, rule: str) -> list[Item] | None:
    """Days on which a service was in use; by whom the view does not tell."""
    if not text(row.get("service_name")):
        return None
    name = _full(row, "database_name", "schema_name", "service_name")
    thing = NAMES.thing(
        org, "search_service", name, name, AssetClass.VECTOR_STORE, provider=PROVIDER
    )
    return [
        NAMES.used(
            thing, "cortex.search", count=count_of(row), **times_of(row),
        )
    ]  # fmt: skip


def flow(row: Row, org: str, rule: str) -> list[Item] | None:
    """A table whose rows a model was given."""
    name, kind = text(row.get("object_name")), text(row.get("object_domain")).casefold()
    if not name:
        return None
    ident = NAMES.node(org, "table", name)
    store = DataStore(
        id=ident, kind=TABLE, name=name, store_class=f"warehouse {kind or 'table'}",
        account=NAMES.org(org), evidence=(NAMES.evidence(rule, ident),),
    )  # fmt: skip
    thing = cortex(org, text(row.get("model_name")))
    told = NAMES.evidence(
        rule, thing.id, count=count_of(row), **times_of(row),
    )  # fmt: skip
    read = Edge(source=thing.id, target=ident, relation=Relation.READS_FROM, evidence=(told,))
    return [*NAMES.listed(thing, rule), store, read]


def role(row: Row, org: str, rule: str) -> list[Item] | None:
    """Which roles may use Cortex: of everyone (``PUBLIC``) it says that everybody may."""
    right, grantee = text(row.get("name")), text(row.get("grantee_name"))
    who = _owner(org, grantee)
    if not right or who is None:
        return None
    thing = cortex(org)
    told = NAMES.evidence(rule, thing.id, first_at=when(row.get("first_at")))
    granted = Edge(
        source=who.id, target=thing.id, relation=Relation.GRANTS, detail=right, evidence=(told,)
    )
    return [*NAMES.listed(thing, rule), who, granted]


def user(row: Row, org: str, rule: str) -> list[Item] | None:
    name, mail = text(row.get("name")), text(row.get("email"))
    if not name:
        return None
    node = user_id(org, name)
    is_service = text(row.get("type")).upper() in ("SERVICE", "LEGACY_SERVICE", "SNOWFLAKE_SERVICE")
    address = mail or (name if "@" in name else "")
    return [
        Identity(
            id=node, kind=NAMES.user_kind, name=text(row.get("display_name")) or name,
            principal_type=PrincipalType.SERVICE if is_service else PrincipalType.HUMAN,
            email=address.casefold() if "@" in address else "",
            is_active=text(row.get("disabled")).casefold() != "true",
            evidence=(NAMES.evidence(rule, node),),
        )
    ]  # fmt: skip


def times_of(row: Row) -> dict[str, str]:
    """Of what was added up, or of one row of a view."""
    first = when(row.get("first_at")) or when(row.get("start_time"))
    return {"first_at": first, "last_at": when(row.get("last_at")) or first}


def count_of(row: Row) -> int:
    said = (text(row.get("count")) or text(row.get("request_count"))).partition(".")[0]
    return max(1, int(said)) if said.isdigit() and len(said) < 19 else 1


def lowered(columns: list[str], row: list[Any]) -> Iterator[tuple[str, Any]]:
    yield from zip((name.casefold() for name in columns), row, strict=False)
