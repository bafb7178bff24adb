"""Slack's scopes -> the data that they open, and which way it may go. Data alone.

Follows https://docs.slack.dev/reference/scopes: ``<data>:<action>[...]``. What only says who
somebody is, or lets an app be called (``commands``), opens no data; a scope that is not known opens
what nobody can name.
"""

from __future__ import annotations

from functools import cache

from scanner.kit.opened import NO_DATA, OpenedData, Way, unlisted

SOURCE = "slack"
STORES = {
    "messages": ("Slack messages", "chat"),
    "files": ("Slack files and canvases", "files"),
    "directory": ("the directory of people and channels", "directory"),
    "audit": ("audit logs", "logs"),
    "calls": ("calls", "meetings"),
    "tasks": ("reminders and lists", "tasks"),
}
DATA = OpenedData(SOURCE, "scope", STORES)
AGENT = "assistant:write"
"""Held by what Slack calls an agent or AI app, and by nothing else."""
_HISTORY = ("channels", "groups", "im", "mpim")
_FAMILIES = {
    "chat": "messages", "search": "messages", "reactions": "messages", "pins": "messages",
    "bookmarks": "messages", "metadata.message": "messages", "links": "messages",
    "files": "files", "remote_files": "files", "canvases": "files", "users": "directory",
    "users.profile": "directory", "usergroups": "directory", "team": "directory",
    "conversations.connect": "directory", "auditlogs": "audit", "calls": "calls",
    "reminders": "tasks", "lists": "tasks", "admin": "directory",
    "discovery": "messages", "app_mentions": "messages", "stars": "messages",
    "conversations": "messages", "incoming-webhook": "messages",
}  # fmt: skip
_WHOLE = ("read", "client", "bot", "post", "admin", "identify,read,post")
"""Scopes of the first years: everything that the person sees."""
_NODATA = (
    "identify", "identity", "openid", "email", "profile", "commands", "emoji", "dnd", "assistant",
    "workflow.steps", "datastore", "hosting", "triggers", "authorizations", "connections",
    "app_configurations", "tokens.basic", "team.preferences", "team.billing",
)  # fmt: skip
"""First words of scopes that say who somebody is, or what an app keeps and does by itself."""
_READS = ("history", "read", "list")


@cache
def opened(scope: str) -> Way:
    """Noun of the data (empty: none), whether it may be read, and whether written."""
    plain = scope.strip().casefold()
    family, _, action = plain.partition(":")
    if plain in _WHOLE:
        return "messages", plain != "post", plain != "read"
    if family in _NODATA or family.partition(".")[0] in _NODATA:
        return NO_DATA
    if family in _HISTORY:
        noun = "messages" if action == "history" or action.startswith("write") else "directory"
    else:
        noun = _FAMILIES.get(family) or _FAMILIES.get(family.partition(".")[0], "")
    if family == "incoming-webhook":
        return noun, False, True
    if not noun or not action:
        return unlisted(plain)
    is_read = action.replace(".", ":").split(":")[0] in _READS
    return noun, is_read, not is_read
