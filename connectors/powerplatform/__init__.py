"""Power Platform: flows of Power Automate and agents of Copilot Studio, from what their makers
export.

A flow's package (https://learn.microsoft.com/power-automate/export-import-flow-non-solution: a zip
with ``Microsoft.Flow/flows/<id>/definition.json``), or a solution
(https://learn.microsoft.com/power-platform/alm/solution-concepts-alm: ``Workflows/<name>.json``,
and of agents ``bots/<name>/configuration.json`` and ``botcomponents/<name>/data`` in YAML). What
makers do with either over time, the tenant's audit log tells (``microsoft365``). Instructions of an
agent and what topics say are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit import lowcode
from scanner.kit.administered import Administration, Kind
from scanner.kit.contract import ConnectorSpec, PermissionFormat
from scanner.kit.exported import FileSettings, no_access
from scanner.kit.lowcode import Flow, Slot
from scanner.kit.named import Names
from scanner.kit.records import YAML
from scanner.kit.text import cut
from scanner.kit.values import mapping, text, when
from scanner.kit.yaml_text import ERRORS as YAML_ERRORS
from scanner.kit.yaml_text import loaded
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Item

NAMES = Names(source="powerplatform", vendor="microsoft", tenant="environment")
AGENT = "powerplatform.agent"
_FLOWS, _AGENTS = "flow definition", "agent component"
_STUDIO = "copilot_studio"
_MOST_TEXT = 120
_STATES = {"started": "active", "stopped": "inactive", "suspended": "suspended"}
_BOT, _GPT, _TASK = "BotConfiguration", "GptComponentMetadata", "TaskDialog"
_KNOWN = ("AdaptiveDialog", "KnowledgeSourceConfiguration", "FileAttachmentComponentMetadata",
          "GlobalVariableComponent", "ClosedListEntity", "RegexEntity", "SkillDialog",
          "AgentDialog", "ExternalTriggerConfiguration")  # fmt: skip
"""Parts of an agent that tell nothing of whose AI it is."""


class PowerPlatformConfig(FileSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An environment, by what was exported from it."""


# --- flows ----------------------------------------------------------------------------------------


def is_flow(record: Mapping[str, Any]) -> bool:
    definition = mapping(mapping(record.get("properties")).get("definition"))
    return {"triggers", "actions"} <= definition.keys()


def flow(record: Any, org: str) -> list[Item] | None:
    """By its id in a package, by the name of its file in a solution."""
    given = mapping(record)
    told = mapping(given.get("properties"))
    definition = mapping(told.get("definition"))
    ident = text(given.get("name"))
    if not ident:
        return None
    maker = mapping(told.get("creator"))
    state = text(told.get("state")).casefold()
    one = Flow(
        ident=ident, name=text(told.get("displayName")) or ident, file="definition.json",
        definition={"name": ident, "properties": told}, triggers=_triggers(definition),
        slots=list(_slots(told)), status=_STATES.get(state, state),
        owners=[NAMES.person(org, text(maker.get("objectId")) or text(maker.get("userId")))],
        created_at=when(told.get("createdTime")), changed_at=when(told.get("lastModifiedTime")),
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, _FLOWS, one))


def _triggers(definition: Mapping[str, Any]) -> Iterator[str]:
    for one in map(mapping, mapping(definition.get("triggers")).values()):
        host = mapping(mapping(one.get("inputs")).get("host"))
        yield text(host.get("operationId")) or text(one.get("kind")) or text(one.get("type"))


def _slots(told: Mapping[str, Any]) -> Iterator[Slot]:
    """Connections, by what they are called there, and the API that they are of."""
    for key, one in mapping(told.get("connectionReferences")).items():
        given, inner = mapping(one), mapping(mapping(one).get("connection"))
        ident = (
            text(inner.get("connectionReferenceLogicalName"))
            or text(given.get("connectionReferenceLogicalName"))
            or text(given.get("connectionName"))
            or text(inner.get("name"))
            or text(key)
        )
        api = text(mapping(given.get("api")).get("name")) or text(given.get("id"))
        kind = api.rpartition("/")[2] or text(key)
        yield Slot(ident, text(given.get("displayName")) or ident, kind)


