"""Chrome's events (https://developers.google.com/workspace/admin/reports/v1/appendix/activity/chrome):
pages that data went to, that were blocked or warned of, and extensions. The catalogue judges.

Keeps a page's host alone: an address may hold what somebody has asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.google_workspace.names import app_id, device, domain_id, person
from scanner.kit.folding import FAILED
from scanner.kit.values import hosts, size, text
from scanner.model.facts import Identity
from scanner.model.items import Activity

_ADDRESSES = ("URL", "TAB_URL", "URL_CHAIN", "DESTINATION_URL", "LOGIN_URL")
_STOPPED = ("BLOCK", "PREVENT", "DENIED", "CANCEL")
"""Within the result of an event: it has come to nothing."""
_WARNS = "URL_FILTERING_INTERSTITIAL"
_PASSED = ("BYPASS", "ALLOW", "REPORT")
"""Results with which a person went on past a warning."""
_EXTENSION = "BROWSER_EXTENSION_INSTALL"


def told(
    name: str, given: Mapping[str, Any], who: Identity | None, domain: str
) -> Iterator[Activity]:
    """Without an account it is the profile's, else the machine's."""
    who = who or person(domain, text(given.get("PROFILE_USER_NAME")), "")
    who = who or device(
        domain, text(given.get("DIRECTORY_DEVICE_ID")) or text(given.get("VIRTUAL_DEVICE_ID")),
        text(given.get("DEVICE_NAME")),
    )  # fmt: skip
    result = text(given.get("EVENT_RESULT")).upper()
    is_stopped = any(word in result for word in _STOPPED)
    if name == _WARNS and not any(word in result for word in _PASSED):
        is_stopped = True
    relation = "" if is_stopped else "used_by"
    rule = f"chrome.{name}{FAILED if is_stopped else ''}"
    if name == _EXTENSION:
        label = text(given.get("APP_NAME")) or text(given.get("EXTENSION_NAME"))
        ident = text(given.get("APP_ID")) or text(given.get("EXTENSION_ID"))
        if label or ident:
            yield Activity(
                rule=rule, actor=who, account=domain_id(domain), label=label, relation=relation,
                app_id=app_id(domain, f"extension/{ident}" if ident else "", label),
                client_id=ident, where="browser extension",
            )  # fmt: skip
        return
    # What was stopped has not gone anywhere.
    bulk = 0 if is_stopped else size(given.get("CONTENT_SIZE"))
    is_download = "DOWNLOAD" in text(given.get("TRIGGER_TYPE")).upper()
    place = next(iter(hosts(given.get(key) for key in _ADDRESSES)), "")
    if place:
        yield Activity(
            rule=rule, actor=who, account=domain_id(domain), label=place, relation=relation,
            app_id=app_id(domain, "", place), hosts=(place,), where="browser",
            bytes_up=0 if is_download else bulk, bytes_down=bulk if is_download else 0,
        )  # fmt: skip
