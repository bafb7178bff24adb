"""AI agents as Defender's advanced hunting lists them, of Copilot Studio, Foundry and other
platforms; and exported interactions with Copilot.

https://learn.microsoft.com/defender-xdr/advanced-hunting-agentsinfo-table, in whose place was
``AIAgentsInfo``: files may hold rows of either. Instructions and descriptions are not asked for.
https://learn.microsoft.com/graph/api/resources/aiinteraction: an export holds prompts and answers,
which are not read, and no call asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.microsoft365.copilot import product
from connectors.microsoft365.names import COPILOT, NAMES, STUDIO
from scanner.kit.administered import Reading, each, read
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.http import json_body
from scanner.kit.overlooked import Happened
from scanner.kit.text import cut
from scanner.kit.values import hosts, items, mapping, nested, text, when
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Item

HUNT = read(
    "/v1.0/security/runHuntingQuery", "ThreatHunting.Read.All",
    "AI agents that Defender knows, their owners, models and tools", bucket="hunting",
    method="POST",
)  # fmt: skip
_QUERY = (
    "AgentsInfo | summarize arg_max(Timestamp, *) by AgentId "
    "| project-away Instruct*, RawAgent*, *Description"
)
MOST_ROWS = 100_000
"""Of one answer, as https://learn.microsoft.com/graph/api/security-security-runhuntingquery says;
and nothing from before thirty days."""
MCP = "entra.mcp_server"
_PROVIDERS = (
    ("studio", STUDIO), ("foundry", "azure_ai"), ("bedrock", "aws_bedrock"),
    ("vertex", "google_vertex"), ("chatgpt", "openai"), ("openai", "openai"),
    ("claude", "anthropic"), ("copilot", COPILOT), ("agent builder", COPILOT),
)  # fmt: skip
"""Words of a platform's name, the most exact first."""
_MOST_TEXT, _MOST_NAMED = 120, 20
_ADDRESS = expression(r"[^\s@;,\"'<>\[\]{}]{1,120}@[^\s@;,\"'<>\[\]{}]{1,120}")
_NAMES_OF = ("name", "displayName", "serverName", "modelDisplayName", "operationId", "Name")
_URLS = ("url", "serverUrl", "endpoint", "Url", "ServerUrl")


def agents(reading: Reading) -> Iterator[Item]:
    body = mapping(json_body(reading.access.graph.post(HUNT.path, {"Query": _QUERY})))
    rows = body.get("results")
    if not isinstance(rows, list):
        raise Unavailable(f"{HUNT.id}: the answer has no list `results`")
    if len(rows) >= MOST_ROWS:
        raise Unavailable(f"{HUNT.id}: {len(rows)} rows, and an answer holds no more of them")
    yield from each(rows, agent, reading.org, HUNT.id)


def is_agent(record: Mapping[str, Any]) -> bool:
    is_row = "AgentId" in record and bool(
        {"Platform", "LifecycleStatus", "EntraAgentId"} & record.keys()
    )
    return "AIAgentId" in record or (is_row and "Operation" not in record)


