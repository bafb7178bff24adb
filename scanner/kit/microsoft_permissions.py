"""Permissions of Microsoft's APIs -> the data that they open, and which way it may go. Data alone.

Follows https://learn.microsoft.com/graph/permissions-reference: ``<data>.<action>[.<whose>]``. What
only says who somebody is (``User.Read``, ``openid``) opens no data; a permission that is not known
opens none here.
"""

from __future__ import annotations

from functools import cache

STORES = {
    "mail": ("Exchange mail", "mail"),
    "calendar": ("Exchange calendars", "calendar"),
    "contacts": ("Exchange contacts", "contacts"),
    "files": ("OneDrive and SharePoint files", "files"),
    "sites": ("SharePoint sites", "files"),
    "notes": ("OneNote", "notes"),
    "chat": ("Teams chats and channels", "chat"),
    "meetings": ("Teams meetings and transcripts", "meetings"),
    "tasks": ("Planner and To Do", "tasks"),
    "directory": ("the directory of people, groups and apps", "directory"),
    "audit": ("audit logs and reports", "logs"),
    "devices": ("devices", "devices"),
    "security": ("security alerts and incidents", "security"),
    "prompts": ("Copilot prompts and answers", "prompts"),
    "azure": ("Azure resources", "cloud"),
    "crm": ("Dynamics 365 and Dataverse", "customer records"),
}
"""Noun -> its name, and the class of data."""
_FAMILIES = {
    "mail": "mail", "mailboxsettings": "mail", "mailboxfolder": "mail", "mailboxitem": "mail",
    "ews": "mail", "imap": "mail", "pop": "mail", "smtp": "mail", "full_access_as_app": "mail",
    "calendars": "calendar", "contacts": "contacts", "people": "contacts", "orgcontact": "contacts",
    "files": "files", "sites": "sites", "allsites": "sites", "myfiles": "files", "lists": "sites",
    "notes": "notes", "chat": "chat", "chatmessage": "chat", "channelmessage": "chat",
    "channel": "chat", "team": "chat", "teamsactivity": "chat", "onlinemeetings": "meetings",
    "onlinemeetingtranscript": "meetings", "onlinemeetingrecording": "meetings",
    "callrecords": "meetings", "tasks": "tasks", "user": "directory", "group": "directory",
    "groupmember": "directory", "directory": "directory", "application": "directory",
    "rolemanagement": "directory", "organization": "directory", "auditlog": "audit",
    "auditlogsquery": "audit", "reports": "audit", "activityfeed": "audit", "device": "devices",
    "devicemanagementmanageddevices": "devices", "securityalert": "security",
    "securityevents": "security", "securityincident": "security", "threathunting": "security",
    "aienterpriseinteraction": "prompts",
}  # fmt: skip
"""First word of a permission."""
_OWN = ("user.read", "user.readwrite", "user.invite", "user.export", "people.read")
"""One's own profile: no data of the organization."""
_WRITES_ALONE = ("send", "create", "submit")


@cache
def opened(permission: str) -> tuple[str, bool, bool]:
    """Noun of the data (empty: none), whether it may be read, and whether written."""
    plain = permission.strip().rpartition("/")[2].casefold()
    family, _, action = plain.partition(".")
    noun = _FAMILIES.get(family, "")
    if not noun or plain in _OWN:
        return "", False, False
    if not action:  # whole mailboxes
        return noun, True, True
    words = action.split(".")
    if any(word in _WRITES_ALONE for word in words) or family == "smtp":
        return noun, False, True
    is_read = any(word.startswith("read") and not word.startswith("readwrite") for word in words)
    return noun, True, not is_read
