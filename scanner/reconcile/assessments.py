"""Whether an entry has the assessments that it needs: yes, no, or not told.

Owns what counts as made and passed, and which duties apply; the duties themselves are data
(``rules/norms/assessments.yaml``). What a registry leaves blank is neither done nor undone, and an
entry that tells neither tier nor impact may owe more than is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.model.registry import Assessment, AssessmentStatus, RegistryEntry
from scanner.reconcile.values import is_blank, word
from scanner.rulebook.norms import AssessmentRules, Duty

_ANY = "*"


@dataclass(frozen=True)
class Assessed:
    lacking: tuple[str, ...] = ()
    """What is not there, or was not passed, in words."""
    unknown: tuple[str, ...] = ()
    """What may be lacking: nothing is reported of it, or it is not known whether it is owed."""


def assessed(entry: RegistryEntry, rules: AssessmentRules) -> Assessed:
    latest = _latest(entry)
    failed = [one for one in latest if not _is_passed(one, rules)]
    lacking = [f"{one.type}: {one.result}" for one in failed]
    unknown: list[str] = []
    for duty in rules.duties:
        applies = _applies(duty, entry)
        if applies is False:
            continue
        for kind in duty.types:
            own = [one for one in latest if kind == _ANY or _is(one, kind, rules)]
            if any(one.status in rules.counts and one not in failed for one in own):
                continue
            what = "no assessment" if kind == _ANY else f"no {kind} assessment"
            if applies is None:
                unknown.append(f"{what}, should it be {duty.id}")
                continue
            lacking.append(f"{what} is done" + ("" if kind == _ANY else f" ({duty.id})"))
            if all(one.status is AssessmentStatus.NOT_REPORTED for one in own):
                unknown.append(f"{what} is reported")
    return Assessed(tuple(dict.fromkeys(lacking)), tuple(unknown))


def reported(entry: RegistryEntry, rules: AssessmentRules) -> Iterator[bool]:
    """Of each assessment that the entry tells something of, whether it was made and passed."""
    for one in _latest(entry):
        if one.status is not AssessmentStatus.NOT_REPORTED:
            yield one.status in rules.counts and _is_passed(one, rules)


def _latest(entry: RegistryEntry) -> list[Assessment]:
    """The last of each type and framework."""
    ordered = sorted(entry.assessments, key=lambda one: (one.at, one.expires_at))
    return list({(one.type, one.framework): one for one in ordered}.values())


def _is_passed(one: Assessment, rules: AssessmentRules) -> bool:
    said = f"{word(one.result)} "
    return not any(said.startswith(f"{word(text)} ") for text in rules.not_passed)


def _is(one: Assessment, kind: str, rules: AssessmentRules) -> bool:
    return word(one.type) in {word(name) for name in (kind, *rules.names.get(kind, ()))}


def _applies(duty: Duty, entry: RegistryEntry) -> bool | None:
    """None: the entry does not tell what it depends on."""
    if duty.stages and entry.stage not in duty.stages:
        return False
    asked = [(entry.risk_tier, duty.tiers), (entry.impact, duty.impacts)]
    limits = [(said, words) for said, words in asked if words]
    if not limits or any(word(said) in map(word, words) for said, words in limits if said):
        return True
    is_told = not (is_blank(entry.risk_tier) and is_blank(entry.impact))
    return False if is_told else None
