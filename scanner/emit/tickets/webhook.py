"""Signed events to an address of one's own, and the same as files in a folder.

Each event bears a time and a signature over its id, the time and the body, so that nobody can send
an old one again:
``X-Shadow-AI-Signature: v1=<hex HMAC-SHA256 of "<timestamp>.<id>.<body>">``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import requests

from scanner.emit.files import made_folder, write_file
from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.events import Event, Events
from scanner.emit.tickets.sink import Busy, Refused
from scanner.kit.addresses import is_encrypted
from scanner.kit.outgoing import session
from scanner.model.errors import StoreError, Unavailable, UnsafeCall

_TIMEOUT = (10, 30)
_WHOLE = 60.0
"""Seconds of an answer with its body, which says nothing to us."""
_LEAST_SECRET = 16


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str

    def __post_init__(self) -> None:
        if not is_encrypted(self.url):
            raise ValueError("`url` is https://, without user or password")


class FileConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    folder: str
    """Relative to the configuration file."""


class WebhookSink(Events):
    def __init__(
        self,
        config: WebhookConfig,
        routing: Routing,
        secret: bytes,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        if len(secret) < _LEAST_SECRET:
            raise Refused(f"the secret of a webhook has at least {_LEAST_SECRET} bytes")
        self._config = config
        self._secret = secret
        self._now = now
        self._session = session(whole=_WHOLE)

    def _put(self, event: Event) -> None:
        ident, body = event.ident, event.body
        stamp = str(int(self._now()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "shadow-ai-scanner",
            "X-Shadow-AI-Id": ident,
            "X-Shadow-AI-Timestamp": stamp,
            "X-Shadow-AI-Signature": f"v1={signature(self._secret, stamp, ident, body)}",
        }
        try:
            answer = self._session.post(
                self._config.url, data=body, headers=headers, timeout=_TIMEOUT,
                allow_redirects=False,
            )  # fmt: skip
        except UnsafeCall as error:
            raise Refused(f"webhook: {error}") from error
        except Unavailable as error:
            raise Busy(f"webhook: {error}; it is sent again") from error
        except requests.RequestException as error:
            raise Busy(f"webhook: {type(error).__name__}; it is sent again") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Busy(f"webhook: HTTP {answer.status_code}; it is sent again")
        if answer.status_code >= 300:
            raise Refused(f"webhook: HTTP {answer.status_code}")


def signature(secret: bytes, stamp: str, ident: str, body: bytes) -> str:
    return hmac.new(secret, f"{stamp}.{ident}.".encode() + body, hashlib.sha256).hexdigest()


def verify(
    secrets: list[bytes], headers: Mapping[str, str], body: bytes, now: float, most: float = 300.0
) -> bool:
    """For who takes events: whether one of ``secrets`` (two while they are changed) has signed it,
    not longer than ``most`` seconds ago. Ids that were seen in that time are to be dropped."""
    stamp, ident = headers.get("X-Shadow-AI-Timestamp", ""), headers.get("X-Shadow-AI-Id", "")
    said = headers.get("X-Shadow-AI-Signature", "")
    if not re.fullmatch(r"[0-9]{1,15}", stamp) or abs(now - int(stamp)) > most:
        return False
    given = said.encode("utf-8", "replace")  # of text, only ASCII can be compared
    return any(
        hmac.compare_digest(given, f"v1={_signed(secret, stamp, ident, body)}".encode())
        for secret in secrets
    )


def _signed(secret: bytes, stamp: str, ident: str, body: bytes) -> str:
    return signature(secret, stamp, ident.encode("utf-8", "replace").decode(), body)


class FileSink(Events):
    """One file an event, whole or not at all, named by its id."""

    def __init__(self, config: FileConfig, routing: Routing, base: Path) -> None:
        self._folder = base / config.folder

    def _put(self, event: Event) -> None:
        try:
            made_folder(self._folder)
            write_file(self._folder / f"{event.ident}.json", event.body + b"\n")
        except StoreError as error:
            raise Busy(f"{self._folder}: cannot be written: {error}") from error
