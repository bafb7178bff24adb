"""What an event made or deleted, and under which name: whoever made it can be asked about it.

A Create operation answers with the ARN of what it made; which of several ARNs in an answer that is,
its own name tells (CreateEndpoint: ``endpointArn``). botocore's models have the shapes; CloudTrail
writes them with a small first letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.aws.activity import things
from connectors.aws.activity.events import LONGEST, Event, parameters
from connectors.aws.activity.services import (
    API_KEYS,
    FIELDS,
    KEY_EVENT,
    KEYS,
    SERVICES,
    Field,
)
from connectors.aws.activity.things import OTHER_KIND, Place
from scanner.kit.expressions import expression
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, Credential

_NAME = expression(r"[\w+=,.@:/ -]{1,200}")
_SUFFIX = expression(r"(?:Id|Identifier|Name|Arn)$")
_FAMILIES = {"bedrock-mantle": ("bedrock", "bedrock-mantle")}
"""Services of an ARN, where they are not the event source's first word alone."""


def made(event: Event, place: Place) -> Asset | None:
    """The asset that a successful Create event made; None where it made none of AI."""
    noun = event.eventName.removeprefix("Create")
    if noun == event.eventName or not noun or event.eventSource not in SERVICES:
        return None
    asked, answered = parameters(event.requestParameters), parameters(event.responseElements)
    asset = _by_answer(event.eventSource, noun, answered, place) or _by_request(
        event.eventSource, noun, asked, place
    )  # fmt: skip
    if asset is None:
        return None
    # What no table knows may be anything: it is in the graph for its maker's sake alone.
    is_known = asset.kind != OTHER_KIND
    return msgspec.structs.replace(
        asset,
        name=_name(noun, asked) or asset.name,
        created_at=event.at,
        is_ai=asset.is_ai and is_known,
    )


def ended(event: Event, place: Place) -> Asset | None:
    """The asset that a successful Delete event removed."""
    noun = event.eventName.removeprefix("Delete")
    if noun == event.eventName or event.eventSource not in SERVICES:
        return None
    asset = _by_request(event.eventSource, noun, parameters(event.requestParameters), place)
    return msgspec.structs.replace(asset, status="deleted") if asset else None


def _by_answer(source: str, noun: str, answered: Mapping[str, Any], place: Place) -> Asset | None:
    service = source.partition(".")[0]
    family = _FAMILIES.get(service, (service,))
    own = f"{noun}arn".casefold()
    found: list[tuple[int, Asset]] = []
    for key, arn in _arns(answered):
        asset = things.by_arn(arn, place) if arn.split(":", 3)[2] in family else None
        if asset is not None:
            word = key.casefold()
            rank = 0 if word in (own, "arn") else 1 if word.endswith("arn") else 2
            found.append((rank, asset))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _arns(
    answered: Mapping[str, Any], above: str = "", depth: int = 2
) -> Iterator[tuple[str, str]]:
    """Keys and ARNs of an answer; ``arn`` below ``gateway`` is ``gatewayArn``."""
    for key, value in answered.items():
        word = text(value) if isinstance(value, str) else ""
        if word.startswith("arn:") and word.count(":") >= 5 and len(word) <= LONGEST:
            yield (f"{above}Arn" if key == "arn" and above else key), word
        elif depth > 1 and isinstance(value, Mapping):
            yield from _arns(value, key, depth - 1)


def _by_request(source: str, noun: str, asked: Mapping[str, Any], place: Place) -> Asset | None:
    for field in FIELDS.get(source, ()):
        if _stem(field) == noun.casefold():
            return things.by_field(field, text(asked.get(field.path)), place)
    return None


def _stem(field: Field) -> str:
    return _SUFFIX.sub("", field.path).casefold()


def _name(noun: str, asked: Mapping[str, Any]) -> str:
    own = f"{noun[:1].lower()}{noun[1:]}Name"
    for key in (own, "name", "displayName"):
        word = text(asked.get(key))
        if _NAME.fullmatch(word) and not word.startswith("HIDDEN_"):
            return word
    return ""


def key(event: Event, place: Place) -> Credential | None:
    """A key for Bedrock or Claude that an IAM user holds (https://docs.aws.amazon.com/bedrock/
    latest/userguide/api-keys.html). Its secret never stands in an event."""
    if (event.eventSource, event.eventName) != (API_KEYS, KEY_EVENT):
        return None
    asked, answered = parameters(event.requestParameters), parameters(event.responseElements)
    known = KEYS.get(text(asked.get("serviceName")))
    if known is None:
        return None
    told = mapping(answered.get("serviceSpecificCredential"))
    user = text(asked.get("userName")) or text(told.get("userName"))
    ident = text(told.get("serviceSpecificCredentialId"))
    if not _NAME.fullmatch(user) or not _NAME.fullmatch(ident):
        return None
    return Credential(
        id=NodeId(f"aws:{place.account}/service-specific-credential/{ident}"),
        kind=known.kind,
        name=f"{known.name} of {user}",
        issuer=known.provider,
        fingerprint="",
        created_at=event.at,
        tags={"user": user},
    )
