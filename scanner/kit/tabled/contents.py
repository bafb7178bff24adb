"""What of a record goes to the detector that reads code, and nowhere else.

Variables as ``NAME=value`` lines, the name of a slot as one line, settings as JSON under their own
keys, documents as the files that they are. What the detector does not know ends here.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from scanner.kit.tables import Document, ResourceType, first_text, pairs_of, values
from scanner.model.base import NodeId
from scanner.model.items import Content, Gap, Item, Place

_ELSEWHERE = ("PARAMETER_STORE", "SECRETS_MANAGER")
"""Types of variables whose value is the name of a slot
(https://docs.aws.amazon.com/codebuild/latest/APIReference/API_EnvironmentVariable.html)."""
SETTINGS = "workload.json"
"""As what the settings of a record are read (``scanner.detect.readers.workloads``)."""
_MOST_BYTES = 8 << 20
"""Of a document, unpacked: user data may be gzip."""


def contents(
    kind: ResourceType, record: Mapping[str, Any], ident: str, opted: frozenset[str]
) -> Iterator[Item]:
    """Of what the record holds itself; documents that are asked for come by ``text_of``."""
    if kind.is_name_examined:
        name = first_text(record, kind.name)
        yield _content(ident, "", f"{name}\n".encode(), ("names",))
    for path in kind.environment:
        for variables in values(record, path):
            pairs = sorted(_shown(variables))
            if pairs:
                lines = "".join(f"{key}={value}\n" for key, value in pairs)
                yield _content(ident, "environment", lines.encode())
    shown = [
        {key: value}
        for key, path in map(_keyed, kind.settings)
        for value in values(record, path)
        if value not in ("", None, [], {})
    ]
    if shown:
        data = msgspec.json.format(msgspec.json.encode(shown, enc_hook=str), indent=1)
        yield _content(ident, SETTINGS, data)
    for document in kind.documents:
        if document.call is None and is_asked(document, opted):
            for value in values(record, document.path):
                yield from text_of(document, value, first_text(record, kind.name), ident)
    error = first_text(record, kind.environment_error)
    if error:
        yield Gap(what=f"variables of {ident}", reason=error, denied="AccessDenied" in error)


def is_asked(document: Document, opted: frozenset[str]) -> bool:
    return not document.opt_in or document.opt_in in opted


def text_of(document: Document, value: Any, name: str, ident: str) -> Iterator[Content]:
    """The document as bytes. What is no text (a binary secret) is read as it is."""
    data = _bytes(value)
    if document.is_base64:
        data = _unpacked(data)
    if document.setting and data:
        data = msgspec.json.format(msgspec.json.encode([{document.setting: value}]), indent=1)
    if document.is_value and data:
        data = f"{name.rpartition('/')[2]}=".encode() + data + b"\n"
    if data:
        yield _content(ident, document.name, data)


def _bytes(value: Any) -> bytes:
    """JSON that botocore has parsed (a template) is written out, a key a line."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else ""
    if text and text.lstrip()[:1] not in ("{", "["):
        return text.encode()
    try:
        plain = msgspec.json.encode(value, enc_hook=str) if not text else text.encode()
        return msgspec.json.format(plain, indent=1)
    except msgspec.DecodeError:
        return text.encode()


def _unpacked(data: bytes) -> bytes:
    """From base64, and gzip, as instances take it
    (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html)."""
    try:
        plain = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return data
    if not plain.startswith(b"\x1f\x8b"):
        return plain
    try:
        return zlib.decompressobj(wbits=31).decompress(plain, _MOST_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return plain


def _shown(variables: Any) -> Iterator[tuple[str, str]]:
    """Variables with their values; of those whose value stands elsewhere, the name alone."""
    elsewhere = {
        str(record.get("name"))
        for record in (variables if isinstance(variables, list) else ())
        if isinstance(record, Mapping) and record.get("type") in _ELSEWHERE
    }
    for name, value in pairs_of(variables):
        yield name, "" if name in elsewhere else value


def _keyed(setting: str) -> tuple[str, str]:
    """Under which key what stands at which path is shown."""
    key, _, path = setting.rpartition("=")
    return key or path.rpartition(".")[2].removesuffix("[]"), path


def _content(
    ident: str, path: str, data: bytes, rule_sets: tuple[str, ...] = ("credentials", "usage")
) -> Content:
    place = Place(subject=NodeId(ident), resource=ident, path=path)
    return Content(place=place, data=data, rule_sets=rule_sets)
