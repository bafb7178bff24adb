"""What LangSmith's keys, people and projects tell."""

from __future__ import annotations

from connectors.langsmith import KEY
from scanner.graph.same_keys import same_keys
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Credential, Identity
from tests.connectors.langsmith.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_a_key_in_code_is_joined_to_its_record(vendor: Vendor) -> None:
    records = [one for one in CASE.items(CASE.context(vendor.url), "keys")
               if isinstance(one, Credential)]  # fmt: skip
    assert [one.hint for one in records] == ["lsv2_sk\u20261f2e3d", "lsv2_sk\u20269c0d1e"]
    assert records[1].tags == {"read_only": "yes"}
    found = Credential(
        id=NodeId("credential:langsmith:x"), kind=KEY, name="in code", issuer="langsmith",
        fingerprint="x", hint="lsv2_sk_\u20261f2e3d",
    )  # fmt: skip
    assert [edge.target for edge in same_keys([found, *records])] == ["langsmith:acme/key/k1"]


def test_projects_with_their_last_run(vendor: Vendor) -> None:
    projects = {one.name: one for one in CASE.items(CASE.context(vendor.url), "projects")
                if isinstance(one, Asset)}  # fmt: skip
    bot = projects["support-bot"]
    assert (bot.provider, bot.evidence[0].last_at) == ("langsmith", "2026-11-27T08:00:00Z")
    assert projects["default"].evidence[0].last_at == ""


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Ada Day"].tags) == (
        "ada@acme.com", {"role": "Organization Admin"},
    )  # fmt: skip
