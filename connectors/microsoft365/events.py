"""Records of the unified audit log -> what the catalogue can judge. Pure: no network, no files.

https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
and https://learn.microsoft.com/office/office-365-management-api/copilot-schema. Portal and scripts
export rows with the record as JSON in ``AuditData``. Names of sites, files and messages are not
kept: of what Copilot opened, its class is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from connectors.microsoft365 import consents
from connectors.microsoft365.copilot import interaction
from connectors.microsoft365.names import NAMES, PERMITTED, STUDIO
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.microsoft_audits import ACTIVITIES, LEAVES_PLAIN, UPDATE
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, Novel, telling
from scanner.kit.records import column
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, nested, stamp, text
from scanner.model.evidence import Ends
from scanner.model.facts import AssetClass, Identity
from scanner.model.items import Activity

AGENT, FLOW, COPILOT = "entra.agent", "entra.flow", "entra.copilot"
_GUID = expression(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DONE = ("success", "succeeded", "true", "")
_AI_CONNECTORS = {
    "azure openai": "azure_openai", "azureopenai": "azure_openai", "openai": "openai",
    "ai builder": "microsoft_copilot", "aibuilder": "microsoft_copilot", "anthropic": "anthropic",
    "claude": "anthropic", "copilot studio": STUDIO, "powervirtualagents": STUDIO,
    "copilot": "microsoft_copilot", "gemini": "google_gemini", "mistral": "mistral",
    "hugging face": "huggingface", "huggingface": "huggingface", "perplexity": "perplexity",
    "cognitive services": "azure_ai", "document intelligence": "azure_ai",
}  # fmt: skip
"""Words of a Power Platform connector's name -> provider, the most exact first
(https://learn.microsoft.com/connectors/connector-reference/)."""
_OPENED = {
    "mailitemsaccessed": "mail", "send": "mail", "filedownloaded": "files",
    "fileaccessed": "files", "fileuploaded": "files", "filemodified": "files",
    "fileaccessedextended": "files", "filesyncdownloadedfull": "files",
    "aienterpriseinteractionsexported": "prompts",
    "subscribedtoaiinteractions": "prompts", "aiinteractioncreatednotification": "prompts",
    "aiinteractionupdatednotification": "prompts", "aiinteractiondeletednotification": "prompts",
}  # fmt: skip
"""Operation -> the data that an application touches by it."""
_LISTENED = ("subscribedtoai", "aiinteraction")
_WRITES = ("send", "fileuploaded", "filemodified")
_MOST_CLIENT = 200
SPELLING = Spelling(
    (
        "CreationTime", "Id", "Operation", "UserId", "ResultStatus", "ObjectId", "AppIdentity",
        "ModifiedProperties", "Target", "CopilotEventData", "ApplicationId", "AppAccessContext",
        "ApplicationDisplayName", "BotId", "BotName", "AgentId", "AgentName", "EnvironmentName",
        "FlowConnectorNames", "FlowDetailsUrl", "AddOnName", "AddOnGuid", "AzureADAppId",
    ),
    also={"TimeGenerated": "CreationTime", "OfficeObjectId": "ObjectId", "OfficeId": "Id"},
)  # fmt: skip


def is_exported(record: Mapping[str, Any]) -> bool:
    """A row of the portal, of Search-UnifiedAuditLog or of Graph's audit queries."""
    return any(name in record for name in ("AuditData", "auditData"))


def exported(record: Mapping[str, Any], org: str) -> Happened | Novel | None:
    inner = record.get("auditData") or column(record, "AuditData")
    given = nested(inner)
    return happened(given, org) if is_record(mapping(given)) else None


def is_record(record: Mapping[str, Any]) -> bool:
    return {"Operation", "CreationTime"} <= record.keys()


_OF_TABLE = {
    "RecordType": "Operation", "ActorName": "UserId", "RecordId": "Id",
    "TimeGenerated": "CreationTime",
}  # fmt: skip


def is_activity(record: Mapping[str, Any]) -> bool:
    """A row of Sentinel's table CopilotActivity
    (https://learn.microsoft.com/azure/azure-monitor/reference/tables/copilotactivity)."""
    return {"RecordType", "TimeGenerated", "LLMEventData"} <= record.keys()


def activity(record: Mapping[str, Any], org: str) -> Happened | Novel | None:
    """Also of what is set up there: that is no interaction, and its type is told as any other."""
    given = {to: record[name] for name, to in _OF_TABLE.items() if record.get(name)}
    if "interaction" in text(record["RecordType"]).casefold():
        model = text(record.get("AIModelName"))
        given["CopilotEventData"] = {
            "AppHost": record.get("AppHost"),
            "ModelTransparencyDetails": [{"ModelName": model}] if model else [],
            **mapping(record["LLMEventData"]),
        }
    return happened({**record, **given}, org)


def is_alert(record: Mapping[str, Any]) -> bool:
    return {"serviceSource", "severity", "title"} <= record.keys()


@telling("category", (), names=NAMES)
def alert(record: Any, org: str) -> Happened | None:
    """Of Defender (https://learn.microsoft.com/graph/api/resources/security-alert): about attacks,
    and of AI where it says so."""
    given = mapping(record)
    at = stamp(given.get("createdDateTime"))
    return text(given.get("id")) or mark_of((at, whole(given))), at, ()


_UNNAMED = "consents name no application, which their table leaves out"
_UNRESOLVED = "consents name their application by the id of its object alone"


def _is_known(operation: str, _: Mapping[str, Any]) -> bool:
    plain = operation.rstrip(". ").casefold()
    return plain in _READERS or _by_words(plain) is not None


def _needed(operation: str, _: Mapping[str, Any]) -> str:
    plain = operation.rstrip(". ").casefold()
    return _NEEDS.get(_READERS.get(plain) or _by_words(plain) or _opened, "")


@telling(
    "Operation", _is_known, _needed, NAMES,
    beside(
        ("", "ApplicationId", "ApplicationDisplayName"), ("", "AppId", "ApplicationDisplayName"),
        ("AppAccessContext", "ClientAppId", "ClientAppName"),
    ),
)  # fmt: skip
def happened(record: Any, org: str) -> Happened | Novel | None:
    given = mapping(record)
    operation = text(given.get("Operation")).rstrip(". ")
    at = stamp(given.get("CreationTime"))
    if not is_record(given) or not operation:
        return None
    ident = text(given.get("Id")) or mark_of((at, whole(given)))
    plain = operation.casefold()
    read = _READERS.get(plain)
    if read is None:
        read = _interaction if "CopilotEventData" in given else _by_words(plain)
    found = read(given, operation, org, _who(given, org)) if read else ()
    if read is _consent and not found and plain != UPDATE:
        return Novel(operation.replace(" ", "_"), (ident, at, ()), _UNNAMED)
    timed = tuple(msgspec.structs.replace(one, first_at=at, last_at=at) for one in found)
    if text(given.get("ResultStatus")).casefold() not in _DONE:
        timed = tuple(map(failed, timed))
    if read is _consent and any(map(consents.is_by_object_alone, timed)):
        return Novel(operation.replace(" ", "_"), (ident, at, timed), _UNRESOLVED)
    return ident, at, timed


Read = Callable[[Mapping[str, Any], str, str, Identity | None], tuple[Activity, ...]]


def _who(given: Mapping[str, Any], org: str) -> Identity | None:
    """Applications and Microsoft's own services act, too: they have no address."""
    mail = text(given.get("UserId"))
    return NAMES.person(org, "", mail) if "@" in mail else None


def _interaction(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    return interaction(given, operation, org, who)


def _consent(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    if operation.casefold() == UPDATE:
        operation = consents.switched(given)
    return consents.consented(given, operation, org, who) if operation else ()


def _left(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    """By address, as this log names people, and by the id that lists have."""
    mail = text(given.get("ObjectId"))
    mail = mail if "@" in mail else ""
    idents = [text(mapping(one).get("ID")) for one in items(given.get("Target"))]
    named = [mail, *(one for one in idents if _GUID.fullmatch(one))]
    ends, at = LEAVES_PLAIN[operation.casefold()], stamp(given.get("CreationTime"))
    return tuple(
        told
        for ident in dict.fromkeys(filter(None, named))
        for told in NAMES.left(
            org, operation, NAMES.person(org, "" if ident == mail else ident, mail), ends, at
        )
    )


def _sign_in(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    app = text(given.get("ApplicationId")).casefold()
    if not app:
        return ()
    is_first_party = app in first_party()
    return (
        NAMES.app(
            org, operation, "used_by", app, "", client_id=app, actor=who,
            is_first_party=is_first_party,
        ),
    )  # fmt: skip


@cache
def first_party() -> frozenset[str]:
    """Ids of Microsoft's own applications, which everybody signs in to: what the catalogue does not
    know of these is no AI that another record may name."""
    lines = (Path(__file__).parent / "first_party.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _studio(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    """Agents of Copilot Studio, as its makers change them."""
    ident = text(given.get("BotId")) or text(given.get("AgentId"))
    name = text(given.get("BotName")) or text(given.get("AgentName"))
    if not ident and not name:
        return ()
    thing = NAMES.thing(
        org, "agent", ident or name, name, AssetClass.AGENT, provider=STUDIO,
        tags={"environment": found} if (found := text(given.get("EnvironmentName"))) else {},
    )  # fmt: skip
    relation = {"botcreate": "created_by", "botdelete": ""}.get(operation.casefold(), "used_by")
    ends = Ends.NOTHING if relation else Ends.GONE
    return (NAMES.used(thing, operation, relation, actor=who, where="Copilot Studio", ends=ends),)


def _flow(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    """Flows whose definition names a connector of AI; others are left."""
    connectors = text(given.get("FlowConnectorNames"))
    plain = connectors.casefold().replace("shared_", "")
    provider = next((one for word, one in _AI_CONNECTORS.items() if word in plain), "")
    if not provider:
        return ()
    url = text(given.get("FlowDetailsUrl"))
    ident = next((part for part in reversed(url.split("/")) if part not in ("", "details")), "")
    ident = ident or text(given.get("ObjectId")) or mark_of((url, connectors))
    thing = NAMES.thing(
        org, "flow", ident, f"Power Automate flow {ident}", AssetClass.FLOW, provider=provider,
        tags={"tools": ", ".join(sorted({one.strip() for one in connectors.split(",")}))},
    )  # fmt: skip
    relation = {"createflow": "created_by", "deleteflow": ""}.get(operation.casefold(), "used_by")
    ends = Ends.NOTHING if relation else Ends.GONE
    return (NAMES.used(thing, operation, relation, actor=who, where="Power Automate", ends=ends),)


def _teams_app(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    label = text(given.get("AddOnName"))
    client = text(given.get("AzureADAppId")).casefold()
    ident = client or text(given.get("AddOnGuid"))
    if not label and not ident:
        return ()
    removed = operation.casefold().endswith(("uninstalled", "removed", "deleted"))
    name = client or f"teams/{ident or label}"
    return (
        NAMES.app(
            org, operation, "" if removed else "used_by", name, label, client_id=client,
            actor=who, where="in Teams",
        ),
    )  # fmt: skip


def _opened(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    """What an application does with files and mail, for whom: data that has gone its way."""
    access = mapping(given.get("AppAccessContext"))
    client = (
        text(given.get("ApplicationId")) or text(access.get("ClientAppId"))
        or text(given.get("ClientAppId")) or text(given.get("AppId"))
    )  # fmt: skip
    label = text(given.get("ApplicationDisplayName")) or text(access.get("ClientAppName"))
    if not client and not label:
        return ()
    store = PERMITTED.store(_OPENED[operation.casefold()], org)
    writes = operation.casefold() in _WRITES
    return (
        NAMES.app(
            org, operation, "used_by", cut(client, _MOST_CLIENT), label,
            client_id=client.casefold(), actor=who,
            reads=() if writes else (store,), writes=(store,) if writes else (),
        ),
    )  # fmt: skip


def _listened(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    """An application that is told what people ask Copilot, and what it answers
    (https://learn.microsoft.com/graph/aiinteraction-changenotifications-overview). Which fields
    such a record has is published nowhere: it is read by those that all records share."""
    return _opened(given, operation, org, who)


_READERS: dict[str, Read] = {
    **dict.fromkeys(ACTIVITIES, _consent),
    **dict.fromkeys(LEAVES_PLAIN, _left),
    "userloggedin": _sign_in,
    **dict.fromkeys(("createflow", "editflow", "deleteflow", "putpermissions"), _flow),
    **dict.fromkeys(
        ("appinstalled", "appuninstalled", "appupgraded", "botaddedtoteam", "botremovedfromteam",
         "connectoradded", "connectorremoved", "tabadded", "tabremoved"), _teams_app,
    ),
    **dict.fromkeys(_OPENED, _opened),
    **dict.fromkeys((name for name in _OPENED if name.startswith(_LISTENED)), _listened),
}  # fmt: skip
"""Operation in lower case, without a full stop -> what reads it."""


def _by_words(plain: str) -> Read | None:
    """Copilot Studio's many operations begin alike (``BotCreate``, ``BotUpdateOperation...``)."""
    return _studio if plain.startswith(("bot", "copilotagent", "agentcreate")) else None


_NEEDS: dict[Read, str] = {
    _sign_in: "ApplicationId",
    _left: "a person's address or id",
    _studio: "BotId|BotName|AgentId|AgentName",
    _flow: "FlowConnectorNames",
    _teams_app: "AddOnName|AddOnGuid|AzureADAppId",
    _listened: "AppAccessContext.ClientAppId|ApplicationId|ClientAppId|AppId",
}
"""By what a record is read; files and mail are opened without an application, too."""
