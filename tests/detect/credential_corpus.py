"""A made-up collection to measure credential detection: every format in the files where keys leak,
and what looks like a key and is none.

All of it is generated; nothing here opens anything. Values come from the rules' own templates.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Key, Provider

_ASSIGNED = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=(.+)", re.S)


@dataclass(frozen=True)
class Sample:
    """``provider``: whose key stands in ``text``; empty: nobody's."""

    kind: str
    provider: str
    rule: str
    path: str
    text: str


def positives(rulebook: Rulebook) -> Iterator[Sample]:
    """Every key format in every carrier, each with a value of its own."""
    for provider in rulebook.providers:
        for key in provider.keys:
            name, template = _named(key)
            for kind, path, wrap in CARRIERS:
                value = expand(template, f"{key.id}/{kind}")
                text = wrap(name, value, _host(provider))
                yield Sample(kind, provider.id, key.id, path, text)
            if not key.near:
                value = expand(template, f"{key.id}/encoded")
                yield Sample("secret.yaml", provider.id, key.id, "k8s/secret.yaml",
                             _kubernetes(name, value))  # fmt: skip


def _named(key: Key) -> tuple[str, str]:
    found = _ASSIGNED.fullmatch(key.examples[0])
    assert found, f"{key.id}: the first example is NAME=template"
    return found[1], found[2]


def _host(provider: Provider) -> str:
    plain = [host.host for host in provider.hosts if "*" not in host.host]
    return plain[0] if plain else f"api.{provider.id.replace('_', '-')}.com"


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def _notebook(name: str, value: str, host: str) -> str:
    cell = {
        "cell_type": "code",
        "source": ["import os\n", f"print(os.environ['{name}'])\n"],
        "outputs": [{"output_type": "stream", "text": [f"{name}: {value}\n", "ok\n"]}],
    }
    return json.dumps({"cells": [cell], "nbformat": 4}, indent=1)


def _kubernetes(name: str, value: str) -> str:
    encoded = base64.b64encode(value.encode()).decode()
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: llm\ntype: Opaque\ndata:\n"
        f"  {name}: {encoded}\n"
    )


Carrier = Callable[[str, str, str], str]
CARRIERS: tuple[tuple[str, str, Carrier], ...] = (
    ("env", ".env", lambda n, v, h: f"DEBUG=1\n{n}={v}\nPORT=8080\n"),
    ("json", "config.json", lambda n, v, h: json.dumps({"debug": True, n.lower(): v}, indent=2)),
    ("yaml", "values.yaml", lambda n, v, h: f"llm:\n  {n.lower()}: {v}\n  retries: 3\n"),
    ("python", "app.py", lambda n, v, h: f'import os\n\nos.environ["{n}"] = "{v}"\n'),
    ("keyword", "app.py", lambda n, v, h: f"client = Client({n.lower()}='{v}', timeout=30)\n"),
    ("javascript", "app.ts", lambda n, v, h: f"const {_camel(n)}: string = '{v}';\n"),
    ("terraform", "main.tf", lambda n, v, h: f'locals {{\n  {n.lower()} = "{v}"\n}}\n'),
    ("dockerfile", "Dockerfile", lambda n, v, h: f"FROM alpine\nENV {n}={v}\nCMD ls\n"),
    ("docker-env", "Dockerfile", lambda n, v, h: f"FROM alpine\nENV {n} {v}\nCMD ls\n"),
    ("compose", "compose.yaml", lambda n, v, h: f"    environment:\n      - {n}={v}\n"),
    ("kubernetes", "deploy.yaml", lambda n, v, h: f"  - name: {n}\n    value: {v}\n"),
    ("notebook", "a.ipynb", _notebook),
    ("shell", "run.sh", lambda n, v, h: f'export {n}="{v}"\n./run\n'),
    ("flag", "run.sh", lambda n, v, h: f"./run --{n.lower().replace('_', '-')} {v} --verbose\n"),
    (
        "curl",
        "README.md",
        lambda n, v, h: f'curl https://{h}/v1/models \\\n  -H "Authorization: Bearer {v}"\n',
    ),
)


