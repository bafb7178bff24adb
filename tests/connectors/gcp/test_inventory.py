"""Cloud Asset Inventory finds what the services' own lists find, under the same ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.gcp.inventory import KNOWN
from connectors.gcp.reading import AT, IN
from connectors.gcp.types import TYPES
from scanner.kit.tables import ResourceType
from scanner.model.facts import Asset, Edge
from tests.connectors.gcp.estate import ENABLED_NAMES, ORG, Read, everywhere, project, read
from tests.google_rig import Fault, Rig, serving

BY_KIND = {kind.kind: kind for kind in TYPES}
OWN = [kind for kind in KNOWN.values() if kind.service != "personal-agents"]


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig(page_size=50)) as made:
        yield made
        assert not made.rejected


def _place(kind: ResourceType, project_name: str) -> tuple[str, str]:
    """Where a list is asked, and below what its records are called."""
    if kind.under:
        above = _name(BY_KIND[kind.under], project_name)
        return above, above
    at = str(kind.list.params.get(AT, "us-central1")).partition("|")[0]
    if at == "none":
        return project_name, project_name
    within = str(kind.list.params.get(IN, "")).replace("each", "default_collection")
    below = f"/collections/{within}" if within else ""
    place = "us-central1" if at == "-" else at
    return f"{project_name}/locations/{at}{below}", f"{project_name}/locations/{place}{below}"


def _name(kind: ResourceType, project_name: str) -> str:
    return f"{_place(kind, project_name)[1]}/{kind.list.op.split('.')[-2]}/a"


def _plant(rig: Rig) -> None:
    """One of each type, for the service's list by the project's id, for the inventory by its
    number, as Google has them."""
    project(rig, 7, enabled=ENABLED_NAMES)
    everywhere(rig, "acme-7", 7)
    for kind in OWN:
        asked, name = _place(kind, "projects/acme-7")[0], _name(kind, "projects/acme-7")
        if not any(one.get("name") == name for one in rig.records.get((kind.list.op, asked), ())):
            rig.plant(kind.list.op, asked, {"name": name})
        host = next(key for key, known in KNOWN.items() if known is kind).partition(" ")[0]
        place = name.partition("/locations/")[2].partition("/")[0]
        rig.plant("cloudasset.searchAllResources", ORG,
                  {"name": f"//{host}/{_name(kind, 'projects/7')}", "location": place})  # fmt: skip


def _seen(found: Read) -> dict[str, tuple[object, ...]]:
    return {
        one.id: (one.kind, one.asset_class, one.provider, one.account, one.region, one.is_ai)
        for one in found.items
        if isinstance(one, Asset) and one.kind in {kind.kind for kind in OWN}
    }


def _held(found: Read, ids: set[str]) -> set[tuple[str, str]]:
    return {
        (one.source, one.target) for one in found.items
        if isinstance(one, Edge) and one.relation == "contains" and one.target in ids
    }  # fmt: skip


def test_the_same_assets_are_found_either_way(rig: Rig) -> None:
    _plant(rig)
    quiet = {"creators": False, "identities": False, "personal_agents": False}
    lists = read(rig, asset_inventory=False, **quiet)
    by_lists = _seen(lists)
    assert {told[0] for told in by_lists.values()} == {kind.kind for kind in OWN}
    rig.strike(r"^(?!cloudasset|cloudresourcemanager|serviceusage)", Fault(403, "no", "DENIED"))
    search = read(rig, **quiet)
    by_search = _seen(search)
    assert by_search == by_lists
    assert _held(search, set(by_search)) == _held(lists, set(by_lists))


def test_what_the_inventory_does_not_tell_apart_is_left_to_lists() -> None:
    """Conditions that it cannot judge, ids that are no names, names that are examined."""
    left = {kind.kind for kind in TYPES} - {kind.kind for kind in KNOWN.values()}
    assert left == {
        "gcp.search_connector",
        "gcp.bigquery_model", "gcp.compute_instance", "gcp.dataflow_job", "gcp.dataproc_cluster",
        "gcp.dialogflow_es_agent", "gcp.gke_cluster", "gcp.processor_version",
        "gcp.regional_secret", "gcp.secret", "gcp.sql_instance",
    }  # fmt: skip
