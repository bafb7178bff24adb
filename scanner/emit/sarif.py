"""What a change adds -> SARIF 2.1.0, as code-scanning services take it
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/
sarif-support-for-code-scanning). Places are relative to the repository; nothing is quoted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from scanner import __version__

_MOST_RESULTS = 25_000
"""Of one run, as GitHub takes them; a file with more is refused as a whole."""
_PROJECT = "https://github.com/shadow-ai-scanner/shadow-ai-scanner"
_HELP = f"{_PROJECT}/blob/main/docs/guard.md"


class _Rule(NamedTuple):
    title: str
    severity: str
    """From 0.1 to 10.0; above 9.0 is critical, from 7.0 high, from 4.0 medium."""
    precision: str
    """How often it is true: very-high, high, medium, low."""
    remedy: str


_RULES = {
    "key-added": _Rule(
        "AI key in a change", "9.1", "high",
        "Remove the key from the change and rotate it if it was ever pushed.",
    ),
    "unregistered-ai-added": _Rule(
        "Unregistered AI in a change", "5.0", "medium",
        "Register the system, or remove it from the change.",
    ),
    "unapproved-ai-added": _Rule(
        "AI in a change that is outside of what is approved", "7.0", "medium",
        "Stay within what the entry and the organization approve, or have the entry changed.",
    ),
}  # fmt: skip


class Told(Protocol):
    @property
    def rule(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def is_error(self) -> bool: ...


def render(problems: Iterable[Told], unread: Iterable[str] = ()) -> bytes:
    """One run. ``unread``: what could not be judged, told as notifications of the tool."""
    every = list(problems)
    notes = list(unread)
    if len(every) > _MOST_RESULTS:
        notes.append(f"{len(every) - _MOST_RESULTS} results more than one file may hold")
    marks = _Marks()
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "shadow-ai",
            "version": __version__,
            "informationUri": _PROJECT,
            "rules": [_rule(name, rule) for name, rule in _RULES.items()],
        }},
        "columnKind": "utf16CodeUnits",
        "invocations": [{
            "executionSuccessful": not notes,
            "toolExecutionNotifications": [
                {"level": "warning", "message": {"text": text}} for text in notes
            ],
        }],
        "results": [_result(problem, marks) for problem in every[:_MOST_RESULTS]],
    }  # fmt: skip
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2, ensure_ascii=True).encode() + b"\n"


def _rule(name: str, rule: _Rule) -> dict[str, Any]:
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.remedy}"},
        "helpUri": _HELP,
        "help": {"text": rule.remedy, "markdown": f"{rule.remedy} [More]({_HELP})"},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["security", "ai"],
            "precision": rule.precision,
            "security-severity": rule.severity,
        },
    }


class _Marks:
    """What makes a result the same result in the next run, on another machine, on another line: it
    is made of nothing that depends on the key under which secrets are fingerprinted here."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, problem: Told) -> str:
        said = [problem.rule, problem.path, problem.detail, problem.title]
        mark = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
        self._seen[mark] += 1
        return f"{mark}:{self._seen[mark]}"


def _result(problem: Told, marks: _Marks) -> dict[str, Any]:
    line = max(1, problem.line)
    mark = marks.of(problem)
    return {
        "ruleId": problem.rule,
        "ruleIndex": list(_RULES).index(problem.rule),
        "level": "error" if problem.is_error else "note",
        "message": {"text": f"{problem.title} ({problem.detail})"
                    + (f": {problem.why}" if problem.why else "")},
        "locations": [{"physicalLocation": {
            "artifactLocation": {
                "uri": quote(problem.path.encode("utf-8", "replace"), safe="/"),
                "uriBaseId": "%SRCROOT%",
            },
            # The whole line: what stands in it is not told.
            "region": {
                "startLine": line, "startColumn": 1, "endLine": line,
                "endColumn": problem.width + 1,
            },
        }}],
        # GitHub compares the first alone, and makes it of the line where it is missing.
        "partialFingerprints": {"primaryLocationLineHash": mark, "shadowAi/v2": mark},
    }  # fmt: skip
