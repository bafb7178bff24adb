"""DocuSign Monitor's events -> what applications do, whom they may act for, and who leaves. Pure.

Objects and actions are published nowhere as a list
(https://developers.docusign.com/docs/monitor-api/monitor101/events-alerts): what is a consent, a
key or a person is known by their words. ``integratorKey`` is of the application that acts; what
was done to another, ``data`` tells; ``affectedUserId`` and ``referencedUserId`` are of the person
that it was done to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened, telling
from scanner.kit.text import cut
from scanner.kit.values import mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.items import Activity

NAMES = Names(source="docusign", vendor="docusign", tenant="organization")
DATA = OpenedData("docusign", "integration", {"agreements": ("DocuSign agreements", "documents")})
_FAILED = ("fail", "denied", "error")
_MOST_TEXT = 120
_HUMPS = expression(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
_CONSENT = expression(r"(?:^| )(?:consents?|authori[sz]ations?|grants?)(?: |$)")
_PAPERS = expression(
    r"(?:^| )(?:recipients?|signers?|envelopes?|documents?|templates?|agreements?)(?: |$)"
)
"""What recipients may see, and consent to, is no application's access."""
_ORGANIZATION = expression(r"(?:^| )(?:organi[sz]ation|admin(?:istrator)?|account|tenant)(?: |$)")
_KEY = expression(
    r"^(?:connected |authori[sz]ed |account |organi[sz]ation )*"
    r"(?:integrat(?:or|ion) keys?|applications?|apps?|api keys?|oauth (?:clients?|apps?))$"
)
_PERSON = expression(r"^(?:account |organi[sz]ation )?(?:users?|members?|memberships?)$")
_GONE = ("deleted", "removed", "revoked", "withdrawn", "uninstalled", "closed")
_RESTS = ("disabled", "deactivated", "suspended", "blocked")
_GOES_ON = ("enabled", "activated", "reactivated", "reopened", "restored", "unblocked")
_ENDS = {**dict.fromkeys(_GONE, Ends.ALL), **dict.fromkeys(_RESTS, Ends.PAUSED),
         **dict.fromkeys(_GOES_ON, Ends.RESUMED)}  # fmt: skip
_GIVEN = ("granted", "given", "created", "added", "obtained", "authorized", "approved")
_CLOSED = {**dict.fromkeys(("closed", *_RESTS), Ends.PAUSED),
           **dict.fromkeys(("active", *_GOES_ON), Ends.RESUMED)}  # fmt: skip
"""A user who is closed can be activated again with what was there before:
https://developers.docusign.com/docs/esign-rest-api/reference/users/users/delete."""
_ABOUT = ("integratorkey", "integrationkey", "clientid", "applicationid", "appid")
_STATES = ("newvalue", "new", "to", "status", "userstatus", "newstatus")
_WHOM = "affectedUserId|referencedUserId|data.userId"
_APPLICATION = "integratorKey|data.integratorKey|data.clientId"


def is_event(record: Mapping[str, Any]) -> bool:
    return {"timestamp", "object", "action"} <= record.keys() and bool(
        {"eventId", "integratorKey", "accountId"} & record.keys()
    )


def _plain(value: Any) -> str:
    return " ".join(filter(None, _HUMPS.split(text(value)))).casefold()


def _needed(_: str, given: Mapping[str, Any]) -> str:
    if _leaving(given):
        return _WHOM
    return _APPLICATION if _changes_access(given) else "integratorKey|userId"


def _is_known(_: str, given: Mapping[str, Any]) -> bool:
    """Whether fields are missing where nothing is told: neither an application nor a person has
    done it, or to which it was done is not said."""
    is_of_nobody = not text(given.get("integratorKey")) and not text(given.get("userId"))
    return is_of_nobody or bool(_leaving(given)) or _changes_access(given)


