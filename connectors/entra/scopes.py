"""Which data a grant in a tenant opens; what a permission means, the kit knows."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.kit.microsoft_permissions import STORES, opened
from scanner.kit.opened import OpenedData
from scanner.model.facts import DataStore

SOURCE = "entra"
DATA = OpenedData(SOURCE, "permission", STORES)
_BY_RESOURCE = {
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "azure",
    "00000007-0000-0000-c000-000000000000": "crm",
}
"""Application id of an API whose one permission (``user_impersonation``) opens all of it."""


def data_of(
    permissions: Iterable[str], tenant: str, resource: str = ""
) -> tuple[tuple[DataStore, ...], tuple[DataStore, ...]]:
    """What a grant of ``permissions`` lets an application read, and write. ``resource``: the
    application id of the API that they are of, where it is known."""
    return DATA.of((_of(permission, resource) for permission in permissions), tenant)


def _of(permission: str, resource: str) -> tuple[str, bool, bool]:
    found = opened(permission)
    if not found[0] and permission.casefold() == "user_impersonation":
        noun = _BY_RESOURCE.get(resource, "")
        return noun, bool(noun), bool(noun)
    return found
