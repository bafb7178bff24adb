"""Who is named in policies and in logs -> the node of a person, program or group.

https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from typing import Any

from scanner.kit.tabled.reading import is_usable, shown
from scanner.kit.tables import first_text
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType

PRINCIPAL = "gcp.principal"
_FAMILIES = {
    "user": PrincipalType.HUMAN,
    "serviceAccount": PrincipalType.SERVICE,
    "group": PrincipalType.GROUP,
    "domain": PrincipalType.GROUP,
}
_PEOPLE = ("/locations/global/workforcePools/", "//goog/subject/")
"""Who signs in; in pools of workloads and of agents are programs."""
_EVERYBODY = {"allUsers": "everybody", "allAuthenticatedUsers": "everybody with a Google account"}


def member(text: str) -> Identity | None:
    """https://cloud.google.com/iam/docs/principal-identifiers; None: nobody that can be told (one
    that is deleted), or several (:mod:`connectors.gcp.basic`)."""
    kind, _, name = text.partition(":")
    if text in _EVERYBODY:
        return Identity(
            id=NodeId(f"gcp:{text}"), kind=PRINCIPAL, name=_EVERYBODY[text],
            principal_type=PrincipalType.GROUP,
        )  # fmt: skip
    if kind in ("principal", "principalSet") and is_usable(name):
        family = PrincipalType.GROUP
        if kind == "principal":
            is_person = any(lead in text for lead in _PEOPLE)
            family = PrincipalType.HUMAN if is_person else PrincipalType.SERVICE
        return Identity(
            id=NodeId(f"gcp:{text}"), kind=PRINCIPAL, name=shown(name.lstrip("/")),
            principal_type=family,
        )  # fmt: skip
    if kind not in _FAMILIES or not is_usable(name):
        return None
    mail = name.casefold()
    place = {"serviceAccount": "service-account"}.get(kind, kind)
    return Identity(
        id=NodeId(f"gcp:{place}/{mail}"),
        kind={"serviceAccount": "gcp.service_account", "user": "gcp.user"}.get(kind, PRINCIPAL),
        name=shown(mail),
        email=mail if "@" in mail else "",
        principal_type=_FAMILIES[kind],
    )


def actor_of(payload: Any) -> Identity | None:
    """Who called by an entry of an audit log, as policies name it; None where it does not say (a
    key of an API names nobody). Of a federation only the subject is told.
    https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog"""
    mail = first_text(payload, "authenticationInfo.principalEmail")
    subject = first_text(payload, "authenticationInfo.principalSubject")
    if mail:
        is_program = mail.casefold().endswith("gserviceaccount.com")
        return member(f"{'serviceAccount' if is_program else 'user'}:{mail}")
    return member(subject)


def is_owner(one: Identity) -> bool:
    """Whether it tells whom to ask: a person or a group of people, but no whole domain or pool."""
    if one.principal_type is PrincipalType.HUMAN:
        return True
    is_pool = "/workforcePools/" in one.id and "/group/" in one.id
    return one.id.startswith("gcp:group/") or is_pool
