"""What source files import, by the grammar of each language's import statements: an English word in
a comment is never a package. Look-up in the catalogue is exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from scanner.kit.expressions import expression

Found = tuple[str, int, int]
"""Name, start, end (byte offsets)."""

_EXTENSIONS = {
    ".py": "python", ".pyi": "python", ".ipynb": "python", ".pyx": "python",
    ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "javascript", ".tsx": "javascript", ".mts": "javascript", ".cts": "javascript",
    ".vue": "javascript", ".svelte": "javascript", ".astro": "javascript",
    ".go": "go", ".java": "jvm", ".kt": "jvm", ".kts": "jvm",
    ".scala": "jvm", ".groovy": "jvm", ".cs": "dotnet", ".fs": "dotnet", ".vb": "dotnet",
    ".razor": "dotnet", ".cshtml": "dotnet", ".rs": "rust", ".rb": "ruby", ".php": "php",
    ".swift": "swift", ".dart": "dart", ".r": "r", ".rmd": "r", ".ex": "elixir", ".exs": "elixir",
}  # fmt: skip

# A notebook is JSON: a statement starts after the opening quote of its line.
_STATEMENTS: dict[str, re.Pattern[bytes]] = {
    "python": expression(
        rb"(?m)^(?:[ \t]*|[ \t]*\"[ \t]*)(?:(?:>>> )?from[ \t]+(?P<a>[A-Za-z_][\w.]*)[ \t]+import\b"
        rb"[ \t(]*(?P<names>[\w, \t]*)|import[ \t]+(?P<b>[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?"
        rb"(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?)*))"
    ),
    "javascript": expression(
        rb"(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*[\"'](?P<a>[^\"'\n]{1,200})[\"']"
    ),
    "go": expression(
        rb"(?m)^\s*(?:import\s+)?(?:[\w.]+\s+)?\"(?P<a>[\w.-]+\.[a-z]+/[^\"\n]{1,200})\""
    ),
    "jvm": expression(rb"(?m)^\s*import\s+(?:static\s+)?(?P<a>[a-z][\w.]*)"),
    "dotnet": expression(
        rb"(?m)^\s*(?:@|global\s+)?(?:using|open|Imports)\s+(?:static\s+)?(?:\w+\s*=\s*)?"
        rb"(?P<a>[A-Z][\w.]*)"
    ),
    "rust": expression(rb"(?m)^\s*(?:pub\s+)?(?:use|extern\s+crate)\s+(?:::)?(?P<a>[a-z_][\w]*)"),
    "ruby": expression(rb"(?m)^\s*require(?:\s+|\s*\(\s*)[\"'](?P<a>[\w/-]+)[\"']"),
    "php": expression(rb"(?m)^\s*use\s+(?:function\s+|const\s+)?\\?(?P<a>[A-Z]\w*(?:\\\w+)*)"),
    "swift": expression(
        rb"(?m)^\s*(?:@\w+\s+)?import\s+(?:(?:struct|class|func)\s+)?(?P<a>[A-Z]\w*)"
    ),
    "dart": expression(rb"(?m)^\s*import\s+[\"']package:(?P<a>\w+)/"),
    "r": expression(
        rb"\b(?:library|require|requireNamespace)\s*\(\s*[\"']?(?P<a>[A-Za-z][\w.]*)"
    ),
    "elixir": expression(rb"(?m)^\s*(?:alias|import|use)\s+(?P<a>[A-Z][\w.]*)"),
}  # fmt: skip
_SEPARATOR = {"javascript": "/", "go": "/", "ruby": "/", "php": "\\"}


def language_of(path: str) -> str:
    """Language family by file name, or the empty string."""
    return _EXTENSIONS.get(PurePosixPath(path).suffix.lower(), "")


_SPECIFIER = expression(
    r"(?:npm:|jsr:|https://(?:esm\.sh|esm\.run|cdn\.skypack\.dev|cdn\.jsdelivr\.net/npm"
    r"|unpkg\.com|deno\.land/x)/)(?:v\d+/)?(@?[^@?#]+)(?:@[^/?#]*)?(/[^?#]*)?"
)
"""How Deno and browsers name a package: by registry or by address, with a version."""
_DYNAMIC = expression(
    rb"\b(?:import_module|__import__)\(\s{0,8}[\"'](?P<a>[A-Za-z_][\w.]{0,100})[\"']"
)
_RUST_PATH = expression(rb"(?<![\w:])(?P<a>[a-z][a-z0-9_]{2,40})::[A-Za-z]")


def imports(data: bytes, language: str) -> Iterator[Found]:
    """Every imported path, by statement or by call, as the package is named in its registry."""
    for name, start, end in _by_statement(data, language):
        if language == "javascript":
            said = _SPECIFIER.match(name)
            yield said[1].rstrip("/") + (said[2] or "") if said else name, start, end
        else:
            yield name, start, end
    other = {"python": _DYNAMIC, "rust": _RUST_PATH}.get(language)
    if other is None or (other is _DYNAMIC and b"import_" not in data and b"__import" not in data):
        return
    for match in other.finditer(data):
        yield match["a"].decode("latin-1"), match.start("a"), match.end("a")


def _by_statement(data: bytes, language: str) -> Iterator[Found]:
    """Every imported path. ``from a import b`` gives ``a.b`` too, for namespaces that many
    vendors share (``from google import genai``)."""
    for match in _FINDERS.get(language, _everywhere)(data, _STATEMENTS[language]):
        groups = match.groupdict()
        if groups.get("a"):
            base = groups["a"].decode("latin-1")
            yield base, match.start("a"), match.end("a")
            for name in re.findall(rb"\w+", groups.get("names") or b""):
                yield f"{base}.{name.decode('latin-1')}", match.start("a"), match.end("a")
        elif groups.get("b"):
            for name in re.findall(rb"([A-Za-z_][\w.]*)(?:[ \t]+as[ \t]+\w+)?", groups["b"]):
                yield name.decode("latin-1"), match.start("b"), match.end("b")


def _everywhere(data: bytes, statement: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    return statement.finditer(data)


def _by_line(data: bytes, statement: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """Python's: only lines with the word are tried, each once, in a fifth of the time."""
    at = data.find(b"import")
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        match = statement.match(data, start)
        if match:
            yield match
        end = data.find(b"\n", max(at, match.end() if match else 0))
        at = data.find(b"import", end) if end >= 0 else -1


def _by_word(data: bytes, statement: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """JavaScript's: tried where one of its words stands."""
    for word in (b"from", b"import", b"require"):
        at = data.find(word)
        while at >= 0:
            match = statement.match(data, at)
            if match:
                yield match
            at = data.find(word, at + len(word))


_FINDERS = {"python": _by_line, "javascript": _by_word}


def lookup(path: str, table: dict[str, str], language: str) -> tuple[str, str] | None:
    """The catalogue's import path that covers ``path``, and its provider."""
    separator = _SEPARATOR.get(language, ".")
    while path:
        if path in table:
            return path, table[path]
        path = path.rpartition(separator)[0]
    return None
