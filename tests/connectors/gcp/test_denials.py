"""What deny policies take of what roles give, and who is in the groups that policies name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.gcp import CONNECTOR
from connectors.gcp.principals import member
from scanner.kit.permissions import permissions
from scanner.model.facts import Edge
from tests.connectors.gcp.estate import ORG, Read, project, read
from tests.google_rig import Fault, Rig, serving

ADA = "principal://goog/subject/ada@acme.example"
AI = ("gcp:user/ada@acme.example", "calls", "gcp:project/acme-7#ai")
PREDICT = "aiplatform.googleapis.com/endpoints.predict"
TEAM = "gcp:group/ml@acme.example"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        rig_of(made)
        yield made
        assert not made.rejected


def rig_of(rig: Rig) -> None:
    rig.plant("cloudresourcemanager.folders.list", ORG,
              {"name": "folders/2", "displayName": "F", "parent": ORG})  # fmt: skip
    project(rig, 7, "folders/2", enabled=())
    held = ["aiplatform.endpoints.predict"]
    rig.answer("iam.roles.get", "roles/x", {"name": "roles/x", "includedPermissions": held})
    _grant(rig, "user:ada@acme.example")


def _grant(rig: Rig, *members: str) -> None:
    rig.answer("cloudresourcemanager.projects.getIamPolicy", "projects/acme-7",
               {"bindings": [{"role": "roles/x", "members": list(members)}]})  # fmt: skip


def _deny(rig: Rig, unit: str, **rule: Any) -> None:
    point = f"cloudresourcemanager.googleapis.com/{unit}"
    name = f"policies/{point.replace('/', '%2F')}/denypolicies/lock"
    told = {"deniedPrincipals": [ADA], "deniedPermissions": [PREDICT], **rule}
    lead = unit if unit.startswith("projects/") else f"policies/{point}"
    rig.plant("iam.policies.listPolicies", lead, {"name": name})
    rig.answer(
        "iam.policies.get",
        f"{lead}/denypolicies/lock",
        {"name": name, "rules": [{"denyRule": told}]},
    )


def _edges(found: Read) -> dict[tuple[str, str, str], Edge]:
    return {
        (one.source, str(one.relation), one.target): one
        for one in found.items if isinstance(one, Edge)
    }  # fmt: skip


def _read(rig: Rig, **config: Any) -> Read:
    return read(rig, **{"deny_policies": True, "creators": False, "families": ("keys",), **config})


def test_unless_it_is_wanted_nobody_asks(rig: Rig) -> None:
    _deny(rig, "projects/acme-7")
    edges = _edges(_read(rig, deny_policies=False))
    assert "deny policies and members of groups" in edges[AI].evidence[0].preview
    assert not [path for path in rig.paths if "denypolicies" in path or "cloudidentity" in path]


@pytest.mark.parametrize("unit", ["projects/acme-7", "folders/2", ORG])
@pytest.mark.parametrize(
    "rule",
    [{}, {"deniedPrincipals": ["principalSet://goog/public:all"]},
     {"deniedPermissions": ["aiplatform.googleapis.com/*.*"]}],
    ids=["by name", "everybody", "all of a service"],
)  # fmt: skip
def test_what_is_denied_is_no_edge(rig: Rig, unit: str, rule: dict[str, Any]) -> None:
    _deny(rig, unit, **rule)
    found = _read(rig)
    assert AI not in _edges(found)
    assert not [gap for gaps in found.gaps.values() for gap in gaps]


@pytest.mark.parametrize(
    "rule",
    [{"deniedPrincipals": ["principal://goog/subject/bob@acme.example"]},
     {"deniedPermissions": ["aiplatform.googleapis.com/endpoints.delete"]},
     {"exceptionPrincipals": [ADA]}, {"exceptionPermissions": [PREDICT]}],
    ids=["another", "another permission", "excepted", "spared"],
)  # fmt: skip
def test_what_is_not_denied_stays_certain(rig: Rig, rule: dict[str, Any]) -> None:
    _deny(rig, ORG, **rule)
    assert _edges(_read(rig))[AI].confidence == "certain"


@pytest.mark.parametrize(
    "rule",
    [{"deniedPrincipals": ["principalSet://goog/group/all@acme.example"]},
     {"exceptionPrincipals": ["principalSet://goog/group/all@acme.example"]},
     {"denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}}],
    ids=["a group", "but a group", "a condition"],
)  # fmt: skip
def test_what_cannot_be_told_is_a_doubt(rig: Rig, rule: dict[str, Any]) -> None:
    _deny(rig, "folders/2", **rule)
    edge = _edges(_read(rig))[AI]
    assert (edge.confidence, edge.detail) == (
        "medium",
        "roles/x, which a deny policy may take away",
    )


@pytest.mark.parametrize("exception", [ADA, "principal://iam.googleapis.com/projects/-/serviceAccounts/"
                                       "runner@acme-7.iam.gserviceaccount.com"])  # fmt: skip
def test_a_group_keeps_what_somebody_in_it_may_keep(rig: Rig, exception: str) -> None:
    """Who is excepted may be in the group: it is not cut off."""
    _grant(rig, "group:ml@acme.example", "domain:acme.example", "user:bob@acme.example")
    _deny(rig, "folders/2", deniedPrincipals=["principalSet://goog/public:all"],
          exceptionPrincipals=[exception])  # fmt: skip
    edges = {source: edge for (source, relation, _), edge in _edges(_read(rig)).items()
             if relation == "calls"}  # fmt: skip
    assert edges.keys() == {TEAM, "gcp:domain/acme.example"}
    for edge in edges.values():
        assert edge.confidence == "medium"
        assert edge.detail.endswith("which a deny policy may take away")


def test_a_group_of_whom_nobody_is_excepted_is_denied(rig: Rig) -> None:
    _grant(rig, "group:ml@acme.example")
    _deny(rig, "folders/2", deniedPrincipals=["principalSet://goog/public:all"])
    assert not [key for key in _edges(_read(rig)) if key[0] == TEAM]


def _alone(rig: Rig) -> None:
    """The project by itself is named; what it stands in is in no list."""
    told = {"name": "projects/7", "projectId": "acme-7", "parent": "folders/2", "state": "ACTIVE"}
    rig.answer("cloudresourcemanager.projects.get", "projects/acme-7", told)


NAMED: dict[str, Any] = {"organizations": (), "projects": ("acme-7",), "perimeters": False}


@pytest.mark.parametrize("unit", ["folders/2", "folders/1", ORG])
def test_what_is_denied_above_a_project_that_alone_is_named_is_no_edge(rig: Rig, unit: str) -> None:
    _alone(rig)
    for folder, above in (("folders/2", "folders/1"), ("folders/1", ORG)):
        rig.answer("cloudresourcemanager.folders.get", folder, {"name": folder, "parent": above})
    assert _edges(_read(rig, **NAMED))[AI].confidence == "certain"
    _deny(rig, unit)
    found = _read(rig, **NAMED)
    assert AI not in _edges(found)
    assert not found.gaps


@pytest.mark.parametrize("broken", ["refused", "nothing above", "a ring"])
def test_what_stands_above_and_cannot_be_told_is_a_gap_and_a_doubt(rig: Rig, broken: str) -> None:
    _alone(rig)
    if broken == "refused":
        rig.strike("v3/folders/2$", Fault(403, "no", "PERMISSION_DENIED"))
    else:
        above = {"parent": "folders/2"} if broken == "a ring" else {}
        rig.answer("cloudresourcemanager.folders.get", "folders/2", {"name": "folders/2", **above})
    found = _read(rig, **NAMED)
    (gap,) = found.gaps["gcp:acme-7/policy"]
    assert gap.what == "deny policies of what stands above projects/acme-7"
    assert gap.denied == (broken == "refused")
    assert _edges(found)[AI].confidence == "medium"


@pytest.mark.parametrize(
    "fault",
    [Fault(403, "no", "PERMISSION_DENIED"), Fault(200, drop=True), Fault(200, body="<html>"),
     Fault(200, body='{"policies": {}}')],
)  # fmt: skip
def test_denials_that_cannot_be_read_are_a_gap_and_roles_are_told(rig: Rig, fault: Fault) -> None:
    rig.strike("folders%2F2/denypolicies", fault)
    found = _read(rig)
    (gap,) = found.gaps["gcp:acme-7/policy"]
    assert gap.denied == (fault.status == 403)
    assert "folders/2" in gap.what
    assert _edges(found)[AI].confidence == "medium", "who knows what they take"


def _group(rig: Rig, mail: str, ident: str, *members: tuple[str, str]) -> None:
    rig.answer("cloudidentity.groups.memberships.list", f"groups/{ident}", {"memberships": [
        {"name": f"groups/{ident}/memberships/{who}", "type": kind,
         "preferredMemberKey": {"id": who}}
        for kind, who in members]})  # fmt: skip
    rig.groups[mail] = ident


def test_who_is_in_a_group_and_in_those_within(rig: Rig) -> None:
    _grant(rig, "group:ml@acme.example", "group:ml@acme.example")
    runner = "runner@acme-7.iam.gserviceaccount.com"
    _group(rig, "ml@acme.example", "g1", ("USER", "Ada@acme.example"),
           ("SERVICE_ACCOUNT", runner), ("GROUP", "inner@acme.example"))  # fmt: skip
    _group(rig, "inner@acme.example", "g2", ("USER", "bob@acme.example"),
           ("GROUP", "ml@acme.example"))  # fmt: skip
    found = _read(rig, group_members=True)
    inner = "gcp:group/inner@acme.example"
    assert {
        (TEAM, "calls", "gcp:project/acme-7#ai"), (TEAM, "contains", "gcp:user/ada@acme.example"),
        (TEAM, "contains", f"gcp:service-account/{runner}"), (TEAM, "contains", inner),
        (inner, "contains", "gcp:user/bob@acme.example"), (inner, "contains", TEAM),
    } <= found.edges  # fmt: skip
    assert rig.calls["cloudidentity.groups.lookup"] == 2, "each group once"
    assert not found.gaps


def test_a_group_that_may_not_be_looked_into_is_a_gap(rig: Rig) -> None:
    _grant(rig, "group:ml@acme.example")
    rig.strike("cloudidentity", Fault(403, "Error(2028): Permission denied", "PERMISSION_DENIED"))
    found = _read(rig, group_members=True)
    (gap,) = found.gaps["gcp:acme-7/policy"]
    assert gap.denied
    assert gap.what == "members of ml@acme.example"


def test_what_these_settings_take_is_printed_only_with_them() -> None:
    plain = set(permissions(CONNECTOR.spec))
    more = set(permissions(CONNECTOR.spec, {"deny_policies", "group_members"}))
    assert more - plain == {"iam.denypolicies.get", "iam.denypolicies.list",
                            "resourcemanager.folders.get"}  # fmt: skip
    assert member("group:ml@acme.example") is not None


def test_what_is_granted_on_a_thing_is_denied_by_what_it_stands_in(rig: Rig) -> None:
    name = "//aiplatform.googleapis.com/projects/7/locations/us/endpoints/9"
    binding = {"role": "roles/x", "members": ["user:ada@acme.example"]}
    told = {"resource": name, "project": "projects/7", "policy": {"bindings": [binding]}}
    rig.plant("cloudasset.searchAllIamPolicies", ORG, told)
    edge = ("gcp:user/ada@acme.example", "calls", name.replace("/7/", "/acme-7/"))
    assert edge in _edges(_read(rig))
    _deny(rig, "folders/2")
    assert edge not in _edges(_read(rig))


def _answered(rig: Rig, told: dict[str, Any]) -> Read:
    """A deny policy of the folder, read as ``told``."""
    _deny(rig, "folders/2")
    body = json.dumps(told)
    rig.strike(r"folders%2F2/denypolicies/lock$|folders/2/denypolicies/lock$",
               Fault(200, body=body))  # fmt: skip
    return _read(rig)


LOCK = {"name": "policies/x/denypolicies/lock"}


@pytest.mark.parametrize(
    "told",
    [
        {}, {"rules": []}, {"name": "policies/x/denypolicies/other", "rules": []},
        {**LOCK, "rules": "x"}, {**LOCK, "rules": ["x"]}, {**LOCK, "rules": [{}]},
        {**LOCK, "rules": [{"denyRule": {"deniedPermissions": "all"}}]},
    ],
)  # fmt: skip
def test_a_deny_policy_that_is_none_is_a_gap_and_a_doubt(rig: Rig, told: dict[str, Any]) -> None:
    found = _answered(rig, told)
    assert [gap for gaps in found.gaps.values() for gap in gaps if "folders/2" in gap.what]
    assert _edges(found)[AI].confidence == "medium"


def test_a_deny_policy_without_rules_takes_nothing(rig: Rig) -> None:
    found = _answered(rig, {**LOCK, "etag": "x"})
    assert not found.gaps
    assert _edges(found)[AI].confidence == "certain"
