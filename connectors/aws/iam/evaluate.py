"""What a principal may do to which resources, by its own policies: pure functions.

The order of AWS's evaluation (https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_policies_evaluation-logic.html), as far as identity policies and boundaries reach: an
explicit Deny in any of them decides; else an identity policy must allow, and the permissions
boundary, if there is one, too. The answer is not one action on one resource but all of them: a list
of ``Term``, each some actions on what a pattern stands for. ``NOT_EVALUATED`` says what else has a
word and was not asked.

Nothing is guessed. What depends on the request (see ``conditions``) stays in the term as its
``why`` or ``unless``. Of patterns, one is compared with one: a resource that several Deny patterns
cover only together stays in the term, with the patterns that it must not match, so that a term
never stands for less than what is allowed.

Kept libraries were weighed. Parliament (1.6.4) is a linter with 10 MB of action data of April 2025
that knows neither AgentCore nor S3 Vectors, and needs boto3 and json-cfg; Policyuniverse
(1.5.1.20231109) expands wildcards by a list of actions of 2023; policy_sentry writes policies.
None subtracts a Deny or intersects a boundary, which is what is asked here, and two of them match
ARNs by expressions made from the policy's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.aws.iam.conditions import (
    RESOURCE_ACCOUNT,
    TRUE,
    Facts,
    Outcome,
    evaluate,
    substituted,
)
from connectors.aws.iam.documents import Statement
from connectors.aws.iam.globs import covers, overlap
from connectors.aws.iam.table import Row, Table

NOT_EVALUATED = (
    "not evaluated: resource policies, SCPs, RCPs, session policies, VPC endpoint policies, "
    "roles assumed from roles, whether the key of encrypted data may be used"
)


_MOST_COMPARED = 500_000
"""Terms times patterns of denials, for one principal; AWS's quotas let nobody need a tenth."""


class TooMuch(Exception):
    """A principal's policies are made to be compared for ever."""


class Unless(NamedTuple):
    """Perhaps denied, by ``why``, where one of ``patterns`` matches (or, ``are_not``, none)."""

    patterns: tuple[str, ...]
    are_not: bool
    why: tuple[str, ...]


