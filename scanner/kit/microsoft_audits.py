"""Audits of Microsoft's directory, as Entra's own log and Microsoft 365's unified log both have
them: names, what they mean, and where they say what was consented to. Pure.

Follows https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities.
"""

from __future__ import annotations

from scanner.kit.expressions import expression
from scanner.model.evidence import Ends

GUIDS = expression(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SCOPES = expression(r"Scope: ([^,\]]{0,4000})")
"""In the text of ``ConsentAction.Permissions``."""
EVERYONE = "AllPrincipals"
ACTIVITIES = {
    "consent to application": "grants",
    "add delegated permission grant": "grants",
    "add oauth2permissiongrant": "grants",
    "add app role assignment to service principal": "grants",
    "add service principal": "created_by",
    "add application": "created_by",
    "remove delegated permission grant": "",
    "remove oauth2permissiongrant": "",
    "remove app role assignment from service principal": "",
    "remove service principal": "",
    "hard delete service principal": "",
    "disable service principal": "",
    "enable service principal": "",
    "restore service principal": "",
    "update service principal": "",
    "delete application": "",
}
"""Audited activity, in lower case and without a full stop -> what it means."""
LEAVES = {
    "Disable account": Ends.PAUSED,
    "Enable account": Ends.RESUMED,
    "Delete user": Ends.PAUSED,
    "Restore user": Ends.RESUMED,
    "Hard Delete user": Ends.ALL,
}
"""Audited activity about a person, as Graph writes it -> what ends, rests or goes on; who is
deleted can be restored for thirty days."""
LEAVES_PLAIN = {name.casefold(): ends for name, ends in LEAVES.items()}
"""The same in lower case."""
UPDATE = "update service principal"
_SWITCHED = {"true": "Enable service principal", "false": "Disable service principal"}
OWN_IDS = ("TargetId.ServicePrincipalNames", "AppPrincipalId", "ServicePrincipalName", "AppId")
"""Modified properties in which the application that is added or changed has its id."""


def switched(enabled: str) -> str:
    """What an update of a service principal is, by the new value of its ``AccountEnabled``; empty:
    it neither lets it in nor out."""
    return _SWITCHED.get(enabled.strip('[]" ').casefold(), "")
