"""Permissions of Microsoft's APIs -> the data that they open, and which way it may go. Data alone.

Follows https://learn.microsoft.com/graph/permissions-reference: ``<data>.<action>[.<whose>]``. What
only says who somebody is (``User.Read``, ``openid``) opens no data; a permission that is not known
opens what nobody can name.
"""

from __future__ import annotations

from functools import cache

from scanner.kit.opened import NO_DATA, Way, unlisted

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
    "archive": ("content that eDiscovery finds", "archive"),
    "external": ("content that connectors bring into Microsoft Search", "files"),
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
    "aienterpriseinteraction": "prompts", "exchange": "mail", "ediscovery": "archive",
    "externalitem": "external", "externalconnection": "external", "calls": "meetings",
    "calltranscripts": "meetings", "callrecordings": "meetings", "virtualevent": "meetings",
    "onlinemeetingaiinsight": "meetings", "bookings": "calendar", "shortnotes": "notes",
    "filestoragecontainer": "files", "printjob": "files", "sharepointtenantsettings": "sites",
    "teammember": "directory", "teamsettings": "directory", "channelmember": "directory",
    "chatmember": "directory", "channelsettings": "directory", "member": "directory",
    "presence": "directory", "policy": "directory", "domain": "directory",
    "agentidentity": "directory", "bitlockerkey": "devices", "securityactions": "security",
    "informationprotectionpolicy": "security", "auditlogs": "audit",
}  # fmt: skip
"""First word of a permission."""
_OWN = ("user.read", "user.readwrite", "user.invite", "user.export", "people.read")
"""One's own profile: no data of the organization."""
_BEGINNINGS = (
    ("devicemanagement", "devices"), ("identityrisk", "security"), ("auditlogsquery", "audit"),
    ("agentid", "directory"), ("onlinemeeting", "meetings"),
)  # fmt: skip
"""Of first words that have many endings."""
_NO_DATA = ("openid", "profile", "email", "offline_access", "user_impersonation")
"""Who somebody is. What ``user_impersonation`` opens depends on whose API it is of."""
_WRITES_ALONE = ("send", "create", "submit")


@cache
def opened(permission: str) -> Way:
    """Noun of the data (empty: none), whether it may be read, and whether written."""
    plain = permission.strip().rpartition("/")[2].casefold()
    if plain in _OWN or plain in _NO_DATA or plain == ".default":
        return NO_DATA
    family, _, action = plain.partition(".")
    noun = _FAMILIES.get(family, "")
    noun = noun or next((known for word, known in _BEGINNINGS if family.startswith(word)), "")
    if not noun:
        return unlisted(plain)
    if not action:  # whole mailboxes
        return noun, True, True
    words = action.split(".")
    if any(word in _WRITES_ALONE for word in words) or family == "smtp":
        return noun, False, True
    is_read = any(word.startswith("read") and not word.startswith("readwrite") for word in words)
    return noun, True, not is_read
