"""Gemini Enterprise: engines, the stores that they search, and the systems that connectors read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.gcp.estate import Read, project, read
from tests.google_rig import Fault, Rig, serving

OP = "discoveryengine.projects.locations.collections"
LEAD = "projects/acme-7/locations/eu/collections"
ENGINE = f"//discoveryengine.googleapis.com/{LEAD}/default_collection/engines/ge"
CONNECTOR = f"//discoveryengine.googleapis.com/{LEAD}/jira_1"
ISSUES, OWN = (
    f"{CONNECTOR}/dataStores/jira_1_issue",
    f"{ENGINE.partition('/engines/')[0]}/dataStores/a",
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        _planted(made)
        yield made
        assert not made.rejected


def _planted(rig: Rig) -> None:
    """As Google answers: what connectors fill is in collections of their own."""
    project(rig, 7, enabled=("discoveryengine",))
    numbered = LEAD.replace("acme-7", "7")
    rig.plant(
        f"{OP}.engines.list", f"{LEAD}/default_collection",
        {"name": f"{numbered}/default_collection/engines/ge", "displayName": "Gemini Enterprise",
         "dataStoreIds": ["jira_1_issue", "a", "long-gone"]},
    )  # fmt: skip
    stores = [{"entityName": "issue", "dataStore": f"{numbered}/jira_1/dataStores/jira_1_issue"}]
    rig.plant(
        f"{OP}.list", "projects/acme-7/locations/eu",
        {"name": f"{numbered}/default_collection", "displayName": "Default"},
        {"name": f"{numbered}/jira_1", "displayName": "Jira of sales",
         "dataConnector": {"name": f"{numbered}/jira_1/dataConnector"}},
    )  # fmt: skip
    rig.answer(
        f"{OP}.getDataConnector", f"{LEAD}/jira_1",
        {"name": f"{numbered}/jira_1/dataConnector", "dataSource": "jira", "state": "ACTIVE",
         "connectorType": "THIRD_PARTY", "entities": stores,
         "params": {"instance_uri": "https://acme.atlassian.net", "client_secret": "made-up"}},
    )  # fmt: skip
    for collection, store in (("default_collection", "a"), ("jira_1", "jira_1_issue")):
        rig.plant(f"{OP}.dataStores.list", f"{LEAD}/{collection}",
                  {"name": f"{numbered}/{collection}/dataStores/{store}"})  # fmt: skip


def _read(rig: Rig) -> Read:
    return read(rig, families=("search",), creators=False, identities=False,
                asset_inventory=False, perimeters=False)  # fmt: skip


def test_an_engine_reads_what_a_connector_fills_and_nothing_that_is_not_there(rig: Rig) -> None:
    found = _read(rig)
    reads = {target for source, relation, target in found.edges
             if (source, relation) == (ENGINE, "reads_from")}  # fmt: skip
    assert reads == {ISSUES, OWN}
    assert reads <= found.assets.keys()
    connector = found.assets[CONNECTOR]
    assert (connector.name, connector.status) == ("Jira of sales", "ACTIVE")
    assert connector.tags["source"] == "jira"
    assert (CONNECTOR, "writes_to", ISSUES) in found.edges
    assert [
        edge for edge in found.edges if edge[0] == CONNECTOR and "acme.atlassian.net" in edge[2]
    ]
    assert not found.gaps
    assert "made-up" not in repr(found.items), "parameters of connectors are not kept"


def test_collections_that_may_not_be_listed_are_a_gap_and_the_default_one_is_read(rig: Rig) -> None:
    rig.strike("v1alpha/", Fault(403, "no", "PERMISSION_DENIED"))
    found = _read(rig)
    gaps = found.gaps["gcp:acme-7/search"]
    assert any("grant discoveryengine.collections.list" in gap.reason for gap in gaps)
    assert OWN in found.assets
    assert (ENGINE, "reads_from", OWN) in found.edges
    assert ISSUES not in {target for *_, target in found.edges}


def test_a_connector_that_may_not_be_looked_into_is_told_and_a_gap(rig: Rig) -> None:
    rig.strike("jira_1/dataConnector$", Fault(403, "no", "PERMISSION_DENIED"))
    found = _read(rig)
    assert found.assets[CONNECTOR].name == "Jira of sales"
    (gap,) = found.gaps["gcp:acme-7/search"]
    assert "grant discoveryengine.dataConnectors.get" in gap.reason
    assert (ENGINE, "reads_from", ISSUES) in found.edges