def negatives(rulebook: Rulebook) -> Iterator[Sample]:
    """What is no AI key: placeholders for every format, hashes, ids, encoded files, code, words,
    and the tokens of services that are no AI."""
    source = random.Random("negatives")
    for kind, path, text in (
        *_placeholders(rulebook),
        *_hashes(source),
        *_locks(source),
        *_identifiers(source),
        *_encoded(source),
        *_code(source),
        *_other_services(source),
        *_documentation(),
    ):
        yield Sample(kind, "", "", path, text)


Line = tuple[str, str, str]


def _placeholders(rulebook: Rulebook) -> Iterator[Line]:
    for provider in rulebook.providers:
        for key in provider.keys:
            name, template = _named(key)
            prefix = next((k for k in key.keywords if template.startswith(k)), "")
            for value in (
                f"{prefix}your-{provider.id.replace('_', '-')}-api-key-goes-here",
                f"{prefix}{'x' * 40}",
                f"{prefix}{'*' * 32}",
                f"${{{name}}}",
                f"<{name.lower()}>",
                f"process.env.{name}",
                f"{{{{ .Values.{_camel(name)} }}}}",
                f"{prefix}abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
            ):
                yield "placeholder", ".env.example", f"{name}={value}\n"
            yield "reference", "app.py", f'{name.lower()} = os.getenv("{name}", "")\n'
            yield (
                "reference",
                "app.ts",
                f"const key = get{_camel(name).capitalize()}FromVault2();\n",
            )


_AI = ("openai", "mistralai", "cohere", "deepgram-sdk", "wandb", "pinecone", "together",
       "assemblyai", "elevenlabs", "groq", "replicate", "clarifai", "langfuse", "fal-client",
       "exa-py", "serpapi", "voyageai", "ai21", "sambanova", "qdrant-client", "weaviate-client",
       "litellm", "ollama", "zhipuai", "dashscope", "hume", "tavus", "vapi", "daily", "baseten",
       "comet_ml", "opik", "kaggle", "roboflow", "novita", "deepl", "poe", "venice", "morph",
       "unstructured", "gladia", "leonardo", "luma", "kling", "soniox", "lakera", "athina",
       )  # fmt: skip


def _chars(source: random.Random, alphabet: str, length: int) -> str:
    return "".join(source.choice(alphabet) for _ in range(length))


def _hex(source: random.Random, length: int) -> str:
    return _chars(source, "0123456789abcdef", length)


