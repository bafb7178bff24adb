"""What changed -> one message for people, as plain text that no service takes for more.

It may go to Slack, Teams, Discord, e-mail or anything else, each with a markup of its own. So what
comes from outside is shown with other characters in place of those that any of them reads as
markup, a mention, a link or a new line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from scanner.model.finding import Finding

Change = Literal[
    "opened", "reopened", "worse", "expired", "withdrawn", "accepted", "suppressed", "resolved"
]
CHANGES: dict[str, str] = {
    "opened": "Opened", "reopened": "Came back", "worse": "Became worse",
    "expired": "Open again, a decision has ended",
    "withdrawn": "Open again, a decision was withdrawn", "accepted": "Accepted",
    "suppressed": "Suppressed", "resolved": "Resolved",
}  # fmt: skip
"""In the order in which they are told."""
_MOST_LINE = 300
_OTHER = str.maketrans({
    "<": "‹", ">": "›", "`": "ʼ", "*": "∗", "~": "∼", "|": "¦", "\\": "＼", "[": "［", "]": "］",
    "&": "＆", "@": "@\u200b", "#": "#\u200b", "!": "!\u200b", "$": "＄", "{": "｛", "}": "｝",
    "_": "_\u200b", "^": "ˆ", "=": "=\u200b", "%": "%\u200b",
})  # fmt: skip


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One finding and the last that happened to it."""

    change: str
    finding: Finding
    detail: str = ""


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    shard: str
    outcome: str
    reason: str = ""


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose logs tell nothing any more. ``is_first``: nor did they ever, since they were
    read first."""

    source: str
    since: str
    usual: float = 0.0
    is_first: bool = False


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Told, ...] = ()
    lacking: tuple[Lack, ...] = ()
    """What was read completely before, or not known, and is not now."""
    read_again: tuple[str, ...] = ()
    silent: tuple[Silent, ...] = ()
    heard_again: tuple[str, ...] = ()
    ends_again: bool = False
    """A run has come to its end, after it was told that one had not."""

    @property
    def is_empty(self) -> bool:
        shards = self.lacking or self.read_again
        logs = self.silent or self.heard_again
        return not (self.findings or shards or logs or self.ends_again)


def title(digest: Digest) -> str:
    counts = [
        f"{sum(one.change == change for one in digest.findings)} {change}"
        for change in CHANGES
        if any(one.change == change for one in digest.findings)
    ]
    if digest.lacking:
        counts.append(f"{len(digest.lacking)} no longer read")
    if digest.read_again:
        counts.append(f"{len(digest.read_again)} read again")
    if digest.silent:
        counts.append(f"{len(digest.silent)} silent")
    if digest.heard_again:
        counts.append(f"{len(digest.heard_again)} heard again")
    if digest.ends_again:
        counts.append("runs end again")
    return f"Shadow AI: {', '.join(counts)}"


def text(digest: Digest, most: int) -> str:
    """``most``: lines of each kind."""
    parts = []
    for change, heading in CHANGES.items():
        found = [one for one in digest.findings if one.change == change]
        found.sort(key=lambda one: (-one.finding.risk, one.finding.fingerprint))
        if found:
            parts += [f"{heading} ({len(found)})", *_bounded([_line(one) for one in found], most)]
    if digest.lacking:
        rows = [plain(f"{one.shard}: {one.outcome} {one.reason}") for one in digest.lacking]
        parts += [f"No longer read completely ({len(rows)})", *_bounded(rows, most)]
    if digest.read_again:
        rows = [plain(shard) for shard in digest.read_again]
        parts += [f"Read completely again ({len(rows)})", *_bounded(rows, most)]
    if digest.silent:
        rows = [plain(_quiet(one)) for one in digest.silent]
        parts += [f"Logs that tell nothing ({len(rows)})", *_bounded(rows, most)]
    if digest.heard_again:
        rows = [plain(source) for source in digest.heard_again]
        parts += [f"Logs that tell something again ({len(rows)})", *_bounded(rows, most)]
    if digest.ends_again:
        parts += ["A run has come to its end again"]
    return "\n".join(parts)


def _quiet(one: Silent) -> str:
    if one.is_first:
        return (f"{one.source}: nothing of AI yet, since it was first read on {one.since[:10]}; is "
                "its logging on, and is this where it goes?")  # fmt: skip
    usual = f", usually for no more than {one.usual:.0f} days" if one.usual >= 1 else ""
    return f"{one.source}: nothing since {one.since[:10]}{usual}; is its logging still on?"


def _line(told: Told) -> str:
    one = told.finding
    why = (
        f" ({told.detail})"
        if told.change in ("accepted", "suppressed", "worse") and told.detail
        else ""
    )
    owner = one.owner or "nobody"
    mark = str(one.fingerprint)[:15]
    return plain(f"{one.severity}: {one.title} - {one.asset}, {owner}, {mark}{why}")


def _bounded(rows: Sequence[str], most: int) -> list[str]:
    shown = [f"- {row}" for row in rows[:most]]
    return [*shown, f"- and {len(rows) - most} more"] if len(rows) > most else shown


def plain(said: str) -> str:
    """One line in which nothing means anything."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return kept[:_MOST_LINE].translate(_OTHER).replace("://", ":\u200b//")
