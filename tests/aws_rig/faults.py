"""What goes wrong, as AWS says it: a meaning here, the service's own code and status on the wire.

One meaning has many spellings. What the operation's model names is taken first; the rest is by
protocol, after the services' "Common Errors" pages and the codes that botocore's retries know
(botocore/data/_retry.json). A service that is absent from a region has no address at AWS, which
loopback cannot show: :func:`not_offered` answers as an old endpoint does that lacks the operation,
and :func:`dropped` is what a client sees of an endpoint that hangs up.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_JSON = ("json", "smithy-rpc-v2-cbor")


@dataclass(frozen=True)
class Fault:
    """``meaning`` picks code and status by service (see ``SPELLINGS``); ``code`` and ``status``
    say them outright. ``how``: ``answer`` it, or ``close`` (hang up without a word), ``cut`` (hang
    up in the middle of a right answer), ``garble`` (half of a right answer, sent as if whole),
    ``repeat`` (a right page whose token leads to itself), ``slow`` (right, later)."""

    how: str = "answer"
    meaning: str = ""
    code: str = ""
    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: bytes | None = None
    """Sent instead of an error's body, whatever it is."""


@dataclass(frozen=True)
class Spelling:
    """``modelled``: names among the operation's errors, the first that it has is used. Then
    ``common``: protocol -> code, status."""

    modelled: tuple[str, ...]
    common: Mapping[str, tuple[str, int]]
    message: str


_DENIED_TEXT = (
    "User: {arn} is not authorized to perform: {action} on resource: * because no identity-based "
    "policy allows the {action} action"
)
SPELLINGS: Mapping[str, Spelling] = {
    "denied": Spelling(
        ("AccessDeniedException", "AccessDenied", "AuthorizationErrorException",
         "NotAuthorizedException", "UnauthorizedException"),
        {
            "json": ("AccessDeniedException", 400),
            "rest-json": ("AccessDeniedException", 403),
            "rest-xml": ("AccessDenied", 403),
            "query": ("AccessDenied", 403),
            "ec2": ("UnauthorizedOperation", 403),
        },
        _DENIED_TEXT,
    ),
    "denied by policy": Spelling(
        ("AccessDeniedException", "AccessDenied", "AuthorizationErrorException",
         "NotAuthorizedException", "UnauthorizedException"),
        {
            "json": ("AccessDeniedException", 400),
            "rest-json": ("AccessDeniedException", 403),
            "rest-xml": ("AccessDenied", 403),
            "query": ("AccessDenied", 403),
            "ec2": ("UnauthorizedOperation", 403),
        },
        "User: {arn} is not authorized to perform: {action} on resource: * with an explicit deny "
        "in a service control policy",
    ),
    "throttled": Spelling(
        ("ThrottlingException", "TooManyRequestsException", "ThrottledException",
         "RequestThrottledException", "LimitExceededException"),
        {
            "json": ("ThrottlingException", 400),
            "rest-json": ("ThrottlingException", 429),
            "rest-xml": ("SlowDown", 503),
            "query": ("Throttling", 400),
            "ec2": ("RequestLimitExceeded", 503),
        },
        "Rate exceeded",
    ),
    "expired": Spelling(
        (),
        {
            "json": ("ExpiredTokenException", 400),
            "rest-json": ("ExpiredTokenException", 403),
            "rest-xml": ("ExpiredToken", 400),
            "query": ("ExpiredToken", 403),
            "ec2": ("RequestExpired", 400),
        },
        "The security token included in the request is expired",
    ),
    "region disabled": Spelling(
        (),
        {
            "json": ("UnrecognizedClientException", 400),
            "rest-json": ("UnrecognizedClientException", 403),
            "rest-xml": ("InvalidAccessKeyId", 403),
            "query": ("InvalidClientTokenId", 403),
            "ec2": ("AuthFailure", 401),
        },
        "The security token included in the request is invalid.",
    ),
    "unsigned": Spelling(
        (),
        {
            "json": ("MissingAuthenticationTokenException", 400),
            "rest-json": ("MissingAuthenticationTokenException", 403),
            "rest-xml": ("AccessDenied", 403),
            "query": ("MissingAuthenticationToken", 403),
            "ec2": ("MissingAuthenticationToken", 403),
        },
        "Missing Authentication Token",
    ),
    "broken": Spelling(
        ("InternalServerException", "InternalServerError", "InternalFailure",
         "InternalServiceException", "ServiceException"),
        {
            "json": ("InternalFailure", 500),
            "rest-json": ("InternalFailure", 500),
            "rest-xml": ("InternalError", 500),
            "query": ("InternalFailure", 500),
            "ec2": ("InternalError", 500),
        },
        "The request processing has failed because of an unknown error.",
    ),
    "not found": Spelling(
        ("ResourceNotFoundException", "ResourceNotFound", "NoSuchEntityException",
         "NotFoundException", "EntityNotFoundException", "NoSuchBucket", "NoSuchTagSet"),
        {
            "json": ("ResourceNotFoundException", 400),
            "rest-json": ("ResourceNotFoundException", 404),
            "rest-xml": ("NoSuchKey", 404),
            "query": ("NoSuchEntity", 404),
            "ec2": ("InvalidParameterValue", 400),
        },
        "The world holds nothing by that name: {given}",
    ),
    "invalid": Spelling(
        ("ValidationException", "ValidationError", "InvalidParameterException",
         "InvalidParameterValueException", "InvalidRequestException", "InvalidInputException",
         "BadRequestException"),
        {
            "json": ("ValidationException", 400),
            "rest-json": ("ValidationException", 400),
            "rest-xml": ("InvalidArgument", 400),
            "query": ("ValidationError", 400),
            "ec2": ("InvalidParameterValue", 400),
        },
        "{given}",
    ),
    "bad token": Spelling(
        ("InvalidNextTokenException", "InvalidNextToken", "InvalidPaginationTokenException",
         "InvalidPaginationToken", "NextTokenException", "ValidationException",
         "InvalidInputException", "InvalidParameterException", "BadRequestException"),
        {
            "json": ("ValidationException", 400),
            "rest-json": ("ValidationException", 400),
            "rest-xml": ("InvalidArgument", 400),
            "query": ("ValidationError", 400),
            "ec2": ("InvalidNextToken", 400),
        },
        "{given}",
    ),
    "not offered": Spelling(
        (),
        {
            "json": ("UnknownOperationException", 400),
            "rest-json": ("UnknownOperationException", 404),
            "rest-xml": ("UnsupportedOperation", 400),
            "query": ("InvalidAction", 400),
            "ec2": ("UnsupportedOperation", 400),
        },
        "The requested operation is not supported in this region.",
    ),
}  # fmt: skip