def agent(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    row = text(given.get("AgentId")) or text(given.get("AIAgentId"))
    # Entra's own list knows an agent by its object there.
    entra = text(given.get("EntraAgentId")) or text(given.get("EntraObjectId"))
    ident = entra or row
    if not ident:
        return None
    name = next(
        filter(None, (text(given.get(one)) for one in ("AgentName", "Name", "AIAgentName"))), ""
    )
    thing = _thing(given, org, ident, name, {row, text(given.get("SourceAgentId"))} - {ident, ""})
    people = _people(given, org)
    when_ = {"last_at": when(given.get("Timestamp")), "first_at": thing.created_at}
    found = list(NAMES.listed(thing, HUNT.id, people, **when_))
    for server in _servers(given, org):
        told = (NAMES.evidence(HUNT.id, thing.id),)
        found += NAMES.listed(server, HUNT.id)
        found.append(
            Edge(source=thing.id, target=server.id, relation=Relation.CALLS, evidence=told)
        )
    return found


def _thing(
    given: Mapping[str, Any], org: str, ident: str, name: str, aliases: set[str]
) -> Asset:  # fmt: skip
    platform = text(given.get("Platform")) or text(given.get("RegistrySource"))
    plain = platform.casefold()
    status = text(given.get("LifecycleStatus")) or text(given.get("AgentStatus"))
    model = text(given.get("Model")) or text(given.get("AIModel"))
    tools = _named(given.get("DeclaredTools") or given.get("AgentToolsDetails"))
    about = {
        "platform": platform, "published": text(given.get("PublishedStatus")),
        "available_to": text(given.get("Availability")) or text(given.get("AccessControlPolicy")),
        "tools": ", ".join(tools),
        "blocked": "yes" if text(given.get("IsBlocked")).casefold() == "true"
        or given.get("IsBlocked") is True else "",
    }  # fmt: skip
    is_open = text(given.get("UserAuthenticationType")).casefold() == "none"
    return NAMES.thing(
        org, "agent", ident, name, AssetClass.AGENT,
        provider=next((one for word, one in _PROVIDERS if word in plain), ""),
        models=(cut(model, _MOST_TEXT),) if model else (), status=cut(status, _MOST_TEXT),
        created_at=when(given.get("CreatedDateTime")) or when(given.get("AgentCreationTime")),
        aliases=tuple(sorted(aliases)), is_ai=status.casefold() != "deleted",
        exposure=("no authentication",) if is_open else (),
        tags={key: value[:_MOST_TEXT * 3] for key, value in about.items() if value},
    )  # fmt: skip


def _people(given: Mapping[str, Any], org: str) -> list[Identity | None]:
    """Owners, else who has made it: addresses, in whatever form the column has."""
    for column in ("Owners", "OwnerAccountUpns", "CreatorAccountUpn"):
        found = dict.fromkeys(_ADDRESS.findall(whole(given.get(column))))
        if found:
            return [NAMES.person(org, "", mail) for mail in list(found)[:_MOST_NAMED]]
    return []


def _named(value: Any) -> list[str]:
    """Names of tools; texts in a list may be objects once more."""
    found: dict[str, None] = {}
    for one in items(value)[:_MOST_NAMED]:
        inner = mapping(one)
        name = next(filter(None, (text(inner.get(key)) for key in _NAMES_OF)), "")
        if not inner and isinstance(nested(one), str):
            name = text(one)
        if name:
            found[cut(name, _MOST_TEXT).replace(",", " ")] = None
    return sorted(found)


def _servers(given: Mapping[str, Any], org: str) -> Iterator[Asset]:
    """MCP servers that an agent is connected to, by host where one is told."""
    for one in map(mapping, items(given.get("McpServers"))[:_MOST_NAMED]):
        name = cut(next(filter(None, (text(one.get(key)) for key in _NAMES_OF)), ""), _MOST_TEXT)
        host = next(iter(hosts([one.get(key) for key in _URLS if one.get(key)])), "")
        if name or host:
            yield NAMES.thing(
                org, "mcp_server", host or name, name or host, AssetClass.MCP_SERVER,
                tags={"host": host} if host else {},
            )  # fmt: skip


# --- exported interactions --------------------------------------------------------------------


def is_interaction(record: Mapping[str, Any]) -> bool:
    return {"appClass", "interactionType"} <= record.keys()


def interaction(record: Any, org: str) -> Happened | None:
    """A prompt is use of Copilot where it was asked; an answer is none of its own."""
    given = mapping(record)
    at, kind = when(given.get("createdDateTime")), text(given.get("interactionType"))
    if not is_interaction(given) or not kind:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    if kind.casefold() != "userprompt":
        return ident, at, ()
    user = mapping(mapping(given.get("from")).get("user"))
    who = NAMES.person(org, text(user.get("id")), "", text(user.get("displayName")))
    host = text(given.get("appClass")).rpartition(".")[2]
    thing = product(org, host)
    return ident, at, (
        NAMES.used(thing, "aiInteraction.userPrompt", actor=who, first_at=at, last_at=at),
    )  # fmt: skip
