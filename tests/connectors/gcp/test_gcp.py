"""Google Cloud over a rig of Google's own discovery documents: what is found, denied, disabled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.gcp import CONNECTOR, GcpConfig, hierarchy
from connectors.gcp.operations import REGIONS
from scanner.kit.permissions import permissions
from scanner.model.errors import ConfigError, Denied, NotEnabled, Throttled, Unavailable
from scanner.model.facts import Account
from scanner.model.items import Content
from tests.connectors.gcp.estate import ORG, context, endpoint, everywhere, project, read
from tests.google_rig import Fault, Rig, off, serving


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def test_an_endpoint_with_what_it_is_made_of(rig: Rig) -> None:
    ident = project(rig, 7)
    endpoint(rig, ident, 7, "europe-west4")
    found = read(rig, families=("vertex",))
    whole = f"//aiplatform.googleapis.com/projects/{ident}/locations/europe-west4"
    asset = found.assets[f"{whole}/endpoints/7"]
    assert (asset.kind, asset.name, asset.region, asset.provider, asset.environment) == (
        "gcp.vertex_endpoint", "scoring", "europe-west4", "google_vertex", "production",
    )  # fmt: skip
    assert asset.exposure == ("private",)
    network = f"//compute.googleapis.com/projects/{ident}/global/networks"
    assert {
        (asset.id, "serves", f"{whole}/models/3"),
        (asset.id, "runs_as", f"gcp:service-account/runner@{ident}.iam.gserviceaccount.com"),
        (asset.id, "configured_by", f"{network}/private"),
        (f"gcp:project/{ident}", "contains", asset.id),
        ("gcp:organizations/1", "contains", f"gcp:project/{ident}"),
    } <= found.edges  # fmt: skip
    assert not found.errors
    assert not found.gaps


def test_folders_below_each_other_are_followed(rig: Rig) -> None:
    for number, above in ((2, ORG), (3, "folders/2"), (4, "folders/2")):
        record = {"name": f"folders/{number}", "displayName": f"F{number}", "parent": above}
        rig.plant("cloudresourcemanager.folders.list", above, record)
    project(rig, 5, "folders/3")
    found = read(rig, families=("keys",))
    accounts = {item.id: item for item in found.items if isinstance(item, Account)}
    assert accounts.keys() >= {"gcp:organizations/1", "gcp:folders/3", "gcp:project/acme-5"}
    assert accounts["gcp:folders/3"].parent == "gcp:folders/2"  # type: ignore[index]


def test_what_is_not_enabled_is_no_gap_and_is_not_asked(rig: Rig) -> None:
    project(rig, 7, enabled=("run",))
    found = read(rig)
    assert isinstance(found.errors["gcp:acme-7/vertex"], NotEnabled)
    assert not [path for path in rig.paths if "aiplatform" in path]
    assert "gcp:acme-7/run" not in found.errors


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(403, "Permission 'aiplatform.endpoints.list' denied", "PERMISSION_DENIED"), Denied),
        (off(7), NotEnabled),
        (Fault(429, "Quota exceeded", "RESOURCE_EXHAUSTED"), Throttled),
        (Fault(503, "down", "UNAVAILABLE"), Unavailable),
        (Fault(200, body="{"), Unavailable),
        (Fault(200, body="[]"), Unavailable),
    ],
    ids=["denied", "disabled", "throttled", "down", "cut", "no object"],
)
def test_a_service_that_cannot_be_read_is_what_it_is(
    rig: Rig, fault: Fault, kind: type[Exception]
) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("aiplatform", fault)
    found = read(rig, families=("vertex",))
    assert isinstance(found.errors["gcp:acme-7/vertex"], kind), found.errors
    if kind is Denied:
        assert "grant aiplatform." in str(found.errors["gcp:acme-7/vertex"])


def test_one_location_that_fails_is_a_gap_and_the_others_are_read(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("europe-west4/endpoints", Fault(503, "down", "UNAVAILABLE"))
    found = read(rig, families=("vertex",))
    (gap,) = found.gaps["gcp:acme-7/vertex"]
    assert "europe-west4" in gap.what
    assert any(asset.name == "scoring" for asset in found.assets.values())


def test_a_page_token_that_repeats_is_no_end(rig: Rig) -> None:
    project(rig, 7)
    body = '{"endpoints": [], "nextPageToken": "again"}'
    rig.strike("us-central1/endpoints", Fault(200, body=body))
    found = read(rig, families=("vertex",))
    assert any("repeats a page token" in g.reason for g in found.gaps["gcp:acme-7/vertex"])


@pytest.mark.slow
def test_three_hundred_projects_are_covered_exactly(rig: Rig) -> None:
    rig.page_size = 100
    denied, deleted, blind = {3, 77}, {20, 120}, {10, 250}
    for number in range(1, 301):
        state = "DELETE_REQUESTED" if number in deleted else "ACTIVE"
        endpoint(rig, project(rig, number, state=state), number)
    for number in denied:
        rig.strike(rf"serviceusage.*/acme-{number}/", Fault(403, "no", "PERMISSION_DENIED"))
        rig.strike(rf"aiplatform.*/acme-{number}/", Fault(403, "no", "PERMISSION_DENIED"))
    for number in blind:
        rig.strike(rf"aiplatform.*/acme-{number}/", Fault(403, "no", "PERMISSION_DENIED"))
    found = read(rig, families=("vertex",))
    refused = {key for key, error in found.errors.items() if isinstance(error, Denied)}
    assert refused == {f"gcp:acme-{number}/vertex" for number in denied | blind}
    assert set(found.gaps) == {f"gcp:acme-{number}/project" for number in denied}
    gone = {key for key, error in found.errors.items() if isinstance(error, NotEnabled)}
    assert gone == {f"gcp:acme-{number}/project" for number in deleted}
    seen = [one for one in found.assets.values() if one.kind == "gcp.vertex_endpoint"]
    assert len(seen) == 300 - len(denied | deleted | blind)


def test_the_printed_role_names_only_what_reads() -> None:
    named = permissions(CONNECTOR.spec)
    assert {"aiplatform.endpoints.list", "resourcemanager.projects.list",
            "serviceusage.services.list", "apikeys.keys.list"} <= set(named)  # fmt: skip
    verbs = {one.rpartition(".")[2] for one in named}
    # Who uses a service changes nothing: it is all that Vision asks for.
    assert verbs == {"get", "getIamPolicy", "getMetadata", "list", "searchAllIamPolicies",
                     "searchAllResources", "use"}  # fmt: skip


def test_an_unknown_family_and_a_strange_address_are_refused(rig: Rig) -> None:
    with pytest.raises(ConfigError, match="there is no nothing"):
        list(CONNECTOR.shards(context(rig, families=("nothing",))))
    with pytest.raises(ConfigError, match="endpoint_consent"):
        GcpConfig(endpoint_url="https://example.com").base("run.googleapis.com")


def _machine(ident: str, name: str, **fields: object) -> dict[str, object]:
    lead = f"https://www.googleapis.com/compute/v1/projects/{ident}/zones/us-central1-a"
    return {"name": name, "selfLink": f"{lead}/instances/{name}", "zone": lead,
            "tags": {"items": ["web"], "fingerprint": "x"}, "labels": {"owner": "ada"},
            **{key: f"{lead}/machineTypes/{value}" if key == "machineType" else value
               for key, value in fields.items()}}  # fmt: skip


def test_machines_with_accelerators_by_card_and_by_machine(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("compute", "container"))
    card = {"acceleratorType": "https://x/projects/p/zones/z/acceleratorTypes/nvidia-new-card"}
    rig.answer(
        "compute.instances.aggregatedList", f"projects/{ident}/aggregated",
        {"items": {"zones/us-central1-a": {"instances": [
            _machine(ident, "plain", machineType="e2-small"),
            _machine(ident, "card", machineType="n1-standard-8", guestAccelerators=[card]),
            _machine(ident, "whole", machineType="a3-highgpu-8g"),
        ]}}, "unreachables": ["zones/europe-west4-b"]},
    )  # fmt: skip
    pool = {"config": {"machineType": "ct5lp-hightpu-4t", "serviceAccount": "default"}}
    cluster = f"projects/{ident}/locations/us-central1/clusters/train"
    rig.plant(
        "container.projects.locations.clusters.list", f"projects/{ident}/locations/-",
        {"name": "train", "location": "us-central1", "nodePools": [pool],
         "resourceLabels": {"team": "ml"},
         "selfLink": f"https://container.googleapis.com/v1/{cluster}"},
    )  # fmt: skip
    found = read(rig, families=("compute", "kubernetes"))
    lead = f"//compute.googleapis.com/projects/{ident}/zones/us-central1-a/instances"
    train = f"//container.googleapis.com/{cluster}"
    assert found.assets.keys() == {f"{lead}/card", f"{lead}/whole", train}
    card_machine = found.assets[f"{lead}/card"]
    assert card_machine.region == "us-central1-a"
    assert card_machine.tags == {
        "owner": "ada", "machine_type": "n1-standard-8", "accelerator": "nvidia-new-card",
    }  # fmt: skip
    assert found.assets[train].tags["accelerator"] == "ct5lp-hightpu-4t"
    assert found.assets[train].tags["team"] == "ml"
    (gap,) = found.gaps[f"gcp:{ident}/compute"]
    assert "europe-west4-b" in gap.what


def test_labels_are_tags_and_tell_the_environment(rig: Rig) -> None:
    ident = project(rig, 7)
    name = f"projects/{ident}/locations/us-central1/models/3"
    rig.plant(
        "aiplatform.projects.locations.models.list", name.rpartition("/models/")[0],
        {"name": name, "displayName": "m", "labels": {"env": "test", "owner": "ada"}},
    )  # fmt: skip
    model = read(rig, families=("vertex",)).assets[f"//aiplatform.googleapis.com/{name}"]
    assert (model.tags["owner"], model.environment) == ("ada", "test")


def test_an_api_of_models_is_told_when_it_is_enabled(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("generativelanguage", "run"))
    told = [one for one in read(rig).assets.values() if one.kind == "gcp.enabled_api"]
    assert [(one.provider, one.account) for one in told] == [
        ("google_gemini", f"gcp:project/{ident}")
    ]


def test_services_that_cannot_be_told_are_all_asked(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("serviceusage", Fault(503, "down", "UNAVAILABLE"))
    found = read(rig, families=("vertex",))
    assert any(asset.name == "scoring" for asset in found.assets.values())
    (gap,) = found.gaps["gcp:acme-7/project"]
    assert not gap.denied


def test_a_list_of_ones_own_agents_is_never_the_whole(rig: Rig) -> None:
    """Google shows a caller its own agents alone: an empty answer says nothing of others'."""
    project(rig, 7)
    found = read(rig, families=("personal-agents", "vertex"))
    (gap,) = found.gaps["gcp:acme-7/personal-agents"]
    assert "caller's own" in gap.reason
    assert not gap.denied
    assert "gcp:acme-7/vertex" not in found.gaps, "what lists whole stays whole"


