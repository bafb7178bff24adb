"""Whom the policy of a resource lets in, as far as its own text tells.

Owns the two questions that a table asks of such a text: does it let anybody in, and does it let
anybody in under a condition. Who of an account may, identity policies decide:
:mod:`connectors.aws.iam`. https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.values import loose_json


def _is_open(text: str) -> bool:
    return any(not statement.get("Condition") for statement in _to_anybody(text))


def _is_open_by_condition(text: str) -> bool:
    return any(statement.get("Condition") for statement in _to_anybody(text))


def _to_anybody(text: str) -> Iterator[Mapping[str, Any]]:
    """The statements that allow something to everybody."""
    policy = loose_json(text.encode(errors="replace"))
    found = policy.get("Statement") if isinstance(policy, Mapping) else None
    for statement in found if isinstance(found, list) else (found,):
        if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow":
            continue
        if _is_anybody(statement.get("Principal")):
            yield statement


def _is_anybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        principal = principal.get("AWS")
    return principal == "*" or (isinstance(principal, list) and "*" in principal)


JUDGES: Mapping[str, Callable[[str], bool]] = {
    "is_open_policy": _is_open,
    "is_open_by_condition": _is_open_by_condition,
}
"""Words that the tables of ``resources/`` may judge a value by."""
