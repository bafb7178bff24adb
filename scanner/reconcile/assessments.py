"""Whether an entry has the assessments that it needs: yes, no, or not told.

Owns what counts as made and passed, and which duties apply; the duties and the words are data
(``rules/norms/assessments.yaml``). What a registry leaves blank is neither done nor undone, and an
entry that tells neither tier nor impact may owe more than is known. A result in words that nobody
knows is never a pass, and a tier in such words owes what the highest owes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

from scanner.model.registry import Assessment, AssessmentStatus, RegistryEntry
from scanner.reconcile.norms import is_ahead
from scanner.reconcile.phrases import Phrase, found, is_denial, table
from scanner.reconcile.values import is_blank, word
from scanner.rulebook.norms import AssessmentRules, Duty

_ANY = "*"
_SAYS_NOTHING = frozenset({"n/a", "na", "not applicable", "none", "null", "-", "--"})
"""A result that is none: its status says all, as where the cell is empty."""
_SOME = re.compile(r"\b(\d{1,6})\s+(?:out\s+)?of\s+(\d{1,6})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Assessed:
    lacking: tuple[str, ...] = ()
    """What is not there, or was not passed, in words."""
    unknown: tuple[str, ...] = ()
    """What may be lacking: nothing is reported of it, or it is not known whether it is owed."""


def assessed(entry: RegistryEntry, rules: AssessmentRules, today: str = "") -> Assessed:
    """``today``: what is dated later was not made."""
    latest = [(one, verdict(one, rules, today)) for one in _latest(entry, rules, today)]
    odd = [_odd(one, today) for one, said in latest if said is None]
    lacking = [f"{one.type}: {one.result}" for one, said in latest if said is False] + odd
    unknown = [*odd]
    for duty in rules.duties:
        applies, why = _applies(duty, entry, rules)
        if applies is False:
            continue
        for kind in duty.types:
            own = [row for row in latest if _fits(row[0], kind, rules)]
            if any(one.status in rules.counts and said for one, said in own):
                continue
            what = "no assessment" if kind == _ANY else f"no {kind} assessment"
            if applies is None:
                unknown.append(f"{what}, should it be {duty.id}")
                continue
            lacking.append(f"{what} is done" + ("" if kind == _ANY else f" ({duty.id}{why})"))
            if all(one.status is AssessmentStatus.NOT_REPORTED for one, _ in own):
                unknown.append(f"{what} is reported")
    return Assessed(tuple(dict.fromkeys(lacking)), tuple(unknown))


def _odd(one: Assessment, today: str) -> str:
    if one.unread:
        return f"{one.type}: its date `{one.unread}` cannot be read, so whether it is in force"
    if is_ahead(one.at, today):
        return f"{one.type}: its date {one.at} is yet to come"
    return f"{one.type}: no known word says whether `{one.result}` is a pass"


def reported(entry: RegistryEntry, rules: AssessmentRules, today: str = "") -> Iterator[bool]:
    """Of each assessment that the entry tells something of, whether it was made and not refused."""
    for one in _latest(entry, rules, today):
        if one.status is not AssessmentStatus.NOT_REPORTED or one.result:
            yield one.status in rules.counts and verdict(one, rules, today) is not False


def verdict(one: Assessment, rules: AssessmentRules, today: str = "") -> bool | None:
    """Whether its result is a pass; without one its status says all. None: no word that is known
    says so, they contradict each other, or a date of it cannot be read or is yet to come. What
    begins with a refusal is one."""
    is_odd = bool(one.unread) or (one.status in rules.counts and is_ahead(one.at, today))
    if not one.result.strip() or word(one.result) in _SAYS_NOTHING:
        return None if is_odd else True
    if is_denial(one.result):
        return False
    said = found(one.result, _results(rules.passed, rules.not_passed))
    if said and said[0] is False:
        return False
    if is_odd or "?" in one.result or _is_some(one.result):
        return None
    return True if said and all(said) else None


def _is_some(result: str) -> bool:
    """Whether it tells that a part of several is so: ``1 of 9``."""
    return any(int(part) < int(whole) for part, whole in _SOME.findall(result))


def made_last(
    entry: RegistryEntry, rules: AssessmentRules, today: str
) -> list[tuple[str, list[Assessment]]]:
    """(type, the counting ones of it) for each type that it owes by name; where it owes none, of
    any type together. One type's assessment does not make another's younger."""
    counted = [
        one for one in entry.assessments
        if one.status in rules.counts and verdict(one, rules, today) is not False
        and not is_ahead(one.at, today)
    ]  # fmt: skip
    kinds = dict.fromkeys(
        kind for duty in rules.duties if _applies(duty, entry, rules)[0] for kind in duty.types
        if kind != _ANY
    )  # fmt: skip
    if not kinds:
        return [("", [one for one in counted if _fits(one, _ANY, rules)])]
    return [(kind, [one for one in counted if _is(one, kind, rules)]) for kind in kinds]


def _latest(entry: RegistryEntry, rules: AssessmentRules, today: str) -> list[Assessment]:
    """The last of each type and framework. Of one day the worst counts, and so does a refusal
    without a day, whatever stands first."""
    each: dict[tuple[str, str], list[Assessment]] = {}
    for one in entry.assessments:
        each.setdefault((one.type, one.framework), []).append(one)
    return [
        _last([one for one in rows if not is_ahead(one.at, today)] or rows, rules)
        for rows in each.values()
    ]


def _last(rows: list[Assessment], rules: AssessmentRules) -> Assessment:
    day = max(one.at for one in rows)
    late = [one for one in rows if one.at == day or (not one.at and _rank(one, rules) == 0)]
    return min(late, key=lambda one: _rank(one, rules))


def _rank(one: Assessment, rules: AssessmentRules) -> int:
    if one.status is AssessmentStatus.NOT_REPORTED and not one.result:
        return 4
    said = verdict(one, rules)
    if not said:
        return 0 if said is False else 1
    return 3 if one.status in rules.counts else 2


def _fits(one: Assessment, kind: str, rules: AssessmentRules) -> bool:
    if kind == _ANY:
        return word(one.type) not in {word(name) for name in rules.beside}
    return _is(one, kind, rules)


def _is(one: Assessment, kind: str, rules: AssessmentRules) -> bool:
    return word(one.type) in {word(name) for name in (kind, *rules.names.get(kind, ()))}


def _applies(duty: Duty, entry: RegistryEntry, rules: AssessmentRules) -> tuple[bool | None, str]:
    """With why, where that is not plain. None: the entry does not tell what it depends on."""
    if duty.stages and entry.stage not in duty.stages:
        return False, ""
    asked = (
        ("tier", entry.risk_tier, duty.tiers, [one.tiers for one in rules.duties]),
        ("impact", entry.impact, duty.impacts, [one.impacts for one in rules.duties]),
    )
    limits = [row for row in asked if row[2]]
    levels = [(what, said, _is_of(said, words, (*chain(*every), *rules.lesser)))
        for what, said, words, every in limits
              if not is_blank(said)]  # fmt: skip
    if not limits or any(is_of for _, _, is_of in levels):
        return True, ""
    for what, said, is_of in levels:
        if is_of is None:
            return True, f", as no known word says how high its {what} `{said}` is"
    return None if is_blank(entry.risk_tier) and is_blank(entry.impact) else False, ""


def _is_of(said: str, words: tuple[str, ...], others: tuple[str, ...]) -> bool | None:
    """Whether a tier or an impact is one of ``words``; of what names several levels the highest
    counts. None: it names no level that is known."""
    if is_denial(said):
        return False
    levels = set(found(said, _levels(words, others))) - {None}
    return any(levels) if levels else None


@cache
def _results(passed: tuple[str, ...], not_passed: tuple[str, ...]) -> dict[Phrase, bool]:
    return table((passed, True), (not_passed, False))


@cache
def _levels(words: tuple[str, ...], others: tuple[str, ...]) -> dict[Phrase, bool]:
    return table((others, False), (words, True))
