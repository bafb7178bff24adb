"""What deny assignments take away of what roles give."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.azure.denials import EVERYBODY
from scanner.model.facts import Edge
from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig
from tests.connectors.azure.reading import Read, read

SUB = estate.ident(1)
LEAD = f"/subscriptions/{SUB}"
DOCS = f"{LEAD}/resourceGroups/Rg-One/providers/Microsoft.Storage/storageAccounts/Docs"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"
READS = (f"azure:principal/{estate.MACHINE}", "reads_from", DOCS.casefold())


def _read(rig: Rig) -> Read:
    return read(rig, families=("bots",), creators=False)


def _edges(found: Read) -> dict[tuple[str, str, str], Edge]:
    return {
        (one.source, str(one.relation), one.target): one
        for one in found.items if isinstance(one, Edge)
    }  # fmt: skip


def _deny(
    rig: Rig, scope: str, who: str = EVERYBODY, kind: str = "SystemDefined", **more: Any
) -> None:
    rig.deny(
        SUB, "locked", scope=scope, principals=[{"id": who, "type": kind}],
        permissions=[{"dataActions": [BLOBS], "actions": []}], **more,
    )  # fmt: skip


def test_without_one_the_role_reaches(rig: Rig) -> None:
    estate.whole(rig)
    found = _read(rig)
    assert READS in _edges(found)
    assert not found.gaps


@pytest.mark.parametrize("scope", [DOCS, f"{LEAD}/resourceGroups/rg-one", LEAD])
@pytest.mark.parametrize("who", [EVERYBODY, estate.MACHINE.upper()])
def test_what_is_denied_is_no_edge(rig: Rig, scope: str, who: str) -> None:
    estate.whole(rig)
    _deny(rig, scope, who)
    found = _read(rig)
    assert READS not in _edges(found)
    assert not found.gaps


@pytest.mark.parametrize(
    "deny",
    [
        {"scope": DOCS, "who": estate.PERSON, "kind": "User"},
        {"scope": DOCS, "excludePrincipals": [{"id": estate.MACHINE, "type": "ServicePrincipal"}]},
        {"scope": LEAD, "doNotApplyToChildScopes": True},
        {"scope": f"{DOCS}-other"},
    ],
    ids=["of another", "excepted", "not below", "elsewhere"],
)
def test_what_is_not_denied_stays(rig: Rig, deny: dict[str, Any]) -> None:
    estate.whole(rig)
    _deny(rig, **deny)
    assert _edges(_read(rig))[READS].confidence == "certain"


@pytest.mark.parametrize(
    "deny",
    [
        {"scope": f"{DOCS}/blobServices/default/containers/one"},
        {"scope": DOCS, "who": "a-group", "kind": "Group"},
        {"scope": DOCS, "excludePrincipals": [{"id": "a-group", "type": "Group"}]},
        {"scope": DOCS, "condition": "@Resource[x] StringEquals 'y'"},
    ],
    ids=["a part", "a group", "but a group", "a condition"],
)
def test_what_cannot_be_told_is_a_doubt(rig: Rig, deny: dict[str, Any]) -> None:
    estate.whole(rig)
    _deny(rig, **deny)
    edge = _edges(_read(rig))[READS]
    assert edge.confidence == "medium"
    assert "`locked` may deny it" in edge.detail


TEAM = "bbbbbbbb-0000-0000-0000-00000000000a"
"""A group."""


@pytest.mark.parametrize(
    ("excluded", "confidence"), [([{"id": estate.PERSON, "type": "User"}], "medium"), ([], "")]
)
def test_a_group_keeps_what_somebody_in_it_may_keep(
    rig: Rig, excluded: list[Any], confidence: str
) -> None:
    """Who is excluded may be in the group: it is not cut off."""
    estate.whole(rig)
    account = rig.show(SUB, "Microsoft.CognitiveServices/accounts", "team", kind="OpenAI",
                       location="westeurope", properties={})  # fmt: skip
    estate.assign(rig, SUB, account, estate.OPENAI_USER, TEAM, "Group")
    rig.deny(
        SUB, "locked", scope=account, principals=[{"id": EVERYBODY, "type": "SystemDefined"}],
        permissions=[{"dataActions": ["Microsoft.CognitiveServices/*"], "actions": []}],
        excludePrincipals=excluded,
    )  # fmt: skip
    edge = _edges(_read(rig)).get((f"azure:principal/{TEAM}", "calls", account.casefold()))
    assert (edge.confidence if edge else "") == confidence


def test_denials_that_may_not_be_read_are_a_gap_and_roles_are_read(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.Authorization/denyAssignments/read",))
    found = _read(rig)
    (gap,) = found.gaps[f"azure:{SUB}/roles"]
    assert gap.denied
    assert "grant Microsoft.Authorization/denyAssignments/read" in gap.reason
    assert READS in _edges(found)


@pytest.mark.parametrize("raw", [b"{}", b'{"value": null}', b'{"value": {}}', b"<html>", b'{"va'])
def test_an_answer_without_the_list_is_a_gap(rig: Rig, raw: bytes) -> None:
    estate.whole(rig)
    rig.faults.append(Fault("denyAssignments$", raw=raw))
    (gap,) = _read(rig).gaps[f"azure:{SUB}/roles"]
    assert not gap.denied
