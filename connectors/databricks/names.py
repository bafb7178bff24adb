"""How people and things of a workspace are called."""

from __future__ import annotations

from typing import Any

from scanner.kit.named import Names
from scanner.kit.values import text
from scanner.model.facts import Identity, PrincipalType

NAMES = Names(source="databricks", vendor="databricks", tenant="workspace")
OURS = "databricks"


def person(org: str, who: str) -> Identity | None:
    """A person by address; what has none is a service principal."""
    if not who:
        return None
    kind = PrincipalType.HUMAN if "@" in who else PrincipalType.SERVICE
    return NAMES.person(org, who, who if "@" in who else "", who, kind)


def owners(org: str, *names: Any) -> list[Identity | None]:
    found = dict.fromkeys(text(name) for name in names)
    return [person(org, name) for name in found]
