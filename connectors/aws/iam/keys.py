"""Bedrock API keys: IAM users' credentials for one service, long-lived unless somebody set a date.

The list has no secret; the public half of the key that it shows is not kept.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.aws.iam.facts import KEY_USER
from scanner.kit.tables import Call, Page, first_text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Credential, Edge, Relation
from scanner.model.items import Item

LISTED_BY = "iam:ListServiceSpecificCredentials"
SERVICE = "bedrock.amazonaws.com"
KIND = "aws.bedrock_api_key"
CALL = Call(
    op=LISTED_BY,
    items="ServiceSpecificCredentials[]",
    page=Page(token_in="Marker", token_out="Marker"),  # noqa: S106 - names of fields
)
ARGS: Mapping[str, Any] = {"ServiceName": SERVICE, "AllUsers": True}


def items(
    records: Iterable[Mapping[str, Any]], users: Mapping[str, str], account: str, partition: str
) -> Iterator[Item]:
    """``users``: name -> ARN of those that are known."""
    for record in records:
        name = first_text(record, "UserName")
        user = NodeId(users.get(name) or f"arn:{partition}:iam::{account}:user/{name}")
        number = first_text(record, "ServiceSpecificCredentialId")
        ident = NodeId(f"aws:{account}/service-specific-credential/{number}")
        evidence = (Evidence(rule=LISTED_BY, source="aws", resource=ident),)
        yield Credential(
            id=ident,
            kind=KIND,
            name=f"Bedrock API key of {name}",
            issuer="aws_bedrock",
            fingerprint="",
            created_at=first_text(record, "CreateDate"),
            tags={
                "status": first_text(record, "Status").lower(),
                "expires_at": first_text(record, "ExpirationDate") or "never",
                "user": name,
            },
            evidence=evidence,
        )
        yield Edge(
            source=NodeId(f"aws:account/{account}"), target=ident,
            relation=Relation.CONTAINS, evidence=evidence,
        )  # fmt: skip
        yield Edge(
            source=user, target=ident, relation=Relation.AUTHENTICATES_WITH, evidence=evidence
        )
        if not name.startswith(KEY_USER):
            # A user that was made for the key is nobody who owns it.
            yield Edge(source=ident, target=user, relation=Relation.OWNED_BY, evidence=evidence)