def test_an_agent_of_the_registry_leads_to_what_hosts_it(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("agentregistry",))
    place = {"name": "projects/7/locations/us-central1", "locationId": "us-central1"}
    rig.plant("agentregistry.projects.locations.list", f"projects/{ident}", place)
    lead = "projects/7/locations/us-central1"
    engine = "//aiplatform.googleapis.com/projects/7/locations/us-central1/reasoningEngines/9"
    system = "agentregistry.googleapis.com/system"
    rig.plant(
        "agentregistry.projects.locations.agents.list", f"projects/{ident}/locations/us-central1",
        {"name": f"{lead}/agents/a", "displayName": "helper", "attributes": {
            f"{system}/RuntimeReference": {"uri": engine},
            f"{system}/Framework": {"framework": "google-adk"}}},
    )  # fmt: skip
    rig.plant(
        "agentregistry.projects.locations.aiApplications.list",
        f"projects/{ident}/locations/us-central1",
        {"name": f"{lead}/aiApplications/x", "displayName": "shop",
         "attributes": {"businessOwners": [{"email": "ada@acme.example"}]}},
    )  # fmt: skip
    found = read(rig, families=("agent-registry",))
    whole = f"//agentregistry.googleapis.com/projects/{ident}/locations/us-central1"
    hosted = engine.replace("/projects/7/", f"/projects/{ident}/")
    assert found.assets[f"{whole}/agents/a"].tags["framework"] == "google-adk"
    assert {
        (f"{whole}/agents/a", "derived_from", hosted),
        (f"{whole}/aiApplications/x", "owned_by", "gcp:user/ada@acme.example"),
    } <= found.edges


