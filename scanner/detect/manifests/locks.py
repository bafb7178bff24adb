"""Lock files: one pass of one regex over the bytes, whatever their size; nothing is parsed.

What stands only here is somebody else's dependency: the manifest beside it tells the direct ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.manifests.dependency import Dependency
from scanner.detect.manifests.others import go_module, repository
from scanner.kit.expressions import expression

_NPM = rb"((?:@[A-Za-z0-9_.~-]{1,100}/)?[A-Za-z0-9_.~-]{1,120})"
# Of the project's own entry the source says so.
_OWN = rb"(?!\r?\n(?:version = [^\n]*\n)?source = \{ (?:editable|virtual))"

_LOCKS: dict[str, tuple[str, re.Pattern[bytes]]] = {
    name: (ecosystem, expression(pattern))
    for names, ecosystem, pattern in (
        ("poetry.lock uv.lock pdm.lock pylock.toml", "pypi",
         rb"(?m)^name = \"([^\"\n]{1,120})\"" + _OWN),
        ("cargo.lock", "cargo",
         rb"(?m)^name = \"([^\"\n]{1,120})\"\r?\nversion = [^\n]*\nsource ="),
        ("pipfile.lock", "pypi", rb"(?m)^ {8}\"([\w.-]{1,120})\": \{"),
        ("conda-lock.yml", "conda", rb"(?m)^ {0,2}- name: ([\w.-]{1,120})"),
        ("pixi.lock", "conda",
         rb"(?m)^ {0,4}- conda: [^\n]{1,200}/([a-z0-9_][\w.-]{0,100})-[^-/\n]{1,60}-[^-/\n]{1,80}$"
         rb"|^ {2}name: ([\w.-]{1,120})"),
        ("package-lock.json npm-shrinkwrap.json", "npm",
         rb"node_modules/" + _NPM + rb"\": ?\{"
         rb"|(?m:^) {4,40}\"" + _NPM + rb"\": \{\r?\n {4,40}\"version\""),
        ("pnpm-lock.yaml", "npm",
         rb"(?m)^  '?/?" + _NPM + rb"[@/]\d[^:\n]{0,400}'?:"),
        ("yarn.lock", "npm", rb"(?m)^\"?" + _NPM + rb"@[^\n]{1,400}:\r?$"),
        ("bun.lock", "npm", rb"(?m)^ {4}\"[^\"\n]{1,300}\": \[\"" + _NPM + rb"@"),
        ("deno.lock", "npm", rb"(?m)^ {4,8}\"(?:npm:)?" + _NPM + rb"@\d[^\"\n]{0,200}\": \{"),
        ("gradle.lockfile buildscript-gradle.lockfile", "maven",
         rb"(?m)^([\w.-]{1,120}:[\w.-]{1,120}):[^=\n]{1,80}="),
        ("packages.lock.json", "nuget",
         rb"\"([A-Za-z][\w.-]{1,120})\": \{\s{1,40}\"type\": \"(?:Direct|Transitive|Central)"),
        ("paket.lock", "nuget", rb"(?m)^ {4}([A-Za-z][\w.-]{1,120}) \("),
        ("gemfile.lock gems.locked", "rubygems", rb"(?m)^ {4}([\w.-]{1,100}) \("),
        ("composer.lock", "composer", rb"\"name\": \"([\w.-]{1,80}/[\w.-]{1,100})\""),
        ("package.resolved", "swift",
         rb"\"(?:repositoryURL|location)\"[ ]?: \"([^\"\s]{8,300})\""),
        ("podfile.lock", "cocoapods", rb"(?m)^ {2}- \"?([\w+.-]{1,100})[ /]"),
        ("pubspec.lock", "pub", rb"(?m)^ {2}([a-z_][a-z0-9_]{0,80}):\r?\n {4}dependency:"),
        ("mix.lock", "hex", rb"(?m)^ {2}\"([a-z][a-z0-9_]{1,80})\": \{"),
        ("renv.lock", "cran", rb"\"Package\": \"([A-Za-z][A-Za-z0-9.]{1,80})\""),
        ("manifest.toml", "julia", rb"(?m)^\[\[(?:deps\.)?([A-Za-z]\w{1,80})\]\]"),
        ("go.sum", "go",
         rb"(?m)^([a-z0-9][\w.-]{0,100}\.[a-z]{2,20}/[\w.~/-]{1,200}) v[^\s/]{1,100} h1:"),
    )
    for name in names.split()
}  # fmt: skip


def is_lock(path: str) -> bool:
    return path.rpartition("/")[2].lower() in _LOCKS


def locked(data: bytes, path: str) -> Iterator[Dependency]:
    """Each name once, where it first stands."""
    ecosystem, pattern = _LOCKS[path.rpartition("/")[2].lower()]
    seen: set[bytes] = set()
    for match in pattern.finditer(data):
        number = match.lastindex or 1
        raw = match[number]
        if raw in seen:
            continue
        seen.add(raw)
        name = raw.decode("latin-1")
        if ecosystem == "go":
            yield from go_module(name, match.start(number), False)
        else:
            name = repository(name) if ecosystem == "swift" else name
            yield Dependency(ecosystem, name, match.start(number), is_direct=False)
