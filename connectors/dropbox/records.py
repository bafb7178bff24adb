"""Dropbox's members, linked applications and team events -> what the catalogue can judge. Pure.

A linked application opens a member's files: all of them, or its own folder alone. What is done with
Dash, and with the team's policies of AI, is told of Dropbox's own AI. No content is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.columns import Columns
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.text import cut
from scanner.kit.values import hosts, items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity, Item

NAMES = Names(source="dropbox", vendor="dropbox", tenant="team")
PRODUCT = "dropbox.ai"
PROVIDER = "dropbox_dash"
DATA = OpenedData("dropbox", "linked app", {"files": ("Dropbox files", "files")})
_EVENTS = {
    "app_link_user": "grants",
    "app_link_member": "grants",
    "app_link_team": "grants",
    "integration_connected": "grants",
    "app_unlink_user": "",
    "app_unlink_member": "",
    "app_unlink_team": "",
    "integration_disconnected": "",
    "app_blocked_by_permissions": "failed",
}
_STATUS = "member_change_status"
_LEAVES = {
    "suspended": Ends.PAUSED, "active": Ends.RESUMED, "removed": Ends.ALL,
    "moved_to_another_team": Ends.ALL,
}  # fmt: skip
"""What a member is now: https://www.dropbox.com/developers/documentation/http/teams#team_log."""
_OF_TEAM = ("app_link_team", "app_unlink_team")
_ROW_OF_TEAM = expression(r"(?i)\bapp (?:for|from|to) (?:the )?team\b")
"""The same in the console's words."""
_POLICIES = (
    "ai_third_party_sharing_dropbox_base_policy_changed", "previews_ai_policy_changed",
)  # fmt: skip
_DASH = "dash_"
TABLE = Columns(
    {
        "at": ("Date", "Date and time", "Timestamp"),
        "kind": ("Activity", "Event type", "Event", "Action"),
        "mail": ("Member email", "Email", "Member", "User"), "label": ("Content", "App"),
        "said": ("Description", "Details"),
    },
    needs=("at", "kind", "mail"),
)  # fmt: skip
"""Of the admin console's report of activity (https://help.dropbox.com/account-access/view-activity
lists no columns; it has had several)."""
_SENTENCE = expression(
    r"(?i)\bapp(?:lication)? ['\"\u201c]?(.{1,120}?)['\"\u201d]?"
    r"(?: (?:for|to|from) (?:the )?team)?\.?$"
    r"|\b(?:un)?linked (?!(?:the )?app)(.{1,120}?) (?:for|to|from) (?:the )?team\.?$"
)
"""What the description of an event calls the application."""
_LETS_IN = expression(r"\b(?:linked|added|connected|installed|approved|allowed|authori[sz]ed)\b")
_KEEPS_OUT = expression(r"\b(?:fail|unlink|block|remov|disconnect|revok|den[iy]|delet|uninstall)")
_MOST_TEXT = 120


def tag(value: Any) -> str:
    """The member of a union; some SIEMs write ``_tag``."""
    given = mapping(value)
    return text(given.get(".tag")) or text(given.get("_tag")) or text(value)


