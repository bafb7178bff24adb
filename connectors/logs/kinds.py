"""What a request was for: chat in a browser, calls of an API, a download of a model.

Tables: the first row that fits decides. Blocked requests are told apart: they were tried, in vain.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import yaml

from connectors.logs.formats import gateways
from connectors.logs.networks import model_ports
from connectors.logs.records import Record
from scanner.model.evidence import Confidence

EMBEDDINGS, API, DOWNLOAD, IDE, AGENT, CHAT, CONTACT, SPEECH, IMAGES = (
    "embeddings", "API calls", "model downloads", "coding assistant", "agent", "chat in a browser",
    "contact", "speech", "images",
)  # fmt: skip

EXTENSION, APPLICATION, PROGRAM = "extension", "application", "program that ran"

_BY_PATH = (
    (EMBEDDINGS, re.compile(r"/embed(?:dings?)?\b|:embedContent|:batchEmbed", re.I)),
    (SPEECH, re.compile(
        r"/audio/(?:transcriptions|speech|translations)|/text-to-speech|/listen\b", re.I)),
    (IMAGES, re.compile(
        r"/images/(?:generations|edits)|/text-to-image|/txt2img|:predictLongRunning", re.I)),
    (DOWNLOAD, re.compile(
        r"/resolve/|/v2/library/[^/]+/(?:blobs|manifests)|\.safetensors|\.gguf|/api/pull\b", re.I)),
    (AGENT, re.compile(
        r"/mcp\b|/v1/(?:assistants|threads|agents)|/agents?/|invoke-agent|/sse$", re.I)),
    (API, re.compile(
        r"/chat/completions|/v1/(?:completions|messages|responses|rerank)|generateContent|"
        r"/api/(?:generate|chat)(?![\w.-])|/invoke(?:-with-response-stream)?$|/converse|/invocations$|"
        r"/generate_stream|/v2/models/[^/]+/infer|InvokeModel|Converse", re.I)),
)  # fmt: skip
_BY_WORD = (
    (EMBEDDINGS, re.compile(r"a?(?:batch_)?embed(?:dings?|_content)?", re.I)),
    (IMAGES, re.compile(r"a?image_(?:generation|edit|variation)s?", re.I)),
    (SPEECH, re.compile(r"a?(?:transcriptions?|speech|translations?|audio_\w{1,40})", re.I)),
    (AGENT, re.compile(
        r"(?:invoke|create)_(?:agent|workflow)|execute_tool|call_mcp_tool|"
        r"a?(?:create|get|delete)_assistants?|a?run_thread(?:_stream)?", re.I)),
    (API, re.compile(
        r"a?(?:chat|(?:text_)?completion|responses|generate_content|anthropic_messages|rerank)",
        re.I)),
)  # fmt: skip
"""What gateways call an operation: LiteLLM's ``call_type`` (https://docs.litellm.ai/docs/proxy/
logging_spec), ``gen_ai.operation.name`` (https://opentelemetry.io/docs/specs/semconv/gen-ai/
gen-ai-spans/)."""
_BY_MODEL = (
    (EMBEDDINGS, re.compile(r"embed", re.I)),
    (
        IMAGES,
        re.compile(r"dall-e|gpt-image|stable-diffusion|titan-image|nova-canvas|imagen-", re.I),
    ),
    (SPEECH, re.compile(r"whisper|(?:^|[-/])tts(?:-|$)|-transcribe", re.I)),
)
"""Of calls of which a gateway does not say what they were."""
_MODEL_OF = re.compile(r"/models?/([^/]{1,200}?)(?:/invoke|/converse|:(?:predict|rawPredict))")
"""Of Bedrock and Vertex AI, which ask whatever it is in one way
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/predict)."""
_ANY_MODEL = re.compile(
    r"(?:InvokeModel(?:WithResponseStream)?|.*/invoke(?:-with-response-stream)?)?"
)
_CLIENTS = (
    ("browser", re.compile(
        r"(?:^|[\\/])(?:(?:google[ -]?)?chrome|chromium|(?:microsoft[ -]?)?(?:ms)?edge|firefox|"
        r"safari|brave|opera|vivaldi|iexplore|internet explorer|arc|samsung internet|duckduckgo)"
        r"(?:[ -](?:browser|stable|helper|beta|esr|bin)(?: \([a-z]+\))?)?(?:\.exe|\.app)?$", re.I)),
    ("Anthropic SDK", re.compile(r"anthropic/(?:python|js|go|java)|anthropic-sdk", re.I)),
    ("OpenAI SDK", re.compile(
        r"openai/(?:python|js|node|go|java)|openai-python|asyncopenai|azureopenai", re.I)),
    ("Claude Code", re.compile(r"claude-cli|claude-code", re.I)),
    ("Codex", re.compile(r"codex[_-]cli", re.I)),
    ("Cursor", re.compile(r"\bcursor(?:/|\.exe$|\.app$)", re.I)),
    ("GitHub Copilot", re.compile(r"githubcopilot|copilot-", re.I)),
    ("VS Code", re.compile(
        r"\bvscode|\bcode/1\.|(?:^|[\\/])code(?: helper.*)?(?:\.exe|\.app)?$", re.I)),
    ("JetBrains", re.compile(r"jetbrains|intellij|pycharm|idea(?:64)?\.exe$", re.I)),
    ("LangChain", re.compile(r"langchain", re.I)),
    ("LiteLLM", re.compile(r"litellm", re.I)),
    ("Hugging Face libraries", re.compile(r"hf_hub|huggingface_hub|transformers/", re.I)),
    ("Ollama", re.compile(r"\bollama(?:/|\.exe$|$)", re.I)),
    ("AWS SDK", re.compile(r"boto3|botocore|aws-sdk|aws-cli", re.I)),
    ("Python", re.compile(
        r"python-requests|python-urllib|aiohttp|httpx|python/|"
        r"(?:^|[\\/])pythonw?[\d.]*(?:\.exe)?$", re.I)),
    ("Node.js", re.compile(r"node-fetch|axios|undici|node\.js|\bnode\b", re.I)),
    ("Go", re.compile(r"go-http-client", re.I)),
    ("Java", re.compile(r"okhttp|java/|apache-httpclient|(?:^|[\\/])javaw?(?:\.exe)?$", re.I)),
    ("curl", re.compile(r"\bcurl(?:/|\.exe$|$)|wget", re.I)),
    ("browser", re.compile(r"mozilla/|opera/", re.I)),
)  # fmt: skip
_IDES = frozenset({"Claude Code", "Codex", "Cursor", "GitHub Copilot", "VS Code", "JetBrains"})
_BLOCKED = re.compile(
    r"block|blacklist|den(?:y|ied)|drop|reset|reject|forbid|sinkhole|isolat|fail(?:ed|ure)\b", re.I
)
"""What came to nothing: it was tried, and is no use."""
_OWN = re.compile(
    r"/chat/completions$|/v\d+/(?:completions|embeddings|rerank|audio/transcriptions|"
    r"images/generations)$|/v2/models/[^/]+(?:/versions/[^/]+)?/(?:infer|generate)|"
    r"/generate_stream$|:(?:stream)?generateContent$|:embedContent$|:batchEmbedContents$",
    re.I,
)
"""What nothing but model servers is asked for."""
_OLLAMA = re.compile(r"/api/(?:chat|generate|embed|embeddings)$", re.I)
_LIKE = re.compile(rf"{_OLLAMA.pattern}|/v1/(?:messages|responses)$|/invocations$", re.I)
"""What other programs are asked for, too (messages that are sent to people): it tells where the
answer is a stream, or the port is a model server's."""
_PAGE = re.compile(r"text/(?:html|css)|image/|javascript", re.I)
"""What a site answers that says the same to whatever it is asked."""
_STREAM = re.compile(r"text/event-stream|application/x-ndjson", re.I)


