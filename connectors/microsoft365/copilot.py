"""Interactions with Copilot, agents and connected AI apps: where, by whom, which data was opened.

https://learn.microsoft.com/office/office-365-management-api/copilot-schema. No prompt and no answer
is in these records; addresses of what was opened are, and are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.microsoft365.names import COPILOT, NAMES, PERMITTED, STUDIO
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, DataStore, Identity
from scanner.model.items import Activity

_HOSTS = {"bizchat": "Chat", "m365chatapp": "Chat", "office": "Chat", "copilot": "Chat"}
"""Where it was asked -> the app, as Graph's report of use names it."""
_OTHERS_APPS = ("aiappinteraction", "connectedaiappinteraction")
"""Operations of applications that are not Microsoft's."""
_STUDIO = "copilot.studio."
_DATA = (
    ("mail", "mail"), ("transcript", "meetings"), ("meeting", "meetings"), ("chat", "chat"),
    ("channel", "chat"), ("teamsmessage", "chat"), ("calendar", "calendar"), ("event", "calendar"),
    ("people", "contacts"), ("person", "contacts"), ("contact", "contacts"), ("onenote", "notes"),
    ("notebook", "notes"),
)  # fmt: skip
"""Words of a resource's type -> noun of the data, the most exact first."""
_FILES = ("docx", "doc", "xlsx", "xls", "pptx", "ppt", "pdf", "txt", "csv", "file", "loop", "fluid")
_WEB = "bingwebsearch"
_MOST_NAME = 100


def interaction(
    given: Mapping[str, Any], operation: str, org: str, who: Identity | None
) -> tuple[Activity, ...]:
    told = mapping(given.get("CopilotEventData"))
    identity = text(given.get("AppIdentity")) or text(told.get("AppIdentity"))
    host = text(told.get("AppHost"))
    resources = [mapping(one) for one in items(told.get("AccessedResources"))]
    plugins = [mapping(one) for one in items(told.get("AISystemPlugin"))]
    models = tuple(sorted(set(_models(told))))
    if operation.casefold() in _OTHERS_APPS:
        thing = _others(org, identity, host)
    else:
        thing = _agent(given, told, identity, org) or product(org, host)
    marks = (
        "with web search" if any(_WEB in text(one.get("Id")).casefold() for one in plugins) else "",
        "labelled data" if any(one.get("SensitivityLabelId") for one in resources) else "",
    )
    return (
        NAMES.used(
            msgspec.structs.replace(thing, models=models), operation, actor=who,
            where=", ".join(filter(None, marks)),
            reads=tuple({one.id: one for one in _opened(resources, org)}.values()),
        ),
    )  # fmt: skip


def _models(told: Mapping[str, Any]) -> Iterator[str]:
    for one in map(mapping, items(told.get("ModelTransparencyDetails"))):
        provider, name = text(one.get("ModelProviderName")), text(one.get("ModelName"))
        if shown := "/".join(filter(None, (provider, name))):
            yield cut(shown, _MOST_NAME)


def _opened(resources: list[Mapping[str, Any]], org: str) -> Iterator[DataStore]:
    for one in resources:
        kind = text(one.get("Type")).rpartition("/")[2].casefold().lstrip(".")
        noun = next((noun for word, noun in _DATA if word in kind), "")
        if not noun and "sharepoint" in text(one.get("SiteUrl")).casefold():
            noun = "sites"
        if not noun and kind in _FILES:
            noun = "files"
        if noun:
            yield PERMITTED.store(noun, org)


def product(org: str, host: str) -> Asset:
    """The id that Entra's connector gives it."""
    app = _HOSTS.get(host.casefold(), host) or "Chat"
    key = cut(app, _MOST_NAME).casefold().replace(" ", "-")
    return Asset(
        id=NodeId(f"{NAMES.org(org)}/copilot/{key}"), kind="entra.copilot",
        name=f"Microsoft 365 Copilot in {cut(app, _MOST_NAME)} of {org}",
        asset_class=AssetClass.SAAS_APP, provider=COPILOT, account=NAMES.org(org),
    )  # fmt: skip


def _agent(
    given: Mapping[str, Any], told: Mapping[str, Any], identity: str, org: str
) -> Asset | None:
    ident = text(given.get("AgentId")) or text(told.get("AgentId"))
    name = text(given.get("AgentName")) or text(told.get("AgentName"))
    is_studio = identity.casefold().startswith(_STUDIO)
    if is_studio and not ident:
        ident = identity[len(_STUDIO) :]
    if not ident and not name:
        return None
    return NAMES.thing(
        org, "agent", ident or name, name, AssetClass.AGENT,
        provider=STUDIO if is_studio else COPILOT,
    )  # fmt: skip


def _others(org: str, identity: str, host: str) -> Asset:
    """An application whose use Purview sees: AI by the operation; whose, the catalogue says."""
    label = identity.rpartition(".")[2] or host or "unknown AI app"
    return NAMES.thing(org, "app", f"ai/{identity or label}", label, AssetClass.SAAS_APP)
