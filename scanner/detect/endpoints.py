"""What a base URL points at: a provider of the catalogue, a server on its default port, or a model
endpoint that nobody has listed.

Owns the judgement; which texts are base URLs is the readers' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind
from scanner.rulebook.types import Category

_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "host.docker.internal"})  # noqa: S104
_PLACEHOLDER = expression(
    r"(?:^|[.-])(?:example|your|foo|bar|xxx+|placeholder|changeme|dummy|fake)(?:$|[.-])"
    r"|^(?:my|some|test|mock)(?:-|\.(?:com|org|net|io|ai)$)|^my\.|\.(?:example|invalid|test)$|example\.(?:com|org|net)$|[<>{}$*%\s]|^x+$",
    re.I,
)
_HOST = expression(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63}){0,8}")
_NOT_ENDPOINTS = expression(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|gitlab\.com|readthedocs\.io|"
    r"wikipedia\.org|w3\.org|schema\.org|json-schema\.org|stackoverflow\.com|medium\.com|youtube\.com|"
    r"shields\.io|googleapis\.com|amazonaws\.com|azure\.com|windows\.net|docker\.com|docker\.io)$",
    re.I,
)
_SERVES_MODELS = (
    Category.MODEL_SERVER,
    Category.LLM_API,
    Category.INFERENCE_HOST,
    Category.GATEWAY,
    Category.CLOUD_AI,
)
REQUEST_PATH = (
    r"/(?:v\d{1,2}(?:beta\d?)?/)?chat/completions"
    r"|/v\d{1,2}(?:beta\d?)?/(?:completions|embeddings|messages|responses|rerank)"
    r"|/v\d{1,2}(?:beta\d?)?/models/[A-Za-z0-9._-]{1,60}:(?:generateContent|streamGenerateContent)"
    r"|/v2/models/[A-Za-z0-9._-]{1,60}/(?:infer|generate)"
    r"|/api/(?:generate|chat|embed|embeddings)|/invocations|/generate_stream"
)
"""Paths under which model servers take requests: OpenAI's and Anthropic's API references, Gemini's
``generateContent``, the Open Inference Protocol, Ollama's API, SageMaker's container contract, and
Text Generation Inference."""


@dataclass(frozen=True, slots=True)
class Target:
    """``provider``: catalogue id, or empty; ``part``: ``endpoint/<host[:port]>`` where the host is
    nobody's in the catalogue."""

    provider: str
    part: str
    host: str
    confidence: Confidence = Confidence.HIGH
    asset_class: AssetClass | None = None


def target_of(url: str, knowledge: Knowledge) -> Target | None:
    """None where the text is no URL, a placeholder, or a site that is no endpoint."""
    if not re.match(r"https?://", url, re.I):
        return None
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").lower(), split.port
    except ValueError:
        return None
    if not host or (not _HOST.fullmatch(host) and host != "::1"):
        return None
    known = knowledge.host(host, split.path)
    if known:
        return Target(known, "", host)
    if port is not None:
        servers = [i for i in knowledge.port(port) if knowledge.category(i) in _SERVES_MODELS]
        named = [i for i in servers if i.replace("_", "") in host.replace("-", "").replace("_", "")]
        if named or (len(servers) == 1 and port not in _COMMON_PORTS):
            ident = (named or servers)[0]
            return Target(ident, "", f"{host}:{port}", Confidence.MEDIUM)
    if _PLACEHOLDER.search(host) or _NOT_ENDPOINTS.search(host) or knowledge.is_web_domain(host):
        return None
    shown = f"{host}:{port}" if port else host
    confidence = Confidence.LOW if host in _LOCAL else Confidence.HIGH
    return Target("", f"endpoint/{shown}", shown, confidence, AssetClass.MODEL_ENDPOINT)


def pointed_elsewhere(target: Target, sdk: str, start: int, given: str) -> Found:
    """A client of the vendor ``sdk`` that is pointed at ``target``. ``given``: how, for people."""
    return Found(
        kind=HitKind.CLIENT,
        label=target.host,
        start=start,
        provider=target.provider,
        confidence=target.confidence,
        rule=f"{sdk}-client-elsewhere",
        preview=given,
        part=target.part,
        asset_class=target.asset_class,
        name=target.host,
        tags=(("sdk", sdk),) if target.part else (),
    )


_COMMON_PORTS = frozenset(
    {80, 443, 3000, 5000, 8000, 8001, 8080, 8081, 8443, 8888, 9000, 5432, 6379}
)
"""Ports that say nothing by themselves."""
