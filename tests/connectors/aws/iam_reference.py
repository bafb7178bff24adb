"""A second evaluator of IAM policies, the slow and obvious way: one action on one resource, by
expressions and loops over the raw documents. It shares no code with the connector's.

Three answers: ``allow``, ``deny``, and ``depends`` where the request decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

Facts = Mapping[str, str | None]
"""Key in lower case -> value, None: known to be absent; not there: depends on the request."""
_ORDER = ("deny", "depends", "allow")


def decide(
    identity: Iterable[Mapping[str, Any]],
    boundary: Mapping[str, Any] | None,
    facts: Facts,
    action: str,
    resource: str,
) -> str:
    """``facts`` holds ``aws:principalaccount``."""
    documents = list(identity)
    account = _account(resource) or facts["aws:principalaccount"]
    asked = {**facts, "aws:resourceaccount": account, "s3:resourceaccount": account}
    granted = _allowed(documents, asked, action, resource)
    if granted == "deny" and not _account(resource):
        # Of a bucket nobody knows whose it is: an Allow may mean the other account.
        granted = _allowed(documents, facts, action, resource)
    if boundary is not None:
        granted = min(granted, _allowed([boundary], asked, action, resource), key=_ORDER.index)
        documents.append(boundary)
    for document in documents:
        for one in document["Statement"]:
            if one["Effect"] == "Deny":
                applies = _applies(document, one, asked, action, resource)
                if applies is True:
                    return "deny"
                if applies is None:
                    granted = min(granted, "depends", key=_ORDER.index)
    return granted


def _allowed(
    documents: Iterable[Mapping[str, Any]], facts: Facts, action: str, resource: str
) -> str:
    best = "deny"
    for document in documents:
        for one in document["Statement"]:
            if one["Effect"] == "Allow":
                applies = _applies(document, one, facts, action, resource)
                said = {True: "allow", None: "depends", False: "deny"}[applies]
                best = max(best, said, key=_ORDER.index)
    return best


def _applies(
    document: Mapping[str, Any], one: Mapping[str, Any], facts: Facts, action: str, resource: str
) -> bool | None:
    named = any(_like(p.lower(), action.lower()) for p in _texts(one, "Action"))
    if named is ("NotAction" in one):
        return False
    has_variables = document.get("Version") == "2012-10-17"
    found: list[bool | None] = []
    for pattern in _texts(one, "Resource"):
        text, is_open = _filled(pattern, facts) if has_variables else (pattern, False)
        if text is None:
            if "NotResource" in one:
                return False
            continue
        is_like = _like(text, resource)
        found.append(None if is_like and is_open else is_like)
    at = True if True in found else None if None in found else False
    if "NotResource" in one:
        at = None if at is None else not at
    conditions = [
        _condition(operator, key.lower(), values if isinstance(values, list) else [values],
                   facts, has_variables=has_variables)
        for operator, keys in one.get("Condition", {}).items()
        for key, values in keys.items()
    ]  # fmt: skip
    return _all([at, *conditions])


def _condition(
    operator: str, key: str, values: list[str], facts: Facts, *, has_variables: bool
) -> bool | None:
    if key not in facts:
        return None
    held = facts[key]
    if operator == "Null":
        return str(held is None).lower() in values
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    is_negated = "Not" in operator
    if held is None:
        return if_exists or is_negated
    compare = {
        "StringEquals": lambda value: value == held,
        "StringLike": lambda value: _like(value, held),
        "ArnLike": lambda value: _like(value, held),
        "ArnEquals": lambda value: _like(value, held),
        "Bool": lambda value: value.lower() == held.lower(),
    }[operator.replace("Not", "")]
    found: list[bool | None] = []
    for value in values:
        text, is_open = _filled(value, facts) if has_variables else (value, False)
        found.append(None if is_open else text is not None and compare(text))
    fits = True if True in found else None if None in found else False
    return None if fits is None else fits is not is_negated


def _all(several: list[bool | None]) -> bool | None:
    return False if False in several else None if None in several else True


def _filled(pattern: str, facts: Facts) -> tuple[str | None, bool]:
    is_open = False
    text = pattern
    for name in re.findall(r"\$\{([^}]*)\}", pattern):
        key = name.lower()
        if key not in facts:
            is_open = True
            text = text.replace("${" + name + "}", "*")
        elif facts[key] is None:
            return None, False
        else:
            text = text.replace("${" + name + "}", str(facts[key]))
    return text, is_open


def _texts(one: Mapping[str, Any], name: str) -> list[str]:
    found = one.get(name, one.get(f"Not{name}"))
    return found if isinstance(found, list) else [found]


def _like(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    made = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(made, re.DOTALL)


def _account(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) > 4 else ""
