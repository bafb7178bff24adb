"""Base URLs that clients are given in languages whose source is read by its statements alone.

Java, Kotlin, Scala, Go, C#, Ruby, Rust, PHP, Swift, Dart; bound to files that import a model
vendor's SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.endpoints import target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.model.items import HitKind
from scanner.rulebook.types import Category

_NAME = (
    r"(?:[Ww]ith_?|[Ss]et_?)?(?:(?:api|Api|API|openai|OpenAI|server|Server)_?)?"
    r"(?:[Bb]ase_?(?:[Uu]rl|URL|[Uu]ri|URI)|[Bb]ase|[Ee]ndpoint|uri_base|[Hh]ost|[Uu]rl|URL)"
)
_GIVEN = re.compile(
    rf"(?<![A-Za-z0-9])(?P<name>{_NAME})(?:Option)?[\"']?\s{{0,4}}(?:\(|:=|=>|=|:|,)\s{{0,8}}"
    r"(?:new\s{1,4}(?:Uri|URL|URI)\s{0,4}\(\s{0,4}|(?:Uri|URL|URI)(?:\.\w{1,10})?\(\s{0,4})?"
    r"(?:string:\s{0,4})?[\"'`](?P<url>https?://[^\"'`\s]{3,200})[\"'`]"
)
_VENDORS = frozenset(
    {Category.LLM_API, Category.CLOUD_AI, Category.INFERENCE_HOST, Category.GATEWAY,
     Category.MODEL_SERVER}
)  # fmt: skip
"""A framework's file may call anything; only what a vendor's own client is given counts."""


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    sdk = _sdk(source, knowledge)
    if not sdk:
        return
    seen: set[str] = set()
    for match in _GIVEN.finditer(source.text):
        target = target_of(match["url"], knowledge)
        if target is None or target.provider == sdk or target.host in seen:
            continue
        seen.add(target.host)
        yield Found(
            kind=HitKind.CLIENT,
            label=target.host,
            start=match.start("url"),
            provider=target.provider,
            confidence=target.confidence,
            rule=f"{sdk}-client-elsewhere",
            preview=f"{match['name']}: {target.host}",
            part=target.part,
            asset_class=target.asset_class,
            name=target.host,
            tags=(("sdk", sdk),) if target.part else (),
        )


def _sdk(source: SourceFile, knowledge: Knowledge) -> str:
    """The vendor whose SDK the file imports; the first of several."""
    for name, _, _ in source.imports:
        _, provider = knowledge.imported(source.language, name)
        if provider and knowledge.category(provider) in _VENDORS:
            return provider
    return ""


READERS = (
    Reader(
        name="base-urls",
        matches=by_suffix(
            ".java", ".kt", ".kts", ".scala", ".groovy", ".go", ".cs", ".fs", ".rb", ".rs",
            ".php", ".swift", ".dart",
        ),
        read=read,
        literals=(b"base_url", b"baseurl", b"baseuri", b"base_uri", b"uri_base", b"endpoint",
                  b"api_base", b"apibase", b"host", b".url", b"url(", b"withbase"),
    ),
)  # fmt: skip
