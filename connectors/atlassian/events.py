"""Atlassian's audit events, accounts and installed apps -> what the catalogue can judge. Pure.

https://developer.atlassian.com/cloud/admin/organization/rest/api-group-events/: an event names its
action, actor, context and container, and says in a sentence what happened. Actions are many and new
ones come: what they are about is told by their words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData, by_words
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Item

NAMES = Names(source="atlassian", vendor="atlassian", tenant="organization")
PROVIDER = "atlassian_rovo"
PRODUCT, AGENT = "atlassian.rovo", "atlassian.rovo_agent"
DATA = OpenedData("atlassian", "scope", {
    "issues": ("Jira issues", "tickets"),
    "pages": ("Confluence pages", "documents"),
    "service": ("Jira Service Management requests", "customer records"),
    "code": ("Bitbucket repositories", "code"),
    "directory": ("the directory of people and groups", "directory"),
    "audit": ("audit logs", "logs"),
})  # fmt: skip
_NOUNS = {
    "jira": "issues", "issue": "issues", "project": "issues", "board": "issues", "sprint": "issues",
    "confluence": "pages", "page": "pages", "content": "pages", "space": "pages", "blogpost":
    "pages", "servicedesk": "service", "request": "service", "customer": "service",
    "repository": "code", "pullrequest": "code", "bitbucket": "code", "user": "directory",
    "group": "directory", "org": "directory", "directory": "directory", "audit": "audit",
}  # fmt: skip
_AI_WORDS = (
    "rovo",
    "atlassian intelligence",
    "atlassian_intelligence",
    "ai_feature",
    "teamwork_ai",
)
_AGENT_WORDS = ("rovo_agent", "rovo agent", "agent_created", "agent_updated", "agent_published")
_APP_WORDS = ("app", "addon", "add_on", "plugin", "oauth", "connect", "integration", "extension")
_APP_TYPES = ("app", "addon", "plugin", "oauth2client", "client", "extension", "integration")
_ENDED = (
    "uninstall", "remove", "delete", "revoke", "disable", "deactivate", "denied", "block",
    "unapprove", "reject",
)  # fmt: skip
_GRANTED = ("install", "authori", "grant", "approve", "allow", "consent", "enable", "activate")
_OF_AN_APP = expression(r"(?:^|_)(?:app|addon|add_on|plugin|extension)s?(?:_|$)")
_LEFT = expression(
    r"(?i)^(?:(?P<first>deactivated|deleted|suspended|removed|reactivated|restored|unsuspended) "
    r"(?:managed )?(?:user|account)(?: account)?(?: permanently)?"
    r"(?: from (?:the )?org(?:ani[sz]ation)?)?|(?:managed )?(?:user|account)(?: account)? "
    r"(?P<last>deactivated|deleted|suspended|removed|reactivated|restored|unsuspended)"
    r"(?: permanently)?(?: from (?:the )?org(?:ani[sz]ation)?)?"
    r"|user (?P<access>disabled|enabled) org access)$"
)
"""https://support.atlassian.com/security-and-access-policies/docs/audit-log-activities-database"""
_LEAVES = {
    "disabled": Ends.PAUSED, "enabled": Ends.RESUMED,
    "deactivated": Ends.PAUSED, "suspended": Ends.PAUSED, "reactivated": Ends.RESUMED,
    "restored": Ends.RESUMED, "unsuspended": Ends.RESUMED, "deleted": Ends.ALL,
    "removed": Ends.ALL,
}  # fmt: skip
_FAILURE = expression(r"(?:^|[\W_])fail(?:ed|ure)?(?:[\W_]|$)")
_ROW = ("Date", "Actor", "Action")
_SENTENCE = expression(
    r"(?i)\b(?:granted|authori[sz]ed|installed|enabled|approved|revoked|removed|uninstalled) "
    r"(?:the )?(?:oauth )?(?:app )?(\S.{0,80}?)(?: access| app\b| to | for | from | in | on |\.|$)"
)
"""Where the console names an application: in a sentence alone."""
_MOST_TEXT = 120
SPELLING = Spelling(
    ("id", "attributes", "message", *(f"attributes.{one}" for one in (
        "time", "action", "actor", "actor.id", "actor.email", "actor.name", "context", "container",
    )))
)  # fmt: skip


