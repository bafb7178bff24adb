"""The assessment as one self-contained page: no script, nothing from anywhere, all escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from scanner.assess.governance import Answer, Assessment, ControlAnswer, UseCase
from scanner.emit.html import STYLE
from scanner.model.finding import Finding

_WORDS = {
    Answer.FINDINGS: "open findings",
    Answer.DECIDED: "findings, all accepted or suppressed",
    Answer.NOTHING_FOUND: "nothing found",
    Answer.INCOMPLETE: "nothing found, but not everything was read",
    Answer.NOT_EVALUATED: "no rule asks",
    Answer.HINT: "a hint, no classification",
}
_COLOURS = {
    Answer.FINDINGS: "high",
    Answer.DECIDED: "medium",
    Answer.NOTHING_FOUND: "complete",
    Answer.INCOMPLETE: "medium",
    Answer.NOT_EVALUATED: "info",
    Answer.HINT: "low",
}


def render(found: Assessment) -> bytes:
    by_mark: dict[str, Finding] = {finding.fingerprint: finding for finding in found.findings}
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        "<meta http-equiv='Content-Security-Policy' "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(found.framework_name)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>{escape(found.framework_name)} {escape(found.version)}</h1>",
        f"<p class='sub'>Scan {escape(found.scan)}, finished {escape(found.at)}. "
        f"{escape(found.note)} Published at {escape(found.source)}.</p>",
        "<p>A finding is relevant to a control. That there is none says only that the rules which "
        "ask found nothing in what was read; it does not say that a control is satisfied.</p>",
        _cards(found),
        f"<h2>Top use cases ({len(found.use_cases)} of {found.use_cases_in_all})</h2>",
        *(_case(case, by_mark) for case in found.use_cases),
        "<h2>All controls, whole estate</h2>",
        _controls(found.controls, by_mark),
        "<h2>What was not read</h2>",
        _listed(found.unread) or f"<p>All {found.shards} parts were read to their end.</p>",
        "</main></body></html>",
    ]
    return "\n".join(parts).encode()


def _cards(found: Assessment) -> str:
    cards = "".join(
        f"<div class='card'><b>{count}</b><span>controls: {escape(_WORDS[Answer(answer)])}</span>"
        "</div>"
        for answer, count in found.answered.items()
        if count or answer != Answer.HINT
    )
    return f"<div class='cards'>{cards}</div>"


def _case(case: UseCase, by_mark: dict[str, Finding]) -> str:
    said = [
        "registered" if case.registered else "not registered",
        f"owner {case.owner}" if case.owner else "no owner",
        case.stage,
        case.business_unit,
        f"risk {case.risk}",
    ]
    relevant = [c for c in case.controls if c.findings or c.decided or c.hints]
    assessed = "; ".join(case.assessments) or "none on record"
    return (
        f"<h3>{escape(case.name)} <code>{escape(case.id)}</code></h3>"
        f"<p class='dim'>{escape(', '.join(word for word in said if word))}. "
        f"Assessments: {escape(assessed)}.</p>" + _controls(relevant, by_mark)
    )


def _controls(controls: Iterable[ControlAnswer], by_mark: dict[str, Finding]) -> str:
    rows = "".join(_control(control, by_mark) for control in controls)
    head = (
        "<tr><th>control</th><th>answer</th><th>findings</th><th>can show</th><th>cannot</th></tr>"
    )
    return f"<div class='scroll'><table>{head}{rows}</table></div>"


def _control(control: ControlAnswer, by_mark: dict[str, Finding]) -> str:
    own = [by_mark[mark] for mark in control.findings if mark in by_mark]
    lines = [f"{f.title} [{f.policy}, {f.severity}]" for f in own[:8]]
    lines += [f"and {len(own) - 8} more"] if len(own) > 8 else []
    decided = [by_mark[mark] for mark in control.decided if mark in by_mark]
    lines += [f"{f.title} [{f.policy}, {f.severity}, {f.decided or f.status}]" for f in decided]
    lines += list(control.hints)
    return (
        f"<tr><td><b>{escape(control.id)}</b><br>{escape(control.title)}</td>"
        f"<td><span class='tag {_COLOURS[control.answer]}'>{escape(_WORDS[control.answer])}</span>"
        f"</td><td>{'<br>'.join(map(escape, lines))}</td>"
        f"<td class='dim'>{escape(control.shows)}</td>"
        f"<td class='dim'>{escape(control.cannot)}</td></tr>"
    )


def _listed(rows: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(row)}</li>" for row in rows)
    return f"<ul>{items}</ul>" if items else ""
