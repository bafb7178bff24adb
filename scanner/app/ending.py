"""Findings of what nobody scans any more, ended by a person: silence ends none.

Only what the last scan has not looked at: what it sees is accepted, suppressed or mended. The
history says who has ended it and why, and one that is ever seen again is reopened.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.app.deciding import BY_HAND, said
from scanner.assess import wildcards
from scanner.assess.decisions import bare, matches
from scanner.model.decision import Selector
from scanner.model.errors import ConfigError
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.store.state import State


def end(
    state: State, selector: Selector, shard: str, *, by: str, reason: str, now: str
) -> tuple[Finding, ...]:
    """Those that are held, of what is meant. ``shard``: pattern of all the places that a finding
    stands on; empty: any. Raises ``ConfigError`` where none is, or one that is named is not."""
    if selector.is_empty and not shard:
        raise ConfigError("say which findings: fingerprints, --shard, --policy, --asset or --owner")
    known = state.findings().values()
    meant = [bare(one) for one in known if _is_meant(one, selector, shard)]
    held = [one for one in meant if one.status is FindingStatus.HELD]
    if not held or (selector.fingerprints and len(held) < len(meant)):
        raise ConfigError(_refusal(meant))
    why = f"ended by {said(by, 'by')}: {said(reason, 'reason')}"
    ended = tuple(
        msgspec.structs.replace(
            one, status=FindingStatus.RESOLVED, resolved_at=now, decided=why, hidden_by=""
        )
        for one in held
    )
    events = [
        FindingEvent(fingerprint=one.fingerprint, scan=BY_HAND, at=now, change="resolved",
                     detail=why)
        for one in ended
    ]  # fmt: skip
    state.save_findings(ended, events)
    return ended


def _is_meant(finding: Finding, selector: Selector, shard: str) -> bool:
    if not selector.is_empty and not matches(selector, finding, lambda one: ()):
        return False
    return not shard or (
        bool(finding.shards) and all(wildcards.matches(one, shard) for one in finding.shards)
    )


def _refusal(meant: Sequence[Finding]) -> str:
    told = "only what is held can be ended: what the last scan did not look at"
    other = next((one for one in meant if one.status is not FindingStatus.HELD), None)
    if other is None:
        return f"no finding of the state is meant; {told}"
    return (
        f"{other.fingerprint[:15]} is {other.status}; {told}. Accept or suppress what is there, or "
        "mend it"
    )
