"""Policy documents -> statements, strictly and within bounds.

A document is somebody else's text. What is no policy is a ``Malformed``; a statement that cannot be
understood is told by a problem and left out, the others stand. AWS limits a document of a customer
to 10,240 characters, and its own have up to 140,000 (AWSSupportServiceRolePolicy): the bounds here
are met only by what is no policy of AWS.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.aws.iam.conditions import Test

MOST_STATEMENTS = 1_000
MOST_TEXT = {"Action": 1 << 20, "Resource": 1 << 16, "Condition": 1 << 18, "Principal": 1 << 16}
"""Characters of all texts of a kind in one document. Of resources least: they are compared with
each other."""
LONGEST = 2_048
"""Characters of one of them: no ARN is longer."""
_WITH_VARIABLES = "2012-10-17"
_QUANTIFIERS = ("forallvalues", "foranyvalue")


class Malformed(Exception):
    """No policy at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """``actions`` are in lower case. Without ``Resource`` (in trust policies) ``resources`` is
    empty."""

    allows: bool
    actions: tuple[str, ...]
    are_not_actions: bool
    resources: tuple[str, ...]
    are_not_resources: bool
    tests: tuple[Test, ...]
    principals: tuple[tuple[str, str], ...] = ()
    """(``AWS``, ``Service``, ``Federated``; who), of trust policies."""
    are_not_principals: bool = False
    has_variables: bool = False
    """``${...}`` in resources is to be replaced."""


@dataclass
class _Budget:
    """How much of a document may still be read."""

    left: dict[str, int] = field(default_factory=lambda: dict(MOST_TEXT))

    def texts(self, value: Any, what: str) -> tuple[str, ...]:
        """One text or a list of them."""
        found = value if isinstance(value, list) else [value]
        texts = tuple(_text(one, what) for one in found)
        self.left[what] -= sum(map(len, texts)) + len(texts)
        if self.left[what] < 0:
            raise Malformed(f"up to its {what} there are more than {MOST_TEXT[what]} characters")
        return texts


def statements(document: Any, *, is_trust: bool = False) -> tuple[list[Statement], list[str]]:
    """The statements of a document, decoded or as JSON, and what is wrong with the others."""
    if isinstance(document, str):
        document = _decoded(document)
    if not isinstance(document, Mapping):
        raise Malformed("is no JSON object")
    listed = document.get("Statement")
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, list):
        raise Malformed("has no list of statements")
    if len(listed) > MOST_STATEMENTS:
        raise Malformed(f"has more than {MOST_STATEMENTS} statements")
    may_vary = document.get("Version") == _WITH_VARIABLES
    budget = _Budget()
    found: list[Statement] = []
    problems: list[str] = []
    for number, one in enumerate(listed, start=1):
        try:
            found.append(_statement(one, budget, may_vary=may_vary, is_trust=is_trust))
        except Malformed as error:
            problems.append(f"statement {number}: {error}")
    return found, problems


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"is no JSON ({type(error).__name__})") from None


def _statement(one: Any, budget: _Budget, *, may_vary: bool, is_trust: bool) -> Statement:
    if not isinstance(one, Mapping):
        raise Malformed("is no object")
    effect = one.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise Malformed("its effect is neither Allow nor Deny")
    actions, are_not_actions = _either(one, "Action", budget)
    nothing: tuple[tuple[str, ...], bool] = ((), False)
    resources, are_not_resources = nothing if is_trust else _either(one, "Resource", budget)
    principals, are_not_principals = _principals(one, budget) if is_trust else ((), False)
    has_variables = may_vary and any("${" in text for text in resources)
    return Statement(
        allows=effect == "Allow",
        actions=tuple(text.lower() for text in actions),
        are_not_actions=are_not_actions,
        resources=resources,
        are_not_resources=are_not_resources,
        tests=tuple(_tests(one.get("Condition"), budget, may_vary=may_vary)),
        principals=principals,
        are_not_principals=are_not_principals,
        has_variables=has_variables,
    )


def _either(one: Mapping[str, Any], name: str, budget: _Budget) -> tuple[tuple[str, ...], bool]:
    """``Action`` or ``NotAction``, exactly one of them."""
    is_not = f"Not{name}" in one
    if is_not == (name in one):
        raise Malformed(f"it needs either {name} or Not{name}")
    return budget.texts(one[f"Not{name}" if is_not else name], name), is_not


def _principals(
    one: Mapping[str, Any], budget: _Budget
) -> tuple[tuple[tuple[str, str], ...], bool]:
    is_not = "NotPrincipal" in one
    named = one.get("NotPrincipal") if is_not else one.get("Principal")
    if named == "*":
        return (("AWS", "*"),), is_not
    if not isinstance(named, Mapping):
        raise Malformed("it names no principal")
    return tuple(
        (_text(family, "Principal"), who)
        for family, several in named.items()
        for who in budget.texts(several, "Principal")
    ), is_not


def _tests(condition: Any, budget: _Budget, *, may_vary: bool) -> Iterator[Test]:
    if condition is None:
        return
    if not isinstance(condition, Mapping):
        raise Malformed("its Condition is no object")
    for operator, keys in condition.items():
        if not isinstance(keys, Mapping):
            raise Malformed("an operator of its Condition has no keys")
        quantifier, colon, plain = operator.lower().partition(":")
        if not colon:
            quantifier, plain = "", quantifier
        elif quantifier not in _QUANTIFIERS:
            raise Malformed("its Condition has an unknown quantifier")
        bare = plain.removesuffix("ifexists")
        for key, values in keys.items():
            texts = budget.texts(values, "Condition")
            yield Test(
                operator=bare,
                key=_text(key, "Condition").lower(),
                values=texts,
                quantifier=quantifier,
                if_exists=bare != plain,
                has_variables=may_vary and any("${" in text for text in texts),
            )


def _text(value: Any, what: str) -> str:
    """Text as it may be stored and shown: what is not printable is escaped."""
    if isinstance(value, (bool, int, float)) and what == "Condition":
        return str(value).lower()
    if not isinstance(value, str):
        raise Malformed(f"its {what} holds what is no text")
    if len(value) > LONGEST:
        raise Malformed(f"its {what} holds a text of more than {LONGEST} characters")
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
