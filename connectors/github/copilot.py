"""GitHub Copilot in an organization: its plan, its policies, who uses it, what it must not read.

The asset is the application that the catalogue knows by its label, so that what the API, the audit
log and an identity provider say of it meet.
https://docs.github.com/en/rest/copilot/copilot-user-management
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.kit.forge.details import Record, Where
from scanner.kit.forge.saying import person
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Activity, Item

LABEL = "GitHub Copilot"
_BILLING = "GET /orgs/{org}/copilot/billing"
_SEATS = "GET /orgs/{org}/copilot/billing/seats"
_EXCLUSIONS = "GET /orgs/{org}/copilot/content_exclusion"
_AGENT = "GET /orgs/{org}/copilot/coding-agent/permissions"
_POLICIES = ("public_code_suggestions", "ide_chat", "platform_chat", "cli",
             "seat_management_setting", "plan_type")  # fmt: skip
_COUNTS = ("total", "active_this_cycle", "inactive_this_cycle", "added_this_cycle",
           "pending_invitation", "pending_cancellation")  # fmt: skip


def app_id(where: Where) -> NodeId:
    return NodeId(f"{where.account}/copilot")


def asset(where: Where, operation: str, tags: Mapping[str, str]) -> Asset:
    """Copilot there; empty tags are left out."""
    return Asset(
        id=app_id(where),
        kind="github.app",
        name=LABEL,
        asset_class=AssetClass.SAAS_APP,
        provider="github_copilot",
        account=where.account,
        tags={key: value for key, value in tags.items() if value},
        evidence=(where.evidence(operation),),
    )


def policy(where: Where, record: Record) -> Iterator[Item]:
    """Bought: an asset, with its policies and how many seats there are."""
    said = {name: text(record.get(name)) for name in _POLICIES}
    seats = mapping(record.get("seat_breakdown"))
    said |= {f"seats_{name}": text(seats.get(name)) for name in _COUNTS}
    yield asset(where, _BILLING, said)
    yield Activity(
        rule=_BILLING,
        account=where.account,
        app_id=app_id(where),
        label=LABEL,
        relation="contains",
        resource=where.subject,
    )


def seat(where: Where, record: Record) -> Iterator[Item]:
    """Who has a seat. One that was never used is a seat, and no use."""
    login = text(mapping(record.get("assignee")).get("login"))
    if not login:
        return
    made = person(where, _SEATS, login=login)
    yield asset(where, _SEATS, {})
    yield made
    last = stamp(record.get("last_activity_at"))
    if not last:
        return
    editor = text(record.get("last_activity_editor"))
    evidence = Evidence(
        rule=_SEATS,
        source=where.source,
        resource=app_id(where),
        path=made.id,
        first_at=stamp(record.get("created_at")),
        last_at=last,
        preview=cut(editor, 200),
    )
    yield Edge(
        source=app_id(where),
        target=made.id,
        relation=Relation.USED_BY,
        evidence=(evidence,),
        detail=editor.partition("/")[0],
    )


def exclusions(where: Where, record: Record) -> Iterator[Item]:
    """Paths that Copilot must not read, by repository; how many, and where."""
    named = sorted(text(name) for name in record)
    count = sum(len(items(paths)) for paths in record.values())
    said = {"content_exclusions": str(count), "content_excluded_in": cut(", ".join(named), 500)}
    yield asset(where, _EXCLUSIONS, said)


def agent(where: Where, record: Record) -> Iterator[Item]:
    """In which repositories Copilot's coding agent may work: all, selected, none."""
    yield asset(where, _AGENT, {"coding_agent": text(record.get("enabled_repositories"))})
