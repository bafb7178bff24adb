"""Which findings a person wants to see: one filter for lists, exports, exit codes and saved views,
and how what is left is grouped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec

from scanner.assess import wildcards
from scanner.assess.moments import moment
from scanner.model.finding import Finding, FindingStatus
from scanner.rulebook.policy import Severity

Group = Literal[
    "owner", "business_unit", "policy", "asset", "provider", "account", "environment", "severity"
]
Word = Literal["info", "low", "medium", "high", "critical"]
Status = Literal["new", "open", "held", "reopened", "resolved", "accepted", "suppressed", "all"]


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that are given must hold. Texts are patterns of ``*`` and ``?``."""

    status: tuple[Status, ...] = ()
    """Empty: whatever somebody has to do something about (new, open, held, reopened)."""
    policy: str = ""
    severity: Word | Literal[""] = ""
    """At least this severe."""
    risk: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """At least this risky."""
    owner: str = ""
    """``-``: nobody."""
    business_unit: str = ""
    """Of the registry entry, or as tags say; ``-``: none."""
    provider: str = ""
    account: str = ""
    environment: str = ""
    asset: str = ""
    kind: str = ""
    control: str = ""
    since: str = ""
    """First seen, or changed in status, on this day (ISO 8601) or later."""
    text: str = ""
    """In the title, any letter case."""

    def __post_init__(self) -> None:
        if self.since:
            moment(self.since)

    def holds(self, finding: Finding, changed_at: str = "") -> bool:
        """``changed_at``: when the last event of the finding was."""
        if not self._status_holds(finding.status):
            return False
        if self.severity and Severity(finding.severity).rank < Severity(self.severity).rank:
            return False
        if self.since and max(finding.first_seen, changed_at) < moment(self.since):
            return False
        return (
            finding.risk >= self.risk
            and all(
                wildcards.matches(getattr(finding, name) or "-", glob)
                for name in _GLOBS
                if (glob := getattr(self, name))
            )
            and (
                not self.control
                or any(wildcards.matches(c, self.control) for c in finding.controls)
            )
            and self.text.casefold() in finding.title.casefold()
        )

    def _status_holds(self, status: FindingStatus) -> bool:
        if not self.status:
            return status.is_open
        return "all" in self.status or status in self.status


_GLOBS = ("policy", "owner", "business_unit", "provider", "account", "environment", "asset", "kind")


JOIN = " / "


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Findings that one person can end at once."""

    name: str
    severity: str
    """The worst of them."""
    risk: int
    """The highest of them."""
    findings: tuple[Finding, ...]
    values: tuple[str, ...] = ()
    """Of the fields that they are alike in; a name may stand for several of such."""


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The riskiest first, then in a fixed order."""
    return sorted(findings, key=lambda f: (-f.risk, f.policy, f.asset, f.fingerprint))


def grouped(findings: Iterable[Finding], by: Sequence[Group]) -> list[Problem]:
    """By one or more of their fields; the riskiest first."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in ordered(findings):
        key = tuple(str(getattr(finding, name)) or "-" for name in by)
        found.setdefault(key, []).append(finding)
    problems = [
        Problem(
            name=JOIN.join(key),
            severity=max((f.severity for f in group), key=lambda word: Severity(word).rank),
            risk=max(f.risk for f in group),
            findings=tuple(group),
            values=key,
        )
        for key, group in found.items()
    ]
    return sorted(problems, key=lambda one: (-one.risk, -len(one.findings), one.name))
