"""Zapier: Zaps of an account with their steps, triggers, connections by id and owners, from files.

https://help.zapier.com/hc/en-us/articles/8496308481933: an owner or admin of a Team or Enterprise
account exports all Zaps as one JSON document; Zapier has no API that lists others' Zaps. What
programs that read it find there: ``zaps[]`` with ``id``, ``title`` and ``nodes``, each with
``type_of``, ``action``, ``selected_api``, ``authentication_id``, ``customuser_id`` and ``params``.
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
from scanner.kit.values import items, mapping, text, when
from scanner.model.items import Item

NAMES = Names(source="zapier", vendor="zapier", tenant="account")
_RULE = "Zaps export"
_READS = ("read", "read_bulk", "search_read")
"""Of a step that begins a Zap."""


class ZapierConfig(FileSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, by the Zaps that were exported from it."""


def is_zap(record: Mapping[str, Any]) -> bool:
    return "nodes" in record and bool({"title", "name"} & record.keys())


def zap(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    title = text(given.get("title")) or text(given.get("name"))
    ident = text(given.get("id")) or title
    if not ident:
        return None
    told = given.get("nodes")
    nodes = [mapping(one) for one in (mapping(told).values() or items(told))]
    owners = {text(node.get("customuser_id")): None for node in nodes} or {}
    status = text(given.get("status")) or text(given.get("state"))
    one = Flow(
        ident=ident, name=title, file="zap.json",
        definition={"zaps": [{"title": title, "nodes": told}]}, triggers=_triggers(nodes),
        slots=list(_slots(nodes)), owners=[NAMES.person(org, one) for one in owners if one],
        status=status, created_at=when(given.get("created_at")),
        changed_at=when(given.get("updated_at")),
    )  # fmt: skip
    return list(lowcode.flow(NAMES, org, _RULE, one))


def _api(node: Mapping[str, Any]) -> str:
    """Which app a step is of, without its version."""
    return text(node.get("selected_api")).partition("@")[0]


def _triggers(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if text(node.get("type_of")) in _READS or text(node.get("type")) == "trigger":
            yield ":".join(filter(None, (_api(node), text(node.get("action")))))


def _slots(nodes: list[Mapping[str, Any]]) -> Iterator[Slot]:
    """By id, with the app that it is for: an export does not say what a connection is called."""
    for node in nodes:
        ident = text(node.get("authentication_id"))
        if ident:
            yield Slot(ident, f"{_api(node)} {ident}".strip(), _api(node))


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="zapier",
        title="Zapier's Zaps, from their export",
        config=ZapierConfig,
        operations=(),
        permission_format=PermissionFormat.FILESYSTEM,
        yields=NAMES.kinds | lowcode.kinds(NAMES),
        docs_url="https://help.zapier.com/hc/en-us/articles/8496308481933",
        exports=("the export of all Zaps of a Team or Enterprise account (JSON)",),
    ),
    names=NAMES,
    parts=(),
    kinds=(Kind(is_zap, zap),),
    access=no_access,
    expected="Zaps",
)