BY_TLS = " by TLS"
"""Behind a client that only its handshake tells: the library, whatever is built on it."""


def client_of(record: Record) -> str:
    """Of few fixed words; empty: the log does not tell."""
    said = _client(record.ua or record.program)
    if said or not record.ja4:
        return said
    known = _fingerprints().get(record.ja4)
    return known + BY_TLS if known else ""


@cache
def _fingerprints() -> dict[str, str]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load((Path(__file__).parent / "fingerprints.yaml").read_bytes(), loader)  # noqa: S506
    return {
        mark: client
        for one in data["lists"]
        for client, marks in one["clients"].items()
        for mark in marks
    }


@lru_cache(maxsize=8192)
def _client(said: str) -> str:
    if not said:
        return ""
    return next((name for name, pattern in _CLIENTS if pattern.search(said)), "other")


def kind_of(record: Record, surface: str, client: str, *, is_assistant: bool) -> str:
    """``surface``: ``api`` or ``web``, what the host serves; empty for an unknown host."""
    if record.is_name:
        return CONTACT
    if client in _IDES or is_assistant:
        return IDE
    found = _by_gateway(record.path, record.model) if record.format in gateways() else ""
    found = found or _by_path(record.path)
    if found:
        return found
    client = client.removesuffix(BY_TLS)
    if surface == "web":  # of what nobody knows, such as a program's name, nothing follows
        return CHAT if client in ("browser", "other", "") else API
    if surface == "api" or record.provider or client not in ("other", ""):
        return API
    return CONTACT


