"""What the administration of Weights & Biases tells."""

from __future__ import annotations

import pytest

from connectors.wandb import graphql
from scanner.model.errors import Denied, Unavailable
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap
from tests.connectors.wandb import world
from tests.connectors.wandb.world import CASE
from tests.saas_rig import Break, Reply, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_people_with_seats(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    ada = people["Ada"]
    assert (ada.id, ada.email) == ("wandb:acme/user/ada@acme.com", "ada@acme.com")
    assert ada.tags["models_seat"] == "full"
    assert (ada.is_active, people["Ben"].is_active) == (True, False)


def test_teams_with_service_accounts_and_without_whom_they_wait_for(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "teams")
    people = {i.id: i for i in items if isinstance(i, Identity)}
    assert people.keys() == {"wandb:acme/user/ada@acme.com", "wandb:acme/user/ci-training"}
    robot = people["wandb:acme/user/ci-training"]
    assert robot.principal_type is PrincipalType.SERVICE
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert ("wandb:acme/team/vision", Relation.CONTAINS, robot.id) in edges


def test_no_key_is_asked_for() -> None:
    for query in (graphql.MEMBERS, graphql.PROJECTS, graphql.MODELS):
        assert "apikey" not in query.lower()
        assert query.lstrip().startswith("query ")


def test_projects_of_teams_with_makers(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "projects")
    found = {i.name: i for i in items if isinstance(i, Asset)}
    assert found.keys() == {"detector", "segments", "triage"}
    one = found["detector"]
    assert (one.id, one.account) == ("wandb:acme/project/vision/detector", "wandb:acme/team/vision")
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (one.id, Relation.OWNED_BY, "wandb:acme/user/ada@acme.com") in edges


def test_registered_models_and_no_data_sets(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "models")
    models = {i.name: i for i in items if isinstance(i, Asset)}
    assert models.keys() == {"defects", "triage-llm"}
    assert models["defects"].asset_class is AssetClass.MODEL
    assert models["defects"].tags == {"registry": "model"}


def test_an_organization_that_is_called_otherwise_there_is_told(vendor: Vendor) -> None:
    ctx = CASE.context(vendor.url, wandb_organization="acme-inc")
    with pytest.raises(Unavailable, match="artifactCollections"):
        CASE.items(ctx, "models")


def test_the_log_tells_who_works_on_what(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "events")}
    assert {key: (a.relation, a.count) for key, a in told.items()} == {
        ("project:read", "detector"): ("used_by", 2),
        ("artifact:read", "detector"): ("used_by", 1),
        ("run:delete (failed)", "triage"): ("", 1),
        ("user:create_api_key", "Weights & Biases of acme"): ("", 1),
        ("team:create_service_account", "Weights & Biases of acme"): ("", 1),
        ("project:delete", "triage"): ("", 1),
    }
    who = told["project:read", "detector"].actor
    assert who is not None
    assert who.email == "ada@acme.com"


def test_an_instance_of_ones_own_is_asked_elsewhere_and_tells_the_same(vendor: Vendor) -> None:
    theirs = CASE.activities(vendor, "events")
    own = folded(CASE.items(CASE.context(vendor.url, own_instance=True), "events"))
    assert "GET /admin/audit_logs" in vendor.calls
    assert own == theirs


@pytest.mark.parametrize(("said", "kind"), [("permission denied", Denied),
                                            ("internal error", Unavailable)])  # fmt: skip
def test_an_error_in_an_answer_is_no_empty_list(
    vendor: Vendor, said: str, kind: type[Exception]
) -> None:
    vendor.breaks.append(Break(Reply({"data": None, "errors": [{"message": said}]})))
    with pytest.raises(kind, match=said):
        CASE.items(CASE.context(vendor.url), "models")


def test_a_list_that_tells_fewer_than_it_counts_is_no_list(vendor: Vendor) -> None:
    answer = {"Resources": world.USERS, "totalResults": 9}
    vendor.breaks.append(Break(Reply(answer)))
    with pytest.raises(Unavailable, match="2 of 9"):
        CASE.items(CASE.context(vendor.url), "people")


def test_one_team_that_is_refused_costs_itself(vendor: Vendor) -> None:
    refused = Reply({"errors": [{"message": "permission denied"}]})
    vendor.breaks.append(Break(refused, first=1, times=1))
    items = CASE.items(CASE.context(vendor.url), "projects")
    assert [i.name for i in items if isinstance(i, Asset)] == ["triage"]
    (gap,) = (i for i in items if isinstance(i, Gap))
    assert gap.denied
    assert "vision" in gap.what