def spelling(meaning: str, protocol: str, errors: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """Code and status of ``meaning``."""
    told = SPELLINGS[meaning]
    code, status = told.common["json" if protocol in _JSON else protocol]
    for name in told.modelled:
        if name in errors:
            found, modelled = errors[name]
            return found, modelled or status
    return code, status


def denied(message: str = "") -> Fault:
    return Fault(meaning="denied", message=message)


def denied_by_policy() -> Fault:
    """Explicit deny of an organization's service control policy."""
    return Fault(meaning="denied by policy")


def throttled(retry_after: int | None = None) -> Fault:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(meaning="throttled", headers=headers)


def expired() -> Fault:
    return Fault(meaning="expired")


def region_disabled() -> Fault:
    """What a region that the account has not opted into says of good credentials."""
    return Fault(meaning="region disabled")


def not_found() -> Fault:
    return Fault(meaning="not found")


def not_offered() -> Fault:
    return Fault(meaning="not offered")


def broken(status: int = 500) -> Fault:
    return Fault(meaning="broken", status=status)


def dropped() -> Fault:
    return Fault(how="close")


def cut() -> Fault:
    return Fault(how="cut")


def garbled() -> Fault:
    return Fault(how="garble")


def repeated_token() -> Fault:
    return Fault(how="repeat")


def slow(seconds: float) -> Fault:
    return Fault(how="slow", delay=seconds)


def verbatim(body: bytes, status: int = 200) -> Fault:
    """Exactly these bytes: what the models do not know and AWS says all the same."""
    return Fault(raw=body, status=status)


@dataclass
class Strike:
    """A fault at what matches (shell patterns). The first ``after`` calls go well, then it happens
    ``times`` (-1: from then on). ``counts``: the calls of all that match (``all``), of each
    operation in each account and region (``each``), or of each access key (``key``)."""

    operation: str
    fault: Fault
    region: str = "*"
    account: str = "*"
    after: int = 0
    times: int = -1
    counts: str = "all"
    seen: Counter[str] = field(default_factory=Counter)

    def strikes(self, operation: str, region: str, account: str, key: str) -> Fault | None:
        fits = fnmatch.fnmatchcase
        if not (
            fits(operation, self.operation)
            and fits(region, self.region)
            and fits(account, self.account)
        ):
            return None
        counted = {"all": "", "each": f"{operation} {region} {account}", "key": key}[self.counts]
        self.seen[counted] += 1
        number = self.seen[counted]
        is_now = number > self.after and (self.times < 0 or number <= self.after + self.times)
        return self.fault if is_now else None


Decides = Callable[[str, str, str, int], Fault | None]
"""Operation, region, account, number of this call to it there (from 1) -> a fault or None."""
