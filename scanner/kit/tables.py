"""Resource types as data: what to list, how a record becomes a fact.

A table is YAML of about nine lines a type. Paths are dotted names, with ``[]`` for every element of
a list; there is no language beyond that. What needs more is Python in the connector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from scanner.model.base import Model
from scanner.model.facts import AssetClass, Relation


class Call(Model, frozen=True, kw_only=True):
    """One operation. ``items``: path of the list in the answer. ``args``: argument name to path in
    the list record. ``params``: constants."""

    op: str
    items: str = ""
    args: dict[str, str] = {}
    params: dict[str, str] = {}


class Page(Model, frozen=True, kw_only=True):
    """Explicit paging where the vendor's model returns a token but describes no paginator."""

    token_in: str
    token_out: str


class EdgeRule(Model, frozen=True, kw_only=True):
    """``path`` gives values; ``target`` makes an id of each: ``{value}``, ``{partition}``,
    ``{region}``, ``{account}`` may stand in it; ``s3`` and ``provider`` are built in."""

    relation: Relation
    path: str
    target: str = "{value}"


class ResourceType(Model, frozen=True, kw_only=True):
    kind: str
    asset_class: AssetClass = msgspec.field(name="class")
    service: str
    list: Call
    detail: Call | None = None
    tags: Call | None = None
    page: Page | None = None
    id: str
    name: str
    created_at: str = ""
    status: str = ""
    models: str = ""
    provider: str
    edges: tuple[EdgeRule, ...] = ()
    describes: str
    reference: str

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(call for call in (self.list, self.detail, self.tags) if call)


def values(record: Any, path: str) -> Iterator[Any]:
    """Every value at ``path``; a missing step gives nothing, so optional fields need no branch."""
    if not path:
        yield record
        return
    step, _, rest = path.partition(".")
    is_list = step.endswith("[]")
    key = step[:-2] if is_list else step
    if not isinstance(record, Mapping) or record.get(key) is None:
        return
    found = record[key]
    if is_list:
        for element in found if isinstance(found, list) else ():
            yield from values(element, rest)
    else:
        yield from values(found, rest)


def first_text(record: Any, path: str) -> str:
    """The first value at ``path`` as text (dates in ISO 8601), or the empty string."""
    for value in values(record, path) if path else ():
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    return ""


def tags_of(records: Any) -> dict[str, str]:
    """Tags as AWS writes them: a map, or a list of Key/Value or key/value pairs."""
    if isinstance(records, Mapping):
        return {str(key): str(value) for key, value in records.items()}
    pairs = [r for r in records or () if isinstance(r, Mapping)]
    return {
        str(r.get("Key", r.get("key", ""))): str(r.get("Value", r.get("value", ""))) for r in pairs
    }
