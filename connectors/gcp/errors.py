"""What Google's refusals mean (https://cloud.google.com/apis/design/errors)."""

from __future__ import annotations

from scanner.kit.expressions import expression
from scanner.kit.http import Missing
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable

_SAID = expression(
    r"[A-Z]+ \S+: HTTP (\d{3})(?: \d{3}(?: (\w{1,63}))?(?: of projects/([a-z0-9:.-]{1,80}))?:)?"
)
"""Status, Google's own reason, and the project that it is of. A message may say anything."""
_DISABLED = frozenset({"SERVICE_DISABLED", "accessNotConfigured"})
"""https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto; and the word
of the older APIs."""
_UNPAID = "BILLING_DISABLED"
_UNMADE = "501"
"""Of a location that a service, or this part of it, does not have."""
_PROJECT = expression(r"project #?([a-z0-9](?:[a-z0-9:.-]*[a-z0-9])?)")
_LOST = expression(
    r"(?i)(?:project|consumer)\b.{0,160}?\b(?:has been (?:deleted|suspended|shut down)"
    r"|is being deleted|was deleted|pending deletion|marked for deletion|scheduled for deletion)"
)
_NONE = expression(r"HTTP 404 404: (?!(?:Method|Location)\b)")
_PAYER = ("USER_PROJECT_DENIED", "serviceUsageConsumer", "serviceusage.services.use")


class Disabled(Denied):
    """An API is not enabled in a project. Which project that is decides what it means: in the one
    that is asked nothing can be; in the one that pays for the calls, nothing can be said."""

    def __init__(self, message: str, project: str) -> None:
        super().__init__(
            f"{message}; enable the API in project {project or 'that pays for the calls'}"
        )
        self.project = project

    def of(self, *names: str) -> SourceError:
        """What it means for the project that is called so."""
        return NotEnabled(str(self)) if self.project in names else self


def translated(error: SourceError, op: str, where: str, permission: str) -> SourceError:
    """In our words."""
    said = " ".join(str(error).split())[:400]
    status, reason, project = _told(said)
    text = f"{op} in {where}: {said}"
    if isinstance(error, Throttled):
        return Throttled(text, error.retry_after)
    if _LOST.search(said):
        return Unavailable(f"{text}; it went away while it was read, the next scan tells")
    if isinstance(error, Denied) and any(words in said for words in _PAYER):
        return Denied(
            f"{text}; grant serviceusage.services.use on the project that pays (`quota_project`)"
        )
    if isinstance(error, Denied) and reason in _DISABLED:
        named = _PROJECT.search(said)
        return Disabled(text, project or (named[1] if named else ""))
    if status == _UNMADE:
        return NotEnabled(text)
    if isinstance(error, Denied) and reason == _UNPAID:
        return Denied(f"{text}; nothing is shown of a project without a billing account")
    if is_unknown_caller(error):
        return Denied(f"{text}; the token is not taken: sign in again, or check `impersonate`")
    if isinstance(error, Denied):
        return Denied(f"{text}; grant {permission}")
    return Missing(text) if isinstance(error, Missing) else Unavailable(text)


def _told(said: str) -> tuple[str, str, str]:
    found = _SAID.match(said)
    return (found[1], found[2] or "", found[3] or "") if found else ("", "", "")


def is_unknown_caller(error: SourceError) -> bool:
    """Google has not taken the token; what it would allow is another question."""
    return isinstance(error, Denied) and "HTTP 401" in str(error)


def is_none(error: Missing) -> bool:
    """Whether a service says that it has no such thing; a path that it does not know, and whoever
    answers in its place, say less."""
    return bool(_NONE.search(str(error)))
