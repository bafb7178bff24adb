"""Every key format in the files where keys leak is found, and what only looks like a key is not."""

from __future__ import annotations

import base64
import time
from collections import Counter

import pytest

from scanner.detect import checksums, secrets
from scanner.detect.decode import Decoder
from scanner.detect.engine import Detector
from scanner.detect.redact import is_placeholder
from scanner.model.items import Hit, HitKind
from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Check
from tests.detect.credential_corpus import negatives, positives

BOTH = ("credentials", "usage")


def _found(detector: Detector, text: str, path: str = "a.txt") -> list[Hit]:
    hits = detector.examine(text.encode(), path, BOTH)
    return [hit for hit in hits if hit.kind is HitKind.CREDENTIAL]


def test_recall_over_every_format_and_carrier(rulebook: Rulebook, detector: Detector) -> None:
    missed: Counter[str] = Counter()
    total = 0
    for sample in positives(rulebook):
        total += 1
        hits = _found(detector, sample.text, sample.path)
        if sample.provider not in {hit.provider for hit in hits}:
            missed[f"{sample.rule} in {sample.kind}"] += 1

    assert total >= 220 * 15
    assert 1 - missed.total() / total >= 0.98, missed.most_common(20)


def test_false_alarms_over_what_only_looks_like_a_key(
    rulebook: Rulebook, detector: Detector
) -> None:
    wrong: list[tuple[str, str]] = []
    total = 0
    for sample in negatives(rulebook):
        total += 1
        if hits := _found(detector, sample.text, sample.path):
            wrong.append((hits[0].rule, sample.text[:120]))

    assert total >= 2000
    assert len(wrong) / total <= 0.01, wrong[:20]


def test_there_are_formats_of_many_providers(rulebook: Rulebook) -> None:
    keys = [key for provider in rulebook.providers for key in provider.keys]

    assert len(keys) >= 220
    assert sum(key.check is not Check.NONE for key in keys) >= 100
    assert sum(key.verify is not None for key in keys) >= 15


def test_neighbours_in_one_file_keep_their_own_providers(detector: Detector) -> None:
    """Shapes that say little are told apart by the name each value is given."""
    names = {
        "MISTRAL_API_KEY": ("mistral", "{base62:32}"),
        "AI21_API_KEY": ("ai21", "{base62:32}"),
        "DEEPINFRA_API_KEY": ("deepinfra", "{base62:32}"),
        "DEEPGRAM_API_KEY": ("deepgram", "{hex:40}"),
        "WANDB_API_KEY": ("wandb", "{hex:40}"),
        "SAMBANOVA_API_KEY": ("sambanova", "{uuid}"),
        "EXA_API_KEY": ("exa", "{uuid}"),
        "DATABASE_SALT": ("", "{base62:32}"),
        "GIT_COMMIT": ("", "{hex:40}"),
        "TENANT_ID": ("", "{uuid}"),
    }
    text = "".join(f"{name}={expand(shape, name)}\n" for name, (_, shape) in names.items())

    assert [hit.provider for hit in _found(detector, text, ".env")] == [
        provider for provider, _ in names.values() if provider
    ]


KEY = expand("sk-ant-api03-{b64url:93}AA", "encoded")
ENCODED = base64.b64encode(f"key={KEY}\n".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"apiVersion: v1\nkind: Secret\ndata:\n  KEY: {base64.b64encode(KEY.encode()).decode()}\n",
        f'{{"blob": "{ENCODED}"}}',
        f"Authorization: Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}",
        f"x = '{base64.urlsafe_b64encode(f'??>>{KEY}'.encode()).decode()}'",
        f"x = '{KEY.encode().hex()}'",
        f"https://acme.test/callback?state=a%3D{KEY}%26b",
        f"https://acme.test/callback?state=a%253D{KEY}",
        '{"body": "{\\"lines\\": \\"one\\\\n' + KEY + '\\"}"}',
        f'"first\\u000a{KEY}"',
        f'"first\\x0a{KEY}"',
        f'"first\\n{KEY}"',
    ],
)
def test_one_level_of_encoding_is_taken_off(detector: Detector, text: str) -> None:
    hits = _found(detector, f"line one\n{text}", "a.yaml")

    assert {hit.rule for hit in hits} == {"anthropic-api-key"}
    (plain,) = _found(detector, f"K={KEY}")
    assert {hit.fingerprint for hit in hits} == {plain.fingerprint}
    assert all(1 < hit.line <= 1 + len(text.splitlines()) for hit in hits)
    assert not any(KEY[20:40] in hit.preview for hit in hits)


def test_two_levels_are_not(detector: Detector) -> None:
    twice = base64.b64encode(ENCODED.encode()).decode()

    assert _found(detector, f"x = '{twice}'") == []


