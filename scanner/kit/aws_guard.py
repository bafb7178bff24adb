"""Read-only boto3: an event handler refuses every operation that is not declared.

botocore emits ``before-call`` after it has built a request and before it is signed and sent
(botocore/client.py, ``BaseClient._make_api_call``); raising there means no byte leaves.
"""

from __future__ import annotations

from typing import Any

from scanner.kit.contract import Operation
from scanner.model.errors import UndeclaredOperation


def guard(session: Any, operations: tuple[Operation, ...]) -> Any:
    """Attach the guard to a ``boto3.Session``; every client made from it is read-only."""
    allowed = frozenset(operation.id for operation in operations)

    def refuse_undeclared(model: Any, **_: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        if name not in allowed:
            raise UndeclaredOperation(f"refused {name}: not a declared operation of this connector")

    session.events.register_first("before-call", refuse_undeclared)
    return session
