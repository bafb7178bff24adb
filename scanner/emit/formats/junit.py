"""``junit``: JUnit XML, for the test pages of CI servers (the form that Jenkins and GitLab read,
junit-10.xsd of https://github.com/jenkinsci/xunit-plugin). A suite a policy and a case a finding:
open is failed, resolved is passed, anything else is skipped. What was not read is a skipped case of
the suite `coverage`: nothing is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from scanner.emit.document import Document
from scanner.emit.formats.columns import place
from scanner.emit.formats.common import by_uid, plain, told
from scanner.model.finding import Finding, FindingStatus

_READ = ("complete", "not_enabled", "left_out")


class _Case(NamedTuple):
    name: str
    outcome: str = ""
    """``failure``, ``skipped`` or passed."""
    kind: str = ""
    message: str = ""
    text: str = ""


def render(document: Document) -> Iterator[bytes]:
    suites = [*_policies(document), ("coverage", _coverage(document))]
    cases = [case for _, inside in suites for case in inside]
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    failed = _count(cases, "failure")
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0"'
    yield f'<testsuites name="shadow-ai" {counts}>\n'.encode()
    stamp = quoteattr(plain(document.scan.finished).removesuffix("Z"))
    for name, inside in suites:
        yield (
            f'  <testsuite name={quoteattr(plain(name))} tests="{len(inside)}" '
            f'failures="{_count(inside, "failure")}" errors="0" '
            f'skipped="{_count(inside, "skipped")}" time="0" timestamp={stamp}>\n'
        ).encode()
        for case in inside:
            yield _case(name, case).encode()
        yield b"  </testsuite>\n"
    yield b"</testsuites>\n"


def _count(cases: Sequence[_Case], outcome: str) -> int:
    return sum(case.outcome == outcome for case in cases)


def _policies(document: Document) -> Iterator[tuple[str, list[_Case]]]:
    names = {policy.id: policy.name for policy in document.policies}
    found: dict[str, list[_Case]] = {}
    assets = by_uid(document)
    for finding in document.findings:
        where = place(assets.get(finding.asset))
        found.setdefault(finding.policy, []).append(_of(finding, where))
    for ident in sorted({*names, *found}):
        title = f"{ident} {names.get(ident, '')}".strip()
        yield title, found.get(ident) or [_Case("nothing found")]


def _of(finding: Finding, where: str) -> _Case:
    name = f"{finding.title} [{finding.fingerprint}]"
    if finding.status is FindingStatus.RESOLVED:
        return _Case(name)
    outcome = "failure" if finding.status.is_open else "skipped"
    said = {"asset": finding.asset, "where": where, "owner": finding.owner or "nobody",
            "status": str(finding.status), "decided": finding.decided,
            "first seen": finding.first_seen}  # fmt: skip
    text = "\n".join([told(finding), *(f"{key}: {value}" for key, value in said.items() if value)])
    return _Case(name, outcome, finding.severity, finding.title, text)


def _coverage(document: Document) -> list[_Case]:
    return [
        _Case(row.shard)
        if row.status in _READ
        else _Case(row.shard, "skipped", row.status, row.reason or row.status)
        for row in document.coverage
    ] or [_Case("nothing was to be read")]


def _case(suite: str, case: _Case) -> str:
    head = f"    <testcase name={quoteattr(plain(case.name))} classname={quoteattr(plain(suite))}"
    if not case.outcome:
        return f'{head} time="0"/>\n'
    text = "\n".join(plain(line) for line in case.text.split("\n"))
    return (
        f'{head} time="0"><{case.outcome} type={quoteattr(plain(case.kind))} '
        f"message={quoteattr(plain(case.message))}>{escape(text)}</{case.outcome}></testcase>\n"
    )
