"""The only place that turns a secret into something that may be kept.

Owns the fingerprint (keyed, so that a stolen database cannot be searched for known keys) and the
hint. Nothing here returns the secret, and nothing keeps it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections import Counter

from scanner.kit.expressions import expression

_PLACEHOLDER = expression(
    rb"example|your[-_]?|placeholder|change[-_]?me|replace[-_]?(?:me|with|this)|dummy|fake|"
    rb"test[-_]?key|redacted|insert|enter[-_]?your|put[-_]?your|goes[-_]?here|x{4,}|\*{3,}|\.{3,}|"
    rb"<[A-Za-z][A-Za-z_ -]*>|\$\{|\{\{|%\(|todo|sample|secret[-_]?key|api[-_]?key|abcdef|deadbeef|"
    rb"cafebabe|foobar|not[-_]?(?:a[-_]?)?(?:real|needed|used|set)|0123456|1234567|(.)\1{5,}|"
    rb"(?:^|[-_.])(?:mock|test|demo|stub|null|none|here|token|secret|password|invalid|key)(?:[-_.]|$)",
    re.IGNORECASE,
)
_RUNS = (
    b"abcdefghijklmnopqrstuvwxyz",
    b"01234567890",
    b"zyxwvutsrqponmlkjihgfedcba",
    b"9876543210",
)


_PIECES = tuple(run[i : i + 7] for run in _RUNS for i in range(len(run) - 6))
_LONG = 24
"""Characters of a secret of which some may be shown."""
_COUNT_BITS = (0.0, *(n * math.log2(n) for n in range(1, 1024)))


def fingerprint(secret: bytes, key: bytes) -> str:
    """HMAC-SHA-256 of the whole secret under the organization's key, 128 bits, hex."""
    return hmac.new(key, secret, hashlib.sha256).hexdigest()[:32]


_HEAD = 4
"""Characters behind the public prefix of which a mark is kept."""
_VERSION = expression(rb"[0-9]{2,4}-")
"""Behind what formats begin with (`sk-ant-api03-`)."""


def head(secret: bytes, prefix: int, key: bytes) -> str:
    """Where the public part of a secret ends (at ``prefix`` or later), and marks of the characters
    behind it, of long secrets alone: see :func:`marks`."""
    if len(secret) < _LONG:
        return ""
    start = max(prefix, len(hint(secret).partition("\u2026")[0]))
    version = _VERSION.match(secret, start)
    start = version.end() if version else start
    return f"{start}:{marks(secret[start : start + _HEAD], start, key)}"


def marks(text: bytes, start: int, key: bytes) -> str:
    """A hex digit a character, by its place: whoever has two texts' marks sees that they differ,
    never what they are. Four keyed bits of each tell some 16 classes of characters apart."""
    return "".join(
        hmac.new(key, b"head%d:%d" % (start + at, one), hashlib.sha256).hexdigest()[0]
        for at, one in enumerate(text)
    )


def hint(secret: bytes) -> str:
    """What the vendor's own console shows, so that a person can find the key there: a public
    prefix, and the last four characters of a long secret."""
    text = secret.decode("latin-1")
    prefix = re.match(r"(?:[A-Za-z]{2,8}[-_]){1,3}", text)
    head = prefix[0][:16] if prefix and len(prefix[0]) * 2 < len(text) else ""
    tail = text[-4:] if len(text) >= _LONG else ""
    return f"{head}…{tail}"


def entropy(data: bytes) -> float:
    """Shannon entropy in bits a byte."""
    total = len(data)
    if not total:
        return 0.0
    counts = Counter(data).values()
    known = total < len(_COUNT_BITS)
    bits = sum([_COUNT_BITS[n] if known else n * math.log2(n) for n in counts])
    # Thresholds are round numbers: the last bits of a sum must not decide.
    return round(math.log2(total) - bits / total, 9)


def is_placeholder(secret: bytes) -> bool:
    """Documentation values: words, repeats, and runs of the alphabet or of digits."""
    if _PLACEHOLDER.search(secret):
        return True
    lowered = secret.lower()
    return any(map(lowered.__contains__, _PIECES))
