"""What source files import and manifests name, looked up in the catalogue.

Extraction is by the grammar of each language's import statements, look-up is exact: an English word
in a comment is never a package.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from scanner.detect.names import normal_package


def manifest_reader(path: str) -> tuple[str, Callable[[bytes], Iterator[str]]] | None:
    """Ecosystem and reader for a manifest by its file name."""
    name = PurePosixPath(path).name
    for pattern, ecosystem, reader in _MANIFESTS:
        if pattern.fullmatch(name):
            return ecosystem, reader
    return None


def packages(data: bytes, path: str) -> Iterator[tuple[str, str, int, int]]:
    """(ecosystem, package as compared, start, end) for each direct dependency of a manifest.
    A manifest that does not parse gives what a line-wise reading still shows."""
    found = manifest_reader(path)
    if found is None:
        return
    ecosystem, reader = found
    seen: set[str] = set()
    for name in reader(data):
        if name and name not in seen:
            seen.add(name)
            start = max(0, data.find(name.split(":")[-1].encode()))
            yield ecosystem, normal_package(ecosystem, name), start, start + len(name)


_REQUIREMENT = re.compile(rb"(?m)^[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*(?=[\[=<>!~;@#\r\n ]|$)")


def _requirements(data: bytes) -> Iterator[str]:
    return (m.decode("latin-1") for m in _REQUIREMENT.findall(data))


def _pyproject(data: bytes) -> Iterator[str]:
    try:
        document = tomllib.loads(data.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        yield from (m.decode() for m in re.findall(rb"[\"']([A-Za-z0-9._-]+)\s*[\[<>=~!\"']", data))
        return
    project = document.get("project", {})
    groups = [project.get("dependencies", [])] if isinstance(project, dict) else []
    groups += list((project.get("optional-dependencies") or {}).values())
    groups += list((document.get("dependency-groups") or {}).values())
    for group in groups:
        for line in group if isinstance(group, list) else []:
            if isinstance(line, str):
                yield re.split(r"[\s\[<>=~!;@]", line.strip(), maxsplit=1)[0]
    yield from _poetry(document)


def _poetry(document: dict[str, object]) -> Iterator[str]:
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if not isinstance(poetry, dict):
        return
    groups = poetry.get("group")
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    if isinstance(groups, dict):
        tables += [g.get("dependencies") for g in groups.values() if isinstance(g, dict)]
    for table in tables:
        yield from table if isinstance(table, dict) else ()


def _package_json(data: bytes) -> Iterator[str]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for section in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        table = document.get(section) if isinstance(document, dict) else None
        yield from table if isinstance(table, dict) else ()


def _cargo(data: bytes) -> Iterator[str]:
    try:
        document = tomllib.loads(data.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return
    for section in ("dependencies", "dev-dependencies", "build-dependencies"):
        table = document.get(section)
        yield from table if isinstance(table, dict) else ()
    workspace = document.get("workspace")
    table = workspace.get("dependencies") if isinstance(workspace, dict) else None
    yield from table if isinstance(table, dict) else ()


def _composer(data: bytes) -> Iterator[str]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for section in ("require", "require-dev"):
        table = document.get(section) if isinstance(document, dict) else None
        yield from table if isinstance(table, dict) else ()


def _by_regex(pattern: bytes, join: str = "") -> Callable[[bytes], Iterator[str]]:
    compiled = re.compile(pattern)

    def read(data: bytes) -> Iterator[str]:
        for match in compiled.finditer(data):
            yield join.join(group.decode("latin-1") for group in match.groups())

    return read


_go_mod = _by_regex(rb"(?m)^\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+?)(?:/v\d+)?\s+v\d")
_pom = _by_regex(
    rb"<groupId>\s*([\w.-]+)\s*</groupId>\s*<artifactId>\s*([\w.-]+)\s*</artifactId>", ":"
)
_gradle = _by_regex(rb"[\"']([\w.-]+):([\w.-]+)(?::[\w.\-$\{\}]+)?[\"']", ":")
_csproj = _by_regex(rb"<Package(?:Reference|Version)\s+[^>]{0,100}?Include=\"([\w.-]+)\"")
_gemfile = _by_regex(rb"(?m)^\s*gem\s+[\"']([\w-]+)[\"']")
_setup = _by_regex(
    rb"[\"']([A-Za-z][A-Za-z0-9._-]{2,60})\s*(?:\[[\w,]+\]\s*)?"
    rb"(?:[<>=~!][^\"'\n]{0,60})?[\"']\s*,?"
)

_MANIFESTS: tuple[tuple[re.Pattern[str], str, Callable[[bytes], Iterator[str]]], ...] = (
    (re.compile(r"(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|in)"), "pypi", _requirements),
    (re.compile(r"pyproject\.toml"), "pypi", _pyproject),
    (re.compile(r"setup\.(?:py|cfg)|Pipfile"), "pypi", _setup),
    (re.compile(r"package\.json"), "npm", _package_json),
    (re.compile(r"go\.mod"), "go", _go_mod),
    (re.compile(r"pom\.xml"), "maven", _pom),
    (re.compile(r"build\.gradle(?:\.kts)?|libs\.versions\.toml"), "maven", _gradle),
    (re.compile(r".*\.(?:csproj|fsproj|vbproj)|Directory\.Packages\.props"), "nuget", _csproj),
    (re.compile(r"Cargo\.toml"), "cargo", _cargo),
    (re.compile(r"Gemfile|.*\.gemspec"), "rubygems", _gemfile),
    (re.compile(r"composer\.json"), "composer", _composer),
)  # fmt: skip
