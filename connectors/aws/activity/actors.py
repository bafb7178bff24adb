"""Who called: a role, a person, a user, a service. Sessions come and go, their role stays.

An assumed role's session becomes the role, whose ARN is what other records name. The session's own
name is kept where it is a person's address, as IAM Identity Center and most federations have it;
any other is a process's, and there are thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from connectors.aws import arns
from connectors.aws.activity.events import LONGEST, Caller
from scanner.kit.expressions import expression
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation
from scanner.model.items import Item

IDENTITY_KINDS = frozenset({
    "aws.iam_role", "aws.iam_user", "aws.root_user", "aws.federated_user", "aws.role_session",
    "aws.service", "aws.principal", "aws.identity_center_user",
})  # fmt: skip
_MAIL = expression(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SESSION = expression(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]{1,128})/([^/]{1,128})")
_PRINCIPAL = expression(r"[\w+=,.@:/ -]{1,256}")
_ACCOUNT = expression(r"\d{12}")
_SSO, _SSO_PATH = "AWSReservedSSO_", ":role/aws-reserved/sso.amazonaws.com/"
"""Roles that people of IAM Identity Center share."""
_API_KEY_USER = "BedrockAPIKey-"
"""Users that Bedrock's console makes to hold a long-lived key."""

H, S, G, U = (
    PrincipalType.HUMAN, PrincipalType.SERVICE, PrincipalType.GROUP, PrincipalType.UNKNOWN
)  # fmt: skip


def actor_of(caller: Caller | None, account: str) -> Identity | None:
    """None where the record names nobody."""
    if caller is None:
        return None
    if caller.onBehalfOf is not None and caller.onBehalfOf.userId:
        return _of_identity_center(caller)
    if caller.arn:
        return of_arn(caller.arn, _role_of(caller))
    if caller.type == "AWSService" and caller.invokedBy:
        return _service(caller.invokedBy)
    return _nameless(caller, account)


@lru_cache(maxsize=16384)
def of_arn(arn: str, role: str = "") -> Identity | None:
    """``role``: the ARN of a session's role, which its own ARN shortens."""
    if len(arn) > LONGEST:
        return None
    ident, mail = arns.principal(arn)
    if mail:
        return _identity(ident, "aws.role_session", mail, H, mail)
    if ident != arn:  # a process's session: its role
        name = ident.rpartition("/")[2]
        kind = G if name.startswith(_SSO) or _SSO_PATH in role else S
        return _identity(role or ident, "aws.iam_role", name, kind)
    name = arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]
    if ":user/" in arn:
        if name.startswith(_API_KEY_USER):
            return _identity(arn, "aws.iam_user", name, S)
        mail = name if _MAIL.fullmatch(name) else ""
        return _identity(arn, "aws.iam_user", name, H if mail else U, mail)
    if ":role/" in arn:
        return _identity(arn, "aws.iam_role", name, S)
    if ":federated-user/" in arn:
        mail = name if _MAIL.fullmatch(name) else ""
        return _identity(arn, "aws.federated_user", name, H if mail else U, mail)
    if arn.endswith(":root"):
        return _identity(arn, "aws.root_user", "root", H)
    return _identity(arn, "aws.principal", name, U) if arn.startswith("arn:") else None


def role_behind(actor: Identity) -> Iterator[Item]:
    """A person's session acts as its role."""
    session = _SESSION.fullmatch(actor.id)
    if actor.kind == "aws.role_session" and session:
        partition, account, name, _ = session.groups()
        role = NodeId(f"arn:{partition}:iam::{account}:role/{name}")
        seen = Evidence(rule="cloudtrail:userIdentity", source="aws", resource=actor.id)
        yield Edge(source=actor.id, target=role, relation=Relation.RUNS_AS, evidence=(seen,))


def account_of(caller: Caller | None) -> str:
    """The account that the caller belongs to; empty: not told."""
    if caller is None:
        return ""
    found = caller.accountId or ""
    if not found and caller.arn:
        found = caller.arn.split(":", 5)[4] if caller.arn.count(":") >= 5 else ""
    return found if _ACCOUNT.fullmatch(found) else ""


def _role_of(caller: Caller) -> str:
    session = caller.sessionContext
    issuer = session.sessionIssuer if session else None
    arn = issuer.arn if issuer and issuer.arn else ""
    return arn if ":role/" in arn and len(arn) <= LONGEST else ""


def _of_identity_center(caller: Caller) -> Identity | None:
    behalf = caller.onBehalfOf
    if behalf is None or not behalf.userId or not _PRINCIPAL.fullmatch(behalf.userId):
        return None
    store = (behalf.identityStoreArn or "").rpartition("/")[2][:64]
    ident = f"aws:identitystore/{store}/user/{behalf.userId}"
    named = of_arn(caller.arn) if caller.arn else None
    mail = named.email if named else ""
    return _identity(ident, "aws.identity_center_user", mail or behalf.userId, H, mail)


def _service(host: str) -> Identity | None:
    if not _PRINCIPAL.fullmatch(host):
        return None
    return _identity(f"aws:service/{host}", "aws.service", host, S)


def _nameless(caller: Caller, account: str) -> Identity | None:
    """Another account's caller: only an opaque id of it is told; or an event whose details are
    cut off, with a user's name alone."""
    word = caller.principalId or caller.userName or ""
    if not _PRINCIPAL.fullmatch(word):
        return _service(caller.invokedBy) if caller.invokedBy else None
    where = caller.accountId if _ACCOUNT.fullmatch(caller.accountId or "") else account
    called = word.rpartition(":")[2]
    if _MAIL.fullmatch(called):
        return _identity(f"aws:{where}/principal/{called}", "aws.principal", called, H, called)
    # A session's own name behind the colon is a process's: see above.
    word = word.partition(":")[0] or word
    return _identity(f"aws:{where}/principal/{word}", "aws.principal", word, U)


def _identity(
    ident: str, kind: str, name: str, principal: PrincipalType, mail: str = ""
) -> Identity:
    return Identity(
        id=NodeId(ident), kind=kind, name=name, principal_type=principal, email=mail.lower()
    )  # fmt: skip
