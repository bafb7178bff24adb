"""Audit events of GitLab, which is read over its API alone, that the connector does not know."""

from __future__ import annotations

from typing import Any

from connectors.gitlab.records import event_of
from scanner.kit.contract import Context
from scanner.kit.forge.details import Where
from scanner.kit.limits import Limits
from scanner.kit.overlooked import Overlooked
from scanner.model.base import NodeId

_ACME = NodeId("gitlab:gitlab.example/acme")
WHERE = Where(
    source="gitlab", host="gitlab.example", subject=_ACME, account=_ACME, name="acme", path={},
    examine=lambda *_: (),
)  # fmt: skip


def _event(number: int, name: str, **details: Any) -> dict[str, Any]:
    return {"id": number, "created_at": "2026-11-20T08:00:00Z", "author_id": 1,
            "event_name": name, "details": {"author_name": "Claude Day", **details}}  # fmt: skip


def test_unknown_events_and_known_ones_without_a_name_are_told() -> None:
    said: list[str] = []
    ctx: Context[Any] = Context(
        config=None, examine=lambda *_: (), limits=Limits(), warn=said.append,  # type: ignore[arg-type]
    )  # fmt: skip
    overlooked = Overlooked(ctx)
    records = [
        _event(1, "bundle_added", app_name="ChatGPT"),
        _event(2, "copilot_seen"),
        _event(3, "lamp_lit"),
        _event(4, "user_authorized_oauth_application", target_type="Application"),
    ]
    told = [one for record in records for one in event_of(WHERE, record, overlooked)]
    named = [one for one in told if one is not None and one.label]
    assert [(one.action, one.label, one.is_guess) for one in named] == [
        ("bundle_added", "ChatGPT", True)
    ]
    assert [gap.reason for gap in overlooked.gap("audit log of acme")] == [
        "schema: 1 event of type user_authorized_oauth_application without "
        "details.target_details, which says what it is about",
        "1 event of type copilot_seen, which is not known here and names AI",
    ]
    assert said == [
        "audit log of acme: 1 event of types that are not known here, which name no AI: lamp_lit 1"
    ]
