"""What the inside of a credential shows: checksums, encoded parts, fixed fields.

Owns one function a :class:`scanner.rulebook.types.Check`. Every function takes hostile bytes and
answers yes or no; none raises.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable

from scanner.kit.expressions import expression
from scanner.rulebook.examples import base62
from scanner.rulebook.types import Check

_ENCODED = expression(rb"[A-Za-z0-9+/_-]{8,8000}={0,2}")
_UUID = expression(rb"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEX_RUN = expression(rb"(?i)[0-9a-f]{16,}")
# https://github.com/microsoft/security-utilities: 52 random characters, signature, platform,
# year, month (A-L), 16 reserved, provider (4) and checksum (4).
_ANNOTATED = expression(rb"[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9][A-L][A-Za-z0-9]{16}[A-Za-z0-9]{8}")
_SAMPLE_CLAIMS = (b'"John Doe"', b'"1234567890"', b'"supabase-demo"', b'"jwt.io"')
"""In the tokens that jwt.io and vendors' manuals show."""

Holds = Callable[[bytes, bytes, tuple[bytes, ...]], bool]


def holds(check: Check, secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """Whether ``secret`` has the structure. ``body``: the secret without its literal prefix."""
    return _CHECKS[check](secret, body, contains)


def decode_base64(text: bytes) -> bytes:
    """Standard or URL alphabet, padding optional; empty when it is neither."""
    plain = text.rstrip(b"=").translate(_TO_STANDARD)
    if len(plain) % 4 == 1:
        return b""
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def _nothing(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    return True


def _github_crc32(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """https://github.blog/engineering/behind-githubs-new-authentication-token-formats/"""
    random, tail = secret[-36:-6], secret[-6:]
    return base62(zlib.crc32(random), 6).encode() == tail


def _object(part: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(decode_base64(part))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _jwt(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """RFC 7519: three parts, the first with ``alg``."""
    parts = secret[max(0, secret.find(b"eyJ")) :].split(b".")
    if len(parts) != 3:
        return False
    header, payload = _object(parts[0]), _object(parts[1])
    if header is None or payload is None:
        return False
    algorithm = header.get("alg")
    text = decode_base64(parts[1])
    return (
        isinstance(algorithm, str)
        and algorithm.lower() != "none"
        and not any(sample in text for sample in _SAMPLE_CLAIMS)
    )


def _jwt_claim(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    if not _jwt(secret, body, ()):
        return False
    payload = decode_base64(secret[secret.find(b"eyJ") :].split(b".")[1]).replace(b" ", b"")
    return any(text in payload for text in contains)


def _jwe(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """RFC 7516: five parts, the header with ``alg`` and ``enc``."""
    parts = secret.split(b".")
    header = _object(parts[0])
    return len(parts) == 5 and header is not None and {"alg", "enc"} <= header.keys()


def _base64_text(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    for text in (secret, body):
        for run in _ENCODED.findall(text):
            plain = decode_base64(run)
            if any(wanted in plain for wanted in contains):
                return True
    return False


def _base64_pair(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """RFC 7617: ``user:password``, printable."""
    plain = decode_base64(body)
    user, _, password = plain.partition(b":")
    return bool(user) and bool(password) and all(32 <= byte < 127 for byte in plain)


def _uuid(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    found = _UUID.search(secret)
    return found is not None and len(set(found[0])) >= 8


def _azure_annotated(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    return _ANNOTATED.fullmatch(secret) is not None


def _hex(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    runs = _HEX_RUN.findall(secret)
    if not runs:
        return False
    longest: bytes = max(runs, key=len)
    return any(b < 58 for b in longest) and any(b > 58 for b in longest) and len(set(longest)) >= 7


def _mixed(secret: bytes, body: bytes, contains: tuple[bytes, ...]) -> bool:
    """In 28 random characters one of the three is missing once in 100 keys; in fewer, two do."""
    kinds = (
        any(97 <= b <= 122 for b in body),
        any(65 <= b <= 90 for b in body),
        any(48 <= b <= 57 for b in body),
    )
    return all(kinds) if len(body) >= 28 else sum(kinds) >= 2


_CHECKS: dict[Check, Holds] = {
    Check.NONE: _nothing,
    Check.GITHUB_CRC32: _github_crc32,
    Check.JWT: _jwt,
    Check.JWT_CLAIM: _jwt_claim,
    Check.JWE: _jwe,
    Check.BASE64_TEXT: _base64_text,
    Check.BASE64_PAIR: _base64_pair,
    Check.UUID: _uuid,
    Check.AZURE_ANNOTATED: _azure_annotated,
    Check.HEX: _hex,
    Check.MIXED: _mixed,
}
