"""A scan's findings as SARIF: taken by the schema and by code scanning, a run a repository."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from scanner.emit.document import AssetRow, Document, EvidenceRow, RegistryStatus
from scanner.emit.formats import render
from scanner.model.base import Fingerprint
from scanner.model.finding import FindingStatus
from tests.emit.estates import DECIDED, ESTATE, ESTATES, FINDINGS, KEY, REPO, documents, finding
from tests.emit.test_formats import bytes_of
from tests.emit.uploads import uploadable, uploadable_runs


@pytest.mark.parametrize("estate", ESTATES)
def test_an_estate_is_taken(estate: str) -> None:
    uploadable_runs(bytes_of("sarif", ESTATES[estate]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_any_document_is_taken(document: Document) -> None:
    uploadable_runs(bytes_of("sarif", document))


def test_open_findings_in_code_have_their_places_and_the_others_are_counted() -> None:
    run = uploadable(bytes_of("sarif", ESTATE))

    results = {row["ruleId"]: row for row in run["results"]}
    assert list(results) == ["SAI-090", "SAI-010", "SAI-001"]
    suppressed = {row["ruleId"]: row.get("suppressions") for row in run["results"]}
    assert suppressed == {
        "SAI-090": None, "SAI-010": None,
        "SAI-001": [{"kind": "external", "status": "accepted", "justification": DECIDED}],
    }  # fmt: skip
    key, drift = results["SAI-090"], results["SAI-010"]
    places = [row["physicalLocation"] for row in drift["locations"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "app/reply.py", "requirements.txt",
    ]  # fmt: skip
    assert key["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/a%20b%231.py"
    assert (key["level"], drift["level"]) == ("error", "error")
    assert key["partialFingerprints"]["primaryLocationLineHash"] == FINDINGS[0].fingerprint
    notes = [
        note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]
    ]
    assert notes == [
        "not read: aws:2: grant bedrock:ListAgents",
        "5 findings stand in no file and are not in this format",
    ]
    assert run["automationDetails"]["id"] == "shadow-ai/github.com/example-corp/portal/"
    assert run["versionControlProvenance"] == [
        {"repositoryUri": "https://github.com/example-corp/portal"}
    ]


def _in(repositories: int, findings: int = 1, places: int = 1) -> Document:
    """Every asset has so many places and findings in a repository of its own."""
    assets = tuple(
        AssetRow(
            uid=f"git:host/{number:03}#ai/x", type="asset", kind="code.integration", name="x",
            provider="x", registry=RegistryStatus(status="unregistered"),
            evidence=tuple(
                EvidenceRow(rule="r", source="code", provider="x", path=f"src/{place}.py", line=1,
                            resource=f"git:host/{number:03}")
                for place in range(places)
            ),
        )
        for number in range(repositories)
    )  # fmt: skip
    one = finding(1, "SAI-001", "", "high", title="Unregistered AI: something or other")
    return msgspec.structs.replace(
        ESTATE,
        assets=assets,
        findings=tuple(
            msgspec.structs.replace(
                one, asset=asset.uid, fingerprint=Fingerprint(f"v1:{number:026}"), risk=rank % 100
            )
            for rank, asset in enumerate(assets)
            for number in range(findings)
        ),
    )


def test_what_a_file_may_not_hold_is_told_and_one_repository_can_be_chosen() -> None:
    document = _in(23)
    runs = uploadable_runs(bytes_of("sarif", document))
    notes = [
        note["message"]["text"]
        for run in runs
        for note in run["invocations"][0]["toolExecutionNotifications"]
    ]
    assert len(runs) == 20
    assert "3 repositories more than one file may hold; choose one" in notes
    assert runs[0]["automationDetails"]["id"] == "shadow-ai/host/022/", "the riskiest first"

    alone = uploadable(b"".join(render("sarif", document, {"repository": "git:host/001"})))
    assert alone["automationDetails"]["id"] == "shadow-ai/host/001/"
    assert len(alone["results"]) == 1


@pytest.mark.slow
def test_a_file_full_to_the_brim_is_taken() -> None:
    run = uploadable(bytes_of("sarif", _in(1, findings=25_002, places=200)))

    assert len(run["results"]) == 25_000
    texts = [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]
    assert "2 results more than a run may hold" in texts
    assert [len(result["locations"]) for result in run["results"][:2]] == [100, 100]


def test_an_incomplete_scan_and_a_resolved_finding_show() -> None:
    incomplete = msgspec.structs.replace(
        ESTATE,
        scan=msgspec.structs.replace(ESTATE.scan, exit_code=3),
        findings=tuple(
            msgspec.structs.replace(row, status=FindingStatus.RESOLVED) for row in ESTATE.findings
        ),
    )
    run = uploadable(bytes_of("sarif", incomplete))
    assert not run["invocations"][0]["executionSuccessful"]
    assert run["results"] == []


def test_a_link_in_a_name_is_none() -> None:
    linked = msgspec.structs.replace(FINDINGS[0], title="see [here](https://evil.example)")
    document = msgspec.structs.replace(ESTATE, findings=(linked,))
    (row,) = uploadable(bytes_of("sarif", document))["results"]
    assert "](" not in row["message"]["text"]
    assert REPO in json.dumps(json.loads(bytes_of("json", document)))
    assert row["properties"]["asset"] == KEY