@telling("object+action", _is_known, _needed, NAMES)
def event(record: Any, org: str) -> Happened | None:
    """Nothing for what people do by themselves (without an integration key), but what ends, or
    gives, an application's or a person's access."""
    given = mapping(record)
    about, done = text(given.get("object")), text(given.get("action"))
    at = when(given.get("timestamp"))
    if not is_event(given) or not (about or done):
        return None
    ident = text(given.get("eventId")) or mark_of((at, whole(given)))
    outcome = text(given.get("result")).casefold()
    has_failed = any(one in outcome for one in _FAILED)
    told = _told(given, org, cut(f"{about} {done}".strip(), _MOST_TEXT), at)
    return ident, at, tuple(failed(one) if has_failed else one for one in told)


def _told(given: Mapping[str, Any], org: str, rule: str, at: str) -> tuple[Activity, ...]:
    key = text(given.get("integratorKey"))
    found: tuple[Activity, ...] = ()
    if leaving := _leaving(given):
        found = NAMES.left(org, rule, NAMES.person(org, _whom(given)), leaving, at)
    elif _changes_access(given):
        found = _access(given, org, rule, at)
    store = (DATA.store("agreements", org),)
    used = NAMES.app(
        org, rule, "used_by", key, "", client_id=key, first_at=at, last_at=at, reads=store,
        writes=store, actor=NAMES.person(org, text(given.get("userId"))),
    )  # fmt: skip
    is_about = any(one.app_id == used.app_id for one in found)
    return found if is_about or not key else (*found, used)


def _changes_access(given: Mapping[str, Any]) -> bool:
    """Whether a consent is given or taken back, or a key is no more, or again."""
    about, done = _plain(given.get("object")), _plain(given.get("action"))
    if _PAPERS.search(f"{about} {done}"):
        return False
    if _CONSENT.search(f"{about} {done}"):
        return bool(_ends(done)) or done.endswith(_GIVEN)
    return bool(_KEY.match(about) and _ends(done))


def _access(given: Mapping[str, Any], org: str, rule: str, at: str) -> tuple[Activity, ...]:
    """Of an application that ``data`` names, or of the one that acts."""
    about, done = _plain(given.get("object")), _plain(given.get("action"))
    key = _inside(given, _ABOUT) or text(given.get("integratorKey"))
    if not key:
        return ()
    who = NAMES.person(org, _whom(given) or text(given.get("userId")))
    more: dict[str, Any] = {"client_id": key, "actor": who, "first_at": at, "last_at": at}
    ends = _ends(done)
    if not ends:
        store = (DATA.store("agreements", org),)
        return (NAMES.app(org, rule, "grants", key, "", reads=store, writes=store, **more),)
    is_own = _CONSENT.search(f"{about} {done}") and not _ORGANIZATION.search(
        f"{about} {_plain(given.get('property'))}"
    )
    if is_own:  # a consent is each person's, unless an administrator's
        more["is_own"], ends = True, Ends.OWN if ends is Ends.ALL else ends
    return (NAMES.app(org, rule, "", key, "", ends=ends, **more),)


def _ends(done: str) -> Ends:
    return _ENDS.get(done.rpartition(" ")[2], Ends.NOTHING)


def _leaving(given: Mapping[str, Any]) -> Ends:
    """Whether it is about a person who is let in no more, or again."""
    about, done = _plain(given.get("object")), _plain(given.get("action"))
    if about in ("account", "organization") and _PERSON.match(done.rpartition(" ")[0]):
        about = "user"  # `Account` `UserAdded`, as Monitor writes it
    if not _PERSON.match(about):
        return Ends.NOTHING
    if done == "updated" and "status" in _plain(given.get("property")):
        return _CLOSED.get(_inside(given, _STATES).casefold(), Ends.NOTHING)
    what, _, last = done.rpartition(" ")
    if what and not _PERSON.match(what):
        return Ends.NOTHING  # a group of the person, a permission
    return _CLOSED.get(last) or _ends(last)


def _whom(given: Mapping[str, Any]) -> str:
    named = (text(given.get(one)) for one in ("affectedUserId", "referencedUserId"))
    return next(filter(None, named), "") or _inside(given, ("affecteduserid", "userid"))


def _inside(given: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of some fields of ``data``, whatever their case."""
    plain = {key.casefold().replace("_", ""): one for key, one in mapping(given.get("data")).items()
             if isinstance(key, str)}  # fmt: skip
    return next(filter(None, (text(plain.get(name)) for name in names)), "")