def _models_of_bigquery(rig: Rig) -> str:
    ident = project(rig, 7, enabled=("bigquery",))
    rig.plant("bigquery.datasets.list", f"projects/{ident}",
              {"id": f"{ident}:sales", "datasetReference": {"datasetId": "sales"}})  # fmt: skip
    reference = {"projectId": ident, "datasetId": "sales", "modelId": "churn"}
    rig.plant("bigquery.models.list", f"projects/{ident}/datasets/sales",
              {"modelReference": reference})  # fmt: skip
    rig.answer(
        "bigquery.models.get", f"projects/{ident}/datasets/sales/models/churn",
        {"modelReference": reference, "remoteModelInfo": {"endpoint": "gemini-2.5-flash"}},
    )  # fmt: skip
    return ident


def test_models_of_bigquery_below_every_dataset(rig: Rig) -> None:
    ident = _models_of_bigquery(rig)
    found = read(rig, families=("bigquery",))
    lead = f"//bigquery.googleapis.com/projects/{ident}/datasets/sales"
    assert found.assets[f"{lead}/models/churn"].models == ("gemini-2.5-flash",)
    assert not [
        gap for gap in found.gaps.get(f"gcp:{ident}/bigquery", ()) if "datasets" in gap.what
    ]


def test_datasets_that_bigquery_leaves_out_are_a_gap(rig: Rig) -> None:
    ident = _models_of_bigquery(rig)
    rig.refused.add("bigquery.datasets.get")
    found = read(rig, families=("bigquery",))
    gaps = [gap for gap in found.gaps[f"gcp:{ident}/bigquery"] if "datasets.list" in gap.what]
    assert [gap.denied for gap in gaps] == [True]
    assert "grant bigquery.datasets.get" in gaps[0].reason


