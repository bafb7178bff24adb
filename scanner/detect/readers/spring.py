"""Settings of Java's AI frameworks in ``application.properties`` and ``.yml``: providers, models,
base URLs, vector stores, and the MCP servers that an application is or calls.

https://docs.spring.io/spring-ai/reference/, https://docs.quarkiverse.io/quarkus-langchain4j/dev/,
https://docs.langchain4j.dev/tutorials/spring-boot-integration
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.endpoints import target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.mcp.server import plain, server_of, slug
from scanner.detect.readers.mcp import found_server, with_protocol
from scanner.detect.source import Found, Reader, SourceFile, by_name, walk
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_PROPERTY = expression(
    rb"(?m)^[ \t]{0,20}((?:spring\.ai|(?:quarkus\.)?langchain4j)\.[\w.\[\]-]{1,160})"
    rb"[ \t]{0,8}[=:][ \t]{0,8}([^\r\n]{0,400})"
)
_DEFAULT = expression(r"\$\{[\w.-]{1,100}:([^${}]{1,300})\}")
_PROVIDERS: dict[str, tuple[str, ...]] = {
    "openai": ("openai",),
    "open-ai": ("openai",),
    "azure-open-ai": ("azure_openai",),
    "azure-openai": ("azure_openai",),
    "mistral-ai": ("mistral",),
    "hugging-face": ("huggingface",),
    "ai.gemini": ("google_gemini",),
    "google-ai-gemini": ("google_gemini",),
    "vertex-ai-gemini": ("google_vertex",),
    "watsonx": ("ibm_watsonx",),
    "azure.openai": ("azure_openai",),
    "anthropic": ("anthropic",),
    "ollama": ("ollama",),
    "mistralai": ("mistral",),
    "vertex.ai": ("google_vertex",),
    "google.genai": ("google_gemini",),
    "bedrock": ("aws_bedrock",),
    "huggingface": ("huggingface",),
    "minimax": ("minimax",),
    "moonshot": ("moonshot",),
    "zhipuai": ("zhipu",),
    "deepseek": ("deepseek",),
    "stabilityai": ("stability",),
    "elevenlabs": ("elevenlabs",),
    "qianfan": ("baidu_qianfan",),
    "watsonx.ai": ("ibm_watsonx",),
    "vectorstore.pgvector": ("pgvector",),
    "vectorstore.chroma": ("chroma",),
    "vectorstore.qdrant": ("qdrant",),
    "vectorstore.pinecone": ("pinecone",),
    "vectorstore.weaviate": ("weaviate",),
    "vectorstore.milvus": ("milvus",),
    "vectorstore.redis": ("redisvl",),
    "vectorstore.elasticsearch": ("elasticsearch_vector",),
    "vectorstore.opensearch": ("opensearch_vector",),
    "vectorstore.mongodb": ("mongodb_vector",),
    "vectorstore.neo4j": ("neo4j_graphrag",),
    "vectorstore.azure": ("azure_search",),
}
"""A framework's name of a module -> catalogue id."""
_PREFIXES = ("spring.ai.", "quarkus.langchain4j.", "langchain4j.")
_CONNECTION = expression(
    r"mcp\.client\.[\w-]{2,30}\.connections\.([\w -]{1,80})\.(url|command|args)"
)

Setting = tuple[str, str, int]
"""Key behind the framework's prefix, value, byte offset."""


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    connections: dict[str, tuple[dict[str, object], int]] = {}
    seen: set[str] = set()
    for key, value, at in _settings(source):
        yield from _provided(key, value, at, seen, knowledge)
        if key == "mcp.server.name" and plain(value):
            own = found_server(plain(value), server_of({}), at, knowledge, role="server")
            yield from with_protocol([own])
        called = _CONNECTION.fullmatch(key)
        if called:
            held, first = connections.get(called[1], ({}, at))
            connections[called[1]] = ({**held, called[2]: _listed(called[2], value)}, first)
    for name, (held, at) in connections.items():
        if slug(name):
            yield from with_protocol([found_server(name, server_of(held), at, knowledge)])


def _listed(key: str, value: str) -> object:
    return [part.strip() for part in value.split(",")] if key == "args" else value


def _settings(source: SourceFile) -> Iterator[Setting]:
    if source.suffix == ".properties":
        for match in _PROPERTY.finditer(source.data):
            yield (
                _behind(match[1].decode("latin-1")),
                _value(match[2].decode("utf-8", "replace").strip()),
                match.start(1),
            )
        return
    for document in source.yaml[:20]:
        at = 0
        for path, value in walk(document, most=20_000):
            dotted = ".".join(path)
            if dotted.startswith(_PREFIXES) and isinstance(value, (str, list)):
                at = source.find(f"{path[-1]}:", at)
                text = ",".join(map(str, value[:50])) if isinstance(value, list) else value
                yield _behind(dotted), _value(text), at


def _behind(key: str) -> str:
    """Without the framework's own prefix."""
    prefix = next((prefix for prefix in _PREFIXES if key.startswith(prefix)), "")
    return key.removeprefix(prefix)


def _value(text: str) -> str:
    """A placeholder's default, or what is written."""
    default = _DEFAULT.fullmatch(text.strip())
    return default[1] if default else text.strip()


def _provided(
    key: str, value: str, at: int, seen: set[str], knowledge: Knowledge
) -> Iterator[Found]:
    for name, idents in _PROVIDERS.items():
        if not key.startswith(f"{name}."):
            continue
        provider = next((ident for ident in idents if knowledge.knows(ident)), "")
        if not provider:
            return
        if provider not in seen:
            seen.add(provider)
            yield Found(
                HitKind.IDENTIFIER, name, at, provider=provider, preview=f"settings of {name}"
            )
        if key.endswith((".model", ".model-name", ".model-id", ".deployment-name")) and _is_name(
            value
        ):
            yield Found(
                HitKind.MODEL, value, at, provider=knowledge.model(value) or provider,
                confidence=Confidence.MEDIUM, preview=f"model={value}",
            )  # fmt: skip
        if key.endswith((".base-url", ".endpoint", ".url")):
            target = target_of(value, knowledge)
            if target is not None and target.provider != provider:
                yield Found(
                    HitKind.CLIENT, target.host, at, provider=target.provider,
                    confidence=target.confidence, rule=f"{provider}-client-elsewhere",
                    preview=f"{name}: {target.host}", part=target.part,
                    asset_class=target.asset_class, name=target.host,
                )  # fmt: skip
        return


def _is_name(value: str) -> bool:
    return 0 < len(value) <= 120 and not re.search(r"[\s${}<>]", value)


READERS = (
    Reader(
        name="spring-ai",
        matches=by_name(
            r"(?:[\w-]+\.)?(?:application|bootstrap)(?:[-.][\w-]+)?\.(?:properties|ya?ml)"
        ),
        read=read,
        literals=(b"spring.ai.", b"\n  ai:", b"\n    ai:", b"langchain4j"),
    ),
)
