"""What a scope of Okta itself opens; those of other servers open nothing of which Okta tells.

https://developer.okta.com/docs/api/oauth2
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.kit.opened import Opened, OpenedData, Way

DATA = OpenedData(
    "okta", "grant",
    {
        "directory": ("people and groups", "directory"),
        "audit": ("System Log", "logs"),
        "settings": ("settings of the organization", "settings"),
    },
)  # fmt: skip
_NOUNS = {
    "users": "directory", "groups": "directory", "userTypes": "directory", "profile": "directory",
    "profileMappings": "directory", "schemas": "directory", "roles": "directory",
    "linkedObjects": "directory", "sessions": "directory", "factors": "directory",
    "logs": "audit", "reports": "audit",
}  # fmt: skip
"""The middle of ``okta.users.read``; every other noun is of settings."""


def opened(scopes: Iterable[str], host: str) -> Opened:
    return DATA.of((_way(scope) for scope in sorted(scopes)), host)


def _way(scope: str) -> Way:
    """``okta.users.read`` reads; ``okta.users.manage`` does both."""
    steps = scope.split(".")
    if len(steps) < 3 or steps[0] != "okta":
        return "", False, False
    return _NOUNS.get(steps[1], "settings"), True, steps[-1] != "read"