def rovo(org: str) -> Asset:
    return Asset(
        id=NAMES.node(org, "ai", "rovo"), kind=PRODUCT, name=f"Atlassian Rovo of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


# --- audit events ---------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return "action" in mapping(record.get("attributes")) and "id" in record


def _is_of_an_app(action: str, _: Mapping[str, Any]) -> bool:
    """Whether by its type an event is of an application that is let in, or goes."""
    plain = action.casefold()
    return bool(_OF_AN_APP.search(plain)) and any(word in plain for word in (*_GRANTED, *_ENDED))


_UNNAMED = "an app's id or name"


def _ident(record: Mapping[str, Any], label: str) -> str:
    told = mapping(record.get("attributes"))
    about = [mapping(one) for key in ("context", "container") for one in items(told.get(key))]
    return next((text(one.get("id")) for one in about if _label(one).strip() == label), "")


@telling("attributes.action", _is_of_an_app, _UNNAMED, NAMES, _ident)
def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    told = mapping(given.get("attributes"))
    at, action = when(told.get("time")), text(told.get("action"))
    if not is_event(given) or not action:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    about = [mapping(one) for key in ("context", "container") for one in items(told.get(key))]
    return ident, at, tuple(_told(action, _said(told, given), about, _actor(told, org), org, at))


def _said(told: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    for place in (told.get("message"), given.get("message")):
        found = text(mapping(place).get("content")) or text(place)
        if found:
            return found
    return ""


def _actor(told: Mapping[str, Any], org: str) -> Identity | None:
    actor = mapping(told.get("actor"))
    return NAMES.person(
        org, text(actor.get("id")), text(actor.get("email")), text(actor.get("name"))
    )  # fmt: skip


_WITHIN = ("conversation", "chat", "message", "session", "comment")
"""What is created in an agent, by whoever asks it."""


def _told(
    action: str, said: str, about: list[Mapping[str, Any]], who: Identity | None, org: str, at: str
) -> Iterator[Activity]:
    plain = action.casefold()
    words = f"{plain} {said.casefold()}"
    named = [(text(one.get("type")).casefold(), _label(one), text(one.get("id"))) for one in about]
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    has_ended = any(word in plain for word in _ENDED)
    if found := _LEFT.match(action.replace("_", " ").replace(".", " ")):
        _, label, key = next(
            (one for one in named if one[0].startswith(("user", "account", "managed"))),
            ("", "", ""),
        )
        whom = NAMES.person(org, key, label if "@" in label else "", label)
        ends = _LEAVES[(found["first"] or found["last"] or found["access"]).casefold()]
        yield from NAMES.left(org, action, whom, ends, at)
        return
    if any(word in words for word in _AI_WORDS):
        thing = rovo(org)
        relation = "grants" if any(word in plain for word in _GRANTED) else "used_by"
        if any(word in words for word in _AGENT_WORDS):
            _, label, key = next((one for one in named if "agent" in one[0]), ("", "", ""))
            is_made = "creat" in plain and not any(word in plain for word in _WITHIN)
            relation = "created_by" if is_made else "used_by"
            if key or label:
                thing = NAMES.thing(
                    org, "rovo_agent", key or label, label, AssetClass.AGENT, provider=PROVIDER
                )
        is_gone = thing.kind == AGENT and "delet" in plain
        yield NAMES.used(
            thing, action, "" if has_ended else relation,
            ends=Ends.GONE if is_gone else Ends.NOTHING, **more,
        )  # fmt: skip
        return
    if not any(word in plain for word in _APP_WORDS):
        return
    _, label, key = next(
        (one for one in named if one[0].removesuffix("s").endswith(_APP_TYPES)), ("", "", "")
    )
    if not key and not label:
        return
    is_grant = any(word in plain for word in _GRANTED)
    # An application is installed in each site by itself.
    site = next((key for kind, _, key in named if kind in ("site", "sites") and key), "")
    held: dict[str, Any] = {"resource": NAMES.node(org, "site", site)} if site else {"is_own": True}
    given = [items(mapping(one.get("attributes")).get("scopes")) for one in about]
    scopes = {text(scope) for some in given for scope in some}
    reads, writes = DATA.of((by_words(one, _NOUNS) for one in scopes), org)
    one = NAMES.app(
        org, action, "" if has_ended else "grants" if is_grant else "used_by", key, label,
        client_id=key, scopes=tuple(sorted(scopes - {""})), reads=reads, writes=writes, **held,
        **more,
    )  # fmt: skip
    yield failed(one) if _FAILURE.search(plain) else one


def _label(one: Mapping[str, Any]) -> str:
    told = mapping(one.get("attributes"))
    return text(told.get("name")) or text(told.get("appName")) or text(told.get("title"))


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW)


def _action_of_row(record: Mapping[str, Any]) -> str:
    return column(record, "Action", "Activity").replace(" ", "_")


@telling(_action_of_row, _is_of_an_app, "App, Application or Target", NAMES)
def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """A row of a table of events; the application is named by a column of its own."""
    at, action = when(column(record, "Date")), column(record, "Action", "Activity")
    if not action:
        return None
    mail = column(record, "Actor email", "Actor")
    said = column(record, "Message", "Details", "Activity", "Description")
    label = column(record, "App", "Application", "Target")
    if not label and (named := _SENTENCE.search(said)):
        label = named[1]
    about: list[Mapping[str, Any]] = [{"type": "app", "attributes": {"name": label}}]
    if _LEFT.match(_action_of_row(record).replace("_", " ")):
        label = column(record, "User", "Affected user", "Target", "Account")
        about = [{"type": "user", "attributes": {"name": label}}]
    who = NAMES.person(org, "", mail)
    told = _told(_action_of_row(record), said, about if label else [], who, org, at)
    return mark_of((at, whole(record))), at, tuple(told)


# --- Jira's own audit records ---------------------------------------------------------------------


def is_jira(record: Mapping[str, Any]) -> bool:
    return {"summary", "created"} <= record.keys() and bool(
        {"objectItem", "category", "authorAccountId", "authorKey"} & record.keys()
    )


@telling(
    "category", (), names=NAMES,
    ident=beside(("objectItem", "id", "name"), ("associatedItems", "id", "name")),
)  # fmt: skip
def jira(record: Any, org: str) -> Happened | None:
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-audit-records/: a
    sentence says what was done, and an item with its type's name what to."""
    given = mapping(record)
    at, summary = when(given.get("created")), text(given.get("summary"))
    if not is_jira(given) or not summary:
        return None
    found = [mapping(given.get("objectItem")), *map(mapping, items(given.get("associatedItems")))]
    about: list[Mapping[str, Any]] = [
        {"type": text(one.get("typeName")), "id": text(one.get("id")),
         "attributes": {"name": text(one.get("name"))}}
        for one in found if one
    ]  # fmt: skip
    who = NAMES.person(org, text(given.get("authorAccountId")) or text(given.get("authorKey")))
    # An app is installed for everybody who works there.
    about.append({"type": "site", "id": "jira"})
    told = _told(cut(summary, _MOST_TEXT), text(given.get("description")), about, who, org, at)
    number = text(given.get("id"))
    return f"jira {number} {at}" if number else mark_of((at, whole(given))), at, tuple(told)


# --- managed accounts -----------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return "account_id" in record and "account_type" in record


def user(record: Any, org: str, rule: str = "users") -> list[Item] | None:
    """A person; whoever has Rovo among the products also uses it, since when Atlassian tells."""
    given = mapping(record)
    ident, mail = text(given.get("account_id")), text(given.get("email"))
    if not ident:
        return None
    is_person = text(given.get("account_type")) != "app"
    who = NAMES.member(
        org,
        rule,
        ident,
        text(given.get("name")) or mail or ident,
        mail,
        principal_type=PrincipalType.HUMAN if is_person else PrincipalType.SERVICE,
        is_active=text(given.get("account_status")) in ("active", ""),
    )
    found: list[Item] = [who]
    for product in map(mapping, items(given.get("product_access"))):
        name = f"{text(product.get('key'))} {text(product.get('name'))}".casefold()
        at = when(product.get("last_active"))
        if "rovo" in name and at:
            found.append(
                NAMES.used(rovo(org), rule, actor=who, first_at=at, last_at=at, where="seat")
            )
    return found


# --- installed apps -------------------------------------------------------------------------------


def is_plugin(record: Mapping[str, Any]) -> bool:
    return "key" in record and "enabled" in record and "name" in record


def plugin(record: Any, org: str, rule: str = "plugins") -> list[Item] | None:
    """An app of a site. Atlassian's own parts are not ``userInstalled``."""
    given = mapping(record)
    key, label = text(given.get("key")), text(given.get("name"))
    if not key or not label:
        return None
    if given.get("userInstalled") is False:
        return []
    is_on = given.get("enabled") is True
    maker = text(mapping(given.get("vendor")).get("name"))
    return [
        NAMES.app(
            org, rule, "contains" if is_on else "", key, label, client_id=key,
            status=f"by {cut(maker, _MOST_TEXT)}" if maker else "",
        )
    ]  # fmt: skip
