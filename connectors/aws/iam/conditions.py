"""The conditions of a statement, as far as they can be known before anybody asks.

A condition is true, false, or depends on the request; the last is never guessed, its key is told.
What is known is what IAM itself puts into every request of a principal: who it is, its account, its
tags; ``SOURCE_ONLY`` names keys that a principal's own request never carries. Comparison of what is
missing, of several values and of negated operators follows
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connectors.aws.iam.globs import LITERALS, matches, quoted

Facts = Mapping[str, tuple[str, ...]]
"""Condition key in lower case -> its values; without any the key is known to be absent. A key that
is not there at all depends on the request."""

RESOURCE_ACCOUNT = ("aws:resourceaccount", "s3:resourceaccount")
"""Keys that are known once it is known which resource is meant."""
SOURCE_ONLY = (
    "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
    "aws:principalservicename", "aws:principalservicenameslist",
)  # fmt: skip
"""In a request only when a service itself asks for a resource, not when a principal does
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html)."""
TAGS = "aws:principaltag/"
"""As a key itself: tags of the principal that are not there are known to be absent."""
_UNRESOLVED = "\ue002"
"""Stands in a value for a variable whose value depends on the request."""


@dataclass(frozen=True, slots=True)
class Test:
    """One operator, one key. ``operator`` in lower case without its prefix and suffix."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    """``forallvalues`` or ``foranyvalue``."""
    if_exists: bool = False
    has_variables: bool = False
    """``${...}`` in the values is to be replaced."""

    __test__ = False  # no test of pytest


class Outcome(NamedTuple):
    """``truth`` is None when it depends on the request, by ``why``."""

    truth: bool | None
    why: tuple[str, ...] = ()


TRUE = Outcome(True)
FALSE = Outcome(False)


def evaluate(tests: Iterable[Test], facts: Facts) -> Outcome:
    """All of them together: one that is false decides, else one that is unknown."""
    unknown: list[str] = []
    for test in tests:
        found = _one(test, facts)
        if found.truth is False:
            return FALSE
        unknown += found.why
    return Outcome(None, tuple(dict.fromkeys(unknown))) if unknown else TRUE


def _one(test: Test, facts: Facts) -> Outcome:
    held = _held(facts, test.key)
    if held is None:
        return Outcome(None, (test.key,))
    if test.operator == "null":
        wanted = {value.lower() for value in test.values}
        return Outcome(("false" if held else "true") in wanted)
    compare = _COMPARE.get(test.operator.replace("not", "", 1))
    if compare is None:
        return Outcome(None, (test.key,))
    is_negated = "not" in test.operator
    if not held:
        return Outcome(test.if_exists or test.quantifier == "forallvalues" or (
            is_negated and test.quantifier != "foranyvalue"))  # fmt: skip
    values, missing = _resolved(test, facts)
    found = [_fits(compare, value, values) is not is_negated for value in held]
    truth = any(found) if test.quantifier == "foranyvalue" else all(found)
    # Whatever the unresolved value is, it can only add to what fits.
    if missing and truth is is_negated:
        return Outcome(None, missing)
    return Outcome(truth)


def _held(facts: Facts, key: str) -> tuple[str, ...] | None:
    found = facts.get(key)
    return facts.get(TAGS) if found is None and key.startswith(TAGS) else found


def _fits(compare: Callable[[str, str], bool], held: str, values: Iterable[str]) -> bool:
    return any(compare(value, held) for value in values)


def _resolved(test: Test, facts: Facts) -> tuple[list[str], tuple[str, ...]]:
    """Values with their variables replaced, and the variables that depend on the request."""
    if not test.has_variables:
        return list(test.values), ()
    found: list[str] = []
    missing: list[str] = []
    for value in test.values:
        text, unknown = substituted(value, facts, _UNRESOLVED)
        missing += unknown
        if text is not None and not unknown:
            found.append(text)
    return found, tuple(missing)


def substituted(text: str, facts: Facts, unknown: str) -> tuple[str | None, tuple[str, ...]]:
    """A text with its ``${variables}`` replaced; ``unknown`` for those that depend on the request,
    which are told too; None where one is known to have no value and no default, so that the text
    stands for nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    parts: list[str] = []
    missing: list[str] = []
    rest = text
    while True:
        before, opens, behind = rest.partition("${")
        inside, closes, after = behind.partition("}")
        if not opens or not closes:
            parts.append(rest)
            return "".join(parts), tuple(missing)
        parts.append(before)
        rest = after
        name, comma, default = inside.partition(",")
        key = name.strip().lower()
        if key in ("*", "?", "$"):
            parts.append(LITERALS.get(key, key))
        elif (held := _held(facts, key)) is None:
            parts.append(unknown)
            missing.append(key)
        elif held:
            parts.append(quoted(held[0]))
        elif comma:
            parts.append(quoted(default.strip().strip("'")))
        else:
            return None, ()


def _like(pattern: str, held: str) -> bool:
    return matches(pattern, quoted(held))


def _same(value: str, held: str) -> bool:
    return quoted(value) == quoted(held)


def _arn(pattern: str, held: str) -> bool:
    """Segment by segment: a star does not leave its own."""
    ours, theirs = pattern.split(":", 5), held.split(":", 5)
    return len(ours) == len(theirs) == 6 and all(map(_like, ours, theirs))


_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": _same,
    "stringequalsignorecase": lambda value, held: _same(value.lower(), held.lower()),
    "stringlike": _like,
    "arnequals": _arn,
    "arnlike": _arn,
    "bool": lambda value, held: value.lower() == held.lower(),
}
"""Numbers, dates and addresses are only ever the request's own."""
