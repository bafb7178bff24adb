"""Whether bytes are text, and in which encoding: one test for trees, objects and archives.

Owns git's own rule (a NUL in the first 8,000 bytes makes a file binary,
https://git-scm.com/docs/gitattributes#_diff) and the exceptions to it that can be told safely:
files that say by a byte-order mark that they are UTF-16 or UTF-32, and UTF-16 without a mark whose
every second byte is NUL. It guesses nothing else: an old eight-bit encoding is read as it is.
"""

from __future__ import annotations

import codecs
import string
from collections.abc import Callable

PROBE = 8000
"""Bytes of a file that decide. A reader that has them need not read a binary file further."""
_MARKS = (
    # UTF-32 first: its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LEAST = 8
"""Bytes that UTF-16 without a mark must have: fewer prove nothing."""
_SHARE = 0.7
"""Of the code units that must be below 256: prose and code of other scripts still has blanks,
digits and punctuation, but then nothing tells it from numbers of two bytes."""
_CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\r\f\v\x1b")


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text by its first ``PROBE`` bytes; None for a binary. Texts that are
    bytes of ASCII's kind, whatever they are, are ``utf-8``."""
    head = head[:PROBE]
    for mark, name in _MARKS:
        if head.startswith(mark):
            if _reads(head[len(mark) :], name, lambda text: "\0" not in text):
                return name
            break
    if b"\0" not in head:
        return "utf-8"
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        high, low = head[first::2], head[1 - first :: 2]
        is_plain = low.count(0) == 0 and high.count(0) >= len(high) * _SHARE
        if len(head) >= _LEAST and is_plain and _reads(head, name, _CONTROLS.isdisjoint):
            return name
    return None


def is_text(head: bytes) -> bool:
    return encoding_of(head) is not None


def as_text(data: bytes) -> bytes | None:
    """``data`` as UTF-8 without a byte-order mark; None for a binary. Lines stay where they are;
    offsets are those of the result."""
    encoding = encoding_of(data)
    if encoding is None:
        return None
    if encoding == "utf-8":
        return data[3:] if data.startswith(codecs.BOM_UTF8) else data
    text = data.decode(encoding, "replace")
    return text.removeprefix("\ufeff").encode("utf-8", "replace")


def _reads(head: bytes, encoding: str, holds: Callable[[str], bool]) -> bool:
    """Whether ``head``, which may end amid a character, is well-formed, and its text holds."""
    try:
        return holds(codecs.getincrementaldecoder(encoding)("strict").decode(head, final=False))
    except UnicodeDecodeError:
        return False


def printable(name: str) -> str:
    """Names of files are bytes; what is not UTF-8 in them is shown escaped, so that it can be
    stored."""
    return name.encode("utf-8", "backslashreplace").decode()


_RUN = frozenset(string.ascii_letters + string.digits + "_+/=-")
_DIGITS = frozenset(string.digits)
_LEAST_KEY = 20


def cut(value: str, most: int) -> str:
    """At most so many letters, and no part of a key: a key that is cut is no longer known for one,
    so that a run which may be one (long, with a digit) goes whole when the end falls into it."""
    if len(value) <= most:
        return value
    start = end = most
    while start and value[start - 1] in _RUN:
        start -= 1
    while end < len(value) and value[end] in _RUN:
        end += 1
    is_key = end - start >= _LEAST_KEY and not _DIGITS.isdisjoint(value[start:end])
    return value[:start] + "\N{HORIZONTAL ELLIPSIS}" if is_key and start < most else value[:most]
