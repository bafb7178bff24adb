"""PagerDuty: alerts by the Events API v2.

https://developer.pagerduty.com/docs/events-api-v2-overview. The key of a ticket is the alert's
``dedup_key``: a trigger that is sent twice, or later with other words, is the same alert. PagerDuty
tells nothing back: an alert that somebody resolves there is triggered again by the next change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, rows
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Busy, Made, There, Unclear, Wrote

_SEVERITY = {"critical": "critical", "high": "error", "medium": "warning"}
_MOST_SUMMARY, _MOST_SOURCE = 1024, 255


class PagerDutyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str = "https://events.pagerduty.com"
    """Of the service region: the EU's is ``https://events.eu.pagerduty.com``."""
    component: str = "shadow-ai"
    """What event rules may look for."""


class PagerDutySink:
    two_way = False
    settles = timedelta(0)

    def __init__(
        self, config: PagerDutyConfig, routing: Routing, routing_key: str, api: Api
    ) -> None:
        self._config = config
        self._key = routing_key
        self._api = api

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        return {}

    def attempts(self, external_id: str) -> Sequence[str]:
        return ()

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        return {}  # a trigger may be sent twice

    def create(self, ticket: Ticket, formerly: str) -> Made:
        self._trigger(ticket)
        return Made(ticket.key, "")

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        self._trigger(ticket)

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._trigger(ticket)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self._send({"event_action": "resolve", "dedup_key": _dedup(external_id)})

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        """An alert takes none."""

    def _trigger(self, ticket: Ticket) -> None:
        details: dict[str, list[str]] = {}
        for label, text in rows(ticket):
            details.setdefault(label, []).append(text)
        first = ticket.findings[0]
        payload = {
            "summary": ticket.title[:_MOST_SUMMARY],
            "source": " ".join(str(first.asset).split())[:_MOST_SOURCE] or "shadow-ai",
            "severity": _SEVERITY.get(ticket.severity, "info"),
            "component": self._config.component,
            "group": ticket.owner or "nobody",
            "class": first.policy,
            "custom_details": {label: "\n".join(texts) for label, texts in details.items()},
        }
        self._send(
            {"event_action": "trigger", "dedup_key": _dedup(ticket.key), "payload": payload,
             "client": "shadow AI scanner"}
        )  # fmt: skip

    def _send(self, event: dict[str, Any]) -> None:
        body = {"routing_key": self._key, **event}
        try:
            self._api.call("POST", "/v2/enqueue", body=body)
        except Unclear as error:
            raise Busy(f"{error}; it is sent again") from error


def _dedup(key: str) -> str:
    return f"shadow-ai/{key}"
