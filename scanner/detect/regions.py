"""Which bytes of a source file are comments: what stands there is explained or switched off, not
run. A lexer of strings and comments only; good enough to tell where a hit stands, never a parser.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import PurePosixPath

from scanner.kit.expressions import expression

_DOUBLE = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?'
_SINGLE = rb"'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
_CHAR = rb"'(?:[^'\\\n]|\\[^\n]{1,8})'"
_TEMPLATE = rb"`[^`\\]*(?:\\.[^`\\]*)*`?"
_TRIPLE = rb'(?:""".*?(?:"""|\Z)|' + rb"\'\'\'.*?(?:\'\'\'|\Z))"
_BLOCK = rb"(?P<c1>/\*.*?(?:\*/|\Z))"
_SLASHES = rb"(?P<c2>//[^\n]*)"
_ANY_HASH = rb"(?P<c3>\#[^\n]*)"
_HASH = rb"(?P<c3>(?:(?<=[\s;])|^)\#[^\n]*)"
_DASHES = rb"(?P<c4>--[^\n]*)"
_MARKUP = rb"(?P<c5><!--.*?(?:-->|\Z))"
_DOCSTRING = rb"(?P<c6>^[ \t]*[rRuU]?" + _TRIPLE + rb")"


def _lexer(*parts: bytes) -> re.Pattern[bytes]:
    return expression(b"|".join(parts), re.M | re.S)


_C_LIKE = _lexer(_BLOCK, _SLASHES, _DOUBLE, _CHAR)
_SCRIPT = _lexer(_BLOCK, _SLASHES, _DOUBLE, _SINGLE, _TEMPLATE)
_BICEP = _lexer(_BLOCK, _SLASHES, _TRIPLE, _SINGLE)
_PYTHON = _lexer(_DOCSTRING, _TRIPLE, _ANY_HASH, _DOUBLE, _SINGLE)
_HASHED = _lexer(_HASH, _DOUBLE, _SINGLE)
_PHP = _lexer(_BLOCK, _SLASHES, _HASH, _DOUBLE, _SINGLE)
_HCL = _lexer(_BLOCK, _SLASHES, _HASH, _DOUBLE)
_SQL = _lexer(_BLOCK, _DASHES, _DOUBLE, _SINGLE)
_XML = _lexer(_MARKUP)
_INI = _lexer(rb"(?P<c3>^[ \t]*[\#;][^\n]*)")

_BY_SUFFIX: dict[str, re.Pattern[bytes]] = {
    **dict.fromkeys((".go", ".java", ".kt", ".kts", ".scala", ".cs", ".fs",
                     ".rs", ".swift", ".c", ".cc", ".cpp", ".h", ".hpp", ".m", ".proto",
                     ".bicep"), _C_LIKE),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue",
                     ".svelte", ".jsonc", ".json5"), _SCRIPT),
    **dict.fromkeys((".py", ".pyi"), _PYTHON),
    **dict.fromkeys((".rb", ".sh", ".bash", ".zsh", ".yaml", ".yml", ".toml", ".r", ".jl", ".ex",
                     ".exs", ".env", ".tpl", ".ps1", ".pl", ".cfg", ".conf"), _HASHED),
    ".php": _PHP,
    ".bicep": _BICEP,
    **dict.fromkeys((".dart", ".groovy", ".gradle"), _SCRIPT),
    **dict.fromkeys((".tf", ".tfvars", ".hcl", ".tofu"), _HCL),
    **dict.fromkeys((".sql", ".lua", ".hs"), _SQL),
    **dict.fromkeys((".html", ".htm", ".xml", ".csproj", ".props", ".svg"), _XML),
    **dict.fromkeys((".ini", ".properties"), _INI),
}  # fmt: skip
_BY_NAME = expression(
    r"(?:.*\.)?(?:Dockerfile|Containerfile|Makefile|Gemfile|Rakefile)(?:\..*)?|\.env.*|requirements.*\.txt"
)
_MOST_BYTES = 2 << 20


class Comments:
    """The comments of one file, found on the first question."""

    def __init__(self, path: str, data: bytes) -> None:
        pure = PurePosixPath(path)
        self._lexer = _BY_SUFFIX.get(pure.suffix.lower())
        if self._lexer is None and _BY_NAME.fullmatch(pure.name):
            self._lexer = _HASHED
        self._data = data
        self._spans: list[tuple[int, int]] | None = None
        self._starts: list[int] = []

    def covers(self, offset: int) -> bool:
        """Whether the byte at ``offset`` stands in a comment or a docstring."""
        if self._lexer is None or len(self._data) > _MOST_BYTES:
            return False
        if self._spans is None:
            self._spans = [m.span() for m in self._lexer.finditer(self._data) if m.lastgroup]
            self._starts = [start for start, _ in self._spans]
        at = bisect_right(self._starts, offset) - 1
        return at >= 0 and offset < self._spans[at][1]
