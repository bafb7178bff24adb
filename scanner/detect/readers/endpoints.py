"""Endpoints that no catalogue lists, told by the shape of the URL or of the name it is given to, in
any text file: an OpenAI-compatible vendor, a gateway, a model server of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.endpoints import REQUEST_PATH, target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_URL = r"https?://[A-Za-z0-9_.:-]{1,200}"
_REQUEST = expression(
    rf"(?P<url>{_URL}(?:/[A-Za-z0-9_.~-]{{1,80}}){{0,6}}?(?:{REQUEST_PATH}))(?![A-Za-z0-9_/.-])"
)
_ASSIGNED = expression(
    r"(?<![A-Za-z0-9])(?P<name>(?:[A-Za-z0-9]{1,30}_){0,3}"
    r"(?:OPENAI|openai|LLM|llm|VLLM|vllm|MODEL_?(?:API|SERVER|SERVING|ENDPOINT)|INFERENCE"
    r"|EMBEDDINGS?|LITELLM|GPT|RERANK(?:ER)?|TEI|TGI)"
    r"_?(?:API_?|api_?|SERVER_?|server_?|SERVICE_?)?"
    r"(?:BASE_?URL|base_?url|baseURL|BaseURL|BaseUrl|baseUrl|BASE|base"
    r"|ENDPOINT(?:_URL)?|endpoint(?:_url)?|URL|url|HOST|host))"
    r"[\"'\]\)]{0,2}\s{0,4}(?::=|=>|[:=,])\s{0,4}[\"'`]?\Z"
)
_WHOLE_URL = expression(rf"(?P<url>{_URL}(?:/[A-Za-z0-9_./-]{{0,100}})?)")
_REACH = 130
"""Characters that a name and what stands between it and its URL may take."""
_NAMED_VALUE = expression(
    r"name:\s{0,4}[\"']?(?P<name>[A-Z0-9_]{0,40}(?:OPENAI|LLM|VLLM|INFERENCE|LITELLM)[A-Z0-9_]{0,20}"
    r"(?:BASE_?URL|BASE|ENDPOINT|URL|HOST))[\"']?\s{1,60}value:\s{0,4}"
    rf"[\"']?(?P<url>{_URL}(?:/[A-Za-z0-9_./-]{{0,100}})?)"
)


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Each endpoint once a place; hosts of the catalogue are the pattern engine's business."""
    seen: set[tuple[str, int]] = set()
    for match, why in _shaped(source.text):
        target = target_of(match["url"], knowledge)
        key = (target.host, match.start("url")) if target else ("", 0)
        if target is None or key in seen or (target.provider and not _by_port(target.host)):
            continue
        seen.add(key)
        yield Found(
            kind=HitKind.ENDPOINT,
            label=target.host,
            start=match.start("url"),
            end=match.end("url"),
            provider=target.provider,
            confidence=min(target.confidence, _SURE[not why], key=_rank),
            preview=f"{why or 'request path'}: {target.host}",
            part=target.part,
            asset_class=target.asset_class,
            name=target.host,
        )


def _shaped(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """URLs that look like an endpoint, and the name that each is given (empty: by its path). Only
    what stands around ``http`` is tried."""
    at = text.find("http")
    while at >= 0:
        request = _REQUEST.match(text, at)
        if request and _speaks_of_models(text, request):
            yield request, ""
        name = _ASSIGNED.search(text, max(0, at - _REACH), at)
        whole = _WHOLE_URL.match(text, at) if name else None
        if name and whole:
            yield whole, name["name"]
        at = text.find("http", at + 4)
    for match in _NAMED_VALUE.finditer(text) if "value:" in text else ():
        yield match, match["name"]


_OWN_PATHS = expression(
    r"chat/completions|/embeddings$|/rerank$|:(?:stream)?[gG]enerateContent|generate_stream|/infer$"
)
_TALK = expression(
    r"(?i)[\"'`]?\bmodel(?:_?(?:name|id))?\b[\"'`]?\s{0,4}[:=]|max_tokens|max_new_tokens|\bprompts?\b"
    r"|anthropic|openai|\bllms?\b|embedding|completion|inference|temperature[\"']?\s{0,4}[:=]"
)
_AROUND = 700


def _speaks_of_models(text: str, match: re.Match[str]) -> bool:
    """``/v1/messages`` is a mailer's path as well as a model's: words around it must say."""
    if _OWN_PATHS.search(match["url"]):
        return True
    start, end = match.span()
    return bool(
        _TALK.search(text, max(0, start - _AROUND), start) or _TALK.search(text, end, end + _AROUND)
    )


_SURE = {True: Confidence.HIGH, False: Confidence.MEDIUM}


def _rank(grade: Confidence) -> int:
    return grade.rank


def _by_port(host: str) -> bool:
    return ":" in host


READERS = (
    Reader(
        name="endpoints",
        matches=lambda path: not path.lower().endswith((".lock", ".svg", ".css", ".map")),
        read=read,
        literals=(
            b"/completions", b"/embeddings", b"/messages", b"/responses", b":generatecontent",
            b"/invocations", b"/infer", b"/api/generate", b"/api/chat", b"/api/embed",
            b"base_url", b"baseurl", b"api_base", b"_endpoint", b"llm_url", b"llm_host",
            b"openai_url", b"vllm", b"generate_stream", b"inference_url", b"model_url",
            b"embedding_url",
        ),
    ),
)  # fmt: skip
