"""Keys behind one level of encoding: wrapped base64, short prefixes, escapes."""

from __future__ import annotations

import base64
import textwrap
import time

import pytest

from scanner.detect.decode import Decoder
from scanner.detect.engine import Detector
from scanner.model.items import Hit, HitKind
from scanner.rulebook.examples import expand

KEY = expand("sk-ant-api03-{b64url:93}AA", "wrapped")
FACE = expand("hf_{alpha:34}", "short")


def _keys(detector: Detector, text: str, path: str = "a.txt") -> list[Hit]:
    hits = detector.examine(text.encode(), path, ("credentials", "usage"))
    return [hit for hit in hits if hit.kind is HitKind.CREDENTIAL]


def _is_only(detector: Detector, key: str, text: str, path: str = "a.txt") -> Hit:
    (hit,) = _keys(detector, text, path)
    (plain,) = _keys(detector, f"K={key}\n")
    assert (hit.rule, hit.fingerprint) == (plain.rule, plain.fingerprint)
    assert key[20:40] not in hit.preview
    return hit


def _wrapped(text: str, width: int, ending: str = "\n", indent: str = "") -> str:
    encoded = base64.b64encode(text.encode()).decode()
    return ending.join(indent + line for line in textwrap.wrap(encoded, width))


@pytest.mark.parametrize("width", [60, 64, 72, 76, 80])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_wrapped_base64_is_one_run(
    detector: Detector, width: int, ending: str, indent: str
) -> None:
    text = "one\n" + _wrapped(KEY, width, ending, indent) + "\nlast line\n"
    hit = _is_only(detector, KEY, text)

    assert (hit.line, text[hit.start :][:6]) == (2, "c2stYW")


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("lead", [5, 64, 150, 400])
def test_a_key_deep_in_a_wrapped_text(detector: Detector, width: int, lead: int) -> None:
    _is_only(detector, KEY, _wrapped("# " + "a b " * (lead // 4) + f"\nKEY={KEY}\nX=1\n", width))


def test_a_quoted_value_over_lines(detector: Detector) -> None:
    _is_only(detector, KEY, f'x = """{_wrapped(KEY, 76)}"""\ny = 2\n', "a.py")


def test_a_block_scalar_of_a_secret(detector: Detector) -> None:
    for width, sign in ((64, "|"), (76, "|-"), (40, ">-")):
        block = _wrapped(KEY, width, indent="    ")
        text = f"apiVersion: v1\nkind: Secret\ndata:\n  KEY: {sign}\n{block}\n  OTHER: YWJj\n"
        assert _is_only(detector, KEY, text, "secret.yaml").line == 5


def test_lines_that_only_stand_beside_it_spoil_nothing(detector: Detector) -> None:
    short = expand("gsk_{base62:52}", "beside")
    encoded = base64.b64encode(short.encode()).decode()
    digest = "0123456789abcdef" * 4
    assert len(encoded) in range(60, 81)
    for text in (
        f"{digest}\n{encoded}\n{digest}\n",
        f"{encoded}\n  other: value\n",
        f"{encoded}\nsome words\n",
        f"x: {encoded}\n",
    ):
        _is_only(detector, short, text)


def test_encoded_keys_line_by_line_are_as_many(detector: Detector) -> None:
    keys = [expand("gsk_{base62:52}", str(n)) for n in range(3)]
    text = "\n".join(base64.b64encode(key.encode()).decode().rstrip("=") for key in keys)

    assert len({hit.fingerprint for hit in _keys(detector, text)}) == 3


@pytest.mark.parametrize(
    "text", [FACE, f"HF_TOKEN={FACE}\n", f'{{"t": "{FACE}"}}', f"t: {FACE}", f"ab\n{FACE}"]
)
def test_a_short_prefix_is_decoded_where_the_format_is_enough(
    detector: Detector, text: str
) -> None:
    for encoded in (base64.b64encode(text.encode()).decode(), text.encode().hex()):
        _is_only(detector, FACE, f"blob = '{encoded}'\n")


def _escaped(text: str, form: str, *, all_of_it: bool) -> str:
    return "".join(
        form.format(ord(char)) if all_of_it or not char.isalnum() else char for char in text
    )


@pytest.mark.parametrize("form", ["%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}", "\\x{:02x}"])
@pytest.mark.parametrize("all_of_it", [True, False])
@pytest.mark.parametrize("key", [KEY, FACE])
def test_escaped_keys(detector: Detector, form: str, all_of_it: bool, key: str) -> None:
    hit = _is_only(detector, key, f'one\nx = "{_escaped(key, form, all_of_it=all_of_it)}"\n')

    assert hit.line == 2


def test_an_encoded_key_is_claimed_at_each_of_its_places(detector: Detector) -> None:
    """At none of them is the encoded text a key of whoever's variable it is given to."""
    key = expand('{"api_key": "llmgtwy_{base62:36}"}', "gateway")
    line = f"OPENAI_API_KEY={key.encode().hex()}\n"
    text = f"{line}between\n{line}".encode()

    found = detector.examine(text, "a.txt", ("credentials",))

    assert [(hit.rule, hit.line) for hit in found] == [("llmgateway-key", 1), ("llmgateway-key", 3)]
    if (sieve := detector.sieve) is not None:
        alone = line.encode()
        told = {
            rule
            for _, end in sieve.places(b"\0" + alone + b"\0")
            for rule, _ in sieve.confirm(alone, end - 1, end - 1)
        }
        assert told == {"llmgateway-key"}


def test_hex_may_be_marked_as_such(detector: Detector) -> None:
    for lead in ("0x", "0X", "\\\\x", "x'"):
        _is_only(detector, KEY, f"x = {lead}{KEY.encode().hex()}\n")


@pytest.mark.slow
def test_hostile_wrapping_ends_soon() -> None:
    decoder = Decoder([b"sk-ant-api", b"gsk_", b"hf_"])
    mark = base64.b64encode(b"xxsk-ant-api03").decode().encode()[:18]
    line = mark + b"A" * 58 + b"\n"
    started = time.perf_counter()
    for text in (
        line * 20_000,
        (b"B" * 20 + mark + b"A" * 38 + b"\n") * 20_000,
        (b"B" * 76 + b"\n") * 20_000 + line,
        b"kind: Secret\n" + b"  a: |\n" + b"    " + b"A" * 76 + b"\n    " * 50_000,
        b"kind: Secret\n" + (b"  a: |\n    " + b"A" * 76 + b"\n") * 20_000,
        b"sk%2d" * 100_000,
        b"\\u0073\\u006b\\u002d" * 50_000,
        b"%68%66%5f" * 100_000,
    ):
        for _, start, end in decoder.decoded(text):
            assert 0 <= start < end <= len(text)
    assert time.perf_counter() - started < 60  # what backtracks takes hours
