"""What an organization of the Hub tells."""

from __future__ import annotations

import json
from pathlib import Path

from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Gap
from tests.connectors.huggingface.world import CASE, EVENTS, entry
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

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


def test_the_log_tells_who_works_with_the_hub_and_what_is_done_with_keys(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "audit")
    assert not [one for one in items if isinstance(one, Gap)]
    rows = {(a.rule, a.relation, a.count, a.actor.name if a.actor else "") for a in folded(items)}
    assert rows == {
        ("repo.create", "used_by", 2, "ada"),
        ("org.sso_login", "used_by", 1, "ben"),
        ("jobs.create", "used_by", 1, "cleo"),
        ("org.settings.inference_providers.keys.add", "", 1, "ada"),
        ("org.token_approval.authorization_request.authorized", "", 1, "ada"),
        ("billing.renew_subscription", "", 1, ""),
    }
    assert not any(word in repr(items) for word in ("secret-plan", "203.0.113.0", "Mozilla"))
    (ada,) = {a.actor.id for a in folded(items) if a.rule == "repo.create" and a.actor}
    members = CASE.items(CASE.context(vendor.url), "members")
    assert ada in {one.id for one in members if isinstance(one, Identity)}


def test_a_log_told_twice_counts_once_and_new_types_are_told(
    vendor: Vendor, tmp_path: Path
) -> None:
    told = [*EVENTS, *EVENTS, entry(9, "robots.assemble", 26)]
    (tmp_path / "audit.json").write_text(json.dumps(told))
    ctx = CASE.context("https://x.example", live=False, files=("audit.json",), folder=tmp_path)
    items = CASE.items(ctx)
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.reason == "1 events are of types not known here: robots.assemble"
    assert sum(a.count for a in folded(items)) == len(EVENTS) + 1
