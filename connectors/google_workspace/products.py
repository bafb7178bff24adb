"""Google's own AI in a Workspace: Gemini by the app it is used in, Workspace Studio, NotebookLM,
and agents by what a log says of who acted. The vendor proves that it is AI; no catalogue is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.google_workspace.names import SOURCE, domain_id, person
from connectors.google_workspace.scopes import DATA, STORES
from scanner.kit.expressions import expression
from scanner.kit.text import cut
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, DataStore, Identity
from scanner.model.items import Activity

PROVIDER = "google_gemini"
PRODUCT = "google_workspace.ai_product"
AGENT = "google_workspace.agent"
_NAMES = {
    "gemini": "Gemini in Workspace",
    "workspace_studio": "Google Workspace Studio",
    "gemini_notebook": "NotebookLM",
    "ai_studio": "Google AI Studio",
}
_IN_SETTINGS = (
    ("notebooklm", "gemini_notebook"),
    ("gemini notebook", "gemini_notebook"),
    ("ai studio", "ai_studio"),
    ("workspace studio", "workspace_studio"),
    ("workspace flows", "workspace_studio"),
    ("gemini", "gemini"),
    ("duet ai", "gemini"),
)
"""Words of a setting or service -> product, the most exact first."""
_DATA_OF_APP = {
    "docs": "drive", "sheets": "drive", "slides": "drive", "drive": "drive", "vids": "drive",
    "forms": "drive", "gmail": "gmail", "calendar": "calendar", "chat": "chat", "meet": "meet",
    "keep": "keep", "classroom": "classroom",
}  # fmt: skip
_SETTING_FIELDS = ("APPLICATION_NAME", "SERVICE_NAME", "SETTING_NAME", "PRODUCT_NAME")
_OFF = ("false", "disabled", "off", "none", "inherit_from_parent_off")
_MOST_TEXT = 120
_CHOICE = expression(r"[A-Za-z_]{0,60}|\d{1,6}")
"""A value that is chosen from a list. What people type (a prompt, a key) is kept nowhere."""


def _product(key: str, domain: str, app: str = "", action: str = "") -> Asset:
    ending = f"{key}/{app}" if app else key
    name = f"Gemini in {app.title()}" if app else _NAMES[key]
    return Asset(
        id=NodeId(f"{SOURCE}:{domain}/ai/{ending}"),
        kind=PRODUCT,
        name=f"{name} of {domain}",
        asset_class=AssetClass.SAAS_APP,
        provider=PROVIDER,
        account=domain_id(domain),
        tags={"actions": cut(action.replace(", ", " "), _MOST_TEXT)} if action else {},
    )


def _used(
    thing: Asset, rule: str, who: Identity | None, domain: str, relation: str, where: str = "",
    reads: tuple[DataStore, ...] = (),
) -> Activity:  # fmt: skip
    return Activity(
        rule=rule, actor=who, account=domain_id(domain), app_id=thing.id, label=thing.name,
        relation=relation, thing=thing, where=where, reads=reads,
    )  # fmt: skip


def gemini(rule: str, app: str, action: str, who: Identity | None, domain: str) -> Activity:
    """``app``: in which it was used (``gmail``, ``docs``, ``gemini_app``), whose data it sees."""
    plain = cut(app.casefold().removeprefix("google_").replace(" ", "_"), _MOST_TEXT)
    noun = _DATA_OF_APP.get(plain, "")
    reads = (DATA.store(noun, domain),) if noun in STORES else ()
    thing = _product("gemini", domain, plain, action)
    return _used(thing, rule, who, domain, "used_by", reads=reads)


def used(key: str, rule: str, action: str, who: Identity | None, domain: str) -> Activity:
    return _used(_product(key, domain, action=action), rule, who, domain, "used_by")


def of_setting(name: str, given: Mapping[str, Any], domain: str) -> Iterator[Activity]:
    """A setting of the Admin console that names one of the products: switched on is in use by the
    organization, though nobody is named for a user."""
    words = " ".join(text(given.get(key)) for key in _SETTING_FIELDS).casefold()
    key = next((product for word, product in _IN_SETTINGS if word in words), "")
    if not key:
        return
    value = cut(text(given.get("NEW_VALUE")), _MOST_TEXT)
    is_off = not value or value.casefold() in _OFF or name.startswith("DELETE")
    setting = text(given.get("SETTING_NAME")) or text(given.get("SERVICE_NAME"))
    shown = value if _CHOICE.fullmatch(value) else "what was typed"
    where = f"{cut(setting, _MOST_TEXT)} set to {shown}".strip()
    relation = "" if is_off else "used_by"
    yield _used(_product(key, domain), f"admin.{name}", None, domain, relation, where)


def of_agent(
    info: Mapping[str, Any], who: Identity | None, domain: str
) -> Iterator[Activity]:  # fmt: skip
    """The agent that acted, for whom, and whose it is."""
    ident = text(info.get("agentId"))
    if not ident:
        return
    family = text(info.get("agentType"))
    thing = Asset(
        id=NodeId(f"{SOURCE}:{domain}/agent/{ident}"),
        kind=AGENT,
        name=text(info.get("agentName")) or ident,
        asset_class=AssetClass.AGENT,
        provider=PROVIDER,
        account=domain_id(domain),
        tags={"agent_type": family} if family else {},
    )
    yield _used(thing, "agent.acted", who, domain, "used_by")
    owner = person(domain, text(mapping(info.get("agentOwner")).get("email")), "")
    if owner is not None:
        yield _used(thing, "agent.owner", owner, domain, "created_by")
