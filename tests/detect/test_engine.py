"""What counts, what does not, and what is left of a secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.detect.engine import Detector
from scanner.detect.redact import entropy, fingerprint, hint, is_placeholder
from scanner.detect.settings import is_generated, setting_of
from scanner.detect.statements import imports, lookup
from scanner.model.base import encode
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _credentials(detector: Detector, text: str, path: str = "a.txt") -> list[Hit]:
    hits = detector.examine(text.encode(), path, BOTH)
    return [hit for hit in hits if hit.kind is HitKind.CREDENTIAL]


def test_a_hit_holds_a_fingerprint_and_a_hint_but_never_the_secret(
    detector: Detector, made_up_key: Callable[..., str]
) -> None:
    key = made_up_key()

    hits = detector.examine(f"x = 1\nclient(api_key='{key}')  # {key}\n".encode(), "a.py", BOTH)

    body = encode(hits).decode()
    assert key not in body
    assert not any(key[i : i + 12] in body for i in range(13, len(key) - 12))
    assert {hit.line for hit in hits} == {2}
    assert len({hit.fingerprint for hit in hits if hit.fingerprint}) == 1
    assert hits[0].preview.startswith("api_key=sk-ant-")


def test_fingerprints_need_the_key_of_the_organization(made_up_key: Callable[..., str]) -> None:
    secret = made_up_key().encode()

    assert fingerprint(secret, b"one organization") != fingerprint(secret, b"another one here")
    assert fingerprint(secret, b"one organization") == fingerprint(secret, b"one organization")


def test_an_assignment_to_a_known_variable_is_a_credential_of_any_shape(
    detector: Detector,
) -> None:
    value = "Zk3vQ9xT2mLw8RbN5yHd"
    for text in (
        f"ANTHROPIC_AUTH_TOKEN={value}",
        f'"ANTHROPIC_AUTH_TOKEN": "{value}"',
        f"os.environ['ANTHROPIC_AUTH_TOKEN'] = '{value}'",
        f"- name: ANTHROPIC_AUTH_TOKEN\n  value: {value}",
    ):
        (hit,) = _credentials(detector, text)
        assert (hit.rule, hit.confidence) == ("anthropic-assigned-secret", Confidence.MEDIUM)


@pytest.mark.parametrize(
    "text",
    [
        "ANTHROPIC_AUTH_TOKEN=${ANTHROPIC_AUTH_TOKEN}",
        "ANTHROPIC_AUTH_TOKEN=your-token-goes-here-1",
        "ANTHROPIC_AUTH_TOKEN = os.environ.get('TOKEN_2')",
        "ANTHROPIC_AUTH_TOKEN: settings.providers.anthropic.token1",
        "ANTHROPIC_AUTH_TOKEN=MY_OTHER_VARIABLE_2",
        "ANTHROPIC_AUTH_TOKEN=/run/secrets/anthropic/token1",
        "ANTHROPIC_AUTH_TOKEN=1234567890123456789012",
        "secretKeyRef: ANTHROPIC_AUTH_TOKEN",
    ],
)
def test_a_reference_or_a_placeholder_is_not_a_credential(detector: Detector, text: str) -> None:
    assert _credentials(detector, text) == []


def test_an_exact_format_claims_its_place_before_the_variable(
    detector: Detector, made_up_key: Callable[..., str]
) -> None:
    (hit,) = _credentials(detector, f"ANTHROPIC_API_KEY={made_up_key()}")

    assert hit.rule == "anthropic-api-key"


def test_keys_in_utf16_and_in_notebooks_are_found_and_binaries_are_left(
    detector: Detector, made_up_key: Callable[..., str]
) -> None:
    line = f'API = "{made_up_key()}"'

    assert len(detector.examine(line.encode("utf-16"), "a.txt", BOTH)) == 1
    escaped = '{"cells":[{"source":["' + line.replace('"', '\\"') + '\\n"]}]}'
    assert len(_credentials(detector, escaped, "a.ipynb")) == 1
    assert detector.examine(b"\0\1" + line.encode(), "a.bin", BOTH) == ()


def test_words_in_prose_are_not_use(detector: Detector) -> None:
    text = "We work together with Claude on anthropic principles; import of goods.\n"

    assert detector.examine(text.encode(), "README.md", BOTH) == ()


def test_names_of_secret_slots_tell_the_provider_whole_words_only(detector: Detector) -> None:
    def of(name: str) -> list[str]:
        return [hit.provider for hit in detector.examine(name.encode(), "Name", ("names",))]

    assert of("prod/anthropic-api-key") == ["anthropic"]
    assert of("/chat/ANTHROPIC_API_KEY") == ["anthropic"]
    assert of("philanthropic-api-keys") == []
    assert of("prod/database/password") == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "import anthropic as a, os", "anthropic"),
        ("a.py", "from anthropic.types import Message", "anthropic"),
        ("a.py", "    from anthropic import Anthropic", "anthropic"),
        ("a.ipynb", '    "from anthropic import Anthropic\\n",', "anthropic"),
        ("a.ts", "import Anthropic from '@anthropic-ai/sdk/client'", "@anthropic-ai/sdk"),
        ("a.js", 'const a = require("@anthropic-ai/sdk")', "@anthropic-ai/sdk"),
        ("a.go", '\t"github.com/anthropics/anthropic-sdk-go/option"',
         "github.com/anthropics/anthropic-sdk-go"),
        ("A.java", "import com.anthropic.client.AnthropicClient;", "com.anthropic"),
        ("requirements-dev.txt", "anthropic[bedrock]>=0.3 ; python_version>'3'", "anthropic"),
        ("pyproject.toml", '[project]\ndependencies = ["anthropic~=0.3"]', "anthropic"),
        ("pyproject.toml", '[tool.poetry.group.x.dependencies]\nanthropic = "*"', "anthropic"),
        ("package.json", '{"devDependencies": {"@ai-sdk/anthropic": "1"}}', "@ai-sdk/anthropic"),
        ("go.mod", "require github.com/anthropics/anthropic-sdk-go v1.2.3",
         "github.com/anthropics/anthropic-sdk-go"),
        ("pom.xml", "<groupId>com.anthropic</groupId>\n <artifactId>anthropic-java</artifactId>",
         "com.anthropic:anthropic-java"),
    ],
)  # fmt: skip
def test_imports_and_manifests_of_each_language(
    detector: Detector, path: str, text: str, expected: str
) -> None:
    hits = detector.examine(text.encode(), path, BOTH)

    assert expected in {hit.label for hit in hits}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "import anthropic_tools"),
        ("a.py", "# import anthropic"),
        ("a.py", "from .anthropic import x"),
        ("a.ts", "import x from './anthropic'"),
        ("requirements.txt", "# anthropic\nanthropic-fake==1"),
        ("package.json", '{"name": "@anthropic-ai/sdk", "dependencies": []}'),
        ("package.json", "{broken"),
        ("pyproject.toml", "[broken"),
        ("notes.txt", "import anthropic"),
    ],
)
def test_what_only_looks_like_an_import_is_none(detector: Detector, path: str, text: str) -> None:
    kinds = {hit.kind for hit in detector.examine(text.encode(), path, BOTH)}

    assert not kinds & {HitKind.IMPORT, HitKind.PACKAGE}


def test_shared_namespaces_are_told_apart() -> None:
    table = {"google.genai": "google", "google.cloud.aiplatform": "vertex"}
    names = [
        n for n, _, _ in imports(b"from google import genai\nfrom google import auth", "python")
    ]

    assert lookup("google.cloud.aiplatform.models", table, "python") == (
        "google.cloud.aiplatform",
        "vertex",
    )
    assert [lookup(n, table, "python") for n in names] == [None, ("google.genai", "google"), None,
                                                           None]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", Setting.PRODUCTION),
        ("tests/test_app.py", Setting.TEST),
        ("pkg/handler_test.go", Setting.TEST),
        ("web/a.spec.ts", Setting.TEST),
        ("examples/a.py", Setting.EXAMPLE),
        (".env.example", Setting.EXAMPLE),
        ("README.md", Setting.DOCUMENTATION),
        ("docs/requirements.txt", Setting.DOCUMENTATION),
        ("contest/latest.py", Setting.PRODUCTION),
        ("attestation/spec_reader.py", Setting.PRODUCTION),
        ("vendor/github.com/x/y.go", Setting.VENDORED),
        ("Chat.Tests/Chat.cs", Setting.TEST),
        ("src/test/java/A.java", Setting.TEST),
        ("test-data/a.json", Setting.TEST),
        ("static/app.min.js", Setting.GENERATED),
        ("proto/a.pb.go", Setting.GENERATED),
        ("charts/app/templates/deployment.yaml", Setting.PRODUCTION),
        ("latest/main.py", Setting.PRODUCTION),
        ("CLAUDE.md", Setting.DOCUMENTATION),
    ],
)
def test_places_tell_production_from_the_rest(path: str, expected: Setting) -> None:
    assert setting_of(path) is expected


def test_instructions_for_an_agent_are_prose_by_nature() -> None:
    assert setting_of("CLAUDE.md", HitKind.FILE) is Setting.PRODUCTION
    assert setting_of("docs/CLAUDE.md", HitKind.FILE) is Setting.DOCUMENTATION


def test_what_a_program_wrote_says_so() -> None:
    assert is_generated(b"// Code generated by protoc-gen-go. DO NOT EDIT.\npackage x\n")
    assert not is_generated(b"package x // we generate code here\n")


def test_hints_show_no_more_than_the_vendors_own_console() -> None:
    assert hint(b"sk-proj-" + b"q1" * 40) == "sk-proj-…q1q1"
    assert hint(b"0123456789abcdef") == "…"
    assert "abc" not in hint(b"abcdefghijklmnopqrst")


def test_placeholders_and_entropy() -> None:
    assert is_placeholder(b"sk-xxxxxxxxxxxx")
    assert is_placeholder(b"sk-abcdefghijkl")
    assert is_placeholder(b"AAAAAAAAAAAAAAAA")
    assert not is_placeholder(b"Zk3vQ9xT2mLw8RbN5yHd")
    assert entropy(b"") == 0
    assert entropy(b"ab") == 1


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.py", "a.ts", "package.json", "go.mod", "x"]))
def test_no_bytes_break_the_engine(data: bytes, path: str) -> None:
    DETECTOR.examine(data, path, BOTH)
    DETECTOR.examine(data, path, ("names",))


def _detector() -> Detector:
    from scanner.rulebook.load import load

    return Detector(load(), b"a-fixed-fingerprint-key-for-tests")


DETECTOR = _detector()
