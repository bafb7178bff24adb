"""The assessment as CSV: a row a control and use case, and one for the whole estate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from scanner.assess.governance import Assessment, ControlAnswer
from scanner.emit.formats.cells import cell
from scanner.model.finding import Finding

_HEAD = ("framework", "control", "title", "use_case", "use_case_name", "registered", "owner",
         "answer", "findings", "worst_severity", "worst_risk", "finding_titles", "policies",
         "hints", "shows", "cannot_show", "scan", "at", "decided", "decided_titles")  # fmt: skip


def render(found: Assessment) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEAD)
    by_mark: dict[str, Finding] = {finding.fingerprint: finding for finding in found.findings}
    for row in _rows(found, by_mark):
        writer.writerow([cell(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _rows(found: Assessment, by_mark: dict[str, Finding]) -> Iterator[list[str]]:
    whole = ("*", "whole estate", "", "")
    yield from (_row(found, control, whole, by_mark) for control in found.controls)
    for case in found.use_cases:
        who = (case.id, case.name, "yes" if case.registered else "no", case.owner)
        yield from (_row(found, control, who, by_mark) for control in case.controls)


def _row(
    found: Assessment, control: ControlAnswer, who: Iterable[str], by_mark: dict[str, Finding]
) -> list[str]:
    decided = [by_mark[mark] for mark in control.decided if mark in by_mark]
    own = [by_mark[mark] for mark in control.findings if mark in by_mark]
    return [
        found.framework, control.id, control.title, *who, str(control.answer), str(len(own)),
        own[0].severity if own else "", str(own[0].risk) if own else "",
        "; ".join(finding.title for finding in own), "; ".join(control.policies),
        "; ".join(control.hints), control.shows, control.cannot, found.scan, found.at,
        str(len(decided)), "; ".join(f"{f.title} ({f.decided or f.status})" for f in decided),
    ]  # fmt: skip
