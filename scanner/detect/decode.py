"""One level of encoding taken off, where a credential may stand behind it.

Owns base64 (both alphabets, on one line or wrapped as ``base64`` and PEM wrap it), hexadecimal,
percent encoding and the escapes of JSON and JavaScript strings. What a key format begins with is
looked for in each encoding at once, by the same engine as everything else, so that text that has
none costs one pass; only around a hit is anything decoded. A beginning that is itself broken over
two lines is seen in Kubernetes' Secrets only. Never recursive; runs are bounded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from functools import cached_property

import msgspec

from scanner.detect.checksums import decode_base64
from scanner.detect.prefilter import Prefilter, build
from scanner.detect.regex_prefix import quoted
from scanner.kit.expressions import expression

Decoded = tuple[bytes, int, int]
"""Decoded text, start and end of the encoded run."""

_MIN_BASE64 = 5
_MIN_HEX = 8
LONGEST_RUN = 16_384
_MOST_MARK = 64
"""Bytes of the longest match of a mark's expression."""
_MOST_BEFORE, _MOST_BEHIND = 20, 32
"""Wrapped lines that are joined to the one with the mark."""
_BASE64 = expression(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = expression(rb"(?:[0-9a-fA-F]{2}){12,}")
_SECRET_VALUE = expression(
    rb"(?m)^[ \t]+[\"']?[\w.-]{1,120}[\"']?:[ \t]{1,4}[\"']?([A-Za-z0-9+/]{16,8000}={0,2})"
    rb"[\"',]{0,2}[ \t]*\r?$"
)
_SECRET_BLOCK = expression(
    rb"(?m)^[ \t]+[\"']?[\w.-]{1,120}[\"']?:[ \t]{1,4}[|>][-+0-9]{0,2}[ \t]{0,4}\r?\n"
    rb"[ \t]{1,40}([A-Za-z0-9+/]{16,400}={0,2}"
    rb"(?:\r?\n[ \t]{1,40}[A-Za-z0-9+/]{1,400}={0,2}){0,200})[ \t]{0,4}\r?$"
)
_WRAPPED = expression(
    rb"\r?\n[ \t]{0,40}([A-Za-z0-9+/_-]{1,80}={0,2})(?=[\"'`,;)]{0,4}[ \t]{0,4}\r?(?:\n|\Z))"
)
_WIDTHS = range(60, 81)
_IS_SECRET = expression(rb"kind[\"']?:[ \t]{0,4}[\"']?Secret\b")
_BASIC_VALUE = expression(rb"[\"']?[ \t:=]{0,4}[\"']?([a-z0-9+/_-]{16,4000}={0,2})")
_ESCAPE = expression(
    rb"(?:\\{1,8}(?:[nrtbf/]|u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2})|%(?:25)?[0-9A-Fa-f]{2})$"
)
_UNESCAPED = expression(rb"(?:\\+u00|\\+x|%(?:25)?)([0-9a-fA-F]{2})|\\+([nrtbf/])")
_BASIC_START = r"[\"']?[ \t:=]{0,4}[\"']?[a-z0-9+/_-]{16}"
_RUN_BEGINS = "[^A-Za-z0-9+/_-]"
_ESCAPE_END = r"\\(?:[nrtbf/]|u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2})|%(?:25)?[0-9A-Fa-f]{2}"
_TAIL_START = r"[A-Za-z0-9_.~|:+/=%\\-]"
"""How the expressions above begin, for :meth:`Decoder.expressions`."""
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" ", b"/": b"/"}
_WHOLE = expression(
    rb"(?:[A-Za-z0-9_.~|:+/=-]|%(?:25)?[0-9A-Fa-f]{2}|\\{1,4}(?:u00|x)[0-9A-Fa-f]{2}){8,4200}"
)
_TAIL = expression(
    rb"(?:[A-Za-z0-9_.~|:+/=-]|%(?:25)?(?:2[BbFfDdEe]|3[DdAa]|7[CcEe]|5[Ff])|\\+/){8,4200}"
)


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What shows that something encoded stands here."""

    expression: str
    width: int
    """Of its longest match, in bytes."""
    group: str
    literals: tuple[bytes, ...]

    @property
    def decides_by_file(self) -> bool:
        return self.group == "manifest"


class Decoder:
    """Compiled once for the literals (as written) that key formats begin with."""

    def __init__(self, literals: Iterable[bytes], engine: str = "auto") -> None:
        plain = sorted(set(literals))
        groups: dict[str, Collection[bytes]] = {
            "plain": plain,
            "base64": {t for literal in plain for led in _led(literal, 4) for t in _in_base64(led)},
            "start": {t for literal in plain for t in _begins_base64(literal)},
            "hex": {led.hex().encode() for lit in plain for led in _led(lit, 3)},
            "escaped": {text for literal in plain for text in _in_escapes(literal)},
            "manifest": (b"kind: secret", b'"kind": "secret"'),
            "basic": (b"basic ", b"_auth", b'"auth"'),
        }
        self._groups = groups
        self._marks: dict[bytes, list[tuple[str, bytes]]] = {}
        for name, texts in groups.items():
            for text in sorted(texts):
                self._marks.setdefault(text.lower(), []).append((name, text))
        self._engine = engine
        self.literals = frozenset(self._marks)
        """Lower case: one of these stands in everything that is decoded."""

    def expressions(self) -> Iterator[Mark]:
        """For an automaton: one of these matches in all that is decoded."""
        for text in sorted(self._groups["start"]):
            yield Mark(_RUN_BEGINS + quoted(text), len(text) + 1, "start", (text,))
        for name in ("base64", "hex", "escaped"):
            case = "" if name == "base64" else "(?i)"
            for text in sorted(self._groups[name]):
                yield Mark(case + quoted(text), len(text), name, (text,))
        for text in self._groups["manifest"]:
            yield Mark("(?i)" + quoted(text), len(text), "manifest", (text,))
        basic = tuple(self._groups["basic"])
        yield Mark(f"(?i)(?:{'|'.join(map(quoted, basic))}){_BASIC_START}", 32, "basic", basic)
        plain = tuple(self._groups["plain"])
        said = "|".join(map(quoted, plain))
        longest = max(map(len, plain), default=0) + 20
        yield Mark(f"(?:{_ESCAPE_END})(?:{said}){_TAIL_START}", longest, "plain", plain)

    @cached_property
    def _prefilter(self) -> tuple[Prefilter, list[bytes]]:
        texts = sorted(self.literals)
        return build(texts, self._engine), texts

    def decoded(self, data: bytes, found: Set[bytes] | None = None) -> Iterator[Decoded]:
        """Every run that decodes to text, each once. ``found``: which of ``literals`` stand in
        ``data``, when that is known already."""
        if found is None:
            prefilter, texts = self._prefilter
            found = {texts[index] for index in prefilter.candidates(data)}
        present: dict[str, list[bytes]] = {}
        for literal in sorted(self.literals & found):
            for name, text in self._marks[literal]:
                present.setdefault(name, []).append(text)
        seen: set[tuple[int, int]] = set()
        for (start, end), decode in self._runs(data, present):
            if (start, end) not in seen:
                seen.add((start, end))
                text = decode(data[start:end])
                if text:
                    yield text, start, end

    def decoded_at(
        self, data: bytes, low: int, high: int, marks: Iterable[Mark]
    ) -> Iterator[Decoded]:
        """As :meth:`decoded`, of the runs in which one of ``marks`` ends between ``low`` and
        ``high``, and of nothing that takes a whole file to decide."""
        present: dict[str, list[bytes]] = {}
        for mark in marks:
            present.setdefault(mark.group, []).extend(mark.literals)
        seen: set[tuple[int, int]] = set()
        for span, decode in self._runs(data, present, (max(0, low - _MOST_MARK), high)):
            if span not in seen:
                seen.add(span)
                if text := decode(data[span[0] : span[1]]):
                    yield text, *span

    def _runs(
        self,
        data: bytes,
        present: dict[str, list[bytes]],
        within: tuple[int, int] | None = None,
    ) -> Iterator[tuple[tuple[int, int], Callable[[bytes], bytes]]]:
        """``within``: where the literals may stand."""
        low, high = within or (0, len(data))
        for group, begins in (("base64", False), ("start", True)):
            texts = present.get(group, ())
            for span in _around(
                data, texts, _BASE64, _BASE64_BYTES, low, high, _joined, begins=begins
            ):
                yield span, _from_base64
        if "hex" in present:
            for span in _around(data.lower(), present["hex"], _HEX, _HEX_BYTES, low, high, _marked):
                yield span, _from_hex
        if "manifest" in present and _IS_SECRET.search(data):
            for values in (_SECRET_VALUE, _SECRET_BLOCK):
                for match in values.finditer(data):
                    yield match.span(1), _from_base64
        for group, found, decode in (
            ("basic", _behind_names, _from_base64),
            ("escaped", _at_escapes, _unescaped),
        ):
            if group in present:
                for span in found(data.lower(), present[group], low, high):
                    yield span, decode
        for span in _behind_escape(data, present.get("plain", ()), low, high):
            yield span, _unescaped


def _led(literal: bytes, short: int) -> Iterator[bytes]:
    """A literal of ``short`` bytes or less, which at some alignments is hardly told from chance, is
    looked for behind what stands before values, too."""
    yield literal
    if len(literal) <= short:
        for before in (b"=", b" ", b'"', b"'", b":", b"\n"):
            yield before + literal


def _in_escapes(literal: bytes) -> Iterator[bytes]:
    """How encoders begin it that escape all, and those that escape all but letters and digits."""
    for mark in (b"%%%02x", b"\\u00%02x", b"\\x%02x"):
        yield mark % literal[0] + mark % literal[1] + mark % literal[2]
        at = next((n for n, byte in enumerate(literal) if not chr(byte).isalnum()), -1)
        if at > 1:
            yield literal[:at].lower() + mark % literal[at]


def _in_base64(literal: bytes) -> Iterator[bytes]:
    """The characters that encode ``literal`` whatever stands before and behind it, at each of the
    three alignments. https://www.leeholmes.com/searching-for-content-in-base-64-strings/"""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + literal)
        first = -(-shift * 8 // 6)
        last = (shift + len(literal)) * 8 // 6
        stable = whole[first:last]
        if len(stable) >= _MIN_BASE64:
            yield stable
            if stable != (url := stable.translate(_TO_URL)):
                yield url


def _begins_base64(literal: bytes) -> Iterator[bytes]:
    """How a run begins that encodes a literal too short to be looked for amid runs: four characters
    stand by chance in every 87,000 bytes of base64 when 200 of them are looked for."""
    text = base64.b64encode(literal)[: len(literal) * 8 // 6]
    if len(text) == _MIN_BASE64 - 1:
        yield text


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _alone(data: bytes, start: int, end: int, text: bytes) -> tuple[int, int]:
    return start, end


def _marked(data: bytes, start: int, end: int, text: bytes) -> tuple[int, int]:
    """With the sign of hexadecimal, which else would be a letter before the key."""
    return start - 2 * (data[max(0, start - 2) : start] in (b"0x", b"\\x")), end


def _joined(data: bytes, start: int, end: int, text: bytes) -> tuple[int, int]:
    """The run with the lines before and behind it that it was wrapped with, as long as they decode
    together. A line that begins with ``text`` begins a run of its own."""
    first, last, width = start, end, end - start
    for _ in range(_MOST_BEHIND):
        following = _WRAPPED.match(data, last) if width in _WIDTHS else None
        if following is None or data.startswith(text, following.start(1)):
            break
        last = following.end()
        width = last - following.start(1)
    for _ in range(0 if data.startswith(text, start) else _MOST_BEFORE):
        before = _line_before(data, first)
        if before < 0:
            break
        first = before
    for low, high in ((first, last), (start, last), (first, end)):
        if (low, high) != (start, end) and _from_base64(data[low:high]):
            return low, high
    return start, end


def _line_before(data: bytes, start: int) -> int:
    """Where the run begins that fills the line above, if the one at ``start`` may continue it."""
    above = data[max(0, start - 124) : start].rstrip(b" \t")
    if not above.endswith(b"\n"):
        return -1
    line = above[: -2 if above.endswith(b"\r\n") else -1]
    width = len(line) - len(line.rstrip(_BASE64_BYTES))
    lead = max(0, start - 124)
    return lead + len(line) - width if width in _WIDTHS else -1


def _around(
    data: bytes,
    texts: Iterable[bytes],
    shape: re.Pattern[bytes],
    alphabet: bytes,
    low: int,
    high: int,
    widened: Callable[[bytes, int, int, bytes], tuple[int, int]] = _alone,
    *,
    begins: bool = False,
) -> Iterator[tuple[int, int]]:
    """The encoded run around each place of each text; with ``begins`` only those that begin
    there."""
    for text in texts:
        at = data.find(text, low, high)
        while at >= 0:
            if begins and data[at - 1 : at] in _BASE64_CHARS and at:
                at = data.find(text, at + len(text), high)
                continue
            before = data[max(0, at - LONGEST_RUN) : at]
            start = at - (len(before) - len(before.rstrip(alphabet)))
            match = shape.match(data, start, start + 2 * LONGEST_RUN)
            end = max(at + len(text), match.end() if match else 0)
            if match and end - start <= LONGEST_RUN:
                start, end = widened(data, start, end, text)
                yield start, end
            at = data.find(text, end, high)


def _behind_names(
    lowered: bytes, names: Iterable[bytes], low: int, high: int
) -> Iterator[tuple[int, int]]:
    """The base64 after ``Authorization: Basic`` and in the files of npm and Docker."""
    for name in names:
        at = lowered.find(name, low, high)
        while at >= 0:
            match = _BASIC_VALUE.match(lowered, at + len(name))
            if match:
                yield match.span(1)
            at = lowered.find(name, at + len(name), high)


def _at_escapes(
    lowered: bytes, texts: Iterable[bytes], low: int, high: int
) -> Iterator[tuple[int, int]]:
    """Where an escaped beginning stands, and what is written like it behind."""
    for text in texts:
        at = lowered.find(text, low, high)
        while at >= 0:
            match = _WHOLE.match(lowered, at)
            end = match.end() if match else at + len(text)
            if match:
                yield at, end
            at = lowered.find(text, end, high)


def _behind_escape(
    data: bytes, texts: Iterable[bytes], low: int, high: int
) -> Iterator[tuple[int, int]]:
    """Where an escape stands directly before a literal, whose first letter it seems to lengthen."""
    for text in texts:
        at = data.find(text, low, high)
        while at >= 0:
            escape = _ESCAPE.search(data, max(0, at - 16), at)
            tail = _TAIL.match(data, at) if escape else None
            if escape and tail:
                yield escape.start(), tail.end()
            at = data.find(text, at + len(text), high)


_HEX_BYTES = b"0123456789abcdef"
_BASE64_CHARS = frozenset(
    bytes((n,)) for n in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
)
_BASE64_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


def _from_base64(text: bytes) -> bytes:
    return _printable(decode_base64(text.translate(None, b"\r\n\t ")))


def _printable(text: bytes) -> bytes:
    """Text, or nothing: nine bytes of ten must be printable."""
    if not text:
        return b""
    odd = len(text.translate(None, _PRINTABLE))
    return text if odd * 10 <= len(text) else b""


_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"


def _from_hex(text: bytes) -> bytes:
    text = text[2 * (text[1:2] in b"xX") :]
    try:
        return _printable(binascii.unhexlify(text[: len(text) // 2 * 2]))
    except (binascii.Error, ValueError):
        return b""


def _unescaped(text: bytes) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        return bytes([int(match[1], 16)]) if match[1] else _CONTROL[match[2]]

    return _UNESCAPED.sub(plain, text)
