"""Findings -> what a ticket says of them. Pure, and the same for every tracker.

Texts come from outside: what is meant as plain text stays that. No secret is in a finding, so none
gets into a ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated

import msgspec

from scanner.assess.selection import JOIN, Filter, Group, Problem, grouped, ordered
from scanner.model.base import digest
from scanner.model.finding import Finding
from scanner.rulebook.policy import Severity

DAYS = {"critical": 7, "high": 30, "medium": 90, "low": 180, "info": 0}
"""Until when, by severity, counted from the day on which the finding was first seen, came back or
became worse; 0: no day."""
Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
_WORDS = ("severity", "policy", "title", "owner", "provider", "risk")
_BRACED = re.compile(r"\{(\w*)\}")
_MOST_LISTED = 50
_MOST_TITLE = 200


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which findings go to a tracker, and what their tickets bear beside words."""

    filter: Filter = Filter()
    group_by: tuple[Group, ...] = ()
    """One ticket for all findings that are alike in these; empty: one a finding."""
    labels: tuple[str, ...] = ()
    days: Mapping[str, Days] = msgspec.field(default_factory=dict)
    """Severity -> days until it is due, in place of ours; 0: no day."""
    people: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Owner -> the tracker's own name for that person."""
    title: str = "[{severity}] {title}"
    """May hold ``{severity}``, ``{policy}``, ``{title}``, ``{owner}``, ``{provider}`` and
    ``{risk}``."""

    def __post_init__(self) -> None:
        by_severity("days", self.days)
        odd = [word for word in _BRACED.findall(self.title) if word not in _WORDS]
        if odd:
            there = ", ".join(f"{{{word}}}" for word in _WORDS)
            raise ValueError(f"`title` knows no {{{odd[0]}}}; it may hold {there}")


def by_severity(field: str, given: Iterable[str]) -> None:
    """Raises ``ValueError`` for a word that is no severity: it would do nothing, in silence."""
    for word in given:
        if word not in DAYS:
            raise ValueError(f"`{field}`: there is no severity {word}; there are {', '.join(DAYS)}")


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: fingerprint of the finding or group. ``due``: YYYY-MM-DD or empty."""

    key: str
    title: str
    severity: str
    owner: str
    due: str
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]
    number: int = 1
    """Which ticket of this key it is, where former ones are past."""
    formerly: tuple[str, ...] = ()
    """Keys that its row may still have in the ledger."""

    @property
    def digest(self) -> str:
        """Of all that is worth telling people when it changes: no time, no score, and no advice,
        which is worded anew for many findings at once."""
        told = [
            (f.fingerprint, f.severity, f.title, f.owner, str(f.status) == "held")
            for f in self.findings
        ]
        return digest([self.title, self.severity, self.owner, self.due, told])


def tickets(
    findings: Iterable[Finding], routing: Routing, changed: Mapping[str, str] = {}
) -> dict[str, Ticket]:
    """Key -> the ticket that should be open. ``changed``: fingerprint -> when the last event was,
    which a filter may ask for."""
    meant = ordered(
        one for one in findings if routing.filter.holds(one, changed.get(one.fingerprint, ""))
    )
    if not routing.group_by:
        return {one.fingerprint: _ticket(one.fingerprint, one.title, (one,), routing)
                for one in meant}  # fmt: skip
    made = {}
    for problem in grouped(meant, routing.group_by):
        key, formerly = _group_key(routing.group_by, problem)
        count = len(problem.findings)
        title = f"{problem.name}: {count} finding{'s' if count > 1 else ''}"
        made[key] = msgspec.structs.replace(
            _ticket(key, title, problem.findings, routing), formerly=formerly
        )
    return made


def _group_key(by: Sequence[Group], problem: Problem) -> tuple[str, tuple[str, ...]]:
    """With the keys that it had before. Its name is made of its values, and where other values make
    the same one (``Retail / EU`` and ``prod``, ``Retail`` and ``EU / prod``) these are the key."""
    plain = f"g1:{digest([list(by), problem.name])[:26]}"
    if len(by) == 1 or tuple(problem.name.split(JOIN)) == problem.values:
        return plain, ()
    return f"g2:{digest([list(by), list(problem.values)])[:26]}", (plain,)


def overflow(left: Sequence[Ticket], routing: Routing) -> Ticket:
    """The one ticket for all that are too many for one run."""
    findings = tuple(finding for ticket in left for finding in ticket.findings)
    title = f"{len(findings)} further findings of the shadow AI scanner"
    made = _ticket("digest", title, findings, routing)
    return msgspec.structs.replace(made, owner="", title=title)


def _ticket(key: str, title: str, findings: tuple[Finding, ...], routing: Routing) -> Ticket:
    worst = max(findings, key=lambda one: Severity(one.severity).rank)
    owners = {finding.owner for finding in findings}
    owner = owners.pop() if len(owners) == 1 else ""
    words = {
        "severity": worst.severity, "policy": worst.policy, "title": title, "owner": owner or "-",
        "provider": worst.provider or "-", "risk": str(max(f.risk for f in findings)),
    }  # fmt: skip
    named = routing.title
    for word, value in words.items():
        named = named.replace("{" + word + "}", value)
    return Ticket(
        key=key,
        title=_line(named)[:_MOST_TITLE],
        severity=worst.severity,
        owner=owner,
        due=min(filter(None, (_due(one, routing) for one in findings)), default=""),
        labels=routing.labels,
        findings=findings,
    )


def _due(finding: Finding, routing: Routing) -> str:
    days = routing.days.get(finding.severity, DAYS.get(finding.severity, 0))
    if not days:
        return ""
    since = max(finding.first_seen, finding.since)[:10]
    return (date.fromisoformat(since) + timedelta(days=days)).isoformat()


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def label_of(key: str) -> str:
    """By which a ticket is known where it can bear labels."""
    return f"sai-{word(key)}"


def word(text: str) -> str:
    """For labels that have no spaces or commas."""
    return re.sub(r"[^\w.-]+", "-", text)


def lines(ticket: Ticket, formerly: str = "") -> list[str]:
    """What a ticket says where nothing of its text is kept apart for us."""
    return [
        "Found by the shadow AI scanner.",
        *(f"{label}: {text}" for label, text in rows(ticket)),
        *([f"Formerly {formerly}"] if formerly else ()),
    ]


def rows(ticket: Ticket) -> list[tuple[str, str]]:
    """Label and text of what a ticket says, in the order in which people read it."""
    if len(ticket.findings) == 1:
        one = ticket.findings[0]
        told = [
            ("Finding", one.title),
            ("Asset", one.asset),
            ("Owner", one.owner or "nobody"),
            ("Severity", f"{one.severity} (risk {one.risk} of 100)"),
            ("Why", one.detail),
            ("What to do", one.remedy),
            ("Controls", ", ".join(one.controls)),
            ("First seen", one.first_seen),
            ("Fingerprint", one.fingerprint),
        ]
    else:
        told = [("Findings", str(len(ticket.findings)))]
        told += [
            (one.severity, f"{one.title} — {one.asset} ({one.fingerprint[:15]})")
            for one in ticket.findings[:_MOST_LISTED]
        ]
        if len(ticket.findings) > _MOST_LISTED:
            told.append(("and", f"{len(ticket.findings) - _MOST_LISTED} more"))
        told += [("What to do", text) for text in
                 dict.fromkeys(one.remedy for one in ticket.findings[:_MOST_LISTED])]  # fmt: skip
    if ticket.due:
        told.append(("Due", ticket.due))
    return [(label, _line(text)) for label, text in told if text]
