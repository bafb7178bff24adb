"""Whom a role trusts to assume it: services, accounts, identity providers.

Only who is named is told, with the keys of the conditions; whether those hold depends on the
request. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.aws.iam.documents import Statement
from connectors.aws.iam.globs import matches

_ASSUME = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_TAG = "sts:tagsession"
_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".aws.internal")
_SUBJECT = ":sub"


@dataclass
class Trust:
    services: set[str] = field(default_factory=set)
    """Without the domain behind the name: ``lambda``."""
    accounts: set[str] = field(default_factory=set)
    """Other accounts, as a whole or somebody in them."""
    principals: set[str] = field(default_factory=set)
    """Who in the other accounts, where not all."""
    providers: set[str] = field(default_factory=set)
    """Federated identity providers: ARNs, or hosts of those that AWS knows."""
    subjects: set[str] = field(default_factory=set)
    """Whom of a web identity provider: repositories, service accounts."""
    conditions: set[str] = field(default_factory=set)
    is_anyone: bool = False
    """Any AWS principal that meets the conditions."""
    is_nobody: bool = False
    """An unconditional Deny for everybody."""
    has_denials: bool = False
    may_tag: bool = False
    """Who assumes it may bring tags, which may replace the role's own."""

    @property
    def is_workload(self) -> bool:
        """Programs outside AWS's own services: EKS service accounts, CI, anything with a token."""
        return any(not _is_saml(name) for name in self.providers)


def trust_of(statements: Iterable[Statement], account: str) -> Trust:
    found = Trust()
    for one in statements:
        if not one.allows:
            _deny(one, found)
            continue
        if _grants(one, _TAG):
            found.may_tag = True
        if any(_grants(one, action) for action in _ASSUME):
            _allow(one, account, found)
    return found


def _grants(one: Statement, action: str) -> bool:
    return any(matches(pattern, action) for pattern in one.actions) is not one.are_not_actions


def _allow(one: Statement, account: str, found: Trust) -> None:
    found.conditions.update(test.key for test in one.tests)
    if one.are_not_principals:
        found.is_anyone = True
        return
    for family, who in one.principals:
        if family == "Service":
            found.services.add(_service(who))
        elif family == "Federated":
            found.providers.add(who)
            found.subjects.update(
                value
                for test in one.tests
                if test.key.endswith(_SUBJECT) and "not" not in test.operator
                for value in test.values
            )
        elif who == "*":
            found.is_anyone = True
        else:
            _add_account(who, account, found)


def _add_account(who: str, account: str, found: Trust) -> None:
    parts = who.split(":", 5)
    theirs = parts[4] if len(parts) == 6 else who
    if not theirs.isdecimal() or theirs == account:
        return  # its own, or the id of somebody who was deleted
    found.accounts.add(theirs)
    if len(parts) == 6 and parts[5] != "root":
        found.principals.add(who)


def _deny(one: Statement, found: Trust) -> None:
    if not any(_grants(one, action) for action in _ASSUME):
        return
    everybody = ("AWS", "*") in one.principals and not one.are_not_principals
    if everybody and not one.tests and all(_grants(one, action) for action in _ASSUME):
        found.is_nobody = True
    found.has_denials = True


def _service(who: str) -> str:
    name = who.lower()
    for domain in _DOMAINS:
        name = name.removesuffix(domain)
    rest, _, last = name.rpartition(".")
    is_region = last.count("-") > 1 and last[-1].isdigit()
    return rest if rest and is_region else name


def _is_saml(provider: str) -> bool:
    return ":saml-provider/" in provider
