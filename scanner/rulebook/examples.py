"""Expand ``{class:n}`` in rule examples to made-up values, the same in every run.

Examples are templates so that the repository holds nothing that looks like a real key. Beside the
classes there are ``{uuid}``, ``{crc62:n}`` (n base62 characters and their checksum, as GitHub's
tokens end), ``{base64(text)}`` and ``{jwt(claim=value,...)}``, whose text may hold the others.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
import uuid
import zlib

from scanner.kit.expressions import expression

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
CLASSES = {
    "base62": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "alnum_lower": string.ascii_lowercase + string.digits,
    "alnum_upper": string.ascii_uppercase + string.digits,
    "hex": string.digits + "abcdef",
    "hex_upper": string.digits + "ABCDEF",
    "b64url": string.ascii_letters + string.digits + "_-",
    "b64": string.ascii_letters + string.digits + "+/",
    "base32": string.ascii_uppercase + "234567",
    "base32_lower": string.ascii_lowercase + "234567",
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
}
_TEMPLATE = expression(r"\{(" + "|".join((*CLASSES, "crc62")) + r"):(\d{1,3})\}|\{uuid\}")
_MADE = expression(r"\{(base64|jwt)\(([^()]*)\)\}")


def expand(template: str, seed: str) -> str:
    """``template`` with every placeholder filled; equal seeds give equal text."""
    source = random.Random(f"{seed}/{template}")  # noqa: S311 - made-up keys, not secrets

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return str(uuid.UUID(int=source.getrandbits(128), version=4))
        if match[1] == "crc62":
            body = _spread(CLASSES["base62"], int(match[2]), source)
            return body + base62(zlib.crc32(body.encode()), 6)
        return _spread(CLASSES[match[1]], int(match[2]), source)

    def make(match: re.Match[str]) -> str:
        if match[1] == "base64":
            return base64.b64encode(match[2].encode()).decode()
        signature = _spread(CLASSES["b64url"], 43, source)
        claims = dict(pair.partition("=")[::2] for pair in match[2].split(","))
        return f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}.{signature}"

    return _MADE.sub(make, _TEMPLATE.sub(fill, template))


def base62(number: int, width: int) -> str:
    """``number`` in the digits 0-9A-Za-z, at least ``width`` of them."""
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = BASE62[rest] + text
    return text.rjust(width, "0")


def _part(claims: dict[str, str]) -> str:
    plain = json.dumps(claims, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _spread(alphabet: str, length: int, source: random.Random) -> str:
    """Random but never unlucky: no character twice in a row, alphanumeric at both ends, small
    letters, capitals and digits where the alphabet has them and there is room."""
    solid = [c for c in alphabet if c.isalnum()]
    out: list[str] = []
    for index in range(length):
        pool = solid if index in (0, length - 1) else alphabet
        choice = source.choice(pool)
        while out and choice == out[-1] and len(pool) > 1:
            choice = source.choice(pool)
        out.append(choice)
    for index, kind in enumerate((str.islower, str.isupper, str.isdigit), start=1):
        have = [c for c in solid if kind(c)]
        if have and length >= 12 and not any(kind(c) for c in out):
            out[index * 3] = source.choice([c for c in have if c not in out[:12]] or have)
    return "".join(out)
