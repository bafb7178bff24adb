"""Slack's scopes -> the data that they open, and which way it may go. Data alone.

Follows https://docs.slack.dev/reference/scopes: ``<data>:<action>[...]``. What only says who
somebody is, or lets an app be called (``commands``), opens no data.
"""

from __future__ import annotations

from functools import cache

from scanner.kit.opened import OpenedData

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
}  # fmt: skip
_WHOLE = ("read", "client", "bot", "post", "admin", "identify,read,post")
"""Scopes of the first years: everything that the person sees."""
_READS = ("history", "read", "list")


@cache
def opened(scope: str) -> tuple[str, bool, bool]:
    """Noun of the data (empty: none), whether it may be read, and whether written."""
    plain = scope.strip().casefold()
    family, _, action = plain.partition(":")
    if plain in _WHOLE:
        return "messages", plain != "post", plain != "read"
    if family in _HISTORY:
        noun = "messages" if action == "history" or action.startswith("write") else "directory"
    else:
        noun = _FAMILIES.get(family) or _FAMILIES.get(family.partition(".")[0], "")
    if not noun or not action:
        return "", False, False
    is_read = action.replace(".", ":").split(":")[0] in _READS
    return noun, is_read, not is_read
