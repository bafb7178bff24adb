"""What a change adds -> SARIF 2.1.0, as code-scanning services take it
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/
sarif-support-for-code-scanning). Places are relative to the repository; nothing is quoted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote

from scanner import __version__

_MOST_RESULTS = 25_000
"""Of one run, as GitHub takes them."""
_RULES = {
    "key-added": ("AI key in a change", "9.0",
                  "Remove the key from the change and rotate it if it was ever pushed."),
    "unregistered-ai-added": ("Unregistered AI in a change", "5.0",
                              "Register the system, or remove it from the change."),
}  # fmt: skip


class Told(Protocol):
    @property
    def rule(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def is_error(self) -> bool: ...
    @property
    def mark(self) -> str: ...


def render(problems: Iterable[Told], unread: Iterable[str] = ()) -> bytes:
    """One run. ``unread``: what could not be judged, told as notifications of the tool."""
    shown = list(problems)[:_MOST_RESULTS]
    notes = [{"level": "warning", "message": {"text": text}} for text in unread]
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "shadow-ai",
            "version": __version__,
            "informationUri": "https://github.com/shadow-ai-scanner/shadow-ai-scanner",
            "rules": [_rule(name, *facts) for name, facts in _RULES.items()],
        }},
        "columnKind": "utf16CodeUnits",
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "results": [_result(problem) for problem in shown],
    }  # fmt: skip
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2, ensure_ascii=True).encode() + b"\n"


def _rule(name: str, title: str, severity: str, remedy: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {remedy}"},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "ai"], "security-severity": severity},
    }


def _result(problem: Told) -> dict[str, Any]:
    uri = quote(problem.path.encode("utf-8", "replace"), safe="/")
    mark = hashlib.sha256(f"{problem.rule} {problem.path} {problem.mark}".encode()).hexdigest()
    return {
        "ruleId": problem.rule,
        "ruleIndex": list(_RULES).index(problem.rule),
        "level": "error" if problem.is_error else "note",
        "message": {"text": f"{problem.title} ({problem.detail})"},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(1, problem.line)},
        }}],
        "partialFingerprints": {"shadowAi/v1": mark[:32]},
    }  # fmt: skip
