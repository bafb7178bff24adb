"""What botocore raises -> what the scanner understands.

Codes: https://docs.aws.amazon.com/awssupport/latest/user/troubleshooting.html and the services'
"Common Errors" pages; throttling codes are those that botocore itself retries
(botocore/data/_retry.json).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.aws.regions import partition_of
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable

_DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthFailure", "AuthorizationError",
    "AuthorizationErrorException", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "NotAuthorized", "OptInRequired", "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation", "UnrecognizedClientException", "AWSOrganizationsNotInUseException",
})  # fmt: skip
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""EC2 has a word of its own for it (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
errors-overview.html)."""
THROTTLED = frozenset({
    "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException",
    "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "RequestThrottledException", "SlowDown", "ThrottledException",
    "Throttling", "ThrottlingException", "TooManyRequestsException",
    "TransactionInProgressException",
})  # fmt: skip
_ABSENT = (
    "new customers", "existing customers", "your identity region is", "needs a subscription",
    "not supported in this region", "not available in this region", "isNotExpandingIn",
    "call this API in this region", "not signed up",
)  # fmt: skip
"""How AWS says, under codes of a refusal too, that a service is not to be had in a region or was
never taken up (https://github.com/aws-bench/aws-bench/pull/36,
https://github.com/ekristen/aws-nuke/issues/665,
https://github.com/cloud-custodian/cloud-custodian/issues/10168)."""
_CREDENTIAL_ERRORS = frozenset({
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError",
    "InvalidConfigError", "ConfigParseError", "LoginRefreshRequired",
})  # fmt: skip
_HELP = (
    "set AWS_PROFILE, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or `profile` in "
    "[sources.aws]; `shadow-ai doctor` tries them"
)


class NotOffered(NotEnabled):
    """The service does not exist in the region, for any account."""


def has_ended(error: Exception) -> bool:
    """Whether botocore's ``ClientError`` says that the credentials have ended, rather than that
    they are refused."""
    told = getattr(error, "response", {}).get("Error", {})
    return str(told.get("Code", "")) in _EXPIRED


_ROOTS = {"ListBuckets": b"ListAllMyBucketsResult", "ListObjectsV2": b"ListBucketResult"}
"""Of S3, as its API reference shows them; the model does not name them."""
_ALWAYS = {
    "resourcegroupstaggingapi:GetResources": ("ResourceTagMappingList",),
    "cloudtrail:LookupEvents": ("Events",),
    "ce:GetCostAndUsage": ("ResultsByTime",),
}
"""Lists that AWS gives when they are empty too, though its models do not say so: without them an
answer would tell that there are no tags, no use, no cost."""


def refuse_broken(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """botocore takes an answer that was cut off, or that a proxy gave, for one without fields,
    which would look like an empty list (botocore/parsers.py, ``_parse_body_as_json``). Raises
    ``Unavailable``."""
    protocol = operation_model.service_model.resolved_protocol
    body = response_dict.get("body")
    shape = operation_model.output_shape
    if response_dict["status_code"] >= 300 or not isinstance(body, bytes) or shape is None:
        return
    if operation_model.has_streaming_output:
        return
    name = f"{operation_model.service_model.service_name}:{operation_model.name}"
    if "json" in protocol:
        _refuse_json(name, shape, body)
    elif protocol in ("query", "ec2"):
        _refuse_xml(name, f"{operation_model.name}Response".encode(), body)
    elif protocol == "rest-xml":
        _refuse_xml(name, _ROOTS.get(operation_model.name, b""), body)


_START = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?(?:<\?[^>]*>\s*|<!--.*?-->\s*)*<(?:[\w-]+:)?([!\w-]+)", re.S
)
"""Up to the name of the first element; a ``!`` is a page for people (``<!DOCTYPE html>``)."""


def _refuse_xml(name: str, root: bytes, body: bytes) -> None:
    start = _START.match(body[:4096])
    found = start[1] if start else b""
    if (root and found != root) or found.lower() in (b"!doctype", b"html"):
        shown = found.decode("ascii", "replace")[:40] or "no element"
        raise Unavailable(f"{name}: the answer is not AWS's XML (it begins with {shown})")


def _refuse_json(name: str, shape: Any, body: bytes) -> None:
    try:
        found = msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    except msgspec.MsgspecError as error:
        raise Unavailable(
            f"{name}: the answer is no whole JSON ({len(body)} bytes); it was cut off on its way"
        ) from error
    if "payload" in shape.serialization:
        return
    always = (*shape.required_members, *_ALWAYS.get(name, ()))
    names = {inner.serialization.get("name", member) for member, inner in shape.members.items()}
    if found and not names & found.keys():
        shown = ", ".join(sorted(found))[:80]
        raise Unavailable(f"{name}: the answer holds nothing that AWS's does (but {shown})")
    lists = [
        inner.serialization.get("name", member)
        for member, inner in shape.members.items()
        if inner.type_name == "list"
    ]
    empty = [one for one in lists if one in found and found[one] is None]
    if empty and not any(isinstance(found.get(one), list) for one in lists):
        raise Unavailable(f"{name}: in the answer {empty[0]} is null, which is no empty list")
    for member, inner in shape.members.items():
        told = inner.serialization
        if "location" in told:
            continue
        value = found.get(told.get("name", member))
        if value is None and member in always:
            raise Unavailable(f"{name}: the answer has no {member}, which AWS always gives")
        if inner.type_name == "list" and not isinstance(value, list | None):
            raise Unavailable(f"{name}: in the answer {member} is no list, which it is at AWS")


