"""What Google's refusals mean (https://cloud.google.com/apis/design/errors)."""

from __future__ import annotations

from scanner.kit.http import Missing
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable

_DISABLED = (
    "has not been used in project", "it is disabled", "is not enabled", "SERVICE_DISABLED",
    "API is disabled", "requires billing to be enabled",
)  # fmt: skip
_GONE = ("was not found", "not found", "has been deleted", "pending deletion", "does not exist")


def translated(error: SourceError, op: str, where: str, permission: str) -> SourceError:
    """In our words; an API that is not enabled holds nothing, which is no refusal."""
    said = " ".join(str(error).split())[:400]
    text = f"{op} in {where}: {said}"
    if isinstance(error, Throttled):
        return Throttled(text, error.retry_after)
    if any(words in said for words in _DISABLED):
        return NotEnabled(text)
    if isinstance(error, Denied):
        return Denied(f"{text}; grant {permission}")
    return Missing(text) if isinstance(error, Missing) else Unavailable(text)


def is_gone(error: SourceError) -> bool:
    return isinstance(error, Missing) and any(words in str(error) for words in _GONE)