def test_an_agent_of_the_older_edition_is_one_or_none(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("dialogflow",))
    for place in ("global", "europe-west1"):
        rig.plant("dialogflow.projects.locations.list", f"projects/{ident}",
                  {"name": f"projects/7/locations/{place}", "locationId": place})  # fmt: skip
    lead = f"projects/{ident}/locations/europe-west1"
    rig.answer("dialogflow.projects.locations.getAgent", lead,
               {"parent": lead, "displayName": "hotline"})  # fmt: skip
    found = read(rig, families=("dialogflow",))
    agent = found.assets[f"//dialogflow.googleapis.com/{lead}/agent"]
    assert (agent.name, agent.region) == ("hotline", "europe-west1")
    assert not found.gaps


def test_a_region_of_which_cloud_sql_is_silent_is_a_gap(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("sqladmin",))
    rig.answer(
        "sql.instances.list", f"projects/{ident}",
        {"items": [{"name": "orders", "settings": {"enableGoogleMlIntegration": True}}],
         "warnings": [{"code": "REGION_UNREACHABLE", "region": "europe-west9"}]},
    )  # fmt: skip
    found = read(rig, families=("databases",))
    assert found.assets[f"//cloudsql.googleapis.com/projects/{ident}/instances/orders"].is_ai
    assert any("europe-west9" in gap.what for gap in found.gaps[f"gcp:{ident}/databases"])


