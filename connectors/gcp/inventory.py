"""Cloud Asset Inventory: what exists below an organization, folder or project, by one search.

It sees what a service's own list is refused, and nothing that the tables do not list: a resource's
full name tells which list it belongs to, so that both give one asset. It lags behind by minutes,
and what a table takes only under a condition it cannot judge: such things are left to the lists.
https://cloud.google.com/asset-inventory/docs/searching-resources
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.hierarchy import project_id
from connectors.gcp.records import labels, last
from connectors.gcp.types import TYPES
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import first_tag, is_usable, shown
from scanner.kit.tables import ResourceType, first_text, values
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, Relation
from scanner.model.items import Item

SEARCH = "cloudasset.searchAllResources"
REASONS = {SEARCH: "resources that a service's own list is refused"}


def _listed() -> dict[str, ResourceType]:
    """``aiplatform.googleapis.com projects/locations/endpoints`` -> its type."""
    found = {}
    for kind in TYPES:
        *steps, verb = kind.list.op.split(".")[1:]
        is_plain = kind.id == "resource" and not (
            kind.where or kind.listed or kind.is_name_examined
        )
        if verb == "list" and is_plain:
            found[f"{operations.api(kind.list.op)} {'/'.join(steps)}"] = kind
    return found


KNOWN = _listed()
_HOSTS = sorted({one.partition(".")[0] for one in KNOWN})
TYPES_ASKED = rf"({'|'.join(_HOSTS)})\.googleapis\.com/.*"
"""One expression: each that matched no type that Google supports would refuse the whole."""


def items(
    access: Access, scope: str, numbers: Mapping[str, str], environments: tuple[str, ...]
) -> Iterator[Item]:
    """Raises the source errors."""
    rule = operations.operation_id(SEARCH)
    asked = {"assetTypes": TYPES_ASKED, "pageSize": "500"}
    for page in access.pages(SEARCH, f"{scope}:searchAllResources", "", scope, asked, "results[]"):
        for one in values(page, "results[]"):
            yield from _of(one, numbers, environments, rule)


def _of(
    one: Any, numbers: Mapping[str, str], environments: tuple[str, ...], rule: str
) -> Iterator[Item]:
    host, _, path = first_text(one, "name").removeprefix("//").partition("/")
    steps = path.split("/")
    kind = KNOWN.get(f"{host} {'/'.join(steps[::2])}") if len(steps) % 2 == 0 else None
    if kind is None:
        return
    steps[1] = numbers.get(steps[1], steps[1])
    ident = f"//{host}/{'/'.join(steps)}"
    if not is_usable(ident):
        return
    tags = labels(one)
    evidence = Evidence(rule=rule, source="gcp", resource=ident)
    yield Asset(
        id=NodeId(ident),
        kind=kind.kind,
        name=shown(first_text(one, "displayName") or last(path)),
        asset_class=kind.asset_class,
        provider=kind.provider,
        account=project_id(steps[1]),
        region=first_text(one, "location"),
        environment=first_tag(tags, environments),
        created_at=first_text(one, "createTime"),
        status=first_text(one, "state"),
        # Whether its conditions hold the list alone tells, which is added to this.
        is_ai=kind.is_ai and not kind.ai_when,
        tags=tags,
        evidence=(evidence,),
    )
    above = "/".join(steps[:-2])
    holder = f"//{host}/{above}" if kind.under else project_id(steps[1])
    yield edge_of(NodeId(holder), NodeId(ident), Relation.CONTAINS, evidence)
    if kind.provider:
        provider = NodeId(f"provider:{kind.provider}")
        yield edge_of(NodeId(ident), provider, Relation.CALLS, evidence)