class Term(NamedTuple):
    """``mask``'s actions on the resources of ``row`` that match ``pattern``, one pattern of each
    clause of ``within``, and none of ``minus``. With ``why`` only if these keys allow it."""

    row: Row
    mask: int
    pattern: str
    within: tuple[tuple[str, ...], ...] = ()
    minus: tuple[str, ...] = ()
    unless: tuple[Unless, ...] = ()
    why: tuple[str, ...] = ()

    def meets(self, pattern: str) -> bool:
        """Whether ``pattern`` may stand for something of this term."""
        if self.row.thing.flat and "/" in pattern:
            return False
        return overlap(pattern, self.pattern) and all(
            any(overlap(pattern, one) for one in clause) for clause in self.within
        )

    def met_by(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Those of the patterns that may, in the form in which they are meant here."""
        return tuple(one for one in map(self.row.confined, patterns) if self.meets(one))

    def lies_in(self, pattern: str) -> bool:
        return covers(pattern, self.pattern) or any(
            all(covers(pattern, one) for one in clause) for clause in self.within
        )


class Resources(NamedTuple):
    """A statement's resources for one principal: those, or (``are_not``) all but those. ``loose``
    are patterns with a variable that depends on the request, by ``why``."""

    sure: tuple[str, ...]
    are_not: bool
    loose: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement whose actions were compared with the table once."""

    statement: Statement
    mask: int
    terms: tuple[Term, ...]
    """Of an Allow that is the same for everybody; else made for each principal."""
    is_plain: bool
    asks_account: bool
    """A condition speaks of the resource's account."""


@dataclass(frozen=True, slots=True)
class Policy:
    """``is_everything``: allows every action on every resource, whatever the request."""

    name: str
    allows: tuple[Rule, ...]
    denies: tuple[Rule, ...]
    is_everything: bool


def compiled(name: str, statements: Iterable[Statement], table: Table) -> Policy:
    """Once a document, for all principals that have it."""
    allows: list[Rule] = []
    denies: list[Rule] = []
    is_everything = False
    for one in statements:
        rule = _rule(one, table)
        if rule.mask:
            (allows if one.allows else denies).append(rule)
        is_everything = is_everything or _is_everything(one)
    return Policy(name, tuple(allows), tuple(denies), is_everything)


def _is_everything(one: Statement) -> bool:
    return (
        one.allows
        and not one.tests
        and not (one.are_not_actions or one.are_not_resources)
        and not {"*", "*:*"}.isdisjoint(one.actions)
        and "*" in one.resources
    )


def _rule(one: Statement, table: Table) -> Rule:
    mask = 0
    for action in one.actions:
        mask |= table.mask(action)
    if one.are_not_actions:
        mask = table.everything & ~mask
    is_plain = not one.tests and not one.has_variables
    terms: tuple[Term, ...] = ()
    if mask and one.allows and is_plain:
        terms = tuple(_granted(mask, Resources(one.resources, one.are_not_resources), table))
    asks_account = any(test.key in RESOURCE_ACCOUNT for test in one.tests)
    return Rule(one, mask, terms, is_plain, asks_account)


def _granted(mask: int, resources: Resources, table: Table) -> Iterable[Term]:
    """The terms of an Allow."""
    if resources.are_not:
        for term in _placed(mask, ("*",), table):
            left = _without(term, resources)
            if left:
                yield left
        return
    yield from _placed(mask, resources.sure, table)
    yield from _placed(mask, resources.loose, table, resources.why)


def _placed(
    mask: int, patterns: Iterable[str], table: Table, why: tuple[str, ...] = ()
) -> Iterable[Term]:
    for pattern in patterns:
        for row, narrowed, within in table.places(pattern):
            bits = mask & row.mask
            if bits:
                yield Term(row, bits, narrowed, within, why=why)


def _without(term: Term, excluded: Resources) -> Term | None:
    """What is left of a term when the patterns are taken out of it."""
    sure = term.met_by(excluded.sure)
    if any(term.lies_in(one) for one in sure):
        return None
    loose = term.met_by(excluded.loose)
    unless = (Unless(loose, False, excluded.why),) if loose else ()
    return term._replace(minus=term.minus + sure, unless=term.unless + unless)


def reach(
    policies: Sequence[Policy], boundary: Policy | None, facts: Facts, table: Table
) -> list[Term]:
    """All that the policies allow, of what the table knows. Raises ``TooMuch``."""
    terms: list[Term] = []
    for policy in policies:
        for rule in policy.allows:
            terms += rule.terms if rule.is_plain else _conditional(rule, facts, table)
    denies = [rule for policy in policies for rule in policy.denies]
    denies += boundary.denies if boundary else ()
    limits = [rule.statement for rule in (*denies, *(boundary.allows if boundary else ()))]
    compared = len(terms) * (1 + sum(len(one.resources) for one in limits))
    if compared > _MOST_COMPARED:
        raise TooMuch(f"its policies would take {compared} comparisons")
    if boundary is not None and not boundary.is_everything:
        terms = _bounded(terms, boundary, facts)
    for rule in denies:
        terms = _denied(terms, rule, facts)
    return list(dict.fromkeys(terms)) if len(terms) > 1 else terms


def _conditional(rule: Rule, facts: Facts, table: Table) -> Iterable[Term]:
    resources = resolved(rule.statement, facts)
    if resources is None:
        return
    common = None if rule.asks_account else evaluate(rule.statement.tests, facts)
    if common is not None and common.truth is False:
        return
    for term in _granted(rule.mask, resources, table):
        outcome = common or _outcome(rule, term.pattern, facts)
        if outcome.truth is False and rule.asks_account and _is_anybodys(term.pattern):
            # Of a bucket whose account nobody knows: it may be the one that the condition names.
            outcome = evaluate(rule.statement.tests, facts)
        if outcome.truth is not False:
            yield term._replace(why=_joined(term.why, outcome.why))


def _outcome(rule: Rule, pattern: str, facts: Facts) -> Outcome:
    """Of a rule's conditions, for the resources that a pattern stands for."""
    if not rule.statement.tests:
        return TRUE
    if rule.asks_account:
        account = _account_of(pattern) or facts["aws:principalaccount"][0]
        facts = {**facts, **dict.fromkeys(RESOURCE_ACCOUNT, (account,))}
    return evaluate(rule.statement.tests, facts)


def _account_of(pattern: str) -> str:
    """What names no account (a bucket, a star) is judged as the principal's own by denials; what an
    Allow grants in another account alone depends on whose it is."""
    parts = pattern.split(":", 5)
    return parts[4] if len(parts) > 5 and parts[4].isdecimal() else ""


def _is_anybodys(pattern: str) -> bool:
    """Whether its ARNs name no account (buckets)."""
    parts = pattern.split(":", 5)
    return len(parts) > 5 and not parts[4]


def resolved(one: Statement, facts: Facts) -> Resources | None:
    """A statement's resources with their variables replaced; those that depend on the request
    become stars. None: the statement stands for nothing, because all (or, of ``NotResource``, one)
    of them have variables that are known to have no value."""
    if not one.has_variables:
        return Resources(one.resources, one.are_not_resources)
    sure: dict[str, None] = {}
    loose: dict[str, None] = {}
    why: list[str] = []
    for resource in one.resources:
        text, missing = substituted(resource, facts, "*")
        if text is None:
            if one.are_not_resources:
                return None
            continue
        (loose if missing else sure)[text] = None
        why += missing
    return Resources(
        tuple(sure),
        one.are_not_resources,
        tuple(text for text in loose if text not in sure),
        tuple(dict.fromkeys(why)),
    )


def _bounded(terms: Iterable[Term], boundary: Policy, facts: Facts) -> list[Term]:
    rules = [(rule, resolved(rule.statement, facts)) for rule in boundary.allows]
    allowing = [(rule, resources) for rule, resources in rules if resources is not None]
    found: list[Term] = []
    for term in terms:
        parts = list(_allowed_by(term, allowing, facts))
        whole = 0
        for part in parts:
            if part._replace(mask=term.mask) == term:
                whole |= part.mask
        if whole:
            found.append(term._replace(mask=whole))
        # What one statement of the boundary lets through whole, others need not let through.
        for part in parts:
            rest = part.mask & ~whole
            if rest:
                found.append(part._replace(mask=rest))
    return found


def _allowed_by(
    term: Term, rules: Iterable[tuple[Rule, Resources]], facts: Facts
) -> Iterable[Term]:
    for rule, resources in rules:
        bits = rule.mask & term.mask
        if not bits:
            continue
        outcome = _outcome(rule, term.pattern, facts)
        if outcome.truth is False:
            continue
        part = term._replace(mask=bits, why=_joined(term.why, outcome.why))
        if resources.are_not:
            left = _without(part, resources)
            if left:
                yield left
            continue
        for patterns, why in ((resources.sure, ()), (resources.loose, resources.why)):
            inside = _inside(part, patterns)
            if inside:
                yield inside._replace(why=_joined(inside.why, why))


def _inside(term: Term, patterns: Iterable[str]) -> Term | None:
    """What of a term one of the patterns stands for."""
    met = term.met_by(patterns)
    if not met:
        return None
    if any(term.lies_in(one) for one in met):
        return term
    return term._replace(within=(*term.within, met))


def _denied(terms: list[Term], rule: Rule, facts: Facts) -> list[Term]:
    if not any(rule.mask & term.mask for term in terms):
        return terms
    resources = resolved(rule.statement, facts)
    common = None if rule.asks_account else evaluate(rule.statement.tests, facts)
    if resources is None or (common is not None and common.truth is False):
        return terms
    found: list[Term] = []
    for term in terms:
        bits = rule.mask & term.mask
        outcome = common or _outcome(rule, term.pattern, facts)
        if not bits or outcome.truth is False:
            found.append(term)
            continue
        struck = term._replace(mask=bits)
        left = _struck(struck, resources, outcome)
        if left == struck:
            found.append(term)
            continue
        if bits != term.mask:
            found.append(term._replace(mask=term.mask & ~bits))
        if left:
            found.append(left)
    return found


def _struck(term: Term, resources: Resources, outcome: Outcome) -> Term | None:
    """What a Deny of all the term's actions leaves of it."""
    if outcome.truth is None:
        return _perhaps(term, resources, _joined(outcome.why, resources.why))
    if not resources.are_not:
        return _without(term, resources)
    left = _inside(term, (*resources.sure, *resources.loose))
    # Where only a pattern that depends on the request keeps the Deny away, it may strike.
    return _perhaps(left, resources, resources.why) if left and resources.loose else left


def _perhaps(term: Term, resources: Resources, why: tuple[str, ...]) -> Term:
    """The term under a Deny that depends on the request."""
    sure = term.met_by(resources.sure)
    if resources.are_not:
        if any(term.lies_in(one) for one in sure):
            return term
        return term._replace(unless=(*term.unless, Unless(sure, True, why)))
    met = (*sure, *term.met_by(resources.loose))
    return term._replace(unless=(*term.unless, Unless(met, False, why))) if met else term


def _joined(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one + two)) if two else one