def _uuid(source: random.Random) -> str:
    digits = _hex(source, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _b64(source: random.Random, size: int) -> str:
    return base64.b64encode(source.randbytes(size)).decode()


def _hashes(source: random.Random) -> Iterator[Line]:
    for name in _AI:
        sha, long = _hex(source, 40), _hex(source, 64)
        yield "hash", "README.md", f"Fixed in {name} commit {sha}\n"
        yield "hash", "a.yaml", f"{name.upper().replace('-', '_')}_COMMIT: {sha}\n"
        yield "hash", "Dockerfile", f"FROM registry.local/{name}@sha256:{long}\n"
        yield "hash", "a.txt", f"{long}  {name}-1.2.3.tar.gz\n"
        yield "hash", "a.txt", f"{name}-model.bin md5: {_hex(source, 32)}\n"
        yield "hash", "a.py", f'{name.replace("-", "_")}_sha256 = "{long}"\n'
        yield "hash", "a.json", f'{{"name": "{name}", "etag": "{_hex(source, 32)}"}}\n'
        yield "hash", "ci.yml", f"      - uses: acme/{name}@{sha}\n"
        yield "hash", "a.md", f"https://github.com/acme/{name}/blob/{sha}/README.md#L{sha[:2]}\n"
        yield "hash", "a.md", f"https://cdn.local/{name}/{_hex(source, 32)}.png\n"


def _locks(source: random.Random) -> Iterator[Line]:
    for name in _AI:
        long = _hex(source, 64)
        path = f"{long[:2]}/{long[2:4]}/{long[4:]}"
        yield (
            "lock",
            "package-lock.json",
            (
                f'    "node_modules/{name}": {{\n      "version": "1.0.0",\n      "resolved": '
                f'"https://registry.local/{name}/-/{name}-1.0.0.tgz",\n'
                f'      "integrity": "sha512-{_b64(source, 64)}"\n    }}\n'
            ),
        )
        yield (
            "lock",
            "yarn.lock",
            (
                f'{name}@^1.0.0:\n  version "1.0.0"\n  resolved "https://registry.local/{name}#'
                f'{_hex(source, 40)}"\n  integrity sha512-{_b64(source, 64)}\n'
            ),
        )
        yield "lock", "requirements.txt", f"{name}==1.0.0 --hash=sha256:{long}\n"
        yield "lock", "requirements.txt", f"{name}==1.0.0 \\\n    --hash=sha256:{long}\n"
        yield (
            "lock",
            "uv.lock",
            (
                f'{{ url = "https://files.local/packages/{path}/{name}-1.0.tar.gz", '
                f'hash = "sha256:{_hex(source, 64)}", size = 1 }}\n'
            ),
        )
        yield (
            "lock",
            "poetry.lock",
            (f'    {{file = "{name}-1.0-py3-none-any.whl", hash = "sha256:{long}"}},\n'),
        )
        yield "lock", "Cargo.lock", f'name = "{name}"\nversion = "1.0.0"\nchecksum = "{long}"\n'
        yield "lock", "go.sum", f"github.com/acme/{name} v1.0.0 h1:{_b64(source, 32)}\n"
        yield (
            "lock",
            "Pipfile.lock",
            (f'"{name}": {{\n  "hashes": [\n    "sha256:{long}"\n  ]\n}}\n'),
        )
        yield (
            "lock",
            "pnpm-lock.yaml",
            f"  {name}@1.0:\n    resolution: {{integrity: sha512-{_b64(source, 64)}}}\n",
        )


def _identifiers(source: random.Random) -> Iterator[Line]:
    upper = string.ascii_uppercase + string.digits
    for name in _AI:
        word = name.upper().replace("-", "_")
        plain = name.replace("-", "_")
        yield "identifier", ".env", f"{word}_PROJECT_ID={_uuid(source)}\n"
        yield "identifier", "a.ts", f"const {plain}AssistantId = '{_uuid(source)}';\n"
        yield "identifier", "a.json", f'{{"{plain}": {{"run_id": "{_uuid(source)}"}}}}\n'
        yield "identifier", "a.yaml", f"{plain}:\n  workspace: {_hex(source, 32)}\n"
        yield "identifier", "a.md", f"https://app.{plain}.ai/projects/{_uuid(source)}/runs\n"
        yield "identifier", "a.log", f"{plain} request {_uuid(source)} took 12 ms\n"
        yield "identifier", "a.log", f"trace={_hex(source, 32)} span={_hex(source, 16)} {plain}\n"
        yield "identifier", "a.txt", f"01{_chars(source, upper, 24)} {plain}\n"
        yield (
            "neighbour",
            ".env",
            (f"{word}_API_KEY=\nSESSION_COOKIE_SALT={_chars(source, string.ascii_letters, 31)}7\n"),
        )
        yield "neighbour", ".env", f"{word}_API_KEY=\nSENTRY_RELEASE={_hex(source, 40)}\n"
        yield "neighbour", ".env", f"{word}_API_KEY=\nTENANT_GROUP={_uuid(source)}\n"
        yield (
            "neighbour",
            "a.py",
            (f'{plain}_model = "x"\ncache_bucket = "{_chars(source, string.ascii_letters, 40)}"\n'),
        )


def _encoded(source: random.Random) -> Iterator[Line]:
    for _ in range(60):
        image = _b64(source, source.randint(600, 1500))
        yield "base64", "a.html", f'<img src="data:image/png;base64,{image}">\n'
        yield "base64", "a.css", f"src: url(data:font/woff2;base64,{image}) format('woff2');\n"
        yield "base64", "cert.pem", f"-----BEGIN CERTIFICATE-----\n{image[:64]}\n{image[64:128]}\n"
        yield "base64", "a.ipynb", f'"image/png": "{image}",\n'
        path = " ".join(f"{source.choice('MLCZ')}{source.random() * 99:.3f}" for _ in range(60))
        yield "svg", "a.svg", f'<path d="{path}"/>\n'
        yield (
            "base64",
            "a.map",
            f'"mappings": "{";".join(image[n : n + 6] for n in range(0, 300, 6))}"\n',
        )


_WORDS = ("mode", "base", "button", "primary", "header", "navigation", "content", "loading",
          "active", "wrapper", "section", "toggle", "visible", "overlay", "modern", "settings",
          "project", "service", "account", "profile", "version", "module", "export", "render",
          )  # fmt: skip


def _code(source: random.Random) -> Iterator[Line]:
    prefixes = ("sk-", "pa-", "al-", "nk-", "ak-", "as-", "cr-", "fc-", "hf_", "fw_", "up_", "m0-",
                "gsk_", "r8_", "bu_", "sk_", "pk_", "key_", "app-", "dataset-", "xai-", "pplx-",
                "tvly-", "msk_", "arc_", "mint_", "ms-", "csk-", "llx-", "e2b_", "jina_",
                "sk-proj-", "sk-ant-api03-", "sess-", "ste-", "NF-", "BSA", "wk-", "apk_", "cog_",
                )  # fmt: skip
    for prefix in prefixes:
        for joint in "-_":
            words = joint.join(source.choice(_WORDS) for _ in range(9))
            yield "words", "a.css", f".{prefix}{words} {{ color: red }}\n"
        camel = "".join(source.choice(_WORDS).capitalize() for _ in range(7))
        yield "words", "a.ts", f"export const x = '{prefix}{camel}';\n"
        yield "words", "a.ts", f"load{camel}({prefix.rstrip('-_')}{camel});\n"
    for name in _AI:
        plain = name.replace("-", "_")
        word = plain.upper()
        camel = "".join(source.choice(_WORDS).capitalize() for _ in range(5))
        yield "code", "a.ts", f"const {plain}ApiKey = await get{camel}Key(config.{plain});\n"
        yield "code", "a.py", f"{word}_API_KEY = settings.providers.{plain}.api_key_v2\n"
        yield "code", "a.py", f'{word}_API_KEY = "/run/secrets/{plain}/key1"\n'
        yield "code", "a.yaml", f"{word}_API_KEY: https://vault.local/v1/{plain}/key1\n"
        yield "code", "a.yaml", f"{word}_API_KEY: vault:secret/data/{plain}#key1\n"
        yield "code", "a.tf", f"{plain}_api_key = var.{plain}_api_key_secret_1\n"
        yield "code", "a.py", f'{plain}_class = "{camel}ProviderFactory"\n'
        yield "code", "a.yaml", f"          name: {plain}-api-key-secret-v2-production\n"
        squeezed = ",".join(_chars(source, string.ascii_letters, 3) + "(e)" for _ in range(90))
        yield (
            "bundle",
            "a.min.js",
            f'!function(e){{var {plain}=1;{squeezed}}}("{_hex(source, 8)}");\n',
        )
        yield (
            "bundle",
            "a.js",
            f'"{_hex(source, 20)}":function(e,t){{}},{plain}:{_hex(source, 1)}\n',
        )


def _other_services(source: random.Random) -> Iterator[Line]:
    base62 = string.ascii_letters + string.digits
    shapes = {
        "github": lambda: expand("ghp_{crc62:30}", str(source.random())),
        "github-app": lambda: expand("ghs_{crc62:30}", str(source.random())),
        "gitlab": lambda: "glpat-" + _chars(source, base62, 20),
        "slack": lambda: f"xoxb-{_chars(source, string.digits, 12)}-{_chars(source, base62, 24)}",
        "stripe": lambda: "sk_live_" + _chars(source, base62, 24),
        "stripe-restricted": lambda: "rk_live_" + _chars(source, base62, 99),
        "clerk": lambda: "sk_test_" + _chars(source, base62, 43),
        "sendgrid": lambda: f"SG.{_chars(source, base62, 22)}.{_chars(source, base62, 43)}",
        "twilio": lambda: "SK" + _hex(source, 32),
        "mailgun": lambda: "key-" + _hex(source, 32),
        "npm": lambda: expand("npm_{crc62:30}", str(source.random())),
        "pypi": lambda: "pypi-AgEIcHlwaS5vcmc" + _chars(source, base62, 150),
        "shopify": lambda: "shpat_" + _hex(source, 32),
        "square": lambda: "sq0atp-" + _chars(source, base62, 22),
        "aws": lambda: "AKIA" + _chars(source, string.ascii_uppercase + "234567", 16),
        "aws-secret": lambda: _chars(source, base62 + "+/", 40),
        "google": lambda: "AIza" + _chars(source, base62, 35),
        "datadog": lambda: _hex(source, 32),
        "new-relic": lambda: "NRAK-" + _chars(source, string.ascii_uppercase + string.digits, 27),
        "grafana": lambda: "glsa_" + _chars(source, base62, 32) + "_" + _hex(source, 8),
        "linear": lambda: "lin_api_" + _chars(source, base62, 40),
        "notion": lambda: "secret_" + _chars(source, base62, 43),
        "figma": lambda: "figd_" + _chars(source, base62, 40),
        "digitalocean": lambda: "dop_v1_" + _hex(source, 64),
        "heroku": lambda: _uuid(source),
        "sentry": lambda: "sntrys_" + _chars(source, base62, 60),
        "vault": lambda: "hvs." + _chars(source, base62, 90),
        "database": lambda: f"postgres://app:{_chars(source, base62, 24)}@db.local:5432/app",
        "jwt": lambda: expand("{jwt(sub={digits:12},name=Ada)}", str(source.random())),
    }  # fmt: skip
    for service, make in shapes.items():
        word = service.upper().replace("-", "_")
        for _ in range(5):
            yield "other service", ".env", f"{word}_TOKEN={make()}\n"
            yield "other service", "a.json", f'{{"{service}_secret": "{make()}"}}\n'
            yield "other service", "a.py", f'token = "{make()}"\n'


def _documentation() -> Iterator[Line]:
    """Samples that vendors print. Built from parts: whole, a scanner would take them for keys."""
    tail = hashlib.sha256(b"sample").hexdigest()
    samples = (
        ("AWS_ACCESS_KEY_ID for bedrock", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("GEMINI_API_KEY", "AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"),
        ("GITHUB_MODELS_TOKEN", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"),
        ("OPENAI_API_KEY", "sk-" + "1234567890abcdef" * 3),
        ("OPENAI_API_KEY", "sk-" + "abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst"),
        ("ANTHROPIC_API_KEY", "sk-ant-" + "api03-..."),
        ("ANTHROPIC_API_KEY", "sk-ant-" + "api03-" + "A" * 93 + "AA"),
        ("HF_TOKEN", "hf_" + "x" * 34),
        ("LANGFUSE_SECRET_KEY", "sk-lf-" + "00000000-0000-0000-0000-000000000000"),
        # shadow-ai: ignore[n8n-assigned-secret] made up: the sample that jwt.io shows
        ("N8N_API_KEY", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6"
                        "IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ." + tail[:43]),
        ("PINECONE_API_KEY", "00000000-0000-4000-8000-000000000000"),
        ("MISTRAL_API_KEY", "deadbeef" * 4),
        ("DEEPGRAM_API_KEY", "1234567890" * 4),
        ("REPLICATE_API_TOKEN", "r8_" + "*" * 37),
    )  # fmt: skip
    for name, value in samples:
        yield "documentation", "README.md", f"export {name}={value}\n"
        yield "documentation", "a.json", json.dumps({name.lower(): value})
