"""Error families. Every message tells what happened, where, and what to do."""

from __future__ import annotations


class ShadowAIError(Exception):
    """Base of all errors that are meant for people."""


class ConfigError(ShadowAIError):
    """The user's own file or option is wrong: exit code 2."""


class RuleError(ShadowAIError):
    """A rule file is wrong: exit code 2."""


class RegistryError(ShadowAIError):
    """A registry file is wrong: exit code 2."""


class StoreError(ShadowAIError):
    """The state could not be read or written; what was stored before stays. ``is_full``: for want
    of space; ``may_heal``: its server went away, and may come back."""

    def __init__(self, message: str, *, is_full: bool = False, may_heal: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full
        self.may_heal = may_heal


class StateTaken(StoreError):
    """Another scan is at it, which tells what it comes to."""


class SourceError(ShadowAIError):
    """A source did not give what was asked; becomes coverage, never an empty list."""


class Denied(SourceError):
    """We are not allowed to read it."""


class Throttled(SourceError):
    """The source asked to slow down for longer than we may wait. ``retry_after`` in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(SourceError):
    """The source failed or could not be reached; a retry may help."""


class UnsafeCall(Unavailable):
    """The call would go where nothing is sent to, or a credential not so; it was refused inside
    this process."""


class NotEnabled(SourceError):
    """The service verifiably does not exist here (not bought, not in this region)."""


class LeftOut(SourceError):
    """The user's own filters keep it from being read: nothing is missing, and nothing is known."""


class UndeclaredOperation(ShadowAIError):
    """A connector attempted a call it has not declared; it was refused inside this process."""
