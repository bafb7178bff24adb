"""Cloud Asset Inventory: what exists below an organization, folder or project, by one search.

It sees what a service's own list is refused, and nothing that the tables do not list: a resource's
full name tells which list it belongs to, so that both give one asset. Conditions of a table are
judged by the resource itself, where the search shows it (``versionedResources``); where it does
not, such things are left to the lists, and so is what it has no type for. It lags by minutes.
https://cloud.google.com/asset-inventory/docs/searching-resources
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from connectors.gcp import keys, operations
from connectors.gcp.access import Access
from connectors.gcp.hierarchy import Tree, project_id
from connectors.gcp.records import labels, last, normal
from connectors.gcp.types import TYPES
from scanner.kit.tabled.contents import contents
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import first_tag, is_usable, shown
from scanner.kit.tables import ResourceType, first_text, holds, values
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, Relation
from scanner.model.items import Item

SEARCH = "cloudasset.searchAllResources"
REASONS = {SEARCH: "resources that a service's own list is refused"}


_ALSO = {
    "bigquery.googleapis.com projects/datasets/models": "gcp.bigquery_model",
    "cloudsql.googleapis.com projects/instances": "gcp.sql_instance",
    "compute.googleapis.com projects/zones/instances": "gcp.compute_instance",
    "container.googleapis.com projects/zones/clusters": "gcp.gke_cluster",
    "dataproc.googleapis.com projects/regions/clusters": "gcp.dataproc_cluster",
}
"""Names that are not made as a list's path is (https://cloud.google.com/asset-inventory/docs/
asset-names)."""
_TYPES = {
    "bigquery": "Model", "cloudsql": "", "compute": "Instance", "container": "Cluster",
    "secretmanager": "Secret", "sqladmin": "Instance",
}  # fmt: skip
"""Of services with much besides, which of their types; Cloud SQL's have the API's name and not that
of their own names."""
UNKNOWN = frozenset({"gcp.dialogflow_es_agent", "gcp.dataflow_job"})
"""What it has no type for, and what it shows long after it has ended."""


def _listed() -> dict[str, ResourceType]:
    """``aiplatform.googleapis.com projects/locations/endpoints`` -> its type."""
    by_kind = {kind.kind: kind for kind in TYPES}
    found = {name: by_kind[kind] for name, kind in _ALSO.items()}
    for kind in TYPES:
        *steps, verb = kind.list.op.split(".")[1:]
        if verb == "list" and kind.id == "resource" and kind.kind not in UNKNOWN:
            found[f"{operations.api(kind.list.op)} {'/'.join(steps)}"] = kind
    return found


KNOWN = _listed()
_HOSTS = sorted({one.partition(".")[0] for one in KNOWN} - _TYPES.keys())
TYPES_ASKED = "|".join([
    rf"({'|'.join(_HOSTS)})\.googleapis\.com/.*",
    *(rf"{host}\.googleapis\.com/{name}" for host, name in sorted(_TYPES.items()) if name),
])  # fmt: skip
"""One expression: each that matched no type that Google supports would refuse the whole."""
_FIELDS = (
    "name", "assetType", "project", "displayName", "labels", "location", "createTime", "state",
    "versionedResources",
)  # fmt: skip


def items(
    access: Access, scope: str, tree: Tree, environments: tuple[str, ...], *, names: bool = True
) -> Iterator[Item]:
    """``names``: those of secrets are looked at. Raises the source errors."""
    rule = operations.operation_id(SEARCH)
    asked = {"assetTypes": TYPES_ASKED, "pageSize": "200", "readMask": ",".join(_FIELDS)}
    for page in access.pages(SEARCH, f"{scope}:searchAllResources", "", scope, asked, "results[]"):
        for one in values(page, "results[]"):
            found = _of(one, tree)
            if found is not None and (names or not found.kind.is_name_examined):
                yield from _items(one, found, environments, rule)


class _Found(NamedTuple):
    kind: ResourceType
    ident: str
    record: Mapping[str, Any]
    """The resource itself; empty: the search does not show it."""


def _of(one: Any, tree: Tree) -> _Found | None:
    """None: no list would show it, or none that can be told by this alone."""
    host, _, path = first_text(one, "name").removeprefix("//").partition("/")
    steps = path.split("/")
    kind = KNOWN.get(f"{host} {'/'.join(steps[::2])}") if len(steps) % 2 == 0 else None
    if kind is None:
        return None
    steps[1] = tree.numbers.get(steps[1], steps[1])
    ident = f"//{host}/{'/'.join(steps)}"
    record = _record(one, host, steps[1], tree)
    conditions = (*kind.where, *kind.listed)
    is_wanted = not conditions or (bool(record) and all(holds(each, record) for each in conditions))
    return _Found(kind, ident, record) if is_usable(ident) and is_wanted else None


def _record(one: Any, host: str, project: str, tree: Tree) -> Mapping[str, Any]:
    told = list(values(one, "versionedResources[].resource"))
    if not told or not isinstance(told[-1], Mapping):
        return {}
    made = normal(told[-1], host, lambda text: text)
    if host == keys.HOST:
        known = tree.projects.get(project)
        made["plain"].update(keys.plain(told[-1], known.services if known else None))
    return made


def _items(one: Any, found: _Found, environments: tuple[str, ...], rule: str) -> Iterator[Item]:
    kind, ident, record = found
    host, _, path = ident.removeprefix("//").partition("/")
    tags = labels(one)
    evidence = Evidence(rule=rule, source="gcp", resource=ident)
    yield Asset(
        id=NodeId(ident),
        kind=kind.kind,
        name=shown(first_text(one, "displayName") or last(path)),
        asset_class=kind.asset_class,
        provider=kind.provider,
        account=project_id(path.split("/")[1]),
        region=first_text(one, "location"),
        environment=first_tag(tags, environments),
        created_at=first_text(one, "createTime"),
        status=first_text(one, "state"),
        # Where the resource is not shown the list alone tells, which is added to this.
        is_ai=kind.is_ai
        and (not kind.ai_when or (bool(record) and all(holds(c, record) for c in kind.ai_when))),
        tags=tags,
        evidence=(evidence,),
    )
    above = "/".join(path.split("/")[:-2])
    holder = f"//{host}/{above}" if kind.under else project_id(path.split("/")[1])
    yield edge_of(NodeId(holder), NodeId(ident), Relation.CONTAINS, evidence)
    if kind.provider:
        provider = NodeId(f"provider:{kind.provider}")
        yield edge_of(NodeId(ident), provider, Relation.CALLS, evidence)
    if kind.is_name_examined:
        yield from contents(kind, {**record, "name": last(path)}, ident, frozenset())
