"""What Azure's resource manager answers, as one of the source errors.

Codes: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-
errors and https://learn.microsoft.com/rest/api/azure/#errors.
"""

from __future__ import annotations

from scanner.kit.contract import Operation
from scanner.kit.expressions import expression
from scanner.model.errors import Denied, NotEnabled, SourceError, Unavailable

_TOLD = expression(r"HTTP (\d{3}) (\w{1,60})(?:: |\Z)")
_NOT_THERE = frozenset(
    {"MissingSubscriptionRegistration", "SubscriptionNotRegistered", "InvalidResourceNamespace",
     "InvalidResourceType", "ResourceTypeNotFound", "LocationNotAvailableForResourceType",
     "ResourceProviderNotFound", "FeatureNotEnabled"}
)  # fmt: skip
"""The provider is not registered in the subscription, or has no such type at the place."""
_NO_PROVIDER = "NoRegisteredProviderFound"
"""Also said of an API version that a provider does not speak, which proves nothing."""
_LOST = frozenset(
    {"SubscriptionNotFound", "SubscriptionDisabled", "DisabledSubscription", "ReadOnlyDisabled",
     "InvalidSubscriptionId", "SubscriptionDeleted"}
)  # fmt: skip
_GONE = frozenset({"ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound",
                   "NotFound"})  # fmt: skip
EXPIRED = frozenset({"ExpiredAuthenticationToken", "InvalidAuthenticationToken"})


def code_of(error: SourceError) -> str:
    found = _TOLD.search(str(error))
    return found[2] if found else ""


def status_of(error: SourceError) -> int:
    found = _TOLD.search(str(error)) or expression(r"HTTP (\d{3})").search(str(error))
    return int(found[1]) if found else 0


def translated(error: SourceError, operation: Operation, where: str) -> SourceError:
    """In words of ours: which call, in which subscription, and what to do."""
    said = f"{operation.id} in {where}"
    code = code_of(error)
    message = str(error).partition(f"{code}: ")[2][:300] if code else str(error)
    if isinstance(error, Denied) and not status_of(error):
        return error  # no token was to be had: nothing was asked
    if isinstance(error, Denied) and status_of(error) == 401:
        return Denied(f"{said}: {code or 'the token is not accepted'}; check `tenant` and `cloud`")
    if isinstance(error, Denied):
        return Denied(
            f"{said}: {code or 'refused'}; grant {operation.permission}, as "
            "`shadow-ai permissions azure` prints it"
        )
    if code in _NOT_THERE or (code == _NO_PROVIDER and "version" not in message.casefold()):
        return NotEnabled(f"{said}: {code}: {message}")
    if code in _LOST:
        return Unavailable(
            f"{said}: {code}; the subscription was closed, disabled or taken away while it was read"
        )
    return Unavailable(f"{said}: {code}: {message}" if code else f"{said}: {message}")


def is_gone(error: SourceError) -> bool:
    """Whether Azure says that what was asked, or what that is of, is not there."""
    _, _, told = str(error).partition(": ")
    return not isinstance(error, Denied) and told.partition(":")[0] in _GONE
