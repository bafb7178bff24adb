"""Is this text a secret at all? What random keys never look like, and what stands around them.

Owns the checks against false alarms: entropy by alphabet, written words and names, published
samples, hashes and encoded files around a match, and for shapes that say little by themselves the
name that the value is given. Works on bytes and places alone; keeps and returns no secret.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable

from scanner.detect.redact import entropy, is_placeholder
from scanner.kit.expressions import expression

NEAR_BYTES = 80
_FLOOR = 0.7
"""Share of what random text of that length and alphabet has: missed once in some 10,000 keys."""
_PUBLISHED = frozenset(
    {
        "ac9265e56c79b234607ec72c53753cfe",  # Google API key in the YouTube and Maps manuals
        "3543c50b0cb9cea8e55eb1f529b79f04",  # GitHub's token documentation
        "bc3ae723f57c6b9e3fd80b699fcc420f",
        "1a5d44a2dca19669d72edf4c4f1c27c4",  # AWS's access key of all manuals
        "c6ea27c534f993d31f0aef882e3d200e",
    }
)
"""Half of the SHA-256 of samples that vendors print: none opens anything."""
_WORD_RUN = expression(rb"[A-Z]?[a-z]{3,}")
_CAMEL = expression(rb"[A-Za-z]?[a-z]+(?:[A-Z][a-z]{2,}|[A-Z]{2,4}(?=[A-Z][a-z]|$))+[0-9]{0,2}")
_SHORT_LIMIT = 64
_SMALL = b"abcdefghijklmnopqrstuvwxyz"
_CAPITALS = _SMALL.upper()
_DIGITS = b"0123456789"

_ENCODED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_JOINTS = (b"/", b"+", b"=")
_REACH = 300
_GOES_ON = expression(rb"[/@(]|\.[A-Za-z0-9]")
_SCHEME = rb"(?:(?i:bearer|token|basic|key|apikey|api-key)[ \t]{1,2})?"
_NAMED = expression(
    rb"(?:(?P<a>[A-Za-z_$][\w.$-]{0,80})[\"'`\])]{0,3}\\?[\"']?[ \t]{0,8}"
    rb"(?:=>|:=|\?\?=?|\|\|=?|==?|:|\bor\b|<-)\s{0,8}[rbfu]{0,2}\\?[\"'`]{0,3}"
    rb"|[\"'`](?P<b>[\w.$-]{1,80})[\"'`]\s{0,4},\s{0,8}[\"'`]"
    rb"|(?<![\w-])--?(?P<c>[A-Za-z][\w-]{1,60})[ \t]{1,4}[\"']?"
    rb"|\b(?:ENV|ARG|export|set|setx|setenv)[ \t]{1,4}(?P<d>[A-Za-z_]\w{1,60})[ \t]{1,4}[\"']?"
    rb"|<(?P<e>[A-Za-z_][\w.-]{1,60})>"
    rb")" + _SCHEME + rb"$"
)
_UNNAMED = expression(
    rb"(?:[\"'`(>=]|^|\n[ \t]{0,20}(?:- )?|(?i:bearer|token|basic|key|apikey|api-key)[ \t:]{1,3})$"
)
_HASH = expression(
    rb"(?i)(?:sha-?(?:1|224|256|384|512)|md5|integrity|checksum|digest|etag|commit|revision|rev|"
    rb"h1|blob|tree|crc|hash)[\"'`]?[-:= \t]{1,4}[\"'`]?$"
)
_NAME_WORDS = expression(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_GENERIC = frozenset(
    b"api key keys apikey token tokens secret secrets auth authorization access bearer value "
    b"values password pass passwd pwd credential credentials cred creds client private x my env "
    b"default str string const final let var header headers basic data stringdata live prod "
    b"production dev development test staging personal service subscription master admin pat jwt "
    b"session cookie args arg param params kwargs user account name text input raw current old new "
    b"main root optional type static public readonly self this cfg config conf settings options "
    b"opts".split()
)
_NOT_SECRET = frozenset(
    b"id ids sha md hash commit rev revision ref digest checksum etag version model url uri host "
    b"endpoint project org organization account index region name path file uuid guid trace span "
    b"request assistant agent voice dataset run workspace namespace collection environment nonce "
    b"salt signature fingerprint thumbprint integrity build image tag tenant group".split()
)


def is_random(secret: bytes, body: bytes, min_entropy: float) -> bool:
    """``body``: the secret without the literal prefix of its format, which may read like a
    placeholder (``bedrock-api-key-``) and says nothing about the rest."""
    return (
        entropy(secret) >= min_entropy
        and not is_placeholder(body)
        and not is_written(body)
        and not is_published(secret)
    )


def is_published(secret: bytes) -> bool:
    return hashlib.sha256(secret).hexdigest()[:32] in _PUBLISHED


def is_written(body: bytes) -> bool:
    """Text that a person or a compiler made: words with separators, names in camel case, one piece
    again and again, too few different characters."""
    if len(body) < 10:
        return False
    digits = _count(body, _DIGITS)
    capitals = _count(body, _CAPITALS)
    separators = _count(body, b"-_.")
    if separators and not capitals and digits * 7 < len(body):
        words = sum(map(len, _WORD_RUN.findall(body)))
        if words >= 0.6 * len(body) and separators * 4 < len(body) * 2:
            return True
    if len(body) <= _SHORT_LIMIT and _CAMEL.fullmatch(body):
        return True
    return _is_periodic(body) or entropy(body) < _floor(body)


def _count(body: bytes, of: bytes) -> int:
    return len(body) - len(body.translate(None, of))


def _is_periodic(body: bytes) -> bool:
    at = (body + body).find(body, 1)
    return 0 < at <= len(body) // 2 or _repeats_head(body)


def _repeats_head(body: bytes) -> bool:
    """``abcd1234abcd1234ab``: a piece of up to a third of the text fills it."""
    head = body[: max(4, len(body) // 3)]
    at = body.find(head, 1)
    return 0 < at <= len(head) and body[at:].startswith(body[: len(body) - at])


def _floor(body: bytes) -> float:
    """Bits a character that random text of the same alphabet and length would not fall below."""
    few = len(body) // 10
    size = 0
    if _count(body, _SMALL):
        size += 26 if _count(body, _SMALL[6:]) > few else 6
    if _count(body, _CAPITALS):
        size += 26 if _count(body, _CAPITALS[6:]) > few else 6
    size += 10 if _count(body, _DIGITS) else 0
    return _FLOOR * math.log2(max(2, min(size, len(body))))


def is_value(data: bytes, start: int, end: int, secret: bytes, min_entropy: float) -> bool:
    """What is assigned to a secret's variable is a value, not a reference: letters and digits, no
    dotted name, no path, no call."""
    return (
        is_random(secret, secret, min_entropy)
        and re.search(rb"[0-9]", secret) is not None
        and re.search(rb"[A-Za-z]", secret) is not None
        and re.fullmatch(rb"[A-Za-z_]+(?:\.[A-Za-z_][\w]*)+", secret) is None
        and secret.count(b"/") < 3
        and re.fullmatch(rb"[A-Z0-9_]+", secret) is None
        and re.search(rb"[A-Z][A-Z0-9_]{3,}=(?!=|$)", secret) is None
        and re.search(rb"(?i)\.(?:json|ya?ml|toml|txt|pem|key|env|py|js|ts|sh|com|io|ai)$", secret)
        is None
        and data[end : end + 1] not in (b"(", b"[", b"{", b"$", b"<", b"*")
        and not is_embedded(data, start, end)
    )


def is_embedded(data: bytes, start: int, end: int) -> bool:
    """Part of a longer base64 text: an image, a font, a compiled bundle, an integrity hash."""
    if data[start - 1 : start] not in _JOINTS and data[end : end + 1] not in _JOINTS:
        return False
    before = data[max(0, start - _REACH) : start]
    after = data[end : end + _REACH]
    left = len(before) - len(before.rstrip(_ENCODED))
    right = len(after) - len(after.lstrip(_ENCODED))
    return left + right > 100 or (left + right > 20 and is_hash(data, start - left))


def is_hash(data: bytes, start: int) -> bool:
    """Whether the words before say that it is a digest or a revision."""
    return _HASH.search(data, max(0, start - 24), start) is not None


def distance(
    data: bytes, start: int, end: int, words: Iterable[re.Pattern[bytes]], *, has_prefix: bool
) -> int | None:
    """How far before the value one of the provider's words ends, when the value is given to it;
    None when it belongs to something else. ``has_prefix``: the shape has a prefix of its own, which
    makes an id a key all the same."""
    low = max(0, start - NEAR_BYTES)
    ends = [m.end() for word in words for m in word.finditer(data, low, start)]
    if not ends:
        return None
    nearest = max(ends)
    if data[end : end + 1] in (b"/", b"@", b"(") or re.match(
        rb"\.[A-Za-z0-9]", data[end : end + 2]
    ):
        return None
    if is_embedded(data, start, end):
        return None
    named = _NAMED.search(data, max(0, start - 120), start)
    if named is None:
        stands_alone = _UNNAMED.search(data, low, start)
        return start - nearest if stands_alone else None
    group = named.lastgroup or "a"
    said = [word.lower() for word in _NAME_WORDS.findall(named[group])]
    if said and said[-1].isdigit():
        said.pop()
    if not has_prefix and said and said[-1] in _NOT_SECRET and said[-2:-1] != [b"key"]:
        return None
    if nearest > named.start(group) and nearest <= named.end(group) + 1:
        return start - nearest
    if all(word in _GENERIC or (has_prefix and word == b"id") for word in said):
        return start - nearest
    return None