@lru_cache(maxsize=8192)
def _by_gateway(path: str, model: str) -> str:
    """By the word for an operation, or the model where any may be meant; empty: neither tells."""
    if _ANY_MODEL.fullmatch(path):
        return next((kind for kind, pattern in _BY_MODEL if pattern.search(model)), "")
    if "/" in path:
        return _by_path(path if path.startswith("/") else f"/{path}")
    return next((kind for kind, pattern in _BY_WORD if pattern.fullmatch(path)), "")


@lru_cache(maxsize=8192)
def _by_path(path: str) -> str:
    found = next((kind for kind, pattern in _BY_PATH if pattern.search(path)), "")
    model = _MODEL_OF.search(path) if found in (API, "") else None
    if model is not None:
        found = next((kind for kind, pattern in _BY_MODEL if pattern.search(model[1])), found)
    return found


@lru_cache(maxsize=1024)
def _is_refusal(action: str) -> bool:
    return bool(_BLOCKED.search(action))


def is_blocked(record: Record) -> bool:
    """Whether it came to nothing. What a site answers through a proxy is the site's business, and
    it was used; of a gateway's call that failed no model answered. A tunnel's status is the
    proxy's own (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)."""
    if record.is_failed:
        return True
    if record.status >= 400 and (record.method == "CONNECT" or record.format in gateways()):
        return True
    return _is_refusal(record.action) or record.status in (403, 407, 451)


def model_server(record: Record) -> Confidence | None:
    """How sure a host that nobody knows is one by this request: its path, how it was asked, and
    what it answered. None: it is none. What was refused, or not found, was not answered."""
    if record.method not in ("", "POST") or (record.status and not 200 <= record.status < 300):
        return None
    path = record.path.rstrip("/")
    is_like = bool(_LIKE.search(path))
    is_own = bool(_OWN.search(path)) or (is_like and record.port in _own_ports())
    if not (is_own or is_like) or is_blocked(record) or _PAGE.search(record.media):
        return None
    is_stream = bool(_STREAM.search(record.media))
    if not is_own and not is_stream:
        return Confidence.LOW if _OLLAMA.search(path) else None
    untold = (not record.method) + (not record.status)
    grades = (Confidence.CERTAIN, Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
    return grades[min(3, untold + (not is_own) + (not is_stream))]


@cache
def _own_ports() -> frozenset[int]:
    return frozenset(port for port, known in model_ports().items() if known.is_own)
