"""Least privilege, printed from the same declaration that the guard enforces."""

from __future__ import annotations

import json
from collections.abc import Container

from scanner.kit.contract import ConnectorSpec, Operation, PermissionFormat

DISCOVERY = "get /apis"
"""Of Kubernetes: what everybody who has signed in may (``system:discovery``)."""


def render(spec: ConnectorSpec, opted: Container[str] = ()) -> str:
    """Ready to paste: an IAM policy, a list of scopes, or a sentence. ``opted``: fields of the
    configuration that are set."""
    if spec.permission_format is PermissionFormat.AWS_POLICY:
        return json.dumps(aws_policy(spec, opted), indent=2)
    if spec.permission_format is PermissionFormat.AZURE_ROLE:
        from scanner.kit.azure_role import as_json

        return as_json(permissions(spec, opted))
    if spec.permission_format is PermissionFormat.GCP_ROLE:
        from scanner.kit import gcp_role

        return gcp_role.as_yaml(permissions(spec, opted))
    if spec.permission_format is PermissionFormat.CLUSTER_ROLE:
        from scanner.kit import cluster_role

        return cluster_role.as_yaml(permissions(spec, opted))
    if spec.permission_format is PermissionFormat.FILESYSTEM:
        return "Read access to the configured paths. No network, no credentials."
    return "\n".join(permissions(spec, opted))


def permissions(spec: ConnectorSpec, opted: Container[str] = ()) -> list[str]:
    asked = _asked(spec, opted)
    return sorted({one for op in asked for one in (op.permission, *op.also) if one})


def notes(spec: ConnectorSpec, opted: Container[str] = ()) -> list[str]:
    """What the printed grant cannot give, each once."""
    return list(dict.fromkeys(op.elsewhere for op in _asked(spec, opted) if op.elsewhere))


def options(spec: ConnectorSpec) -> list[str]:
    """Fields of the configuration that take permissions of their own."""
    return sorted({name for operation in spec.operations for name in operation.opt_in})


def _asked(spec: ConnectorSpec, opted: Container[str]) -> list[Operation]:
    return [
        op for op in spec.operations if not op.opt_in or any(name in opted for name in op.opt_in)
    ]


def aws_policy(spec: ConnectorSpec, opted: Container[str] = ()) -> dict[str, object]:
    """An IAM policy document, one statement a service and resource (IAM JSON policy grammar,
    2012-10-17)."""
    groups: dict[tuple[str, str], set[str]] = {}
    for operation in _asked(spec, opted):
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
