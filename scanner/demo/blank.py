"""Empty answers where moto has none: a service that it lacks looks like a service without contents.

A layer before moto's server. Owns the empty answer of each of AWS's protocols
(https://smithy.io/2.0/aws/protocols/); refuses to stand in for anything that changes state, so that
a seed which does not arrive is an error.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from scanner.demo.required import required_fields

_READS = ("List", "Describe", "Get", "Search", "BatchGet", "Lookup")
_WITHOUT_AN_ID = ("DescribeLaunchTemplateVersions",)
"""Lists that AWS gives of everything and moto of one thing that is named."""
_OF_SOME = ("GetResources",)
"""Tags of many things: moto knows some services' alone, so it is refused, and each is asked for."""
_MISSING = (NotImplementedError, ImportError, LookupError, TypeError, ValueError, AttributeError)
"""How moto ends where it has no such operation or backend, or misses an argument."""
_CHANGING = ("PUT", "DELETE", "PATCH")
_CBOR = "rpc-v2-cbor"
_Start = Callable[..., Any]


class BlankLayer:
    """WSGI: asks moto, and answers for it what it does not implement."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        body = _body(environ)
        if _action(environ, body) in _OF_SOME:
            return _refused(start)
        told: list[Any] = []

        def keep(*head: Any, **more: Any) -> None:
            told[:] = [head, more]

        try:
            parts = self._inner(environ, keep)
        except _MISSING:
            if not _is_reading(environ, body):
                raise
            return _blank(environ, body, start)
        is_missing = _is_unknown_path(told) or _action(environ, body) in _WITHOUT_AN_ID
        if is_missing and _is_reading(environ, body) and not str(told[0][0]).startswith("2"):
            return _blank(environ, body, start)
        start(*told[0], **told[1])
        return parts


def _refused(start: _Start) -> Iterable[bytes]:
    answer = b'{"__type":"AccessDeniedException","message":"not told here"}'
    start("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
    return [answer]


def _body(environ: dict[str, Any]) -> bytes:
    """What was sent; it can be read once more."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return b""
    data: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(data)
    return data


def _is_unknown_path(told: list[Any]) -> bool:
    """The web framework's own page says that there is no such path; AWS speaks no HTML."""
    status, headers = told[0][0], told[0][1]
    kinds = [value for name, value in headers if name.lower() == "content-type"]
    return str(status).startswith("404") and any("text/html" in kind for kind in kinds)


def _action(environ: dict[str, Any], body: bytes) -> str:
    """The operation's name, where the protocol says it."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if environ.get("HTTP_SMITHY_PROTOCOL") == _CBOR:
        return str(environ["PATH_INFO"]).rpartition("/")[2]
    if "x-www-form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    return ""


def _is_reading(environ: dict[str, Any], body: bytes) -> bool:
    name = _action(environ, body)
    return name.startswith(_READS) if name else environ["REQUEST_METHOD"] not in _CHANGING


def _blank(environ: dict[str, Any], body: bytes, start: _Start) -> Iterable[bytes]:
    name = _action(environ, body)
    if environ.get("HTTP_SMITHY_PROTOCOL") == _CBOR:
        data, kind = b"\xa0", "application/cbor"  # a map of nothing
    elif "x-www-form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        word = re.sub(r"\W", "", name)
        text = f"<{word}Response><{word}Result/></{word}Response>"
        data, kind = text.encode(), "text/xml"
    else:
        data, kind = json.dumps(required_fields(environ)).encode(), "application/json"
    headers = [("Content-Type", kind), ("Content-Length", str(len(data)))]
    start("200 OK", [*headers, ("smithy-protocol", _CBOR)] if data == b"\xa0" else headers)
    return [data]
