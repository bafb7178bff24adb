"""Findings that are known and accepted for now: a file of their fingerprints.

Owns the file (deterministic, one entry a finding, so that it merges in version control) and telling
which findings it hides. It holds no secret and no text of a source: policies, ids, and what people
add: a reason and a day on which the acceptance ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from scanner.model.errors import ConfigError
from scanner.model.finding import Finding

FILE = ".shadow-ai-baseline.json"
VERSION = 1


class Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted finding. ``expires``: the last day (YYYY-MM-DD) it is hidden; empty: no end."""

    fingerprint: str
    policy: str = ""
    asset: str = ""
    reason: str = ""
    expires: Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION)] = VERSION
    findings: tuple[Accepted, ...] = ()


def of(
    findings: Iterable[Finding], old: Baseline | None = None, *, merge: bool = False
) -> Baseline:
    """Every open finding, with the reason and end that ``old`` gives it. ``merge``: what ``old``
    names stays, present or not."""
    known = {row.fingerprint: row for row in (old.findings if old else ())}
    rows = dict(known) if merge else {}
    for finding in findings:
        if finding.status.is_open and not finding.asset.startswith("coverage:"):
            mark = finding.fingerprint
            rows[mark] = known.get(mark) or Accepted(
                fingerprint=mark, policy=finding.policy, asset=finding.asset
            )
    return Baseline(findings=tuple(rows[mark] for mark in sorted(rows)))


def render(baseline: Baseline) -> bytes:
    return msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n"


def read(path: Path) -> Baseline:
    """Raises ``ConfigError`` naming the file and what is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = f"{path}: no baseline: {error}; make one with `shadow-ai baseline`"
        raise ConfigError(reason) from error


def hidden(
    baselines: Sequence[tuple[str, Baseline]], findings: Iterable[Finding], now: str
) -> tuple[dict[str, str], list[str]]:
    """Fingerprint -> the file that hides it; and what people should be told of the files."""
    present = {finding.fingerprint for finding in findings}
    found: dict[str, str] = {}
    warnings: list[str] = []
    for name, baseline in baselines:
        ended = 0
        for row in baseline.findings:
            if row.fingerprint not in present:
                continue
            if row.expires and row.expires < now[:10]:
                ended += 1
            else:
                found.setdefault(row.fingerprint, name)
        if ended:
            warnings.append(f"{name}: {ended} accepted findings are past their day and shown again")
    return found, warnings