def test_every_key_in_one_encoded_text_is_found(detector: Detector) -> None:
    other = expand("gsk_{base62:52}", "second")
    blob = base64.b64encode(f'{{"a": "{KEY}", "b": "{other}"}}'.encode()).decode()

    assert {hit.rule for hit in _found(detector, f"blob: {blob}")} == {
        "anthropic-api-key",
        "groq-api-key",
    }


def test_hostile_encodings_end_soon() -> None:
    decoder = Decoder([b"sk-ant-api", b"gsk_", b"hf_oauth_"])
    mark = base64.b64encode(b"xxsk-ant-api03").decode().encode()
    started = time.perf_counter()
    for text in (
        mark * 60_000,
        b"A" * 2_000_000 + mark,
        (mark + b"\n") * 20_000,
        b"\\" * 500_000 + b"n" + b"sk-ant-api03-",
        b"%3d" * 300_000 + b"gsk_",
        b"kind: Secret\n" + b"  a: " + b"A" * 1_000_000,
        b"sk-ant-api".hex().encode() * 50_000,
        b"basic " * 100_000,
    ):
        for plain, start, end in decoder.decoded(text):
            assert 0 <= start < end <= len(text)
            assert len(plain) <= end - start
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (Check.GITHUB_CRC32, "ghp_{crc62:30}", "ghp_{base62:36}"),
        (Check.JWT, "{jwt(sub={digits:9})}", "eyJ{b64url:30}.eyJ{b64url:30}.{b64url:43}"),
        (Check.UUID, "{uuid}", "00000000-0000-0000-0000-000000000000"),
        (Check.UUID, "ms-{uuid}", "{hex:8}-{hex:4}-0{hex:3}-{hex:4}-{hex:12}"),
        (Check.HEX, "{hex:32}", "{digits:32}"),
        (Check.HEX, "fc-{hex:32}", "fc-{lower:32}"),
        (Check.MIXED, "{base62:40}", "{lower:40}"),
        (Check.MIXED, "{base62:20}", "{digits:20}"),
        (Check.BASE64_PAIR, "{base64({uuid}:{uuid})}", "{base64({hex:40})}"),
        (Check.AZURE_ANNOTATED, "{base62:52}JQQJ99BA{base62:16}ACOG{base62:4}",
         "{base62:52}JQQJ99BZ{base62:16}ACOG{base62:4}"),
    ],
)  # fmt: skip
def test_structure_checks(check: Check, good: str, bad: str) -> None:
    yes, no = expand(good, str(check)).encode(), expand(bad, str(check)).encode()

    assert checksums.holds(check, yes, yes, ())
    assert not checksums.holds(check, no, no, ())


@pytest.mark.parametrize("check", list(Check))
@pytest.mark.parametrize(
    "secret", [b"", b"eyJ", b"eyJ..", b"....", b"\xff" * 90, b"=" * 40, b"-" * 36, b"A" * 9000]
)
def test_checks_take_anything(check: Check, secret: bytes) -> None:
    assert checksums.holds(check, secret, secret, (b"x",)) in (True, False)


def test_a_claim_must_stand_in_the_token() -> None:
    token = expand("{jwt(iss=n8n,aud=public-api)}", "claim").encode()

    assert checksums.holds(Check.JWT_CLAIM, token, token, (b'"iss":"n8n"',))
    assert not checksums.holds(Check.JWT_CLAIM, token, token, (b'"iss":"other"',))


@pytest.mark.parametrize(
    "text",
    [
        b"your-api-key", b"xxxxxxxx", b"<token>", b"${VARIABLE}", b"{{ key }}", b"changeme",
        b"replace-with-key", b"abcdefghij", b"1234567890", b"aaaaaaaaaa", b"deadbeefdeadbeef",
        b"my-test-value", b"sk-demo-key",
    ],
)  # fmt: skip
def test_placeholders(text: bytes) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    ("text", "is_written"),
    [
        (b"navigation-header-button-active-link", True),
        (b"getApiKeyFromVaultService", True),
        (b"abcd1234abcd1234abcd1234", True),
        (b"components_settings_module_v2", True),
        (b"Zk3vQ9xT2mLw8RbN5yHdPq7sJf4gWc6a", False),
        (b"9f86d081884c7d659a2feaa0c55ad015", False),
    ],
)
def test_written_text_is_told_from_random(text: bytes, is_written: bool) -> None:
    assert secrets.is_written(text) is is_written


def test_random_text_is_rarely_taken_for_written() -> None:
    for template in ("{hex:32}", "{base62:32}", "{b64url:43}", "{uuid}", "{alnum_lower:48}",
                     "{base62:20}", "{lower:48}", "{b64url:93}"):  # fmt: skip
        texts = [expand(template, str(seed)).encode() for seed in range(500)]
        wrong = [t for t in texts if secrets.is_written(t) or is_placeholder(t)]
        assert len(wrong) <= 5, (template, wrong[:3])
