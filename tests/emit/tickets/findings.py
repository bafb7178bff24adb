"""A state with findings, and what a tracker should hold of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.assess.fingerprint import fingerprint
from scanner.model.base import NodeId
from scanner.model.finding import Finding, FindingStatus
from scanner.store.state import State

NOW = "2026-01-10T00:00:00+00:00"


def finding(name: str, **changes: object) -> Finding:
    made = Finding(
        fingerprint=fingerprint("SAI-001", (name,)), policy="SAI-001", severity="high", risk=60,
        title=f"Unregistered AI: {name}", asset=NodeId(name), owner="ada@example.com",
        provider="openai", first_seen="2026-01-01T00:00:00Z", last_seen="2026-01-01T00:00:00Z",
        remedy="Register it or switch it off.",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def put(state: State, *findings: Finding) -> None:
    state.save_findings(findings, ())


def resolved(findings: Iterable[Finding]) -> list[Finding]:
    return [
        msgspec.structs.replace(one, status=FindingStatus.RESOLVED, resolved_at="2026-01-09")
        for one in findings
    ]
