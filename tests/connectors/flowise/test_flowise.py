"""What Flowise's flows tell, and what the detector makes of their steps."""

from __future__ import annotations

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Relation, merge_fact
from scanner.model.items import Content
from tests.connectors.flowise.world import CASE, FLOWS
from tests.saas_rig import Break, Reply, Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_flows_of_every_type_with_their_credentials(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "flows")
    flows = {one.name: one for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip
    assert (flows["Support bot"].exposure, flows["Support bot"].tags) == (
        ("public",), {"type": "chatflow"},
    )  # fmt: skip
    assert flows["Researcher"].tags == {"type": "agentflow", "triggers": "chatInput"}
    used = [e.target for e in items
            if isinstance(e, Edge) and e.relation is Relation.AUTHENTICATES_WITH]  # fmt: skip
    assert used == ["flowise:acme/credential/c1"]


def test_a_credential_is_called_as_its_list_says_whoever_is_read_last(vendor: Vendor) -> None:
    def slot(part: str) -> Asset:
        (one,) = [i for i in CASE.items(CASE.context(vendor.url), part)
                  if isinstance(i, Asset) and i.asset_class is AssetClass.SECRET_SLOT]  # fmt: skip
        return one

    mentioned, listed = slot("flows"), slot("credentials")
    assert merge_fact(listed, mentioned).name == "OpenAI of support"
    assert merge_fact(mentioned, listed).name == "OpenAI of support"


def test_the_detector_names_the_provider_of_a_step(vendor: Vendor, detector: Detector) -> None:
    contents = [one for one in CASE.items(CASE.context(vendor.url), "flows")
                if isinstance(one, Content)]  # fmt: skip
    told = {
        one.place.subject: {h.provider for h in detector.examine(one.data, "flow.json",
                                                                 one.rule_sets)}
        for one in contents
    }  # fmt: skip
    assert told["flowise:acme/flow/f1"] >= {"openai", "flowise"}


def test_older_versions_answer_with_all_of_it_each_time(vendor: Vendor) -> None:
    vendor.breaks[:] = [Break(Reply(FLOWS))]
    items = CASE.items(CASE.context(vendor.url), "flows")
    names = [one.name for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW]  # fmt: skip
    assert names == ["Support bot", "Researcher"]