_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RuntimeError)
"""What botocore ends with where a field is of another type than its model says."""


@contextmanager
def translated(call: str, where: str, permission: str = "") -> Iterator[None]:
    """Turn botocore's errors inside into source errors that name ``call``, ``where`` and the IAM
    action to grant."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _client_error(error, call, where, permission) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise _local_error(error, call, where) from error
    except _UNREADABLE as error:
        kind = type(error).__name__
        raise Unavailable(f"{call} in {where}: the answer cannot be read ({kind})") from error


def _client_error(error: object, call: str, where: str, permission: str) -> SourceError:
    response = getattr(error, "response", {})
    details = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(details.get("Code", "") or f"HTTP {status}")
    said = " ".join(str(details.get("Message", "")).split())[:300]
    asked = getattr(error, "operation_name", "")
    if asked == "AssumeRole" and not call.endswith(":AssumeRole"):
        call, permission = f"sts:AssumeRole (for {call})", "sts:AssumeRole"
    text = f"{call} in {where}: {code}" + (f": {said}" if said else "")
    if code == "SubscriptionRequiredException" or any(words in said for words in _ABSENT):
        return NotEnabled(text)
    if code in _DENIED or status in (401, 403):
        return Denied(text + _remedy(said, permission))
    if code in THROTTLED or status == 429:
        return Throttled(text)
    if code in ("UnknownOperationException", "UnsupportedOperation"):
        return NotEnabled(text)
    return Unavailable(text)


def _remedy(said: str, permission: str) -> str:
    """What helps against a refusal: a policy of the organization cannot be granted away."""
    if any(words in said for words in ("service control policy", "resource control policy")):
        return "; a policy of the organization denies it: have it except this role, or leave it out"
    return f"; grant {permission}" if permission else ""


def _local_error(error: Exception, call: str, where: str) -> SourceError:
    kind = type(error).__name__
    text = f"{call} in {where}: {' '.join(str(error).split())[:300]}"
    if kind in _CREDENTIAL_ERRORS:
        return Denied(f"no usable AWS credentials: {error}; {_HELP}")
    if kind == "EndpointConnectionError" and is_not_offered(getattr(error, "kwargs", {})):
        return NotOffered(f"{call} in {where}: AWS has no such endpoint in this region")
    return Unavailable(text)


def is_not_offered(details: dict[str, str], resolves: Callable[[str], bool] | None = None) -> bool:
    """Whether a service verifiably does not exist in a region: its endpoint has no address, while
    those of services that every region has do, and botocore does not list it. That it is not
    listed is no proof by itself: botocore leaves out regions in which Bedrock's agents have been
    for long."""
    host = urlsplit(details.get("endpoint_url", "")).hostname or ""
    match = _HOST.fullmatch(host)
    partition = partition_of(match[2]) if match else None
    if match is None or partition is None or match[3] not in partition.suffixes:
        return False
    known = resolves or _resolves
    if known(host) or _is_listed(match[1], match[2]):
        return False
    # A name server that hides some names from us must not look like AWS without the service.
    place = f"{match[2]}.{partition.suffixes[0]}"
    return all(known(f"{name}.{place}") for name in ("sts", "ec2", "lambda", "sqs"))


_HOST = re.compile(r"([a-z0-9.-]+?)\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.([a-z0-9.-]+)")


@cache
def _is_listed(prefix: str, region: str) -> bool:
    """Whether botocore lists the endpoint: then it exists, whatever a name server says."""
    import botocore.session

    data = botocore.session.get_session().get_data("endpoints")
    for partition in data["partitions"]:
        there = partition["services"].get(prefix, {}).get("endpoints", {})
        if region in there:
            # Of services with names of the newer form alone it lists whatever regions there are.
            names = [one["hostname"] for one in there.values() if "hostname" in one]
            is_newer = any(not name.endswith(partition["dnsSuffix"]) for name in names)
            return not (is_newer and there.keys() >= partition["regions"].keys())
    return False


def _resolves(host: str) -> bool:
    """Raises nothing: only a name that is known not to exist has no address; a resolver that does
    not answer proves nothing."""
    try:
        return bool(socket.getaddrinfo(host, 443))
    except socket.gaierror as error:
        return error.errno not in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None))
    except OSError:
        return True
