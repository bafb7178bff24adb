"""Cloud Asset Inventory finds what the services' own lists find, under the same ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.gcp.inventory import KNOWN, TYPES_ASKED, UNKNOWN
from connectors.gcp.reading import AT, IN
from connectors.gcp.types import TYPES
from scanner.kit.tables import ResourceType
from scanner.model.facts import Asset, Edge
from scanner.model.items import Content
from tests.connectors.gcp.estate import ENABLED_NAMES, ORG, Read, everywhere, project, read
from tests.google_rig import Fault, Rig, serving

BY_KIND = {kind.kind: kind for kind in TYPES}
OWN = [
    kind for kind in KNOWN.values()
    if kind.service != "personal-agents" and kind.id == "resource"
    and not (kind.where or kind.listed)
]  # fmt: skip


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


@pytest.mark.slow
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


ZONE = "https://www.googleapis.com/compute/v1/projects/acme-7/zones/us-central1-a"
GKE = "https://container.googleapis.com/v1/projects/acme-7"
CARDS = [{"acceleratorType": "nvidia-h100-80gb", "acceleratorCount": "8"}]
POOLS = [{"config": {"machineType": "a3-highgpu-8g", "accelerators": CARDS}}]
GEMINI = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
LEAD = "projects/acme-7/locations/us-central1"
ON = {"google_ml_integration.enable_model_support": "on"}
CONNECTOR = f"{LEAD}/collections/c"
JUDGED: list[tuple[str, str, str, dict[str, Any], bool]] = [
    ("container.projects.locations.clusters.list", "projects/acme-7/locations/-",
     f"//container.googleapis.com/{LEAD}/clusters/region",
     {"name": "region", "selfLink": f"{GKE}/locations/us-central1/clusters/region",
      "nodePools": POOLS}, True),
    ("container.projects.locations.clusters.list", "projects/acme-7/locations/-",
     "//container.googleapis.com/projects/acme-7/zones/us-central1-a/clusters/zone",
     {"name": "zone", "selfLink": f"{GKE}/zones/us-central1-a/clusters/zone",
      "nodePools": POOLS}, True),
    ("container.projects.locations.clusters.list", "projects/acme-7/locations/-",
     f"//container.googleapis.com/{LEAD}/clusters/plain",
     {"name": "plain", "selfLink": f"{GKE}/locations/us-central1/clusters/plain"}, False),
    ("sql.instances.list", "projects/acme-7",
     "//cloudsql.googleapis.com/projects/acme-7/instances/vectors",
     {"name": "vectors", "settings": {"enableGoogleMlIntegration": True}}, True),
    ("dataproc.projects.regions.clusters.list", "projects/acme-7/regions/us-central1",
     "//dataproc.googleapis.com/projects/acme-7/regions/us-central1/clusters/spark",
     {"clusterName": "spark"}, True),
    ("documentai.projects.locations.processors.processorVersions.list", f"{LEAD}/processors/a",
     f"//documentai.googleapis.com/{LEAD}/processors/a/processorVersions/v",
     {"name": f"{LEAD}/processors/a/processorVersions/v", "googleManaged": False}, True),
    ("documentai.projects.locations.processors.processorVersions.list", f"{LEAD}/processors/a",
     f"//documentai.googleapis.com/{LEAD}/processors/a/processorVersions/google",
     {"name": f"{LEAD}/processors/a/processorVersions/google", "googleManaged": True}, False),
    ("apikeys.projects.locations.keys.list", "projects/acme-7/locations/global",
     "//apikeys.googleapis.com/projects/acme-7/locations/global/keys/k",
     {"name": "projects/acme-7/locations/global/keys/k", "restrictions": GEMINI}, True),
    ("alloydb.projects.locations.clusters.instances.list", f"{LEAD}/clusters/a",
     f"//alloydb.googleapis.com/{LEAD}/clusters/a/instances/i",
     {"name": f"{LEAD}/clusters/a/instances/i", "databaseFlags": ON}, True),
    ("secretmanager.projects.secrets.list", "projects/acme-7",
     "//secretmanager.googleapis.com/projects/acme-7/secrets/openai-key",
     {"name": "projects/acme-7/secrets/openai-key"}, True),
    ("bigquery.models.list", "projects/acme-7/datasets/sales",
     "//bigquery.googleapis.com/projects/acme-7/datasets/sales/models/churn", {}, True),
]  # fmt: skip
"""List, where it is asked, full name, the resource itself, whether it is wanted."""


@pytest.mark.slow
def test_what_a_table_takes_on_a_condition_is_judged_by_the_resource_itself(rig: Rig) -> None:
    project(rig, 7, enabled=ENABLED_NAMES)
    everywhere(rig, "acme-7", 7)
    machine = {"name": "trainer", "selfLink": f"{ZONE}/instances/trainer", "zone": ZONE,
               "machineType": f"{ZONE}/machineTypes/a3-highgpu-8g"}  # fmt: skip
    small = {**machine, "name": "small", "selfLink": f"{ZONE}/instances/small",
             "machineType": f"{ZONE}/machineTypes/e2-small"}  # fmt: skip
    rig.answer("compute.instances.aggregatedList", "projects/acme-7/aggregated",
               {"items": {"zones/us-central1-a": {"instances": [machine, small]}}})  # fmt: skip
    wanted = {"//compute.googleapis.com/projects/acme-7/zones/us-central1-a/instances/trainer"}
    told = [(ident, record) for _, _, ident, record, _ in JUDGED]
    lead = "//compute.googleapis.com/projects/acme-7/zones/us-central1-a/instances"
    told += [(f"{lead}/{one['name']}", one) for one in (machine, small)]
    for op, parent, ident, record, is_wanted in JUDGED:
        if record:
            rig.plant(op, parent, record)
        wanted |= {ident} if is_wanted else set()
    for ident, record in told:
        by_number = ident.replace("projects/acme-7", "projects/7")
        rig.plant("cloudasset.searchAllResources", ORG,
                  {"name": by_number,
                   "versionedResources": [{"version": "v1", "resource": record}]})  # fmt: skip
    quiet = {"creators": False, "identities": False, "personal_agents": False}
    lists = read(rig, asset_inventory=False, **quiet)
    rig.strike(r"^(?!cloudasset|cloudresourcemanager|serviceusage)", Fault(403, "no", "DENIED"))
    search = read(rig, **quiet)
    judged = {ident for ident, _ in told}
    for found in (lists, search):
        assert found.assets.keys() & judged == wanted
    by_lists, by_search = (
        {ident: (one.assets[ident].kind, one.assets[ident].is_ai) for ident in wanted}
        for one in (lists, search)
    )
    assert by_search == by_lists
    assert b"openai-key" in {one.data.strip() for one in search.items if isinstance(one, Content)}
    without = read(rig, secret_names=False, **quiet)
    assert not [one for one in without.assets.values() if one.kind == "gcp.secret"]


def test_a_resource_that_the_search_does_not_show_is_left_to_its_list(rig: Rig) -> None:
    project(rig, 7, enabled=())
    cluster = "//container.googleapis.com/projects/7/locations/us-central1/clusters/c"
    key = "//apikeys.googleapis.com/projects/7/locations/global/keys/k"
    rig.plant("cloudasset.searchAllResources", ORG, {"name": cluster}, {"name": key})
    found = read(rig, creators=False, identities=False)
    assert cluster.replace("/7/", "/acme-7/") not in found.assets
    assert not found.assets[key.replace("/7/", "/acme-7/")].is_ai


def test_what_the_inventory_has_no_type_for_is_left_to_lists() -> None:
    assert {kind.kind for kind in TYPES} - {kind.kind for kind in KNOWN.values()} == UNKNOWN


def test_the_search_asks_for_the_types_of_all_that_it_is_to_find() -> None:
    """Types have the name of the API, which is that of the resource but for Cloud SQL."""
    for name in KNOWN:
        host = name.partition(".")[0].replace("cloudsql", "sqladmin")
        assert any(re.fullmatch(TYPES_ASKED, f"{host}.googleapis.com/{kind}")
                   for kind in ("Instance", "Cluster", "Secret", "Model")), name  # fmt: skip
    for other in ("compute.googleapis.com/Disk", "secretmanager.googleapis.com/SecretVersion"):
        assert not re.fullmatch(TYPES_ASKED, other)
