"""Which bytes are text, and what they say."""

from __future__ import annotations

import codecs
import struct

import pytest

from scanner.detect.engine import Detector
from scanner.kit.text import as_text, encoding_of, is_text

_CODE = "# größer als 5\nimport openai\n\nclient = openai.OpenAI()\n"


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_a_text_is_read_in_each_encoding(name: str, mark: bytes, detector: Detector) -> None:
    data = mark + _CODE.encode(name)

    assert encoding_of(data) == name
    assert as_text(data) == _CODE.encode()
    hits = [(h.label, h.line) for h in detector.examine(data, "a.py", ("usage",))]
    assert ("openai", 2) in hits


def test_the_first_line_counts_behind_a_mark(detector: Detector) -> None:
    data = codecs.BOM_UTF8 + b"import openai\n"

    assert next(h.line for h in detector.examine(data, "a.py", ("usage",))) == 1


@pytest.mark.parametrize("cut", range(7990, 8010))
def test_a_probe_may_end_amid_a_character(cut: int) -> None:
    text = "\U0001f642 = 1\n" * 3000
    for name, mark in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-32-be", codecs.BOM_UTF32_BE)):
        assert encoding_of((mark + text.encode(name))[:cut]) == name


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01\0" + bytes(200),
        struct.pack("<100H", *range(100)),  # small numbers of two bytes
        struct.pack("<100H", *[500 + n for n in range(100)]),
        struct.pack("<50I", *range(65, 115)),  # UTF-32 without a mark is not told from numbers
        b"\xff\xfe" + bytes(100),  # a mark, and then nothing but zeros
        b"\xfe\xff\xdc\x00\xdc\x00\x00A",  # half a pair
        b"a\0b\0",  # too short to tell
        b"a\0" * 20 + b"\0\0" + b"b\0" * 20,
        bytes(8000),
        b"\x1f\x8b\x08\x00" + bytes(4),
    ],
)
def test_a_binary_is_none(data: bytes) -> None:
    assert not is_text(data)
    assert as_text(data) is None


def test_a_damaged_character_costs_itself_alone() -> None:
    data = codecs.BOM_UTF16_LE + ("x" * 9000).encode("utf-16-le") + b"\x00\xd8" + b"\n\0a\0"

    text = as_text(data)

    assert text is not None
    assert text.endswith(b"\na")


def test_what_is_empty_is_text() -> None:
    assert as_text(b"") == b""
    assert as_text(codecs.BOM_UTF16_LE) == b""
