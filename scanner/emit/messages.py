"""A message to people by apprise (extra ``notify``): Slack, Teams, e-mail and a hundred others.

The address holds the credentials: it comes from the environment and is never shown.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from scanner.collect.threads import Threads, leave_behind, left_behind
from scanner.kit.addresses import is_loopback, refusal
from scanner.model.errors import ConfigError, ShadowAIError

_WHOLE = 90.0
"""Seconds for a message, with what a service is asked before."""
_TALKERS = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")


class NotSent(ShadowAIError):
    """The service did not take the message. The next run tells it."""


class Messenger:
    """One address, as apprise writes them (https://github.com/caronc/apprise/wiki). Raises
    ``ConfigError`` for one that apprise does not know."""

    def __init__(self, name: str, url: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise ConfigError(
                "messages need apprise: pip install 'shadow-ai-scanner[notify]'"
            ) from error
        self._name = name
        self._format = apprise.NotifyFormat.TEXT
        asset = apprise.AppriseAsset(
            app_id="shadow-ai", app_desc="shadow AI scanner", app_url="", async_mode=False,
            http_redirects=False, image_url_mask="", image_url_logo="",
            interpret_emojis=False, interpret_escapes=False, secure_logging=True,
        )  # fmt: skip
        self._service = apprise.Apprise(asset=asset)
        with _silence():
            is_known = not re.search(r"\s", url) and self._service.add(url)
        if not is_known or len(self._service) != 1:
            raise ConfigError(f"[notify.{name}]: the address is none that apprise knows")

        if not all(getattr(one, "verify_certificate", True) for one in self._service):
            raise ConfigError(
                f"[notify.{name}]: the address asks not to check certificates (`verify=`), so "
                "anybody could read what is sent; name your authority by REQUESTS_CA_BUNDLE instead"
            )

        self._hosts = [host for one in self._service for host in _hosts(one)]
        for host in self._hosts:
            if why := refusal(host):
                raise ConfigError(f"[notify.{name}]: nothing is sent there: {why}")
        for one in self._service:
            hosts = _hosts(one)
            if _is_clear(one) and not (hosts and all(map(is_loopback, hosts))):
                raise ConfigError(
                    f"[notify.{name}]: {_first(one.protocol)}:// sends what is in the address, and "
                    f"the message, for anybody to read; {_instead(one)}"
                )

    def _refuse_metadata(self) -> None:
        """A name that leads to where clouds hand out credentials. Between this look and apprise's
        own a name may change; what answers sees the message, and gives nothing back."""
        for host in self._hosts:
            with suppress(OSError, UnicodeError):
                for *_, address in socket.getaddrinfo(host, None):
                    if why := refusal(str(address[0])):
                        raise NotSent(f"{self._name}: not sent: {host} leads to {why}")

    def send(self, title: str, text: str) -> None:
        """Raises :class:`NotSent`."""
        self._refuse_metadata()
        with _silence() as silence:
            is_taken = self._is_taken(title, text)
            silence.lasts = left_behind()
        if not is_taken:
            raise NotSent(f"{self._name}: the message was not taken; the next run tells it")

    def _is_taken(self, title: str, text: str) -> bool:
        """Within a time as a whole: apprise has one from 2.3 on, and leaves a thread at it that the
        interpreter would wait for."""
        before = set(threading.enumerate())
        pool = Threads(1, "message")
        sending = pool.submit(
            self._service.notify, body=text, title=title, body_format=self._format
        )  # fmt: skip
        try:
            is_taken = bool(sending.result(_WHOLE))
        except TimeoutError:
            is_taken = False
        pool.shutdown(wait=False)
        if not is_taken:
            leave_behind(set(threading.enumerate()) - before)
        return is_taken


def _hosts(service: Any) -> list[str]:
    """Of a service that stands where the address says; others' hosts are apprise's own. Mail may go
    by another server than the address's."""
    if not any("{host}" in one for one in service.templates):
        return []
    said = (service.host, getattr(service, "smtp_host", ""))
    return list(dict.fromkeys(str(one).rstrip(".").casefold() for one in said if one))


def _is_clear(service: Any) -> bool:
    """Whether it sends without encryption. What has no encrypted way and names no host speaks to
    this machine's own desktop, or by HTTPS alone."""
    if mode := getattr(service, "secure_mode", ""):
        return str(mode) == "insecure"
    if service.secure or not service.protocol:
        return False
    return bool(service.secure_protocol) or bool(_hosts(service))


def _instead(service: Any) -> str:
    if getattr(service, "secure_mode", ""):
        return f"write `{_first(service.secure_protocol)}://`, without `mode=insecure`"
    if service.secure_protocol:
        return f"write `{_first(service.secure_protocol)}://`"
    return "it has no other way: choose another service"


def _first(names: Any) -> str:
    return str(names if isinstance(names, str) else next(iter(names or ()), ""))


class _Silence:
    lasts = False
    """Who is still at it may log later."""


@contextmanager
def _silence() -> Iterator[_Silence]:
    """What they log may quote the address: it goes nowhere."""
    loggers = [logging.getLogger(name) for name in _TALKERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    silence = _Silence()
    try:
        yield silence
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was or silence.lasts
