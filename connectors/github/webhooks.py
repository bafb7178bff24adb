"""Deliveries of webhooks, as a SIEM keeps them, told as the audit log would tell them. Pure.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. What a delivery is about stands in
no field of its own: each kind has an object that the others lack. Only an app that is installed is
told by itself; whoever acts, a bot too, is told as in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.values import mapping, text

_KINDS = (
    "workflow_job", "workflow_run", "check_run", "check_suite", "pull_request_review",
    "pull_request", "issue", "comment", "discussion", "release", "deployment", "package", "member",
    "team", "ruleset", "rule", "alert", "installation",
)  # fmt: skip
"""Objects of a payload, the most exact first; nearly all have ``installation`` beside theirs."""
_DONE = {"created": "create", "deleted": "destroy"}
_TIMES = ("updated_at", "completed_at", "started_at", "created_at")
"""Of what a delivery is about, the latest first: a delivery itself has none."""


def is_delivery(record: Mapping[str, Any]) -> bool:
    keys = record.keys()
    return "actor" not in keys and bool(
        ({"repository"} <= keys and bool({"commits", "ref", *_KINDS} & keys))
        or {"installation", "sender"} <= keys
    )


def as_event(record: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the audit log with the same meaning, where there is one."""
    kind = "push" if "commits" in record else next((k for k in _KINDS if k in record), "delivery")
    done = text(record.get("action"))
    who = text(mapping(record.get("sender")).get("login"))
    about = mapping(record.get("repository"))
    inner = mapping(record.get(kind))
    event: dict[str, Any] = {
        **record,
        "action": f"webhook.{kind}" + (f".{done}" if done else ""),
        "actor": who or text(mapping(record.get("pusher")).get("name")),
        "repo": text(about.get("full_name")),
        "created_at": record.get("created_at")
        or next((inner[name] for name in _TIMES if inner.get(name)), None)
        or mapping(record.get("head_commit")).get("timestamp"),
    }  # fmt: skip
    if kind == "installation" and text(inner.get("app_slug")):
        event["action"] = f"integration_installation.{_DONE.get(done, done)}"
        event["integration"] = text(inner["app_slug"])
    return event
