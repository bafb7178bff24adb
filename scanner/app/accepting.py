"""Problems of a change that are accepted already: a baseline names the findings that a scan would
make of them.

Owns which policies a problem answers to. The files, their ends and what people are told of them are
``scanner.assess.baseline``'s.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from scanner.app.config import KEY_VARIABLE, LoadedConfig
from scanner.app.guarding import ASSET_RULE, KEY_RULE, Problem, Verdict
from scanner.assess import baseline
from scanner.assess.fingerprint import fingerprint
from scanner.model.base import NodeId
from scanner.model.finding import Finding
from scanner.model.registry import Disposition
from scanner.rulebook.load import Rulebook
from scanner.rulebook.policy import Policy, Subject

_IDENTITY = ("subject",)
_HOLDER = "code.repository"
_ANSWERS: dict[str, tuple[Subject, Callable[[Policy], bool]]] = {
    KEY_RULE: (
        Subject.CREDENTIAL,
        lambda policy: any(fnmatchcase(_HOLDER, glob) for glob in policy.when.stored_in),
    ),
    ASSET_RULE: (
        Subject.ASSET,
        lambda policy: Disposition.UNREGISTERED in policy.when.registry,
    ),
}
"""Of a problem's rule: what the policies are about that say the same of a repository as it is."""


def accept(verdict: Verdict, loaded: LoadedConfig, rulebook: Rulebook) -> None:
    """Takes out of ``verdict`` what the configured baselines hide, and counts it. Raises
    ``ConfigError`` for a file that cannot be used."""
    files = [(name, baseline.read(loaded.folder / name)) for name in loaded.config.scan.baselines]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    drafts = [list(_findings(problem, rulebook.policies, now)) for problem in verdict.problems]
    hidden, warnings = baseline.hidden(files, [one for found in drafts for one in found], now)
    shown = [
        problem
        for problem, found in zip(verdict.problems, drafts, strict=True)
        if not any(one.fingerprint in hidden for one in found)
    ]
    verdict.accepted = len(verdict.problems) - len(shown)
    verdict.problems = shown
    verdict.warnings += warnings
    if any(problem.rule == KEY_RULE for problem in shown) and not os.environ.get(KEY_VARIABLE):
        verdict.warnings.append(
            "a baseline knows keys by fingerprints that depend on this machine's key; set "
            f"{KEY_VARIABLE} to what it was made with"
        )


def _findings(problem: Problem, policies: Sequence[Policy], now: str) -> Iterator[Finding]:
    subject, says_so = _ANSWERS[problem.rule]
    for policy in policies:
        if policy.subject is subject and policy.identity == _IDENTITY and says_so(policy):
            yield Finding(
                fingerprint=fingerprint(policy.id, (problem.subject,)),
                policy=policy.id,
                severity=str(policy.severity),
                risk=0,
                title=problem.title,
                asset=NodeId(problem.subject),
                first_seen=now,
                last_seen=now,
            )
