"""A custom role of Azure with the least that a connector needs: JSON, YAML or Terraform.

https://learn.microsoft.com/azure/role-based-access-control/custom-roles. Whoever has more than one
tenant or group replaces the scope, which stands once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

NAME = "Shadow AI Reader"
DESCRIPTION = "Reads what the shadow AI scanner lists; no keys, no data, no changes."
SCOPE = "/providers/Microsoft.Management/managementGroups/MANAGEMENT-GROUP"
MOST_NAMES = 2048
"""Of actions that a role holds
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits)."""


def role(permissions: Iterable[str]) -> dict[str, object]:
    """As ``az role definition create --role-definition`` takes it."""
    return {
        "Name": NAME,
        "IsCustom": True,
        "Description": DESCRIPTION,
        "Actions": sorted(permissions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [SCOPE],
    }


def as_json(permissions: Iterable[str]) -> str:
    return json.dumps(role(permissions), indent=2)


def as_yaml(permissions: Iterable[str]) -> str:
    """The same, which ``az`` takes, too."""
    import yaml

    return str(yaml.safe_dump(role(permissions), sort_keys=False, width=100)).rstrip()


def as_terraform(permissions: Iterable[str]) -> str:
    """https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/role_definition"""
    actions = "\n".join(f"      {json.dumps(one)}," for one in sorted(permissions))
    return (
        'resource "azurerm_role_definition" "shadow_ai_reader" {\n'
        f"  name        = {json.dumps(NAME)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"  scope       = {json.dumps(SCOPE)}\n\n"
        "  permissions {\n"
        f"    actions = [\n{actions}\n    ]\n"
        "  }\n\n"
        f"  assignable_scopes = [{json.dumps(SCOPE)}]\n"
        "}"
    )


FORMS = {"json": as_json, "yaml": as_yaml, "terraform": as_terraform}
