"""What CI servers and trackers read, held to what each says of its own form."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from junitparser import Failure, JUnitXml, Skipped

from scanner.emit.document import Document
from scanner.emit.formats import render
from scanner.model.finding import FindingStatus
from tests import late
from tests.emit.estates import ESTATE, ESTATES, EVIL, KEY, REPO
from tests.emit.test_formats import bytes_of

# Element -> attributes it may have, those it must have, elements it may hold
# (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd, MIT).
_JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname",
         "id", "package", "file", "log", "url", "version"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"}, {"name"},
        {"skipped", "errors", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set(), set()),
    "skipped": ({"type", "message"}, set(), set()),
}  # fmt: skip


def _follows(element: ElementTree.Element) -> None:
    may, must, holds = _JUNIT[element.tag]
    assert must <= set(element.attrib) <= may
    assert {child.tag for child in element} <= holds
    for child in element:
        _follows(child)


@pytest.mark.parametrize("estate", ESTATES)
def test_junit_follows_its_schema_and_its_counts_are_true(estate: str) -> None:
    data = bytes_of("junit", ESTATES[estate])
    root = ElementTree.fromstring(data)

    assert root.tag == "testsuites"
    _follows(root)
    for suite in root:
        cases = list(suite)
        assert int(suite.attrib["tests"]) == len(cases)
        for word, name in (("failure", "failures"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{word}"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert int(root.attrib["tests"]) == len(root.findall("testsuite/testcase"))
    assert int(root.attrib["failures"]) == len(root.findall("testsuite/testcase/failure"))


def test_junit_tells_open_from_resolved_and_unread_from_read() -> None:
    suites = {suite.name: list(suite) for suite in JUnitXml.fromstring(bytes_of("junit", ESTATE))}

    outcomes = {
        case.name.rpartition("[")[2]: [type(result) for result in case.result]
        for name, cases in suites.items()
        if name.startswith("SAI-")
        for case in cases
    }
    assert len(outcomes) == len(ESTATE.findings)
    for finding in ESTATE.findings:
        settled = [] if finding.status is FindingStatus.RESOLVED else [Skipped]
        expected = [Failure] if finding.status.is_open else settled
        assert outcomes[f"{finding.fingerprint}]"] == expected
    assert [[type(r) for r in case.result] for case in suites["coverage"]] == [[], [Skipped], []]
    assert "nothing found" in {
        case.name
        for suite in JUnitXml.fromstring(
            bytes_of("junit", msgspec.structs.replace(ESTATE, findings=()))
        )
        for case in suite
    }


# What the schema of GitLab's reports asks, version 15.2.1, reduced to what ours hold
# (https://gitlab.com/gitlab-org/security-products/security-report-schemas).
_TEXT = {"type": "string", "minLength": 1}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
_URL = {"type": "string", "pattern": "^https?://.+"}
_TOOL = {
    "type": "object",
    "required": ["id", "name", "version", "vendor"],
    "properties": {
        "id": _TEXT, "name": _TEXT, "version": _TEXT, "url": _URL,
        "vendor": {"type": "object", "required": ["name"], "properties": {"name": _TEXT}},
    },
    "additionalProperties": False,
}  # fmt: skip


def _gitlab(kind: str, location: dict[str, Any]) -> dict[str, Any]:
    message = {
        "type": "object",
        "required": ["level", "value"],
        "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": _TEXT},
    }
    identifier = {
        "type": "object",
        "required": ["type", "name", "value"],
        "properties": {"type": _TEXT, "name": _TEXT, "value": _TEXT, "url": _URL},
    }
    detail = {
        "type": "object",
        "required": ["name", "type", "value"],
        "properties": {"type": {"enum": ["text", "value"]}, "name": _TEXT},
    }
    vulnerability = {
        "type": "object",
        "required": ["id", "identifiers", "location"],
        "properties": {
            "id": _TEXT,
            "name": {"type": "string", "maxLength": 255},
            "description": {"type": "string", "maxLength": 1048576},
            "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
            "solution": {"type": "string", "maxLength": 7000},
            "identifiers": {"type": "array", "minItems": 1, "items": identifier},
            "details": {"type": "object", "additionalProperties": detail},
            "location": location,
        },
        "additionalProperties": False,
    }
    scan = {
        "type": "object",
        "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
        "properties": {
            "analyzer": _TOOL, "scanner": _TOOL, "start_time": _TIME, "end_time": _TIME,
            "status": {"enum": ["success", "failure"]}, "type": {"const": kind},
            "messages": {"type": "array", "items": message},
        },
        "additionalProperties": False,
    }  # fmt: skip
    return {
        "type": "object",
        "required": ["scan", "version", "vulnerabilities"],
        "properties": {
            "version": {"const": "15.2.1"},
            "scan": scan,
            "vulnerabilities": {"type": "array", "items": vulnerability},
        },
        "additionalProperties": False,
    }  # fmt: skip


_PLACE = {"file": _TEXT, "start_line": {"type": "number"}, "end_line": {"type": "number"}}
_COMMIT = {
    "type": "object",
    "required": ["sha"],
    "properties": {"sha": _TEXT, "author": {"type": "string"}, "date": {"type": "string"}},
    "additionalProperties": False,
}
_GITLAB = {
    "gitlab-sast": _gitlab("sast", {"type": "object", "properties": _PLACE}),
    "gitlab-secrets": _gitlab(
        "secret_detection",
        {"type": "object", "required": ["commit"], "properties": {**_PLACE, "commit": _COMMIT}},
    ),
}


@pytest.mark.parametrize("name", _GITLAB)
@pytest.mark.parametrize("estate", ESTATES)
def test_gitlab_takes_the_report(name: str, estate: str) -> None:
    report = json.loads(bytes_of(name, ESTATES[estate]))

    late.jsonschema.Draft7Validator(_GITLAB[name]).validate(report)
    rows = report["vulnerabilities"]
    assert len({row["id"] for row in rows}) == len(rows)
    assert (len(rows) > 0) == (estate != "empty")


def test_gitlab_is_told_the_place_and_nothing_as_markup() -> None:
    (row,) = json.loads(bytes_of("gitlab-secrets", ESTATE))["vulnerabilities"]
    assert row["location"]["file"] == "app/a b#1.py"
    assert row["location"]["commit"]["sha"] == "a" * 40
    assert (row["severity"], row["name"]) == ("Critical", "AI key in code")
    rows = json.loads(bytes_of("gitlab-sast", ESTATE))["vulnerabilities"]
    assert [row["location"]["file"] for row in rows] == ["app/reply.py", "requirements.txt"]

    for name in _GITLAB:
        for row in json.loads(bytes_of(name, EVIL))["vulnerabilities"]:
            assert not set("<>[]`@") & set(row["description"] + row["solution"])


def _two_repositories() -> Document:
    (key,) = [row for row in ESTATE.assets if row.uid == KEY]
    elsewhere = msgspec.structs.replace(key.evidence[0], resource="git:github.com/example-corp/x")
    both = msgspec.structs.replace(key, evidence=(*key.evidence, elsewhere))
    return msgspec.structs.replace(
        ESTATE, assets=tuple(both if row is key else row for row in ESTATE.assets)
    )


def test_gitlab_is_given_one_repository_or_told_that_there_are_several() -> None:
    document = _two_repositories()
    report = json.loads(bytes_of("gitlab-secrets", document))
    assert sorted(row["location"]["file"] for row in report["vulnerabilities"]) == [
        "github.com/example-corp/portal/app/a b#1.py",
        "github.com/example-corp/x/app/a b#1.py",
    ]
    assert "several" in report["scan"]["messages"][0]["value"]
    one = b"".join(render("gitlab-secrets", document, {"repository": REPO}))
    (row,) = json.loads(one)["vulnerabilities"]
    assert row["location"]["file"] == "app/a b#1.py"


# The importer's own lists (https://github.com/DefectDojo/django-DefectDojo,
# dojo/tools/generic/json_parser.py); an unknown key makes it refuse the file.
_DOJO_NEEDS = {"title", "severity", "description"}
_DOJO_TAKES = _DOJO_NEEDS | {
    "date", "cwe", "cve", "mitigation", "impact", "steps_to_reproduce", "severity_justification",
    "references", "active", "verified", "false_p", "out_of_scope", "risk_accepted", "is_mitigated",
    "mitigated", "line", "file_path", "component_name", "component_version", "static_finding",
    "dynamic_finding", "scanner_confidence", "unique_id_from_tool", "vuln_id_from_tool", "service",
    "tags", "endpoints", "nb_occurences",
}  # fmt: skip
_DOJO_TEST = {"name", "type", "version", "description", "dynamic_tool", "static_tool", "soc"}


@pytest.mark.parametrize("estate", ESTATES)
def test_defectdojo_takes_the_file(estate: str) -> None:
    document = ESTATES[estate]
    data = json.loads(bytes_of("defectdojo", document))

    assert set(data) <= _DOJO_TEST | {"findings"}
    assert len(data["findings"]) == len(document.findings)
    for row in data["findings"]:
        assert _DOJO_NEEDS <= set(row) <= _DOJO_TAKES
        assert row["severity"] in ("Info", "Low", "Medium", "High", "Critical")
        assert 0 < len(row["title"]) <= 511
        told = [key for key in ("active", "is_mitigated", "risk_accepted", "out_of_scope")
                if row[key]]  # fmt: skip
        assert len(told) == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
        assert 1 <= row["scanner_confidence"] <= 10


def test_defectdojo_hashes_the_same_finding_alike_in_every_scan() -> None:
    """Its hash is over these fields unless an administrator changes that."""
    later = msgspec.structs.replace(
        ESTATE,
        scan=msgspec.structs.replace(ESTATE.scan, id="other", finished="2027-01-01T00:00:00Z"),
        findings=tuple(
            msgspec.structs.replace(
                f, last_seen="2027-01-01T00:00:00Z", detail="other", risk=1, title="moved"
            )
            for f in ESTATE.findings
        ),
        assets=tuple(
            msgspec.structs.replace(row, name="renamed", evidence=tuple(
                msgspec.structs.replace(seen, path=f"moved/{seen.path}", line=seen.line + 7)
                for seen in row.evidence
            ))
            for row in ESTATE.assets
        ),
    )  # fmt: skip
    hashed = [
        [
            [row.get(key) for key in ("title", "cwe", "line", "file_path", "description")]
            for row in json.loads(bytes_of("defectdojo", document))["findings"]
        ]
        for document in (ESTATE, later)
    ]
    assert hashed[0] == hashed[1]
