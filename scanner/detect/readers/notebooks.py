"""Jupyter notebooks: the code of their cells, and the commands that cells run.

Keys, hosts and model names are found in the raw text, outputs included, by the engine, as are
imports where a cell is stored line by line. Here is what needs the cells as code.
https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import ast
import json
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scanner.detect.infra import shell
from scanner.detect.knowledge import Knowledge
from scanner.detect.manifests.dotnet import directives
from scanner.detect.readers import mcp_code, python_code
from scanner.detect.readers.manifests import found_packages
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.detect.statements import imports
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

_PICTURE = expression(
    rb"\"(?:image/[a-z+.-]{1,20}|application/pdf|text/html)\":\s{0,4}\"[^\"]{2000,}\""
)
_MOST_BYTES = 64 << 20
_MOST_LINES = 50_000
_CELL_MAGIC = expression(r"\s*%%(\w+)")
_COMMAND = expression(r"\s*(?:[!%]{1,2}\s*)(?:(?:sudo|time|capture)\s+)?(.*)")
_HIDDEN = "None  # a command"
"""Keeps the place of a command line among Python's, so that blocks stay whole."""
_SHELLS = frozenset({"bash", "sh", "script", "shell", "cmd", "zsh"})
_PYTHON = frozenset({"", "python", "python3", "ipython", "ipython3", "time", "timeit", "capture"})


@dataclass(frozen=True)
class _Text:
    """Lines of cells joined to one text that keeps the way back into the file."""

    raw: bytes
    lines: tuple[str, ...]
    own_modules: frozenset[str] = frozenset()

    @cached_property
    def data(self) -> bytes:
        return _encoded(self.lines)

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        """Offsets of the lines in ``data`` and in the file, where each stands as a JSON string."""
        own, there = [], []
        at = cursor = 0
        for line in self.lines:
            bare = line.strip()
            for ascii_only in (False, True) if bare not in ("", _HIDDEN) else ():
                quoted = json.dumps(bare, ensure_ascii=ascii_only)[1:-1]
                found = self.raw.find(quoted.encode("utf-8", "replace"), cursor)
                if found >= 0:
                    cursor = found
                    break
            own.append(at)
            there.append(cursor)
            at += len(line.encode("utf-8", "replace")) + 1
        return own, there

    def back(self, offset: int) -> int:
        """Offset in the file for one in ``data``."""
        own, there = self._starts
        number = bisect_right(own, offset) - 1
        if number < 0:
            return 0
        line = self.lines[number]
        indent = len(line) - len(line.lstrip())
        column = max(0, offset - own[number] - indent)
        return min(there[number] + column, len(self.raw))


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    document = _parsed(source.data)
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(cells, list):
        return
    language = _language(document)
    if language in ("c#", "csharp", "f#", "fsharp", ".net"):
        yield from found_packages(directives(source), source, knowledge)
        return
    code, commands, is_joined = _split(cells, language in _PYTHON)
    yield from _moved(_Text(source.data, tuple(commands)), _run, knowledge)
    if code:
        joined = _Text(source.data, _parseable(code, knowledge), source.own_modules)
        yield from _moved(joined, _called, knowledge)
        if is_joined or source.data.count(b"\n") < len(joined.lines):  # or a file in one line
            yield from _moved(joined, _imported, knowledge)


def _parsed(data: bytes) -> Any:
    """Pictures among the outputs are left out: they are most of a notebook."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        return json.loads(_PICTURE.sub(b'"":""', data))
    except (ValueError, RecursionError):
        return None


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        held = metadata.get(key) if isinstance(metadata, dict) else None
        said = held.get(name) if isinstance(held, dict) else None
        if isinstance(said, str) and said:
            return said.lower()
    return ""


def _split(cells: list[Any], is_python: bool) -> tuple[list[list[str]], list[str], bool]:
    """Lines of Python by cell, command lines, and whether a cell is one string with all its lines:
    then the raw text does not show its statements line by line."""
    code: list[list[str]] = []
    commands: list[str] = []
    is_joined = False
    for cell in cells:
        held = cell.get("source") if isinstance(cell, dict) else None
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = "".join(s for s in held if isinstance(s, str)) if isinstance(held, list) else held
        if not isinstance(text, str) or sum(map(len, code)) + len(commands) > _MOST_LINES:
            continue
        is_joined = is_joined or (isinstance(held, str) and "\n" in held)
        magic = _CELL_MAGIC.match(text)
        if magic and magic[1] in _SHELLS:
            commands += text.split("\n")[1:]
        elif is_python and (magic is None or magic[1] in _PYTHON):
            code.append([])
            for line in text.split("\n"):
                command = _COMMAND.match(line)
                if command:
                    commands.append(line)
                    code[-1].append(line[: len(line) - len(line.lstrip())] + _HIDDEN)
                else:
                    code[-1].append(line)
        else:
            commands += [line for line in text.split("\n") if line.lstrip()[:1] in ("!", "%")]
    return code, commands, is_joined


def _parseable(cells: list[list[str]], knowledge: Knowledge) -> tuple[str, ...]:
    """All lines, or, where they do not parse together, those of the cells that do: one broken cell
    is common and says nothing about the others."""
    lines = tuple(line for cell in cells for line in cell)
    used = (knowledge.imported("python", n)[1] for n, _, _ in imports(_encoded(lines), "python"))
    if not any(used) or _parses(lines):
        return lines
    return tuple(line for cell in cells if _parses(cell) for line in cell)


def _parses(lines: Sequence[str]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(_encoded(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _encoded(lines: Sequence[str]) -> bytes:
    return "\n".join(lines).encode("utf-8", "replace")


def _moved(text: _Text, read: Any, knowledge: Knowledge) -> Iterator[Found]:
    for found in read(text, knowledge):
        start = text.back(found.start)
        yield replace(found, start=start, end=start + max(1, found.end - found.start)
                      if found.end >= 0 else -1)  # fmt: skip


def _run(text: _Text, knowledge: Knowledge) -> Iterator[Found]:
    yield from shell.commands(knowledge, text.data.decode("latin-1"))


def _as_module(text: _Text) -> SourceFile:
    return SourceFile("cells.py", text.data, own_modules=text.own_modules)


def _called(text: _Text, knowledge: Knowledge) -> Iterator[Found]:
    pretended = _as_module(text)
    yield from python_code.read(pretended, knowledge)
    if b"mcp" in text.data:
        yield from mcp_code.read(pretended, knowledge)


def _imported(text: _Text, knowledge: Knowledge) -> Iterator[Found]:
    seen: set[str] = set()
    for name, start, end in _as_module(text).imports:
        path, provider = knowledge.imported("python", name)
        if provider and path not in seen:
            seen.add(path)
            yield Found(HitKind.IMPORT, path, start, end, provider=provider)


READERS = (Reader("notebooks", by_suffix(".ipynb"), _read, literals=(b'"cells"',)),)
