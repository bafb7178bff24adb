"""A custom role of Azure with the least that a connector needs: JSON, YAML or Terraform.

https://learn.microsoft.com/azure/role-based-access-control/custom-roles. Whoever has more than one
tenant or group replaces the scope, which stands once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

NAME = "Shadow AI Reader"
DESCRIPTION = "Reads what the shadow AI scanner lists; no keys, no data, no changes."
DATA = (
    "Microsoft.CognitiveServices/accounts/OpenAI/",
    "Microsoft.CognitiveServices/accounts/AIServices/",
)
"""How the names of data actions begin, which a role lists by themselves (https://learn.microsoft.com/
azure/role-based-access-control/permissions/ai-machine-learning)."""
BEYOND = {
    "/config/list/action": "settings of sites with their values",
    **dict.fromkeys(DATA, "what AI services tell themselves"),
}
"""Part of a permission -> what it lets read besides, which a description may not deny."""
NARROW = "/subscriptions/SUBSCRIPTION"
"""A role with data actions cannot be of a management group."""
SCOPE = "/providers/Microsoft.Management/managementGroups/MANAGEMENT-GROUP"
MOST_NAMES = 2048
"""Of actions that a role holds
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits)."""


def role(permissions: Iterable[str]) -> dict[str, object]:
    """As ``az role definition create --role-definition`` takes it."""
    plain, data = split(permissions)
    return {
        "Name": NAME,
        "IsCustom": True,
        "Description": description([*plain, *data]),
        "Actions": plain,
        "NotActions": [],
        "DataActions": data,
        "NotDataActions": [],
        "AssignableScopes": [NARROW if data else SCOPE],
    }


def description(permissions: Iterable[str]) -> str:
    named = list(permissions)
    told = {what for part, what in BEYOND.items() if any(part in one for one in named)}
    if not told:
        return DESCRIPTION
    return f"Reads what the shadow AI scanner lists, and {' and '.join(sorted(told))}; no changes."


def split(permissions: Iterable[str]) -> tuple[list[str], list[str]]:
    """Actions and data actions."""
    named = sorted(permissions)
    return (
        [one for one in named if not one.startswith(DATA)],
        [one for one in named if one.startswith(DATA)],
    )


def as_json(permissions: Iterable[str]) -> str:
    return json.dumps(role(permissions), indent=2)


def as_yaml(permissions: Iterable[str]) -> str:
    """The same, which ``az`` takes, too."""
    import yaml

    return str(yaml.safe_dump(role(permissions), sort_keys=False, width=100)).rstrip()


def as_terraform(permissions: Iterable[str]) -> str:
    """https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/role_definition"""
    plain, data = split(permissions)
    actions = "\n".join(f"      {json.dumps(one)}," for one in plain)
    more = "".join(f"      {json.dumps(one)},\n" for one in data)
    more = f"    data_actions = [\n{more}    ]\n" if data else ""
    scope = NARROW if data else SCOPE
    return (
        'resource "azurerm_role_definition" "shadow_ai_reader" {\n'
        f"  name        = {json.dumps(NAME)}\n"
        f"  description = {json.dumps(description([*plain, *data]))}\n"
        f"  scope       = {json.dumps(scope)}\n\n"
        "  permissions {\n"
        f"    actions = [\n{actions}\n    ]\n{more}"
        "  }\n\n"
        f"  assignable_scopes = [{json.dumps(scope)}]\n"
        "}"
    )


FORMS = {"json": as_json, "yaml": as_yaml, "terraform": as_terraform}
