"""A message to people by apprise (extra ``notify``): Slack, Teams, e-mail and a hundred others.

The address holds the credentials: it comes from the environment and is never shown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from scanner.model.errors import ConfigError, ShadowAIError

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

    def send(self, title: str, text: str) -> None:
        """Raises :class:`NotSent`."""
        with _silence():
            is_taken = bool(self._service.notify(body=text, title=title, body_format=self._format))
        if not is_taken:
            raise NotSent(f"{self._name}: the message was not taken; the next run tells it")


@contextmanager
def _silence() -> Iterator[None]:
    """What they log may quote the address: it goes nowhere."""
    loggers = [logging.getLogger(name) for name in _TALKERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was
