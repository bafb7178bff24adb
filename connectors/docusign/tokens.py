"""Access tokens of DocuSign: one from elsewhere, or by a JWT that an administrator's app signs.

https://developers.docusign.com/platform/auth/jwt-get-token: a token lasts an hour, and there is no
refreshing it. The private key signs here and is sent nowhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from scanner.kit.administered import read, session
from scanner.kit.contract import Context
from scanner.kit.http import json_body
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

TOKEN = read("/oauth/token", "consent of an administrator", "an access token", method="POST")
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = "signature impersonation organization_read connect_org_config_read_api"
_PROOF_SECONDS = 600
_EARLY_SECONDS = 120
_DEFAULT_SECONDS = 600
_REFUSALS = frozenset({400, 401, 403})


@dataclass
class Tokens:
    ctx: Context[Any]
    _token: str = field(default="", repr=False)
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def headers(self) -> Mapping[str, str]:
        """Asked at each call. Raises the source errors."""
        config, environ = self.ctx.config, self.ctx.environ
        given = environ.get(config.token_env, "")
        if given:
            return {"Authorization": f"Bearer {given}"}
        key = environ.get(config.private_key_env, "")
        if not (key and config.integration_key and config.user_id):
            raise Denied(
                f"no token: set {config.token_env}, or {config.private_key_env} with "
                "`integration_key` and `user_id`"
            )
        with self._lock:
            if time.monotonic() >= self._until:
                self._token = self._exchanged(key)
            return {"Authorization": f"Bearer {self._token}"}

    def _exchanged(self, key: str) -> str:
        asked = {"grant_type": _GRANT, "assertion": self._proof(key)}
        access = session(self.ctx, (TOKEN,), {}, self.ctx.config.auth_url, denials=_REFUSALS)
        body = mapping(json_body(access.post(TOKEN.path, asked, is_form=True)))
        token, lasts = text(body.get("access_token")), body.get("expires_in")
        if not token:
            raise Unavailable(f"{TOKEN.id}: no token in the answer")
        seconds = lasts if isinstance(lasts, int) and lasts > 0 else _DEFAULT_SECONDS
        self._until = time.monotonic() + max(30, seconds - _EARLY_SECONDS)
        return token

    def _proof(self, key: str) -> str:
        import jwt  # heavy, and only this way needs it

        config, now = self.ctx.config, int(time.time())
        claims = {
            "iss": config.integration_key, "sub": config.user_id, "iat": now,
            "aud": urlsplit(config.auth_url).hostname, "exp": now + _PROOF_SECONDS,
            "scope": _SCOPES,
        }  # fmt: skip
        try:
            return jwt.encode(claims, _parsed(key), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise Denied(
                f"the private key cannot sign ({type(error).__name__}); give the PEM text that "
                f"DocuSign made, by {config.private_key_env}"
            ) from None


@lru_cache(maxsize=1)
def _parsed(key: str) -> Any:
    """A private key of PEM text. That its numbers fit each other is looked at once, not for every
    part: it takes longer than signing. Raises ``ValueError``, ``TypeError`` and PyJWT's errors."""
    from jwt.algorithms import RSAAlgorithm

    return RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(key)
