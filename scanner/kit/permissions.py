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
    """An IAM policy document, one statement a service (IAM JSON policy grammar, 2012-10-17)."""
    by_service: dict[str, list[str]] = {}
    for action in permissions(spec):
        by_service.setdefault(action.split(":")[0], []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ShadowAI" + "".join(part.title() for part in service.split("-")),
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            }
            for service, actions in sorted(by_service.items())
        ],
    }
