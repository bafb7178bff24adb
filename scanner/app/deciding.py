"""What people decide about findings: taken down, withdrawn, and applied after each scan.

A decision takes effect at once (the findings in the state are shown by it) and with every scan,
which may bring further findings that it speaks of.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from scanner.assess import decisions as over_findings
from scanner.assess.decisions import MOST_DAYS, Places, bare
from scanner.assess.lifecycle import Life
from scanner.graph.build import AssetGraph
from scanner.model.decision import MOST_BY, MOST_REASON, Decision, Ground, Selector, Verb
from scanner.model.errors import ConfigError
from scanner.model.finding import Finding
from scanner.store import decisions as stored
from scanner.store.state import State

BY_HAND = "by hand"
"""In place of a scan, in the events of what people do between scans."""


def over(
    life: Life, before: dict[str, Finding], state: State, graph: AssetGraph, *, scan: str, now: str
) -> tuple[Life, list[str]]:
    """``life`` as it is shown under the decisions of the state, and what people are told of those
    that speak of nothing."""
    standing = stored.decisions(state)
    shown, events = over_findings.applied(
        life.findings, before, standing, _places(graph), scan=scan, now=now
    )
    warnings = stored.unreadable(state)
    warnings += [
        f"decision {one.id} speaks of no finding that is there; withdraw it with "
        f"`shadow-ai findings reopen {one.id}` ({one})"
        for one in over_findings.unused(standing, shown, now)
    ]
    return Life(shown, (*life.events, *events)), warnings


def _places(graph: AssetGraph) -> Places:
    def places(finding: Finding) -> Sequence[str]:
        node = graph.node(finding.asset)
        return sorted({item.path for item in node.evidence if item.path}) if node else ()

    return places


def decide(
    state: State,
    graph: AssetGraph | None,
    verb: Verb,
    selector: Selector,
    *,
    ground: Ground,
    reason: str,
    by: str,
    until: str,
    now: str,
) -> tuple[Decision, tuple[Finding, ...]]:
    """Takes a decision down and shows the findings of the state by it. Returns it with the findings
    that it now stands over. Raises ``ConfigError`` for what no decision may be."""
    if selector.is_empty:
        raise ConfigError("say which findings: fingerprints, --policy, --asset, --path or --owner")
    for name, chosen in msgspec.structs.asdict(selector).items():
        for text in [chosen] if isinstance(chosen, str) else chosen:
            _check_text(text, name)
    made = Decision(
        id=f"d-{secrets.token_hex(4)}", verb=verb, ground=ground, reason=said(reason, "reason"),
        by=said(by, "by"), at=now, until=_day(until, now), selector=selector,
    )  # fmt: skip
    places = _places(graph) if graph is not None else (lambda finding: ())
    met = [
        finding
        for finding in state.findings().values()
        if over_findings.matches(selector, finding, places)
    ]
    _check_length(made, met)
    stored.add(state, made)
    changed = shown_again(state, places, now)
    return made, tuple(one for one in changed if one.decision == made.id)


_MOST = {"reason": MOST_REASON, "by": MOST_BY}


def said(text: str, what: str) -> str:
    said, most = text.strip(), _MOST[what]
    _check_text(said, what)
    if not said:
        raise ConfigError(f"a decision needs --{what}")
    if len(said) > most:
        raise ConfigError(
            f"--{what}: {len(said)} characters, and {most} at most are kept; shorten it, or name "
            "where the rest can be read"
        )
    return said


def _check_text(text: str, what: str) -> None:
    """Bytes of the command line that are no UTF-8 come as halves of characters (PEP 383), which
    nothing can keep."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"--{what}: character {error.start + 1} is no text: what is given must be UTF-8"
        ) from None


def _day(until: str, now: str) -> str:
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise ConfigError(f"--until {until}: not a day; write it as YYYY-MM-DD") from None
    if day < date.fromisoformat(now[:10]):
        raise ConfigError(f"--until {until} is past; a decision ends on a day to come")
    return day.isoformat()


def _check_length(made: Decision, met: Iterable[Finding]) -> None:
    most = min((MOST_DAYS.get(one.severity, 365) for one in met), default=365)
    last = date.fromisoformat(made.at[:10]) + timedelta(days=most)
    if date.fromisoformat(made.until) > last:
        raise ConfigError(
            f"--until {made.until}: a decision about findings of this severity may stand for "
            f"{most} days, until {last.isoformat()}; decide anew then"
        )


def undo(
    state: State, ident: str, *, by: str, reason: str, now: str
) -> tuple[Decision, tuple[Finding, ...]]:
    """Withdraws a decision; the findings that it stood over are shown again."""
    before = {mark for mark, one in state.findings().items() if one.decision == ident}
    gone = stored.withdraw(state, ident, by=said(by, "by"), reason=said(reason, "reason"), at=now)
    changed = shown_again(state, lambda finding: (), now)
    return gone, tuple(one for one in changed if one.fingerprint in before)


def undo_all(
    state: State, finding: Finding, *, by: str, reason: str, now: str
) -> tuple[tuple[Decision, ...], tuple[Finding, ...]]:
    """Withdraws what stands over a finding, and what would stand over it then, as far as that names
    it alone: a rule that speaks of others too is withdrawn only where it stands first. Returns what
    was withdrawn and the findings as they are now. Raises ``ConfigError`` where nothing stands."""
    ident, mark = finding.decision, finding.fingerprint
    if not ident:
        raise ConfigError(f"no decision stands over {mark[:15]}: it is {finding.status}")
    gone: list[Decision] = []
    met: dict[str, Finding] = {}
    while ident:
        one, changed = undo(state, ident, by=by, reason=reason, now=now)
        gone.append(one)
        met |= {each.fingerprint: each for each in changed}
        ident = state.findings()[mark].decision
        alone = {named.id for named in stored.decisions(state) if _is_alone(named, finding)}
        if ident not in alone:
            break
    known = state.findings()
    return tuple(gone), tuple(known[each] for each in met)


def _is_alone(decision: Decision, finding: Finding) -> bool:
    marks = (finding.fingerprint, *finding.formerly)
    return len(decision.selector.fingerprints) == 1 and decision.selector.fingerprints[0] in marks


def shown_again(state: State, places: Places, now: str) -> tuple[Finding, ...]:
    """The findings of the state under the decisions as they are now; returns what changed. Where a
    decision asks for paths and nobody knows them here, what it stood over stays so."""
    before = state.findings()
    standing = stored.decisions(state)
    by_path = {one.id for one in standing if one.selector.path and one.stands(now)}
    left = {mark: one for mark, one in before.items() if one.decision not in by_path}
    shown, events = over_findings.applied(
        [bare(one) if one.decision else one for one in left.values()],
        before,
        standing,
        places,
        scan=BY_HAND,
        now=now,
    )
    changed = tuple(one for one in shown if one != before[one.fingerprint])
    state.save_findings(changed, events)
    return changed
