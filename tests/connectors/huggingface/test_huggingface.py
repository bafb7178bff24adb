"""What an organization of the Hub tells."""

from __future__ import annotations

from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from tests.connectors.huggingface.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def _assets(vendor: Vendor, part: str) -> dict[str, Asset]:
    items = CASE.items(CASE.context(vendor.url), part)
    return {one.name: one for one in items if isinstance(one, Asset)}


def test_models_with_who_can_see_them(vendor: Vendor) -> None:
    models = _assets(vendor, "models")
    assert set(models) == {"acme/support-llm", "acme/open", "acme/ranker"}
    assert models["acme/open"].exposure == ("public",)
    assert models["acme/support-llm"].exposure == ("private",)
    assert models["acme/open"].aliases == ("https://huggingface.co/acme/open",)


def test_spaces_and_data_sets(vendor: Vendor) -> None:
    spaces = _assets(vendor, "spaces")
    assert spaces["acme/demo"].tags["sdk"] == "gradio"
    assert spaces["acme/demo"].aliases == ("https://huggingface.co/spaces/acme/demo",)
    assert len(_assets(vendor, "datasets")) == 3


def test_an_endpoint_serves_a_model_of_ours_and_names_its_maker(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "endpoints")
    found = {one.name: one for one in items if isinstance(one, Asset)}
    one = found["support"]
    assert (one.asset_class, one.models) == (AssetClass.MODEL_ENDPOINT, ("acme/support-llm",))
    assert (one.region, one.status, one.exposure) == ("eu-west-1", "running", ("protected",))
    assert one.tags["accelerator"] == "gpu"
    edges = {(e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (Relation.SERVES, "huggingface:acme/model/acme/support-llm") in edges
    assert (Relation.OWNED_BY, "huggingface:acme/user/ada") in edges
    assert not [t for r, t in edges if r is Relation.SERVES and "bge" in t]


def test_members(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "members")
    people = {one.name: one for one in items if isinstance(one, Identity)}
    assert people["Ada Day"].email == "ada@acme.com"
    assert people["Cleo Cay"].tags == {"role": "write"}
