"""Where a call may go: the adapter that every session of ours is made with.

A configured address may lead elsewhere than it says: a name that is given another address between
the check and the call (DNS rebinding), a redirect, a link in an answer. So the *peer* of each
connection is looked at, after it is made and before a byte is sent. Refused, whatever the
configuration says, are the addresses where clouds hand out credentials to whoever asks on the
machine. Private networks are not: trackers and registries stand there.

Credentials leave by https alone, except to this machine. Behind a proxy the proxy looks names up;
there only the address as it is written is judged.
"""

from __future__ import annotations

import base64
import ssl
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from scanner.kit.addresses import is_loopback, refusal
from scanner.kit.http_body import CODINGS, read_whole
from scanner.kit.masks import without
from scanner.kit.timed import HeaderTimed, WholeTimed
from scanner.model.errors import UnsafeCall

_HARMLESS = frozenset({
    "accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type",
    "host", "if-modified-since", "if-none-match", "prefer", "transfer-encoding", "user-agent",
    "x-github-api-version",
})  # fmt: skip
"""What no credential stands in; any other header may hold one."""


def check_call(request: requests.PreparedRequest) -> None:
    """Raises ``UnsafeCall`` for a call that must not leave, as far as its text tells."""
    split = urlsplit(request.url or "")
    host = (split.hostname or "").rstrip(".").casefold()
    if why := refusal(host):
        raise UnsafeCall(f"refused a call to {split.scheme}://{split.netloc}: {why}")
    if split.scheme == "https" or is_loopback(host):
        return
    told = sorted(name for name in map(str.casefold, request.headers) if name not in _HARMLESS)
    if told:
        raise UnsafeCall(
            f"refused a call to {split.scheme}://{split.netloc}: credentials ({', '.join(told)}) "
            "are sent by https alone; give the address as https://"
        )


_LEAST_SECRET = 6


def unsent(text: str, request: requests.PreparedRequest | None) -> str:
    """``text`` of an answer without what was sent to prove who asks: some servers repeat a token
    that they refuse. Headers, whole and in their parts, and the fields of a form."""
    if request is None:
        return text
    told = [
        str(value) for name, value in request.headers.items() if name.casefold() not in _HARMLESS
    ]
    for value in list(told):
        scheme, _, rest = value.partition(" ")
        told += [rest, *rest.split(",")]
        if scheme.casefold() == "basic":
            with suppress(ValueError):
                whole = base64.b64decode(rest).decode("utf-8", "replace")
                told += [whole, whole.partition(":")[2]]
    body = request.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str) and "urlencoded" in str(request.headers.get("Content-Type", "")):
        told += [value for _, value in parse_qsl(body)]
    return without(text, (one for one in map(str.strip, told) if len(one) >= _LEAST_SECRET))


class _Peer(Exception):
    """Leaves urllib3 as it is: no kind of error that is tried again."""


class _Checked:
    """Of a connection: who it leads to."""

    def _new_conn(self) -> Any:
        made = super()._new_conn()  # type: ignore[misc]
        why = refusal(str(made.getpeername()[0]))
        if why:
            made.close()
            raise _Peer(f"{getattr(self, 'host', '')} leads to {why}")
        return made


@cache
def _pools(whole: float | None, *checks: type) -> dict[str, type[HTTPConnectionPool]]:
    """Scheme -> pool of connections. ``whole``: seconds of an answer; None: its headers alone have
    a time."""
    answer = HeaderTimed if whole is None else type("Answer", (WholeTimed,), {"seconds": whole})

    def connection(plain: type) -> type:
        return type("Connection", (*checks, plain), {"response_class": answer})

    def pool(plain: type[HTTPConnectionPool], made: type) -> type[HTTPConnectionPool]:
        return type("Pool", (plain,), {"ConnectionCls": made})

    return {
        "http": pool(HTTPConnectionPool, connection(HTTPConnection)),
        "https": pool(HTTPSConnectionPool, connection(HTTPSConnection)),
    }


class SafeAdapter(HTTPAdapter):
    """For a session of ours; mounted for both schemes by :func:`session`. ``tls``: whom is trusted
    and as whom is asked, instead of what requests knows; ``server_name``: whom the certificate must
    be for, if not for the host. ``whole``: seconds within which an answer is there with its body,
    which is read here, within bounds (:func:`scanner.kit.http_body.read_whole`); None: the headers
    alone have a time, and the body is a download that the caller reads."""

    def __init__(
        self, *args: Any, tls: ssl.SSLContext | None = None, server_name: str = "",
        whole: float | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self._whole = whole
        self._tls: dict[str, Any] = {} if tls is None else {"ssl_context": tls}
        if tls is not None and server_name:
            self._tls |= {"server_hostname": server_name, "assert_hostname": server_name}
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, **self._tls})
        self.poolmanager.pool_classes_by_scheme = _pools(self._whole, _Checked)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        made = super().proxy_manager_for(*args, **{**kwargs, **self._tls})
        if type(made) is ProxyManager:  # one of SOCKS has pools of its own
            # The peer is the proxy.
            made.pool_classes_by_scheme = _pools(self._whole)
        return made

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        """Requests' own authorities would be trusted beside those of the context."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"cert_reqs": "CERT_REQUIRED"} if self._tls else pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        if not self._tls:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        check_call(request)
        try:
            answer = super().send(request, *args, **kwargs)
        except _Peer as error:
            split = urlsplit(request.url or "")
            raise UnsafeCall(
                f"refused a call to {split.scheme}://{split.netloc}: {error}"
            ) from None
        if self._whole is not None:
            # Before requests itself looks at a body, as it does at a redirect's.
            read_whole(answer)
        return answer


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None  # a redirect is an answer like others: who has moved is configured anew

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What is configured for this session goes before ``REQUESTS_CA_BUNDLE``, which requests
        would prefer."""
        chosen = self.verify if verify is None and isinstance(self.verify, str) else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


def session(whole: float | None = None) -> requests.Session:
    """One that follows no redirect and takes no credentials from ``~/.netrc``. ``whole``: as
    :class:`SafeAdapter` takes it."""
    made = _Session()
    # Without an auth of its own requests looks into ~/.netrc and puts what it finds there in the
    # place of our header.
    made.auth = lambda request: request
    if whole is not None:
        made.headers["Accept-Encoding"] = CODINGS
    for scheme in ("https://", "http://"):
        made.mount(scheme, SafeAdapter(max_retries=0, whole=whole))
    return made
