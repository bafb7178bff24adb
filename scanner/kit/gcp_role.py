"""A custom role of Google Cloud with the least that a connector needs: YAML, JSON or Terraform.

https://cloud.google.com/iam/docs/creating-custom-roles. ``gcloud iam roles create shadowAiReader
--organization NUMBER --file role.yaml`` takes the YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

TITLE = "Shadow AI Reader"
DESCRIPTION = "Reads what the shadow AI scanner lists; no keys, no data, no changes."
ROLE_ID = "shadowAiReader"
ORGANIZATION = "ORGANIZATION-NUMBER"


def role(permissions: Iterable[str]) -> dict[str, object]:
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "stage": "GA",
        "includedPermissions": sorted(permissions),
    }


def as_json(permissions: Iterable[str]) -> str:
    return json.dumps(role(permissions), indent=2)


def as_yaml(permissions: Iterable[str]) -> str:
    import yaml

    return str(yaml.safe_dump(role(permissions), sort_keys=False, width=100)).rstrip()


def as_terraform(permissions: Iterable[str]) -> str:
    """https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_organization_iam_custom_role"""
    granted = "\n".join(f"    {json.dumps(one)}," for one in sorted(permissions))
    return (
        'resource "google_organization_iam_custom_role" "shadow_ai_reader" {\n'
        f"  org_id      = {json.dumps(ORGANIZATION)}\n"
        f"  role_id     = {json.dumps(ROLE_ID)}\n"
        f"  title       = {json.dumps(TITLE)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"  permissions = [\n{granted}\n  ]\n"
        "}"
    )


FORMS = {"json": as_json, "yaml": as_yaml, "terraform": as_terraform}
