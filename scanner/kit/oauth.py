"""Access tokens by a client's own credentials (RFC 6749, 4.4, and vendors' ways of it), renewed
before they end. The client's secret comes from the environment and goes to the one token URL.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.kit.contract import Context, Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

_EARLY_SECONDS = 120
_DEFAULT_SECONDS = 600


@dataclass
class ClientCredentials:
    """``form``: what is sent beside the client. ``basic``: the client goes into a header, else into
    the form. ``is_json``: it is sent as JSON. ``token``: one that somebody else has made, which is
    used as it is."""

    ctx: Context[Any]
    operation: Operation
    url: str
    form: Mapping[str, str]
    client: str = ""
    secret: str = field(default="", repr=False)
    basic: bool = True
    is_json: bool = False
    token: str = field(default="", repr=False)
    missing: str = "set the variables that hold the client's id and secret"
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def configured(
        cls, ctx: Context[Any], operation: Operation, form: Mapping[str, str], url: str = "",
        **more: Any,
    ) -> ClientCredentials:  # fmt: skip
        """By the variables that ``client_id_env``, ``client_secret_env`` and ``token_env`` of the
        configuration name; ``url``: empty for the configured one."""
        config, environ = ctx.config, ctx.environ
        either = f"{config.client_id_env} and {config.client_secret_env}, or {config.token_env}"
        return cls(
            ctx, operation, url or config.url, form,
            client=environ.get(config.client_id_env, ""),
            secret=environ.get(config.client_secret_env, ""),
            token=environ.get(config.token_env, ""),
            **{"missing": f"set {either}", **more},
        )  # fmt: skip

    def headers(self) -> Mapping[str, str]:
        """Asked at each call. Raises ``Denied``, ``Throttled``, ``Unavailable``."""
        if not self.token and not (self.client and self.secret):
            raise Denied(f"no token: {self.missing}")
        with self._lock:
            if self.client and self.secret and time.monotonic() >= self._until:
                self.token = self._asked()
        return {"Authorization": f"Bearer {self.token}"}

    def _asked(self) -> str:
        form, headers = dict(self.form), {}
        if self.basic:
            known = base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {known}"
        else:
            form |= {"client_id": self.client, "client_secret": self.secret}
        session = ReadOnlySession(
            self.url, (self.operation,), self.ctx.limits,
            headers={"User-Agent": "shadow-ai-scanner", "Accept": "application/json", **headers},
            retries=self.ctx.retries, denials=frozenset({400, 401, 403}),
        )  # fmt: skip
        path = self.operation.path
        body = mapping(json_body(session.post(path, form, is_form=not self.is_json)))
        token, lasts = text(body.get("access_token")), body.get("expires_in")
        if not token:
            raise Unavailable(f"{self.operation.id}: no token in the answer")
        seconds = lasts if isinstance(lasts, int) and lasts > 0 else _DEFAULT_SECONDS
        self._until = time.monotonic() + max(30, seconds - _EARLY_SECONDS)
        return token
