"""A ClusterRole with the least that a connector needs, as a manifest.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NAME = "shadow-ai-reader"
_API = "rbac.authorization.k8s.io/v1"


def rules(permissions: Iterable[str]) -> list[dict[str, Any]]:
    """Of ``list deployments.apps``: a rule a group; of ``get /apis``: a path. What is neither (the
    custom resources, whose groups no declaration knows) is left out."""
    lists: dict[str, set[str]] = {}
    paths: set[str] = set()
    for one in permissions:
        verb, _, what = one.partition(" ")
        if verb == "get" and what.startswith("/"):
            paths |= {what, f"{what}/*"}
        elif verb == "list" and " " not in what:
            plural, _, group = what.partition(".")
            lists.setdefault(group, set()).add(plural)
    found: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": sorted(plurals), "verbs": ["list"]}
        for group, plurals in sorted(lists.items())
    ]
    if paths:
        found.append({"nonResourceURLs": sorted(paths), "verbs": ["get"]})
    return found


def custom(groups: Iterable[str]) -> list[dict[str, Any]]:
    """All resources of some groups."""
    wanted = sorted(set(groups))
    return [{"apiGroups": wanted, "resources": ["*"], "verbs": ["list"]}] if wanted else []


def role(permissions: Iterable[str], groups: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "apiVersion": _API, "kind": "ClusterRole", "metadata": {"name": NAME},
        "rules": [*rules(permissions), *custom(groups)],
    }  # fmt: skip


def as_yaml(permissions: Iterable[str], groups: Iterable[str] = ()) -> str:
    import yaml

    return str(yaml.safe_dump(role(permissions, groups), sort_keys=False, width=100)).rstrip()