# --- agents ---------------------------------------------------------------------------------------


def _agent(org: str, name: str, title: str = "", models: tuple[str, ...] = ()) -> Asset:
    """``name``: of the component; what stands before its first point is the agent's."""
    ident = name.partition(".")[0]
    return NAMES.thing(
        org, "agent", ident, title or ident, AssetClass.AGENT, provider=_STUDIO, models=models
    )


def is_bot(record: Mapping[str, Any]) -> bool:
    return text(record.get("$kind")) == _BOT


def bot(record: Any, org: str) -> list[Item] | None:
    """Of a solution; called as its folder is."""
    name = text(mapping(record).get("name"))
    return list(NAMES.listed(_agent(org, name), _AGENTS)) if name else None


def is_component(record: Mapping[str, Any]) -> bool:
    return YAML in record


def component(record: Any, org: str) -> list[Item] | None:
    """The agent itself with its name and model, or an action of it with the connection that it
    uses."""
    given = mapping(record)
    name = text(given.get("name"))
    try:
        told = mapping(loaded(text(given.get(YAML))))
    except YAML_ERRORS:
        return None
    kind = text(told.get("kind"))
    if kind == _GPT:
        title = cut(text(told.get("displayName")), _MOST_TEXT)
        hint = text(mapping(mapping(told.get("aISettings")).get("model")).get("modelNameHint"))
        thing = _agent(org, name, title, (cut(hint, _MOST_TEXT),) if hint else ())
        return list(NAMES.listed(thing, _AGENTS))
    if kind == _TASK:
        return list(_action(told, org, name))
    return [] if kind in _KNOWN else None


def _action(told: Mapping[str, Any], org: str, name: str) -> Iterator[Item]:
    action = mapping(told.get("action"))
    ident = text(action.get("connectionReference"))
    if not ident:
        return
    thing = _agent(org, name)
    # ``cr1_agent.shared_office365.<id>``
    api = next((part for part in ident.split(".") if part.startswith("shared_")), "")
    asset = lowcode.slot(NAMES, org, Slot(ident, ident, api))
    yield from NAMES.listed(asset, _AGENTS)
    yield Edge(
        source=thing.id, target=asset.id, relation=Relation.AUTHENTICATES_WITH,
        evidence=(NAMES.evidence(_AGENTS, thing.id),),
    )  # fmt: skip


# --- what else packages hold ----------------------------------------------------------------------

_BESIDE = (
    {"schema", "details", "resources"}, {"packageSchemaVersion", "flowAssets"},
    {"environmentvariablevalues"},
)  # fmt: skip


def is_beside(record: Mapping[str, Any]) -> bool:
    """Manifests, values of variables, and the maps of APIs and connections, which name ids."""
    is_map = all(isinstance(one, str) for one in record.values())
    return any(fields <= record.keys() for fields in _BESIDE) or (
        is_map and any(str(key).startswith("shared_") for key in record)
    )


def beside(record: Any, org: str) -> list[Item]:
    return []


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="powerplatform",
        title="Power Automate flows and Copilot Studio agents, from packages and solutions",
        config=PowerPlatformConfig,
        operations=(),
        permission_format=PermissionFormat.FILESYSTEM,
        yields=NAMES.kinds | lowcode.kinds(NAMES) | {AGENT},
        docs_url="https://learn.microsoft.com/power-automate/export-import-flow-non-solution",
        exports=(
            "a flow's package (zip), or its definition.json",
            "a solution (zip) with flows and agents",
        ),
    ),
    names=NAMES,
    parts=(),
    kinds=(
        Kind(is_flow, flow),
        Kind(is_bot, bot),
        Kind(is_component, component),
        Kind(is_beside, beside),
    ),
    access=no_access,
    expected="flows, agents or their parts",
)
