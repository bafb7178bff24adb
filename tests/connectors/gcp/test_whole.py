"""What is asked of the whole: policies, audit logs, contacts, Cloud Asset Inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.gcp import creators
from connectors.gcp.operations import api
from connectors.gcp.principals import member
from connectors.gcp.types import TYPES
from scanner.model.errors import Denied, NotEnabled
from scanner.model.facts import Asset, DataStore, Edge, Identity
from scanner.model.items import Gap
from tests.connectors.gcp.estate import ORG, Read, endpoint, project, read
from tests.google_rig import Fault, Rig, off, serving

VERTEX = "//aiplatform.googleapis.com"
RUNNER = "runner@acme-7.iam.gserviceaccount.com"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _role(rig: Rig, name: str, *permissions: str) -> None:
    kind = name.partition("/")[0]
    method = "iam.roles.get" if kind == "roles" else f"iam.{kind}.roles.get"
    rig.answer(method, name, {"name": name, "includedPermissions": list(permissions)})


def _policy(rig: Rig, unit: str, *bindings: tuple[str, list[str]], **more: Any) -> None:
    told = [{"role": role, "members": members, **more} for role, members in bindings]
    method = f"cloudresourcemanager.{unit.partition('/')[0]}.getIamPolicy"
    rig.answer(method, unit, {"bindings": told})


def _edges(found: Read) -> dict[tuple[str, str, str], Edge]:
    return {
        (one.source, str(one.relation), one.target): one
        for one in found.items if isinstance(one, Edge)
    }  # fmt: skip


def test_a_role_is_judged_by_its_permissions(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    _role(rig, "projects/acme-7/roles/harmless", "aiplatform.endpoints.predict",
          "storage.objects.get")  # fmt: skip
    _role(rig, "roles/aiplatform.user.of.no.use", "compute.instances.list")
    _role(rig, "roles/owner", "resourcemanager.projects.delete")
    _policy(
        rig, f"projects/{ident}",
        ("projects/acme-7/roles/harmless", [f"serviceAccount:{RUNNER}", "user:ada@acme.example"]),
        ("roles/aiplatform.user.of.no.use", ["user:bob@acme.example"]),
        ("roles/owner", ["user:Cleo@acme.example", "group:admins@acme.example"]),
    )  # fmt: skip
    found = _edges(read(rig))
    runner = f"gcp:service-account/{RUNNER}"
    whole = f"gcp:project/{ident}"
    assert {
        (runner, "reads_from", f"{whole}#storage"),
        (runner, "calls", f"{whole}#ai"),
        ("gcp:user/ada@acme.example", "calls", f"{whole}#ai"),
        (whole, "owned_by", "gcp:user/cleo@acme.example"),
    } <= found.keys()
    told = {source for source, *_ in found}
    assert "gcp:user/bob@acme.example" not in told
    assert ("gcp:user/ada@acme.example", "reads_from", f"{whole}#storage") not in found
    assert (whole, "owned_by", "gcp:group/admins@acme.example") in found


def test_a_condition_lowers_confidence(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    _role(rig, "roles/x", "aiplatform.endpoints.predict")
    _policy(rig, f"projects/{ident}", ("roles/x", ["user:ada@acme.example"]),
            condition={"expression": "request.time < timestamp('2027-01-01')"})  # fmt: skip
    (edge,) = (
        one for (source, *_), one in _edges(read(rig)).items() if source.startswith("gcp:user/")
    )
    assert edge.confidence == "medium"
    assert edge.detail == "roles/x, with a condition"


def test_a_role_that_cannot_be_looked_into_is_a_gap_and_the_others_are_read(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    _role(rig, "roles/x", "aiplatform.endpoints.predict")
    rig.strike("iam.googleapis.com/v1/roles/hidden", Fault(403, "no", "PERMISSION_DENIED"))
    _policy(rig, f"projects/{ident}", ("roles/hidden", ["user:a@acme.example"]),
            ("roles/hidden", ["user:b@acme.example"]), ("roles/x", ["allUsers"]))  # fmt: skip
    found = read(rig)
    (gap,) = found.gaps[f"gcp:{ident}/policy"]
    assert gap.denied
    assert "roles/hidden" in gap.what
    assert ("gcp:allUsers", "calls", f"gcp:project/{ident}#ai") in found.edges


def test_policies_of_things_inside_are_those_of_the_whole_organization(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    _role(rig, "roles/reader", "storage.objects.get", "bigquery.tables.getData",
          "secretmanager.versions.access", "aiplatform.endpoints.predict")  # fmt: skip
    binding = {"bindings": [{"role": "roles/reader", "members": [f"serviceAccount:{RUNNER}"]}]}
    endpoint_name = f"{VERTEX}/projects/7/locations/us-central1/endpoints/9"
    for resource in (
        "//storage.googleapis.com/training-data",
        "//bigquery.googleapis.com/projects/acme-7/datasets/sales/tables/orders",
        "//secretmanager.googleapis.com/projects/7/secrets/openai",
        endpoint_name,
        "//cloudresourcemanager.googleapis.com/folders/3",
        "//pubsub.googleapis.com/projects/acme-7/topics/t",
    ):
        rig.plant("cloudasset.searchAllIamPolicies", ORG,
                  {"resource": resource, "policy": binding})  # fmt: skip
    found = read(rig)
    runner = f"gcp:service-account/{RUNNER}"
    targets = {target for source, _, target in found.edges if source == runner}
    assert targets == {
        "//storage.googleapis.com/training-data",
        "//bigquery.googleapis.com/projects/acme-7/datasets/sales",
        f"//secretmanager.googleapis.com/projects/{ident}/secrets/openai",
        endpoint_name.replace("/7/", f"/{ident}/"),
        "gcp:folders/3#storage", "gcp:folders/3#tables", "gcp:folders/3#secrets",
        "gcp:folders/3#ai",
    }  # fmt: skip
    stores = {one.id for one in found.items if isinstance(one, DataStore)}
    assert "//storage.googleapis.com/training-data" in stores


BUCKET = "//storage.googleapis.com/training"


def _basic(rig: Rig, role: str, *members: str) -> None:
    """A bucket as Google makes one: whoever has a basic role in the project reads it."""
    project(rig, 7, enabled=())
    _role(rig, "roles/storage.legacyObjectOwner", "storage.objects.get", "storage.objects.update")
    for one in ("owner", "editor", "viewer"):
        _role(rig, f"roles/{one}", "storage.buckets.list")
    _policy(rig, "projects/acme-7", (role, list(members)))
    binding = {"role": "roles/storage.legacyObjectOwner",
               "members": [f"project{role.removeprefix('roles/').title()}:acme-7"]}  # fmt: skip
    rig.plant("cloudasset.searchAllIamPolicies", ORG,
              {"resource": BUCKET, "policy": {"bindings": [binding]}})  # fmt: skip


@pytest.mark.parametrize("role", ["roles/owner", "roles/editor", "roles/viewer"])
def test_who_has_a_basic_role_of_the_project_is_in_its_convenience_members(
    rig: Rig, role: str
) -> None:
    runner = "7-compute@developer.gserviceaccount.com"
    _basic(rig, role, f"serviceAccount:{runner}", "user:ada@acme.example")
    found = _edges(read(rig, families=("keys",)))
    edge = found[f"gcp:service-account/{runner}", "reads_from", BUCKET]
    assert edge.confidence == "certain"
    assert edge.detail == (
        f"roles/storage.legacyObjectOwner, as project{role.removeprefix('roles/').title()}:acme-7"
    )
    assert ("gcp:user/ada@acme.example", "reads_from", BUCKET) not in found, "people are left out"


def test_a_project_whose_policy_is_closed_hides_whom_a_bucket_means(rig: Rig) -> None:
    _basic(rig, "roles/editor", "serviceAccount:x@developer.gserviceaccount.com")
    rig.strike("projects/acme-7:getIamPolicy", Fault(403, "no", "PERMISSION_DENIED"))
    found = read(rig, families=("keys",))
    (gap,) = found.gaps[f"gcp:{ORG}/policies"]
    assert gap.what == "who is projectEditor:acme-7"
    assert gap.denied


@pytest.mark.parametrize(("off", "is_told"), [({"stage": "DISABLED"}, False),
                                              ({"deleted": True}, False),
                                              ({"stage": "DEPRECATED"}, True)])  # fmt: skip
def test_a_role_that_is_off_grants_nothing(rig: Rig, off: dict[str, Any], is_told: bool) -> None:
    ident = project(rig, 7, enabled=())
    name = "projects/acme-7/roles/x"
    held = ["aiplatform.endpoints.predict"]
    rig.answer("iam.projects.roles.get", name, {"name": name, "includedPermissions": held, **off})
    _policy(rig, f"projects/{ident}", (name, ["user:ada@acme.example"]))
    found = read(rig, families=("keys",))
    calls = ("gcp:user/ada@acme.example", "calls", f"gcp:project/{ident}#ai")
    assert (calls in found.edges) == is_told
    assert not found.gaps


def test_who_may_read_the_text_of_keys(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    _role(rig, "roles/x", "apikeys.keys.getKeyString")
    _role(rig, "roles/y", "apikeys.keys.list")
    _policy(rig, f"projects/{ident}", ("roles/x", ["user:ada@acme.example"]),
            ("roles/y", ["user:bob@acme.example"]))  # fmt: skip
    edges = read(rig, families=("keys",)).edges
    assert ("gcp:user/ada@acme.example", "reads_from", f"gcp:project/{ident}#keys") in edges
    assert not [one for one in edges if one[0] == "gcp:user/bob@acme.example"]


BOB = "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/bob"
STAFF = "principalSet://iam.googleapis.com/locations/global/workforcePools/p/group/staff"
ROBOT = (
    "principal://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/p/subject/r"
)


@pytest.mark.parametrize(
    "binding",
    [
        "x", {}, {"members": ["user:ada@acme.example"]}, {"role": 7, "members": []},
        {"role": "roles/x", "members": "user:ada@acme.example"},
        {"role": "roles/x", "members": [{"user": "ada"}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["own", "inside"])
def test_a_binding_that_is_none_is_a_gap_and_the_others_are_read(
    rig: Rig, binding: Any, where: str
) -> None:
    project(rig, 7, enabled=())
    _role(rig, "roles/x", "storage.objects.get")
    good = {"role": "roles/x", "members": ["serviceAccount:r@acme-7.iam.gserviceaccount.com"]}
    policy = {"bindings": [binding, good]}
    if where == "own":
        rig.strike("projects/acme-7:getIamPolicy", Fault(200, body=json.dumps(policy)))
        shard = "gcp:acme-7/policy"
    else:
        one = {"resource": "//storage.googleapis.com/b", "project": "projects/7", "policy": policy}
        rig.strike("searchAllIamPolicies", Fault(200, body=json.dumps({"results": [one]})))
        shard = f"gcp:{ORG}/policies"
    found = read(rig, families=("keys",), creators=False, asset_inventory=False)
    (gap,) = found.gaps[shard]
    assert "malformed" in gap.reason
    reader = "gcp:service-account/r@acme-7.iam.gserviceaccount.com"
    assert [edge for edge in found.edges if edge[:2] == (reader, "reads_from")]


def test_people_of_a_federation_are_people_and_their_workloads_programs(rig: Rig) -> None:
    project(rig, 7, enabled=())
    _role(rig, "roles/x", "storage.objects.get", "aiplatform.endpoints.predict")
    _policy(rig, "projects/acme-7", ("roles/x", [BOB, ROBOT]))
    found = read(rig, families=("keys",), creators=False, asset_inventory=False)
    assert {one.id: one.principal_type for one in found.items if isinstance(one, Identity)} == {
        f"gcp:{BOB}": "human", f"gcp:{ROBOT}": "service"}  # fmt: skip
    reads = {source for source, relation, _ in found.edges if relation == "reads_from"}
    assert reads == {f"gcp:{ROBOT}"}


def test_owners_are_people_and_groups_of_people(rig: Rig) -> None:
    project(rig, 7, enabled=())
    _role(rig, "roles/owner", "resourcemanager.projects.get")
    _policy(rig, "projects/acme-7", ("roles/owner", [
        BOB, STAFF, ROBOT, "user:ada@acme.example", "group:own@acme.example",
        "domain:acme.example", "serviceAccount:r@acme-7.iam.gserviceaccount.com",
        "principalSet://iam.googleapis.com/locations/global/workforcePools/p/*",
    ]))  # fmt: skip
    found = read(rig, families=("keys",), creators=False, asset_inventory=False)
    owners = {target for source, relation, target in found.edges
              if (source, relation) == ("gcp:project/acme-7", "owned_by")}  # fmt: skip
    assert owners == {
        f"gcp:{BOB}", f"gcp:{STAFF}", "gcp:user/ada@acme.example", "gcp:group/own@acme.example",
    }  # fmt: skip


def test_a_search_that_is_refused_is_told_and_nothing_else_is(rig: Rig) -> None:
    ident = project(rig, 7)
    endpoint(rig, ident, 7)
    rig.strike("cloudasset", Fault(403, "no", "PERMISSION_DENIED"))
    found = read(rig, families=("vertex",))
    refused = {key for key, error in found.errors.items() if isinstance(error, Denied)}
    assert refused == {f"gcp:{ORG}/inventory", f"gcp:{ORG}/policies"}
    assert "grant cloudasset.assets.searchAllResources" in str(found.errors[f"gcp:{ORG}/inventory"])
    assert any(one.name == "scoring" for one in found.assets.values())


def test_the_inventory_and_a_services_list_give_one_asset(rig: Rig) -> None:
    ident = project(rig, 7)
    endpoint(rig, ident, 7)
    lead = f"{VERTEX}/projects/7/locations/us-central1"
    rig.plant(
        "cloudasset.searchAllResources", ORG,
        {"name": f"{lead}/endpoints/7", "displayName": "scoring", "location": "us-central1"},
        {"name": f"{lead}/models/unseen", "displayName": "unseen", "labels": {"env": "test"}},
        {"name": f"{lead}/metadataStores/default"},
        {"name": "//compute.googleapis.com/projects/acme-7/zones/z/instances/i"},
        {"name": "//aiplatform.googleapis.com/"},
    )  # fmt: skip
    rig.strike("aiplatform.*/models", Fault(403, "no", "PERMISSION_DENIED"))
    found = read(rig, families=("vertex",))
    whole = f"{VERTEX}/projects/{ident}/locations/us-central1"
    seen = [
        one.id for one in found.items if isinstance(one, Asset) and one.kind != "gcp.enabled_api"
    ]
    assert sorted(seen) == [
        f"{whole}/endpoints/7",
        f"{whole}/endpoints/7",
        f"{whole}/models/unseen",
    ]
    assert {one.kind for one in found.items if one.__class__ is Asset and one.id == seen[0]} == {
        "gcp.vertex_endpoint"
    }
    assert found.assets[f"{whole}/models/unseen"].environment == "test"


def _made(number: int, who: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "logName": f"projects/acme-{number}/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2026-11-01T10:00:00Z",
        "protoPayload": {
            "serviceName": "aiplatform.googleapis.com",
            "methodName": "google.cloud.aiplatform.v1.EndpointService.CreateEndpoint",
            "resourceName": f"projects/{number}/locations/us-central1",
            "authenticationInfo": {"principalEmail": who},
            "response": {"name": name},
            **more,
        },
    }


def test_who_has_created_what(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    lead = "projects/7/locations/us-central1"
    rig.plant(
        "logging.entries.list", f"projects/{ident}",
        _made(7, "ada@acme.example", f"{lead}/endpoints/9"),
        _made(7, "bob@acme.example", f"{lead}/endpoints/9"),
        _made(7, "eve@acme.example", f"{lead}/endpoints/8", status={"code": 7}),
        _made(7, "eve@acme.example", f"{lead}/endpoints/6/operations/5"),
        _made(7, RUNNER, f"{lead}/models/4"),
    )  # fmt: skip
    found = read(rig)
    whole = f"{VERTEX}/projects/{ident}/locations/us-central1"
    born = {(source, target) for source, relation, target in found.edges
            if relation == "created_by"}  # fmt: skip
    assert born == {
        (f"{whole}/endpoints/9", "gcp:user/ada@acme.example"),
        (f"{whole}/models/4", f"gcp:service-account/{RUNNER}"),
    }


@pytest.mark.parametrize(
    ("service", "method", "name"),
    [
        ("translate", "TranslationService.CreateGlossary", "locations/us-central1/glossaries/g"),
        ("speech", "Speech.CreateRecognizer", "locations/eu/recognizers/r"),
        ("tpu", "Tpu.CreateNode", "locations/us-central1-a/nodes/n"),
        ("container", "ClusterManager.CreateCluster", "zones/us-central1-a/clusters/c"),
        ("agentregistry", "AgentRegistry.CreateService", "locations/global/services/s"),
    ],
)
def test_who_has_created_things_of_any_service_with_ai(
    rig: Rig, service: str, method: str, name: str
) -> None:
    project(rig, 7, enabled=())
    told = _made(7, "ada@acme.example", "operation-1",
                 serviceName=f"{service}.googleapis.com", methodName=f"google.{method}",
                 resourceName=f"projects/7/{name}")  # fmt: skip
    rig.plant("logging.entries.list", "projects/acme-7", told)
    found = read(rig, families=("keys",), identities=False)
    ident = f"//{service}.googleapis.com/projects/acme-7/{name}"
    assert (ident, "created_by", "gcp:user/ada@acme.example") in found.edges


def test_every_service_with_ai_is_asked_who_creates_or_says_why_not() -> None:
    with_ai = {api(kind.list.op) for kind in TYPES if kind.is_ai}
    assert set(creators.SERVICES) - creators.BESIDE | creators.OTHERWISE.keys() == with_ai
    assert not set(creators.SERVICES) & creators.OTHERWISE.keys()


def test_a_person_of_a_federation_has_created_what_the_log_says(rig: Rig) -> None:
    """Of whom the log tells no address."""
    ident = project(rig, 7, enabled=())
    ada = "principal://iam.googleapis.com/locations/global/workforcePools/entra/subject/ada"
    lead = "projects/7/locations/us-central1"
    rig.plant(
        "logging.entries.list", f"projects/{ident}",
        _made(7, "", f"{lead}/endpoints/9", authenticationInfo={"principalSubject": ada}),
        _made(7, "", f"{lead}/endpoints/8", authenticationInfo={}),
    )  # fmt: skip
    found = read(rig, families=("keys",))
    born = {one for one in found.edges if one[1] == "created_by"}
    whole = f"{VERTEX}/projects/{ident}/locations/us-central1"
    assert born == {(f"{whole}/endpoints/9", "created_by", f"gcp:{ada}")}
    (person,) = [one for one in found.items if isinstance(one, Identity) and one.id == f"gcp:{ada}"]
    assert person.name.endswith("workforcePools/entra/subject/ada")


def test_one_log_that_is_closed_hides_no_other(rig: Rig) -> None:
    for number in range(1, 151):
        ident = project(rig, number, enabled=())
        rig.plant(
            "logging.entries.list", f"projects/{ident}",
            _made(number, "ada@acme.example", f"projects/{number}/locations/us/endpoints/9"),
        )  # fmt: skip
    rig.closed_logs.update({"acme-3", "acme-140"})
    rig.page_size = 200
    found = read(rig, identities=False, asset_inventory=False, families=("keys",))
    refused = {key for key, error in found.errors.items() if isinstance(error, Denied)}
    assert refused == {"gcp:acme-3/creators", "gcp:acme-140/creators"}
    assert sum(relation == "created_by" for _, relation, _ in found.edges) == 148
    assert rig.calls["logging.entries.list"] < 40


def test_a_log_without_end_is_cut_and_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.gcp.creators._MOST_PAGES", 2)
    ident = project(rig, 7, enabled=())
    for number in range(9):
        rig.plant(
            "logging.entries.list", f"projects/{ident}",
            _made(7, "ada@acme.example", f"projects/7/locations/us/endpoints/{number}"),
        )  # fmt: skip
    found = read(rig)
    (gap,) = found.gaps[f"gcp:{ident}/creators"]
    assert "only the newest 2 pages" in gap.reason


def test_contacts_answer_for_a_project(rig: Rig) -> None:
    ident = project(rig, 7, enabled=())
    rig.plant(
        "essentialcontacts.projects.contacts.list", f"projects/{ident}",
        {"email": "Ml-team@acme.example", "notificationCategorySubscriptions": ["TECHNICAL"]},
        {"email": "bills@acme.example", "notificationCategorySubscriptions": ["BILLING"]},
        {"email": "", "notificationCategorySubscriptions": ["ALL"]},
    )  # fmt: skip
    found = read(rig)
    owners = {target for source, relation, target in found.edges
              if (source, relation) == (f"gcp:project/{ident}", "owned_by")}  # fmt: skip
    assert owners == {"gcp:user/ml-team@acme.example"}


def test_contacts_of_a_folder_and_of_the_organization_answer_for_them(rig: Rig) -> None:
    rig.plant("cloudresourcemanager.folders.list", ORG,
              {"name": "folders/2", "displayName": "F", "parent": ORG})  # fmt: skip
    project(rig, 7, "folders/2", enabled=())
    for kind, unit in (("folders", "folders/2"), ("organizations", ORG)):
        contact = {"email": f"{kind}@acme.example", "notificationCategorySubscriptions": ["ALL"]}
        rig.plant(f"essentialcontacts.{kind}.contacts.list", unit, contact)
    found = read(rig)
    owned = {(source, target) for source, relation, target in found.edges
             if relation == "owned_by"}  # fmt: skip
    assert owned == {
        ("gcp:folders/2", "gcp:user/folders@acme.example"),
        (f"gcp:{ORG}", "gcp:user/organizations@acme.example"),
    }


def test_contacts_that_a_folder_does_not_show_are_denied(rig: Rig) -> None:
    rig.plant("cloudresourcemanager.folders.list", ORG,
              {"name": "folders/2", "displayName": "F", "parent": ORG})  # fmt: skip
    project(rig, 7, enabled=())
    rig.strike("essentialcontacts.*/folders/2/", Fault(403, "no", "PERMISSION_DENIED"))
    refused = {key for key, error in read(rig).errors.items() if isinstance(error, Denied)}
    assert refused == {"gcp:folders/2/contacts"}


def test_a_project_without_the_api_of_contacts_has_none(rig: Rig) -> None:
    project(rig, 7, enabled=())
    rig.strike("essentialcontacts.*acme-7", off(7))
    assert isinstance(read(rig).errors["gcp:acme-7/contacts"], NotEnabled)


def _perimeters(rig: Rig) -> None:
    rig.plant("accesscontextmanager.accessPolicies.list", ORG,
              {"name": "accessPolicies/9", "parent": ORG})  # fmt: skip
    services = ["aiplatform.googleapis.com", "storage.googleapis.com"]
    held = ["projects/7", "//compute.googleapis.com/projects/x/global/networks/n"]
    shut = {"resources": held, "restrictedServices": services}
    tried = {"resources": ["projects/8"], "restrictedServices": ["aiplatform.googleapis.com"]}
    rig.plant(
        "accesscontextmanager.accessPolicies.servicePerimeters.list", "accessPolicies/9",
        {"name": "accessPolicies/9/servicePerimeters/ai", "title": "AI", "status": shut},
        {"name": "accessPolicies/9/servicePerimeters/dry", "title": "dry", "spec": tried,
         "useExplicitDryRunSpec": True},
    )  # fmt: skip


def test_a_perimeter_is_an_exposure_of_what_it_shuts_and_of_nothing_else(rig: Rig) -> None:
    for number in (7, 8):
        endpoint(rig, project(rig, number), number)
    _perimeters(rig)
    found = read(rig, families=("vertex",))
    exposed = {
        one.account: "service perimeter" in one.exposure
        for one in found.assets.values() if one.kind == "gcp.vertex_endpoint"
    }  # fmt: skip
    assert exposed == {"gcp:project/acme-7": True, "gcp:project/acme-8": False}
    perimeter = "//accesscontextmanager.googleapis.com/accessPolicies/9/servicePerimeters/ai"
    held = {source for source, relation, target in found.edges
            if (relation, target) == ("configured_by", perimeter)}  # fmt: skip
    assert held == {"gcp:project/acme-7", "//compute.googleapis.com/projects/x/global/networks/n"}
    assert found.assets[perimeter].tags == {"services of AI": "aiplatform.googleapis.com"}
    assert rig.calls["accesscontextmanager.accessPolicies.list"] == 1


def test_perimeters_that_may_not_be_read_are_denied_and_the_rest_is_read(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("accesscontextmanager", Fault(403, "no", "PERMISSION_DENIED"))
    found = read(rig, families=("vertex",))
    assert isinstance(found.errors[f"gcp:{ORG}/perimeters"], Denied)
    (one,) = (one for one in found.assets.values() if one.kind == "gcp.vertex_endpoint")
    assert "service perimeter" not in one.exposure


@pytest.mark.parametrize(
    "text",
    ["", "user:", "deleted:user:x@y.example?uid=1", "projectOwner:acme-7", "user:a\nb@c.example",
     "nonsense"],
)  # fmt: skip
def test_whom_nobody_can_tell_is_nobody(text: str) -> None:
    assert member(text) is None


def test_federated_principals_are_told_as_they_are() -> None:
    found = member("principal://iam.googleapis.com/projects/1/locations/global/x/subject/s")
    assert isinstance(found, Identity)
    assert found.principal_type == "service"


def test_without_these_settings_nothing_is_asked(rig: Rig) -> None:
    project(rig, 7, enabled=())
    found = read(rig, identities=False, creators=False, asset_inventory=False)
    asked = {path.partition("/")[0] for path in rig.paths}
    for service in ("iam", "logging", "cloudasset", "essentialcontacts"):
        assert f"{service}.googleapis.com" not in asked
    assert not [one for one in found.items if isinstance(one, Gap)]
