"""How things of a Workspace are called: one id from whichever report, list or file shows them."""

from __future__ import annotations

from functools import lru_cache

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Identity, PrincipalType

SOURCE = "google_workspace"
DOMAIN = "google_workspace.domain"
USER = "google_workspace.user"
SERVICE = "google_workspace.service_account"
_NOBODY = "105250506097979753968"
"""What Google writes for a profile where there is none."""
_MOST_PEOPLE = 65536


def domain_id(domain: str) -> NodeId:
    return NodeId(f"{SOURCE}:{domain}")


def app_id(domain: str, client: str, label: str) -> NodeId:
    """By the client's id; SAML applications have a name alone."""
    key = client or "named/" + "-".join(label.casefold().split())
    return NodeId(f"{SOURCE}:{domain}/app/{key}")


def user_id(domain: str, mail: str, profile: str) -> NodeId:
    """By the address, which every report, list and file has; by the profile where there is none."""
    return NodeId(f"{SOURCE}:{domain}/user/{mail.casefold() or profile}")


@lru_cache(maxsize=_MOST_PEOPLE)
def person(domain: str, mail: str, profile: str) -> Identity | None:
    """Who a log names; nobody where it names nobody."""
    mail = mail.casefold() if "@" in mail else ""
    profile = "" if profile == _NOBODY else profile
    if not mail and not profile:
        return None
    is_service = mail.endswith(".gserviceaccount.com")
    return Identity(
        id=user_id(domain, mail, profile),
        kind=SERVICE if is_service else USER,
        name=mail or profile,
        principal_type=PrincipalType.SERVICE if is_service else PrincipalType.HUMAN,
        email=mail,
    )


DEVICE = "google_workspace.device"


@lru_cache(maxsize=_MOST_PEOPLE)
def device(domain: str, ident: str, name: str) -> Identity | None:
    """A managed browser's machine, of which events tell that nobody is signed in on."""
    if not ident and not name:
        return None
    return Identity(
        id=NodeId(f"{SOURCE}:{domain}/device/{(ident or name).casefold()}"),
        kind=DEVICE,
        name=name or ident,
    )


def account(domain: str, rule: str) -> Account:
    ident = domain_id(domain)
    evidence = Evidence(rule=rule, source=SOURCE, resource=ident)
    return Account(id=ident, kind=DOMAIN, name=domain, provider="google", evidence=(evidence,))