def test_an_api_that_the_paying_project_lacks_is_no_absence(rig: Rig) -> None:
    """Google says the same of the project that is asked and of the one that pays for the calls."""
    project(rig, 7)
    rig.strike("aiplatform", off(999))
    found = read(rig, families=("vertex",))
    error = found.errors["gcp:acme-7/vertex"]
    assert isinstance(error, Denied)
    assert "enable the API in project 999" in str(error)


def test_an_api_that_is_disabled_where_nobody_could_tell_is_not_enabled(rig: Rig) -> None:
    project(rig, 7)
    rig.strike("serviceusage", Fault(403, "no", "PERMISSION_DENIED"))
    rig.strike("aiplatform", off("acme-7", is_old=True))
    found = read(rig, families=("vertex",))
    assert isinstance(found.errors["gcp:acme-7/vertex"], NotEnabled)


def test_a_list_of_folders_that_goes_in_a_ring_ends(rig: Rig) -> None:
    project(rig, 7)
    rig.strike("v3/folders", Fault(200, body='{"folders": [], "nextPageToken": "again"}'))
    found = read(rig, families=("keys",))
    (gap,) = found.gaps["gcp:units"]
    assert "repeats a page token" in gap.reason
    assert "gcp:acme-7/keys" in found.shards


def test_no_project_is_no_answer(rig: Rig) -> None:
    with pytest.raises(Unavailable, match="Google lists no project"):
        list(CONNECTOR.shards(context(rig)))