def assistant(org: str) -> Asset:
    return Asset(
        id=NAMES.node(org, "ai", "dash"), kind=PRODUCT, name=f"Dropbox Dash of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


def _app(
    org: str, rule: str, relation: str, ident: str, label: str, **more: Any
) -> Activity:  # fmt: skip
    store = (DATA.store("files", org),) if relation == "grants" else ()
    # What a team has linked and what its members have are accesses of their own.
    is_of_team = rule in _OF_TEAM or bool(_ROW_OF_TEAM.search(rule))
    held = f"{NAMES.org(org)}/team link" if is_of_team else ""
    return NAMES.app(
        org, rule, relation, ident or label, label, client_id=ident, reads=store, writes=store,
        resource=held, **more,
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def is_member(record: Mapping[str, Any]) -> bool:
    profile = mapping(record.get("profile")) or record
    return {"team_member_id", "email", "status"} <= profile.keys()


def member(record: Any, org: str) -> list[Item] | None:
    given = mapping(mapping(record).get("profile")) or mapping(record)
    ident, mail = text(given.get("team_member_id")), text(given.get("email"))
    if not ident:
        return None
    name = text(mapping(given.get("name")).get("display_name"))
    return [
        NAMES.member(
            org,
            "POST team/members/list_v2",
            ident,
            name or mail or ident,
            mail,
            is_active=tag(given.get("status")) == "active",
        )
    ]


def is_linked(record: Mapping[str, Any]) -> bool:
    return {"team_member_id", "linked_api_apps"} <= record.keys()


def linked(record: Any, org: str) -> list[Item] | None:
    """The applications of one member."""
    given = mapping(record)
    who = NAMES.person(org, text(given.get("team_member_id")))
    if who is None or not isinstance(given.get("linked_api_apps"), list):
        return None
    told: list[Item] = []
    for app in map(mapping, items(given.get("linked_api_apps"))):
        ident, label = text(app.get("app_id")), text(app.get("app_name"))
        if not ident and not label:
            continue
        at = when(app.get("linked"))
        told.append(
            _app(org, "linked apps", "grants", ident, label, actor=who, first_at=at,
                 hosts=hosts([app.get("publisher_url")]),
                 status="its own folder alone" if app.get("is_app_folder") is True else "")
        )  # fmt: skip
    return told


# --- events ---------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"event_type", "timestamp"} <= record.keys() and bool(
        {"event_category", "details", "origin"} & record.keys()
    )


@telling(
    lambda given: tag(given.get("event_type")), {*_EVENTS, _STATUS}, lambda kind, _: (
        "details.new_value" if kind == _STATUS else "details.app_info|details.integration_name"
    ), NAMES,
    beside(("details.app_info", "app_id", "display_name")),
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind, at = tag(given.get("event_type")), when(given.get("timestamp"))
    if not is_event(given) or not kind:
        return None
    ident = mark_of((at, whole(given)))
    more: dict[str, Any] = {"actor": _actor(given.get("actor"), org), "first_at": at, "last_at": at}
    details = mapping(given.get("details"))
    if kind in _POLICIES:
        said = cut(tag(details.get("new_value")), _MOST_TEXT)
        return ident, at, (NAMES.used(assistant(org), kind, "", status=said, **more),)
    if kind.startswith(_DASH):
        return ident, at, (NAMES.used(assistant(org), kind, **more),)
    if kind == _STATUS:
        ends = _LEAVES.get(tag(details.get("new_value")))
        people = map(mapping, items(given.get("participants")))
        whom = next((one for one in map(_member, people) if one), {})
        return ident, at, NAMES.left(org, kind, _known(whom, org), ends, at) if ends else ()
    app = mapping(details.get("app_info"))
    key = text(app.get("app_id"))
    label = text(app.get("display_name")) or text(details.get("integration_name"))
    relation = _EVENTS.get(kind)
    if relation is None or not (key or label):
        return ident, at, ()
    one = _app(org, kind, "" if relation == "failed" else relation, key, label, **more)
    return ident, at, (failed(one) if relation == "failed" else one,)


def _member(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(given.get(tag(given)))


def _actor(value: Any, org: str) -> Identity | None:
    return _known(_member(mapping(value)), org)


def _known(user: Mapping[str, Any], org: str) -> Identity | None:
    return NAMES.person(
        org, text(user.get("team_member_id")) or text(user.get("account_id")),
        text(user.get("email")), text(user.get("display_name")),
    )  # fmt: skip


def is_row(record: Mapping[str, Any]) -> bool:
    return TABLE.fits(record) and "event_type" not in record


@telling(
    lambda row: text(TABLE.record(row).get("kind")),
    lambda kind, _: "app" in kind.casefold().split(), "Content|App", NAMES,
)  # fmt: skip
def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """A row of the console's report: the application stands in a column of its own, or in the
    sentence that describes the event."""
    given = {name: text(value) for name, value in TABLE.record(record).items()}
    kind, at = given.get("kind", ""), when(given.get("at"))
    if not kind:
        return None
    mail, label = given.get("mail", ""), given.get("label", "")
    if not label and (named := _SENTENCE.search(given.get("said", ""))):
        label = (named[1] or named[2]).strip()
    words = kind.casefold()
    told: tuple[Activity, ...] = ()
    if "app" in words.split() and label:
        relation = "grants" if _LETS_IN.search(words) and not _KEEPS_OUT.search(words) else ""
        told = (
            _app(org, cut(kind, _MOST_TEXT), relation, "", label,
                 ends=Ends.ALL if not relation and _ROW_OF_TEAM.search(kind) else Ends.NOTHING,
                 actor=NAMES.person(org, "", mail, mail), first_at=at, last_at=at),
        )  # fmt: skip
    return mark_of((at, whole(record))), at, told
