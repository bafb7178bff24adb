"""The organization's audit log: who works with the Hub, and what is done with keys and approvals.

https://huggingface.co/docs/hub/audit-logs (Team and Enterprise plans), whose export is told whole,
the newest 100,000 events. Messages hold what people wrote, and are not read; nor are addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.values import mapping, text, when
from scanner.model.facts import Asset, AssetClass

MOST_EVENTS = 100_000
HUB = "hub"
_FAMILIES = (
    "org.", "repo.", "collection.", "spaces.", "resource_group.", "jobs.", "scheduled_job.",
    "billing.", "endpoint", "bucket",
)  # fmt: skip
"""Scopes of the page, with which types begin."""
_USES = (
    "repo.create", "repo.duplication", "repo.move", "repo.update_settings", "collection.create",
    "spaces.", "jobs.create", "scheduled_job.create", "scheduled_job.run", "scheduled_job.resume",
    "org.sso_login", "org.sso_join", "endpoint.create",
)  # fmt: skip
"""By whoever builds or runs something, or signs in; keys, people and bills are evidence alone."""


def is_event(record: Mapping[str, Any]) -> bool:
    return {"type", "createdAt", "author"} <= record.keys()


def hub(names: Names, org: str) -> Asset:
    return names.thing(
        org, HUB, "hub", f"Hugging Face Hub of {org}", AssetClass.SAAS_APP, provider="huggingface"
    )


def event(record: Any, org: str, names: Names) -> Happened | Novel | None:
    given = mapping(record)
    kind, at = text(given.get("type")), when(given.get("createdAt"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("_id"))
    mark = " ".join((ident, kind, at)) if ident else mark_of((whole(given),))
    author = mapping(given.get("author"))
    is_person = text(author.get("type")) != "system"
    who = names.person(org, text(author.get("user")), "") if is_person else None
    is_use = is_person and kind.startswith(_USES) and "remove" not in kind
    told = names.used(
        hub(names, org), kind, "used_by" if is_use else "", actor=who, first_at=at, last_at=at
    )
    happened = mark, at, (told,)
    return happened if kind.startswith(_FAMILIES) else Novel(kind, happened)
