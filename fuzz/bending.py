"""Answers made into others that are as well formed: JSON and XML, each bent as what it is.

A change of bytes hardly ever leaves JSON or XML; these get past the decoder, to what reads fields.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

_DEEP = "no such text \u2261"
_DEPTH = 5000
_TEXTS = (
    "", "x", "-1", "9" * 40, "9" * 5000, "1e999", "true", "2026-13-45", "[", "{", '"', "a\x85b",
    "https://[", "//[::1", "\u202e", "../..", "arn:", "arn:aws:iam::1:role/", ":", "/", "{}", "[1]",
)  # fmt: skip


def bent_json(data: bytes, rng: random.Random) -> bytes | None:
    """None: it is no JSON. A tenth of what is bent holds lists without end."""
    from tests.connectors.hostile import bent

    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return None
    (made,) = bent([whole], 1, rng.getrandbits(32))
    if rng.random() < 0.1:
        made = _with_one(made, _DEEP, rng)
    elif rng.random() < 0.1:
        made = _with_one(made, rng.choice(_TEXTS), rng)
    text = json.dumps(made)
    deep = "[" * _DEPTH + "]" * _DEPTH
    return text.replace(json.dumps(_DEEP), deep).encode("utf-8", "surrogatepass")


def _with_one(value: Any, new: Any, rng: random.Random) -> Any:
    """One place of it, however deep, holds ``new``."""
    places: list[Callable[[], None]] = []

    def look(holder: Any) -> None:
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            places.append(lambda holder=holder, key=key: holder.__setitem__(key, new))  # type: ignore[misc]
            if isinstance(holder[key], (dict, list)):
                look(holder[key])

    if not isinstance(value, (dict, list)) or not value:
        return new
    look(value)
    rng.choice(places)()
    return value


def bent_xml(data: bytes, rng: random.Random) -> bytes | None:
    """None: it is no XML."""
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return None
    share = rng.choice((0.02, 0.1, 0.3))
    _bend(root, share, rng)
    return ElementTree.tostring(root, encoding="utf-8")


def _bend(node: ElementTree.Element, share: float, rng: random.Random) -> None:
    for child in list(node):
        if rng.random() < share / 3:
            node.remove(child)
        elif rng.random() < share / 3:
            node.append(child)
        elif rng.random() < share / 3:
            child.tag += "x"
        elif rng.random() < share / 2:
            child[:] = []
            child.text = rng.choice(_TEXTS)
        elif rng.random() < share / 4:
            child.append(ElementTree.Element("x"))
        else:
            _bend(child, share, rng)


def bent_bytes(data: bytes, rng: random.Random) -> bytes:
    """What has no text: some bytes are others."""
    made = bytearray(data or b"\0")
    for _ in range(rng.randint(1, 4)):
        made[rng.randrange(len(made))] = rng.getrandbits(8)
    return bytes(made[: rng.randint(0, len(made))] if rng.random() < 0.2 else made)


def bent_answer(data: bytes, rng: random.Random) -> bytes:
    return bent_json(data, rng) or bent_xml(data, rng) or bent_bytes(data, rng)
