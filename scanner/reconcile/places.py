"""An id or a name without what is a system's own in it: whose it is and where it stands is left.

Owns which part of an id that is, by the forms in which providers write theirs. A pattern that fits
what is left would fit whatever comes there: an organization's every repository, an account's every
endpoint.
"""

from __future__ import annotations

import re
from itertools import count

from scanner.model.facts import Asset, Credential

_ANY = "\0"
"""In place of a system's own part: no wildcard is written for it, and no text has it."""
_LEADS = (
    re.compile(r"((?:git|dir):local/|git:[^/#]*/[^/#]*/|dir:(?:[^#]*/)?)", re.IGNORECASE),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    re.compile(r"(arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[\w-]+[/:])?)"),
    re.compile(r"([a-z0-9_.-]+:[^/:#]+/)"),
)
"""What comes before a system's own part: host and owner, account and type, vendor and tenant."""
_PATHS = (
    (re.compile(r"/subscriptions/", re.IGNORECASE), frozenset({"subscriptions", "providers"})),
    (re.compile(r"//[a-z]+\.googleapis\.com/projects/"), frozenset({"projects", "locations"})),
)
"""Paths of keys and values -> keys whose value is a place and names no system."""


def texts_of(node: Asset | Credential) -> tuple[tuple[str, str], ...]:
    """Each text that patterns are held against, and what is left of it."""
    return (node.id, _of_id(node.id)), (node.name, _of_name(node))


def _of_id(ident: str) -> str:
    for form, places in _PATHS:
        found = form.match(ident)
        if found:
            lead = ident[: len(ident) - len(ident.lstrip("/"))]
            host, _, path = ident.lstrip("/").partition("/") if lead == "//" else ("", "", "")
            steps = (path or ident.lstrip("/")).split("/")
            for at in count(0, 2):
                if at + 1 >= len(steps):
                    break
                if steps[at].casefold() not in places:
                    steps[at + 1] = _ANY
            return lead + (f"{host}/" if host else "") + "/".join(steps)
    for form in _LEADS:
        found = form.match(ident)
        if found:
            return found[1] + _ANY
    return _ANY


def _of_name(node: Asset | Credential) -> str:
    """What stands in code is called by its provider and its repository (``OpenAI in acme/app``)."""
    own = node.id.partition("#")[0].rpartition("/")[2]
    if node.id.startswith("git:") and own and node.name.endswith(f"/{own}"):
        return node.name.removesuffix(own) + _ANY
    return _ANY
