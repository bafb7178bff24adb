"""Convenience members: whoever holds a basic role in a project, as policies of buckets and datasets
name them (``projectEditor:p``).

They are those of the project's own policy. Who holds the role by a folder or organization above is
told of that.
https://cloud.google.com/storage/docs/access-control/iam#convenience-values
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scanner.kit.tabled.reading import is_usable
from scanner.kit.tables import first_text, values

ROLES = {
    "projectEditor": "roles/editor",
    "projectOwner": "roles/owner",
    "projectViewer": "roles/viewer",
}


def is_one(text: str) -> bool:
    kind, _, project = text.partition(":")
    return kind in ROLES and is_usable(project)


def holders(policy_of: Callable[[str], Any], text: str) -> Iterator[tuple[str, bool]]:
    """Members of the project's policy whom ``text`` stands for, and whether a condition is on it.
    ``policy_of``: of a unit. Raises the source errors."""
    kind, _, project = text.partition(":")
    for binding in values(policy_of(f"projects/{project}"), "bindings[]"):
        if first_text(binding, "role") == ROLES[kind]:
            is_conditional = bool(first_text(binding, "condition.expression"))
            yield from ((str(one), is_conditional) for one in values(binding, "members[]"))
