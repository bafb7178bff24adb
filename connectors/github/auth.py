"""Who asks: a token, or a GitHub App that trades its key for an hour's token per organization.

Owns the tokens of one run. They are in memory alone; no message names one.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scanner.kit.forge.details import filled
from scanner.kit.forge.paging import by_link
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

EXCHANGE = "POST /app/installations/{installation_id}/access_tokens"
_RENEW_SECONDS = 300.0
"""Before it ends: a request that is on its way must still be let in."""
_PROOF_SECONDS = 540
"""GitHub takes a proof of at most ten minutes; a minute is left for clocks that differ."""


class Credentials(Protocol):
    """Whom an owner's requests are made as."""

    def token(self, owner: str) -> str:
        """Raises ``Denied`` where there is none."""
        ...


@dataclass(frozen=True)
class Fixed:
    """One token for everything."""

    value: str = field(repr=False)

    def token(self, owner: str) -> str:
        return self.value


@dataclass(frozen=True)
class Installation:
    """Of the app, in an organization or a person's account."""

    key: str
    owner: str
    is_organization: bool
    is_selected: bool
    """Only repositories that someone chose: the listing is not the whole."""


@dataclass
class _Lease:
    token: str = field(repr=False)
    ends: float


@dataclass
class App:
    """A GitHub App. ``session``: asks as the app itself (:func:`proof`)."""

    session: ReadOnlySession
    clock: Callable[[], float] = time.time
    _leases: dict[str, _Lease] = field(default_factory=dict, repr=False)
    trouble: Unavailable | None = None
    _known: dict[str, Installation] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def installations(self) -> list[Installation]:
        """Where the app is installed and not suspended; ``trouble`` then says why there may be
        more. Raises the source errors."""
        found, odd = [], 0
        for record in by_link(self.session, "/app/installations", {"per_page": "100"}):
            installation = _installation(record)
            if installation is not None:
                found.append(installation)
            odd += installation is None and not mapping(record).get("suspended_at")
        if odd:
            self.trouble = Unavailable(f"GET /app/installations: {odd} records name no account")
        self._known = {one.owner.casefold(): one for one in found}
        return found

    def installation(self, owner: str) -> Installation:
        """Raises ``Denied`` where the app is not installed."""
        if not self._known:
            self.installations()
        known = self._known.get(owner.casefold())
        if known is None:
            raise Denied(f"the app is not installed in {owner}; install it there")
        return known

    def token(self, owner: str) -> str:
        """Of the installation in ``owner``, renewed in time."""
        with self._lock:
            key = self.installation(owner).key
            lease = self._leases.get(key)
            if lease is None or self.clock() > lease.ends - _RENEW_SECONDS:
                lease = self._exchange(key)
                self._leases[key] = lease
            return lease.token

    def _exchange(self, key: str) -> _Lease:
        body = json_body(self.session.post(filled(EXCHANGE, {"installation_id": key}), {}))
        token = text(mapping(body).get("token"))
        try:
            ends = datetime.fromisoformat(text(mapping(body).get("expires_at"))).timestamp()
        except ValueError:
            ends = self.clock() + 3600
        if not token:
            raise Unavailable(f"{EXCHANGE}: the answer holds no token")
        return _Lease(token, ends)


def _installation(record: Any) -> Installation | None:
    found = mapping(record)
    account = mapping(found.get("account"))
    key, owner = text(found.get("id")), text(account.get("login"))
    if not key or not owner or found.get("suspended_at"):
        return None
    return Installation(
        key=key,
        owner=owner,
        is_organization=account.get("type") == "Organization",
        is_selected=found.get("repository_selection") == "selected",
    )


def proof(app: str, key: str, clock: Callable[[], float] = time.time) -> Mapping[str, str]:
    """Headers by which the app proves who it is: a JWT signed by its private key (RS256). Raises
    ``Denied``, without quoting the key, for one that signs nothing."""
    import jwt  # heavy, and only apps need it

    now = int(clock())
    claims = {"iat": now - 60, "exp": now + _PROOF_SECONDS, "iss": app}
    try:
        made = jwt.encode(claims, key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise Denied(
            f"the app's private key cannot sign ({type(error).__name__}); give the PEM file that "
            "GitHub made, by `app_key_file` or the variable that `app_key_env` names"
        ) from None
    return {"Authorization": f"Bearer {made}"}
