"""JSON over HTTPS to a tracker: waits where it is told to, and never guesses what became of a call.

``urllib3``'s Retry does not know GitHub's 403 that means "later", and would send again what may
have been done; so the few lines are here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import requests

from scanner.emit.tickets.sink import Busy, Refused, SinkError, Unclear
from scanner.kit.addresses import origin
from scanner.kit.outgoing import session, unsent
from scanner.model.errors import Unavailable, UnsafeCall

_SECONDARY = 60.0
"""Seconds that GitHub wants after its secondary limit, where it does not say so itself
(https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api)."""
_PAGE = 100
"""Records of a numbered page: the most that GitHub and GitLab give."""
_TRIES = 6
_MOST_WAIT = 120.0
"""Seconds that one call waits in all."""
_TIMEOUT = (10, 60)
_WHOLE = 120.0
"""Seconds of an answer with its body: who sends a byte now and then holds no run."""


class Api:
    """``headers`` hold the credentials and are never shown. ``wait`` sleeps. ``is_later``: whether
    an answer means that, where a vendor has a way of its own to say so."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        *,
        auth: tuple[str, str] | None = None,
        wait: Callable[[float], None] = time.sleep,
        is_later: Callable[[requests.Response], bool] = lambda answer: False,
    ) -> None:
        self._base = base.rstrip("/")
        self._session = session(whole=_WHOLE)
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": "shadow-ai-scanner", **headers}
        )
        if auth is not None:
            self._session.auth = auth
        self._wait = wait
        self._is_later = is_later

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params)

    def numbered(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The records of a list in pages that have numbers (``page``, ``per_page``), of which one
        that is not full is the last: GitHub, GitLab."""
        page = 1
        while True:
            found = self.get(path, **params, per_page=_PAGE, page=page)
            if not isinstance(found, list):
                raise Refused(f"GET {path}: the answer is no list")
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        absent: Any = None,
        gone: Any = None,
        is_read: bool = False,
        media: str = "application/json",
    ) -> Any:
        """The answer as JSON; None of an empty one. ``absent``: what a 404 or 410 gives instead of
        ``Refused``; ``gone``: what a 410 gives, where that says more. ``is_read``: it changes
        nothing, whatever its method. ``media``: of the body. Raises :class:`SinkError`."""
        reads = is_read or method == "GET"
        lost: type[SinkError] = Busy if reads else Unclear
        url = path if path.startswith(("http://", "https://")) else f"{self._base}{path}"
        if origin(url) != origin(self._base):
            raise Refused(f"{method}: a link leads away from {self._base}, where nothing is sent")
        waited = 0.0
        for turn in range(_TRIES):
            answer = self._sent(method, url, body, params, media, lost)
            pause = float(2**turn) if self._is_later(answer) else _pause(answer, turn, reads)
            if pause is None:
                missing = gone if answer.status_code == 410 and gone is not None else absent
                return _told(answer, f"{method} {path}", missing, lost)
            if waited + pause > _MOST_WAIT:
                break
            waited += pause
            self._wait(pause)
        raise Busy(f"{method} {path}: the tracker asks to come later; the next run goes on")

    def _sent(
        self,
        method: str,
        url: str,
        body: Any,
        params: Mapping[str, Any] | None,
        media: str,
        lost: type[SinkError],
    ) -> requests.Response:
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": media} if data is not None else {}
        try:
            return self._session.request(
                method, url, data=data, headers=headers, params=params, timeout=_TIMEOUT,
                allow_redirects=False,
            )  # fmt: skip
        except UnsafeCall as error:
            raise Refused(str(error)) from error
        except Unavailable as error:  # more than an answer may be
            raise lost(str(error)) from error
        except requests.ConnectTimeout as error:
            raise Busy(f"{method} {url}: no connection") from error
        except requests.ConnectionError as error:
            kind = Busy if _is_before(error) else lost
            raise kind(f"{method} {url}: the connection broke ({type(error).__name__})") from error
        except requests.RequestException as error:
            raise lost(f"{method} {url}: {type(error).__name__}") from error


def _is_before(error: requests.ConnectionError) -> bool:
    """Whether nothing was sent: no address, nobody who listens."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")


def _pause(answer: requests.Response, turn: int, reads: bool) -> float | None:
    """Seconds to wait before the same call again; None: this is the answer. A 503 may come from
    what stands before the tracker, which has done what it was asked for: only a question is asked
    again."""
    code = answer.status_code
    told = answer.headers.get("Retry-After", "")
    is_spent = answer.headers.get("X-RateLimit-Remaining") == "0"
    is_limit = code == 403 and (told or is_spent or "rate limit" in answer.text[:2000].lower())
    if not (code == 429 or is_limit or (code == 503 and reads)):
        return None
    if told.isdigit():
        return float(told)
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if is_spent and reset.isdigit():
        return max(1.0, float(reset) - time.time())
    return _SECONDARY if code == 403 else float(2**turn)


def _told(answer: requests.Response, call: str, absent: Any, lost: type[SinkError]) -> Any:
    code = answer.status_code
    if code in (404, 410) and absent is not None:
        return absent
    if code >= 500:
        raise lost(f"{call}: HTTP {code}")
    if code >= 300:
        raise Refused(f"{call}: HTTP {code}{_why(answer)}")
    if code == 203:
        raise Refused(f"{call}: HTTP 203: it asks for signing in; is the token still good?")
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise lost(f"{call}: the answer is no JSON") from error


def _why(answer: requests.Response) -> str:
    """What the tracker says of a refusal, shortened."""
    try:
        said = answer.json()
    except ValueError:
        return ""
    found: list[str] = []
    for key in ("message", "error", "errorMessages", "errors"):
        value = said.get(key) if isinstance(said, dict) else None
        if isinstance(value, dict):
            found += [f"{name}: {text}" for name, text in value.items()]
        elif isinstance(value, list):
            found += [str(one) for one in value]
        elif value:
            found.append(str(value))
    return f": {unsent('; '.join(found), answer.request)[:300]}" if found else ""