def test_a_location_without_a_part_of_a_service_is_no_gap(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("europe-west4/endpoints", Fault(501, "not here", "UNIMPLEMENTED"))
    found = read(rig, families=("vertex",))
    assert not found.gaps.get("gcp:acme-7/vertex")
    assert any(one.name == "scoring" for one in found.assets.values())


def test_malformed_records_end_nothing_and_are_told(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    for body in (
        '{"models": [{"name": 7}, {"name": {"a": 1}}, {}]}',
        '{"models": "none"}',
        '{"models": [null]}',
        '{"models": [{"name": "projects/7/locations/x/models/1", "labels": "x", '
        '"containerSpec": {"env": 3}, "baseModelSource": [], "createTime": {}}]}',
    ):
        rig.strikes.clear()
        rig.strike("us-central1/models", Fault(200, body=body))
        found = read(rig, families=("vertex",))
        assert any(one.name == "scoring" for one in found.assets.values()), body
        assert "gcp:acme-7/vertex" not in found.errors, body


def test_spark_by_image_in_every_region(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("dataproc", "compute"))
    for region in ("us-central1", "europe-west4"):
        rig.plant("compute.regions.list", f"projects/{ident}", {"name": region})
    card = {"acceleratorTypeUri": "https://x/zones/z/acceleratorTypes/nvidia-tesla-t4"}
    rig.plant(
        "dataproc.projects.regions.clusters.list", f"projects/{ident}/regions/europe-west4",
        {"clusterName": "train", "projectId": ident, "status": {"state": "RUNNING"}, "config": {
            "softwareConfig": {"imageVersion": "2.2-ml-ubuntu22"},
            "gceClusterConfig": {"serviceAccount": f"spark@{ident}.iam.gserviceaccount.com",
                                 "metadata": {"PIP_PACKAGES": "torch vllm"}},
            "workerConfig": {"accelerators": [card], "machineTypeUri": "n1-standard-8"}}},
    )  # fmt: skip
    batch = f"projects/{ident}/locations/us-central1/batches/embed"
    rig.plant(
        "dataproc.projects.locations.batches.list", batch.rpartition("/batches/")[0],
        {"name": batch, "creator": "ada@acme.example",
         "runtimeConfig": {"containerImage": "vllm/vllm-openai:v0.9"}},
    )  # fmt: skip
    found = read(rig, families=("dataproc",))
    assert not found.gaps
    cluster = found.assets[
        f"//dataproc.googleapis.com/projects/{ident}/regions/europe-west4/clusters/train"
    ]
    assert (cluster.name, cluster.region, cluster.status) == ("train", "europe-west4", "RUNNING")
    assert cluster.tags["image"] == "2.2-ml-ubuntu22"
    assert cluster.tags["accelerator"] == "nvidia-tesla-t4"
    assert (
        cluster.id, "runs_as", f"gcp:service-account/spark@{ident}.iam.gserviceaccount.com",
    ) in found.edges  # fmt: skip
    assert (f"//dataproc.googleapis.com/{batch}", "created_by", "gcp:user/ada@acme.example") in (
        found.edges
    )
    examined = b"".join(one.data for one in found.items if isinstance(one, Content))
    assert b"vllm/vllm-openai" in examined
    assert b"PIP_PACKAGES=torch vllm" in examined


def test_what_models_do_in_a_contact_center(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("contactcenterinsights",))
    for region in ("us-central1", "europe-west2"):
        lead = f"projects/7/locations/{region}"
        rig.plant(
            "contactcenterinsights.projects.locations.analysisRules.list",
            f"projects/{ident}/locations/{region}",
            {"name": f"{lead}/analysisRules/a", "displayName": region, "active": True,
             "annotatorSelector": {"issueModels": [f"{lead}/issueModels/m"],
                                   "summarizationConfig": {"summarizationModel": "BASELINE"}}},
        )  # fmt: skip
    found = read(rig, families=("contact-center",))
    assert not found.gaps
    lead = f"//contactcenterinsights.googleapis.com/projects/{ident}/locations/europe-west2"
    assert found.assets[f"{lead}/analysisRules/a"].region == "europe-west2"
    assert (f"{lead}/analysisRules/a", "calls", f"{lead}/issueModels/m") in found.edges
    hosts = {path.partition("/")[0] for path in rig.paths if "insights" in path}
    assert "contactcenterinsights.googleapis.com" in hosts
    assert "europe-west2-contactcenterinsights.googleapis.com" in hosts
    assert "us-central1-contactcenterinsights.googleapis.com" not in hosts
    assert len(hosts) == 16


def test_what_gemini_has_read_and_how_it_is_set(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("cloudaicompanion",))
    everywhere(rig, ident, 7)
    lead = f"projects/{ident}/locations"
    link = f"{lead}/us-central1/connections/c/gitRepositoryLinks/r"
    index = f"{lead}/us-central1/codeRepositoryIndexes/a"
    op = "cloudaicompanion.projects.locations"
    tools = [{"handle": "snyk", "uriOverride": "https://api.snyk.example/v1"}]
    for kind, parent, name, told in (
        (
            "codeRepositoryIndexes.repositoryGroups",
            index,
            "repositoryGroups/g",
            {"repositories": [{"resource": link}]},
        ),
        (
            "dataSharingWithGoogleSettings",
            f"{lead}/global",
            "dataSharingWithGoogleSettings/s",
            {"enableDataSharing": True},
        ),
        ("codeToolsSettings", f"{lead}/global", "codeToolsSettings/t", {"enabledTool": tools}),
    ):
        rig.plant(f"{op}.{kind}.list", parent, {"name": f"{parent}/{name}", **told})
    found = read(rig, families=("gemini",), creators=False)
    assert not found.errors
    assert not found.gaps
    host = "//cloudaicompanion.googleapis.com"
    by_kind = {one.kind: one for one in found.assets.values()}
    assert by_kind["gcp.gemini_data_sharing"].exposure == ("shared with Google",)
    assert {
        (f"{host}/{index}/repositoryGroups/g", "reads_from",
         f"//developerconnect.googleapis.com/{link}"),
        (f"{host}/{lead}/global/codeToolsSettings/t", "calls", "https://api.snyk.example"),
    } <= found.edges  # fmt: skip


def test_folders_beyond_the_most_that_are_read_are_a_gap(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hierarchy, "_MOST_FOLDERS", 2)
    above = ORG
    for number in (2, 3, 4):
        rig.plant("cloudresourcemanager.folders.list", above,
                  {"name": f"folders/{number}", "displayName": "F", "parent": above})  # fmt: skip
        above = f"folders/{number}"
    project(rig, 7, enabled=())
    project(rig, 8, above, enabled=())
    found = read(rig, families=("keys",), creators=False, identities=False)
    assert "gcp:acme-8/project" not in found.shards
    assert [gap.what for gap in found.gaps["gcp:units"]] == ["folders"]


def test_connections_of_bigquery_are_asked_for_in_every_region(rig: Rig) -> None:
    project(rig, 7, enabled=("bigqueryconnection",))
    for place in ("us", "eu", *REGIONS):
        lead = f"projects/acme-7/locations/{place}"
        rig.plant("bigqueryconnection.projects.locations.connections.list", lead,
                  {"name": f"{lead}/connections/{place}"})  # fmt: skip
    found = read(rig, families=("bigquery",), creators=False, identities=False)
    told = {one.region for one in found.assets.values() if one.kind == "gcp.bigquery_connection"}
    assert told == {"us", "eu", *REGIONS}


def test_recognizers_of_speech_by_their_model(rig: Rig) -> None:
    project(rig, 7, enabled=("speech",))
    rig.plant("speech.projects.locations.list", "projects/acme-7",
              {"name": "x/locations/europe-west4", "locationId": "europe-west4"})  # fmt: skip
    lead = "projects/acme-7/locations/europe-west4"
    rig.plant("speech.projects.locations.recognizers.list", lead,
              {"name": f"{lead}/recognizers/calls",
               "defaultRecognitionConfig": {"model": "chirp_3"}})  # fmt: skip
    found = read(rig, families=("speech",), creators=False, identities=False)
    assert found.assets[f"//speech.googleapis.com/{lead}/recognizers/calls"].models == ("chirp_3",)
    assert any(path.startswith("europe-west4-speech.") for path in rig.paths)


def test_extensions_of_vertex_by_what_they_call_and_hold(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("aiplatform",))
    lead = f"projects/{ident}/locations/us-central1"
    auth = {"authType": "API_KEY_AUTH", "apiKeyConfig": {
        "apiKeySecret": f"projects/{ident}/secrets/weather/versions/1"}}  # fmt: skip
    runtime = {"codeInterpreterRuntimeConfig": {"fileInputGcsBucket": "in"}}
    rig.plant("aiplatform.projects.locations.extensions.list", lead,
              {"name": f"{lead}/extensions/1", "displayName": "weather",
               "manifest": {"name": "weather", "authConfig": auth,
                            "apiSpec": {"openApiGcsUri": "gs://specs/weather.yaml"}},
               "runtimeConfig": runtime})  # fmt: skip
    found = read(rig, families=("vertex",), creators=False, identities=False)
    extension = f"//aiplatform.googleapis.com/{lead}/extensions/1"
    assert found.assets[extension].name == "weather"
    assert {edge[1:] for edge in found.edges if edge[0] == extension} >= {
        ("calls", "provider:google_vertex"),
        ("authenticates_with", f"//secretmanager.googleapis.com/projects/{ident}/secrets/weather"),
        ("reads_from", "//storage.googleapis.com/specs"),
        ("reads_from", "//storage.googleapis.com/in"),
    }  # fmt: skip
