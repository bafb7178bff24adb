"""Google's OAuth scopes -> the data that they open, and which way it may go. Data alone.

Follows https://developers.google.com/identity/protocols/oauth2/scopes. What only says who somebody
is (``openid``, ``email``, ``userinfo.*``) opens no data; a scope that is not known opens what
nobody can name.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from scanner.kit.opened import NO_DATA, OpenedData, Way, unlisted
from scanner.model.facts import DataStore

SOURCE = "google_workspace"
STORES = {
    "drive": ("Google Drive", "files"),
    "gmail": ("Gmail", "mail"),
    "calendar": ("Google Calendar", "calendar"),
    "chat": ("Google Chat", "chat"),
    "meet": ("Google Meet", "meetings"),
    "contacts": ("Google Contacts", "contacts"),
    "directory": ("the directory of people and groups", "directory"),
    "audit": ("audit logs", "logs"),
    "tasks": ("Google Tasks", "tasks"),
    "keep": ("Google Keep", "notes"),
    "photos": ("Google Photos", "photos"),
    "classroom": ("Google Classroom", "education"),
    "vault": ("Google Vault", "archive"),
    "script": ("Apps Script", "code"),
    "cloud": ("Google Cloud", "cloud"),
    "analytics": ("Google Analytics", "analytics"),
    "youtube": ("YouTube", "media"),
    "health": ("Google Fit", "health"),
}
"""Noun -> its name, and the class of data."""
DATA = OpenedData(SOURCE, "scope", STORES)
_FAMILIES = {
    "drive": "drive", "docs": "drive", "documents": "drive", "spreadsheets": "drive",
    "presentations": "drive", "forms": "drive", "gmail": "gmail", "calendar": "calendar",
    "chat": "chat", "meetings": "meet", "contacts": "contacts", "directory": "directory",
    "groups": "directory", "cloud-identity": "directory", "tasks": "tasks", "keep": "keep",
    "photoslibrary": "photos", "photospicker": "photos", "classroom": "classroom",
    "ediscovery": "vault", "script": "script", "cloud-platform": "cloud", "bigquery": "cloud",
    "devstorage": "cloud", "datastore": "cloud", "pubsub": "cloud", "compute": "cloud",
    "analytics": "analytics", "youtube": "youtube", "fitness": "health",
    "logging": "cloud", "monitoring": "cloud", "sqlservice": "cloud", "source": "cloud",
    "apps": "directory",
}  # fmt: skip
"""First word of ``https://www.googleapis.com/auth/<words>``."""
_OTHERS = {
    "mail.google.com": "gmail",
    "www.google.com/calendar/feeds": "calendar",
    "www.google.com/m8/feeds": "contacts",
    "docs.google.com/feeds": "drive",
    "spreadsheets.google.com/feeds": "drive",
}
"""Older scopes, by their address."""
_NODATA = (
    "drive.appdata", "drive.appfolder", "drive.install", "drive.scripts", "gmail.addons.execute",
    "calendar.addons.execute", "userinfo.", "user.", "profile", "plus.login", "plus.me", "games",
    "generative-language", "script.container.ui", "script.external_request", "script.storage",
    "script.scriptapp", "script.locale",
)  # fmt: skip
"""Who somebody is, what an application keeps for itself, and where it may show itself."""
_IDENTITY = ("openid", "email", "profile")
_WRITES_ALONE = (
    "gmail.send", "gmail.insert", "gmail.compose", "gmail.addons.current.action",
    "chat.messages.create",
)  # fmt: skip
_READS_ALONE = (
    ".readonly", ".metadata", "freebusy", ".read_only", ".read",
    "gmail.addons.current.message.action",
)  # fmt: skip
_AUTH = "https://www.googleapis.com/auth/"


@cache
def opened(scope: str) -> Way:
    """Noun of the data (empty: none), whether it may be read, and whether written."""
    plain = scope.strip().rstrip("/")
    short = plain.removeprefix(_AUTH)
    if plain in _IDENTITY or short.startswith(_NODATA):
        return NO_DATA
    noun = _OTHERS.get(plain.partition("://")[2], "")
    if short != plain:
        family = short.partition(".")[0]
        noun = _FAMILIES.get(family, "")
        if family == "admin":
            noun = "audit" if short.startswith("admin.reports") else "directory"
    if not noun:
        return unlisted(short)
    if short.startswith(_WRITES_ALONE):
        return noun, False, True
    return noun, True, not short.endswith(_READS_ALONE)


def data_of(
    scopes: Iterable[str], domain: str
) -> tuple[tuple[DataStore, ...], tuple[DataStore, ...]]:
    """What a grant of ``scopes`` lets an application read, and write."""
    return DATA.of(map(opened, scopes), domain)
