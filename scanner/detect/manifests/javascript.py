"""npm, pnpm, bun and Deno: ``package.json`` with all its sections, catalogues, import maps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner.detect.manifests.dependency import Dependency, named, strings, table, tables_of
from scanner.detect.source import SourceFile
from scanner.kit.expressions import expression

_SECTIONS = (
    "dependencies", "devDependencies", "peerDependencies", "optionalDependencies",
)  # fmt: skip
_BUNDLED = ("bundledDependencies", "bundleDependencies")
_FORCED = ("resolutions", "overrides")
_PACKAGE = r"((?:@[a-z0-9_.~-]{1,100}/)?[a-z0-9_.~-]{1,100})"
_SPECIFIER = expression(rf"(npm|jsr):/?{_PACKAGE}(?=[@/]|$)", re.I)
_CDN = expression(
    r"https://(?:esm\.sh|cdn\.skypack\.dev|cdn\.jsdelivr\.net/npm|unpkg\.com|esm\.run)"
    rf"/(?:v\d{{1,4}}/)?{_PACKAGE}(?=[@/?]|$)",
    re.I,
)


def package_json(source: SourceFile) -> Iterator[Dependency]:
    """package.json, by the documentation of npm: what only forces the version of
    somebody else's dependency is not direct."""
    document = source.json
    if not isinstance(document, dict):
        return
    for section in _SECTIONS:
        yield from _section(source, document.get(section), section)
    for section in _BUNDLED:
        yield from named("npm", strings(document.get(section)), source.find(f'"{section}"'))
    for section in _FORCED:
        forced = table(document, section) or table(document, "pnpm", section)
        names = (name.rpartition("/")[2] if "**" in name else name for name in forced)
        yield from named("npm", names, source.find(f'"{section}"'), is_direct=False)
    yield from _catalogues(source, table(document, "workspaces") or document)


def pnpm_workspace(source: SourceFile) -> Iterator[Dependency]:
    """https://pnpm.io/catalogs"""
    for document in source.yaml:
        yield from _catalogues(source, document if isinstance(document, dict) else {})


def _catalogues(source: SourceFile, holder: dict[str, Any]) -> Iterator[Dependency]:
    after = source.find("catalog")
    for catalogue in (table(holder, "catalog"), *tables_of(holder.get("catalogs"))):
        yield from named("npm", catalogue, after)


def _section(source: SourceFile, value: Any, section: str) -> Iterator[Dependency]:
    after = source.find(f'"{section}"')
    for name, version in table(value).items():
        yield Dependency("npm", name, after=after)
        alias = _SPECIFIER.match(version) if isinstance(version, str) else None
        if alias:
            yield Dependency(alias[1].lower(), alias[2], after=source.find(f'"{name}"', after))


def deno(source: SourceFile) -> Iterator[Dependency]:
    """``deno.json`` and import maps: https://docs.deno.com/runtime/fundamentals/configuration/"""
    document = source.json
    if not isinstance(document, dict):
        return
    maps = [table(document, "imports"), *tables_of(document.get("scopes"))]
    after = source.find('"imports"')
    for target in (value for one in maps for value in one.values() if isinstance(value, str)):
        found = _SPECIFIER.match(target)
        if found:
            yield Dependency(found[1].lower(), found[2], after=after)
        cdn = _CDN.match(target)
        if cdn:
            yield Dependency("npm", cdn[1], after=after)
