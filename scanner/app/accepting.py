"""Problems of a change that are accepted already: a baseline names the findings that a scan would
make of them.

Owns which policies a problem answers to. The files, their ends and what people are told of them are
``scanner.assess.baseline``'s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from scanner.app.config import KEY_VARIABLE, LoadedConfig
from scanner.app.guarding import KEY_RULE, Problem, Verdict
from scanner.assess import baseline
from scanner.assess.fingerprint import fingerprint
from scanner.model.base import NodeId
from scanner.model.finding import Finding
from scanner.reconcile.landing import Objection
from scanner.rulebook.load import Rulebook
from scanner.rulebook.policy import Policy, Subject

_HOLDER = "code.repository"


def accept(verdict: Verdict, loaded: LoadedConfig, rulebook: Rulebook) -> None:
    """Takes out of ``verdict`` what the configured baselines hide, and counts it. Raises
    ``ConfigError`` for a file that cannot be used."""
    files = [(name, baseline.read(loaded.folder / name)) for name in loaded.config.scan.baselines]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    drafts = [list(_findings(problem, rulebook.policies, now)) for problem in verdict.problems]
    every = [one for reasons in drafts for found in reasons for one in found]
    hidden, warnings = baseline.hidden(files, every, now)
    shown = [
        problem
        for problem, reasons in zip(verdict.problems, drafts, strict=True)
        if not all(any(one.fingerprint in hidden for one in found) for found in reasons)
    ]
    verdict.accepted = len(verdict.problems) - len(shown)
    verdict.problems = shown
    verdict.warnings += warnings
    if any(problem.rule == KEY_RULE for problem in shown) and not os.environ.get(KEY_VARIABLE):
        verdict.warnings.append(
            "a baseline knows keys by fingerprints that depend on this machine's key; set "
            f"{KEY_VARIABLE} to what it was made with"
        )


def _findings(problem: Problem, policies: Sequence[Policy], now: str) -> Iterator[list[Finding]]:
    """Of each reason against it, what a scan of the repository would find for the same reason: a
    baseline must accept every one of them."""
    if problem.rule == KEY_RULE:
        yield [_finding(problem, policy, "", now) for policy in policies if _is_of_keys(policy)]
    for why in problem.objections:
        yield [_finding(problem, policy, why.field, now) for policy in policies
               if policy.subject is Subject.ASSET and _answers(policy, why)]  # fmt: skip


def _is_of_keys(policy: Policy) -> bool:
    return policy.subject is Subject.CREDENTIAL and any(
        fnmatchcase(_HOLDER, glob) for glob in policy.when.stored_in
    )


def _answers(policy: Policy, why: Objection) -> bool:
    when = policy.when
    if why.of_organization:
        return why.field in when.unapproved
    if why.field:
        return why.field in when.drift
    return why.disposition in when.registry


def _finding(problem: Problem, policy: Policy, field: str, now: str) -> Finding:
    parts = {"subject": problem.subject, "field": field}
    return Finding(
        fingerprint=fingerprint(policy.id, tuple(parts.get(p, "") for p in policy.identity)),
        policy=policy.id,
        severity=str(policy.severity),
        risk=0,
        title=problem.title,
        asset=NodeId(problem.subject),
        first_seen=now,
        last_seen=now,
    )
