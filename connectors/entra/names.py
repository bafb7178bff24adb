"""How things of a tenant are called: one id from whichever list, log or file shows them."""

from __future__ import annotations

from functools import lru_cache

from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Identity, PrincipalType

SOURCE = "entra"
TENANT = "entra.tenant"
USER = "entra.user"
EVERYONE = "entra.everyone"
MICROSOFT = ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47")
"""Tenants that own Microsoft's own applications."""
_MOST_PEOPLE = 65536


def tenant_id(tenant: str) -> NodeId:
    return NodeId(f"{SOURCE}:{tenant}")


def app_id(tenant: str, app: str) -> NodeId:
    """By the application id, which is the same in every tenant and in every log."""
    return NodeId(f"{SOURCE}:{tenant}/app/{app.casefold()}")


def placed(tenant: str, label: str) -> tuple[NodeId, NodeId]:
    """The tenant, and an application of which there is a name alone."""
    return tenant_id(tenant), app_id(tenant, label)


def user_id(tenant: str, ident: str) -> NodeId:
    return NodeId(f"{SOURCE}:{tenant}/user/{ident.casefold()}")


@lru_cache(maxsize=_MOST_PEOPLE)
def person(tenant: str, ident: str, mail: str, name: str) -> Identity | None:
    """Who a log names, by object id, else by address; nobody where it names nobody."""
    if not ident and not mail:
        return None
    return Identity(
        id=user_id(tenant, ident or mail),
        kind=USER,
        name=name or mail or ident,
        principal_type=PrincipalType.HUMAN,
        email=mail.casefold() if "@" in mail else "",
    )


@lru_cache(maxsize=64)
def everyone(tenant: str) -> Identity:
    """For whom an administrator consents at once."""
    return Identity(
        id=NodeId(f"{SOURCE}:{tenant}/everyone"),
        kind=EVERYONE,
        name=f"everyone in {tenant}",
        principal_type=PrincipalType.GROUP,
    )


def account(tenant: str, rule: str) -> Account:
    ident = tenant_id(tenant)
    evidence = Evidence(rule=rule, source=SOURCE, resource=ident)
    return Account(id=ident, kind=TENANT, name=tenant, provider="microsoft", evidence=(evidence,))
