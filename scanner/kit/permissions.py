"""Least privilege, printed from the same declaration that the guard enforces."""

from __future__ import annotations

import json

from scanner.kit.contract import ConnectorSpec, PermissionFormat


def render(spec: ConnectorSpec) -> str:
    """Ready to paste: an IAM policy, a list of scopes, or a sentence."""
    if spec.permission_format is PermissionFormat.AWS_POLICY:
        return json.dumps(aws_policy(spec), indent=2)
    if spec.permission_format is PermissionFormat.FILESYSTEM:
        return "Read access to the configured paths. No network, no credentials."
    return "\n".join(permissions(spec))


def permissions(spec: ConnectorSpec) -> list[str]:
    return sorted({operation.permission for operation in spec.operations if operation.permission})


def aws_policy(spec: ConnectorSpec) -> dict[str, object]:
    """An IAM policy document, one statement a service and resource (IAM JSON policy grammar,
    2012-10-17)."""
    groups: dict[tuple[str, str], set[str]] = {}
    for operation in spec.operations:
        service = operation.permission.partition(":")[0]
        groups.setdefault((service, operation.resource), set()).add(operation.permission)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": _sid(service, resource),
                "Effect": "Allow",
                "Action": sorted(actions),
                "Resource": resource,
            }
            for (service, resource), actions in sorted(groups.items())
        ],
    }


def _sid(service: str, resource: str) -> str:
    words = "".join(part.title() for part in service.split("-"))
    return f"ShadowAI{words}" + ("" if resource == "*" else "Limited")
