"""One CloudTrail record, as far as it is needed; everything else in it is passed over unread.

Fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
cloudtrail-event-reference-record-contents.html. A record is decoded strictly: one that has another
type where CloudTrail has a text is none. What services put into requests and answers is kept as
bytes until somebody asks, and then read as what was expected there or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.aws.activity.services import API_KEYS, SERVICES
from scanner.kit.expressions import expression
from scanner.kit.values import mapping, stamp, text

NOTHING = msgspec.Raw(b"null")
_PLAIN_TIME = expression(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MOST_PARAMETERS = 1 << 20
LONGEST = 1024
"""Of any text that is kept of an event."""


class Issuer(msgspec.Struct, frozen=True, gc=False):
    arn: str | None = None
    accountId: str | None = None
    userName: str | None = None


class Session(msgspec.Struct, frozen=True):
    sessionIssuer: Issuer | None = None


class OnBehalfOf(msgspec.Struct, frozen=True, gc=False):
    userId: str | None = None
    identityStoreArn: str | None = None


class Caller(msgspec.Struct, frozen=True):
    """``userIdentity`` (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
    cloudtrail-event-reference-user-identity.html)."""

    type: str | None = None
    arn: str | None = None
    principalId: str | None = None
    accountId: str | None = None
    userName: str | None = None
    invokedBy: str | None = None
    sessionContext: Session | None = None
    onBehalfOf: OnBehalfOf | None = None


class Event(msgspec.Struct, frozen=True):
    eventSource: str
    eventName: str = ""
    eventTime: str = ""
    eventID: str | None = None
    eventType: str | None = None
    eventCategory: str | None = None
    sharedEventID: str | None = None
    awsRegion: str | None = None
    recipientAccountId: str | None = None
    userIdentity: Caller | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    vpcEndpointId: str | None = None
    errorCode: str | None = None
    requestParameters: msgspec.Raw = NOTHING
    responseElements: msgspec.Raw = NOTHING
    additionalEventData: msgspec.Raw = NOTHING
    resources: msgspec.Raw = NOTHING

    @property
    def account(self) -> str:
        """Whose log it stands in; older records do not say, and are the caller's own."""
        caller = self.userIdentity
        return self.recipientAccountId or (caller.accountId if caller else None) or ""

    @property
    def at(self) -> str:
        """ISO 8601, UTC; empty: not known."""
        return self.eventTime if _PLAIN_TIME.fullmatch(self.eventTime) else when(self.eventTime)


DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
SOURCES: frozenset[str] = frozenset({*SERVICES, API_KEYS})
"""All of whose events are looked at."""


def when(value: Any) -> str:
    """SIEMs write a blank for the T, nanoseconds, and leave the zone out."""
    return stamp(value) if isinstance(value, str) and len(value) < 64 else ""


def is_network(event: Event) -> bool:
    """The same call once more, as a VPC endpoint saw it: told apart, or it would count twice. What
    an endpoint's policy refused stands there alone."""
    return event.eventCategory == "NetworkActivity" and event.errorCode != "VpceAccessDenied"


def decoded(data: bytes | memoryview | msgspec.Raw) -> Event | None:
    """One record; None for what is none, whatever it is."""
    try:
        return DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def detached(event: Event) -> Event:
    """With what it needs alone, not with the whole file that it was a part of."""
    return msgspec.structs.replace(
        event,
        requestParameters=event.requestParameters.copy(),
        responseElements=event.responseElements.copy(),
        additionalEventData=event.additionalEventData.copy(),
        resources=event.resources.copy(),
    )


def loose(raw: msgspec.Raw) -> Any:
    """What a service wrote, of any shape; None for what is too large, too deep or no JSON."""
    data = bytes(raw)
    if len(data) > _MOST_PARAMETERS:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def parameters(raw: msgspec.Raw) -> Mapping[str, Any]:
    found = loose(raw)
    if isinstance(found, str):  # some SIEMs keep it as text
        found = loose(msgspec.Raw(found.encode("utf-8", "replace")))
    return mapping(found)


def value_at(record: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path; nothing for what is none or too long to be a name."""
    found: Any = record
    for step in path.split("."):
        found = mapping(found).get(step)
    word = text(found)
    return word if len(word) <= LONGEST else ""


def resource_arns(raw: msgspec.Raw) -> Iterator[str]:
    """``resources``, as CloudTrail spells it and as the event history does."""
    if bytes(raw[:1] if isinstance(raw, bytes) else memoryview(raw)[:1]) != b"[":
        return
    found = loose(raw)
    for one in found if isinstance(found, list) else ():
        for key in ("ARN", "arn", "ResourceName"):
            word = text(mapping(one).get(key))
            if word.startswith("arn:") and len(word) <= LONGEST:
                yield word


def stamp_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
