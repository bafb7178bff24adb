"""Base URLs that clients are given in languages whose source is read by its statements alone.

Java, Kotlin, Scala, Go, C#, Ruby, Rust, PHP, Swift, Dart; bound to files that import a model
vendor's SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.endpoints import pointed_elsewhere, target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.rulebook.types import Category

_NAME = (
    r"(?:[Ww]ith_?|[Ss]et_?)?(?:(?:api|Api|API|openai|OpenAI|server|Server)_?)?"
    r"(?:[Bb]ase_?(?:[Uu]rl|URL|[Uu]ri|URI)|[Bb]ase|[Ee]ndpoint|uri_base|[Hh]ost|[Uu]rl|URL)"
)
_GIVEN = expression(
    rf"(?<![A-Za-z0-9])(?P<name>{_NAME})(?:Option)?[\"']?\s{{0,4}}(?:\(|:=|=>|=|:|,)\s{{0,8}}"
    r"(?:new\s{1,4}(?:Uri|URL|URI)\s{0,4}\(\s{0,4}|(?:Uri|URL|URI)(?:\.\w{1,10})?\(\s{0,4})?"
    r"(?:string:\s{0,4})?(?:[\"'`](?P<url>https?://[^\"'`\s]{3,200})[\"'`]"
    r"|(?P<constant>[A-Za-z_]\w{1,60})\s{0,4}(?=[),;\n]))"
)
_CONSTANT = expression(
    r"\b([A-Za-z_]\w{1,60})\s{0,4}(?::\s{0,4}[&'\w ]{1,30})?:?=\s{0,4}"
    r"[\"'`](https?://[^\"'`\s]{3,200})[\"'`]"
)
_VENDORS = frozenset(
    {Category.LLM_API, Category.CLOUD_AI, Category.INFERENCE_HOST, Category.GATEWAY,
     Category.MODEL_SERVER}
)  # fmt: skip
"""A framework's file may call anything; only what a vendor's own client is given counts."""


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    sdk, words = _sdk(source, knowledge)
    if not sdk:
        return
    seen: set[str] = set()
    constants = dict(_CONSTANT.findall(source.text))
    for match in _GIVEN.finditer(source.text):
        url = match["url"] or constants.get(match["constant"], "")
        target = target_of(url, knowledge) if url else None
        if target is None or target.provider == sdk or target.host in seen:
            continue
        if not _is_given_to(source.text, match.start(), words):
            continue
        seen.add(target.host)
        start = match.start("url" if match["url"] else "constant")
        yield pointed_elsewhere(target, sdk, start, f"{match['name']}: {target.host}")


def _sdk(source: SourceFile, knowledge: Knowledge) -> tuple[str, frozenset[str]]:
    """The vendor whose SDK the file imports (the first of several), and the words by which the file
    speaks of it: the vendor's name, and the packages or classes that it imports."""
    sdk = ""
    words: set[str] = set()
    for name, _, _ in source.imports:
        _, provider = knowledge.imported(source.language, name)
        if provider and knowledge.category(provider) in _VENDORS and sdk in ("", provider):
            sdk = provider
            last = re.split(r"[./:\\\\]", name)[-1].casefold()
            words |= {max(provider.split("_"), key=len), last if len(last) > 3 else ""}
    return sdk, frozenset(words - {"", "client", "config", "options", "core", "chat"})


def _is_given_to(text: str, at: int, words: frozenset[str]) -> bool:
    """Whether what the URL is given to is the SDK's: its statement, up to the URL, names it, or the
    variable whose field is set was made by it. Another client in the same file is another's."""
    segment = _statement(text, at)
    folded = segment.casefold()
    if any(word in folded for word in words):
        return True
    variable = re.search(r"([A-Za-z_]\w{0,60})(?:\.|->)\w{0,40}$", segment)
    if variable is None:
        return False
    made = re.search(rf"\b{variable[1]}\b[^\n=;]{{0,60}}=\s{{0,4}}([^\n;]{{1,160}})", text)
    return made is not None and any(word in made[1].casefold() for word in words)


def _statement(text: str, at: int) -> str:
    """From the line that opens the call or literal in which ``at`` stands; six lines at most."""
    start = text.rfind("\n", max(0, at - 400), at) + 1
    for _ in range(6):
        segment = text[start:at]
        if re.search(r"[A-Za-z_>]\w*\s{0,4}(?:\(|\{|::|=)", segment) and (
            not segment.lstrip().startswith((".", "->", "}", ")"))
        ):
            break
        before = text.rfind("\n", max(0, start - 400), max(0, start - 1)) + 1
        if before >= start or start == 0:
            break
        start = before
    return text[max(start, at - 600) : at].rpartition(";")[2]


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
