"""Go, Rust, Ruby, PHP, Swift and CocoaPods, R, Dart, Elixir, Julia, conda."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scanner.detect.manifests.dependency import (
    Dependency,
    Parser,
    named,
    strings,
    table,
    tables_of,
)
from scanner.detect.manifests.python import requirement_name
from scanner.detect.manifests.text import bracketed, quoted
from scanner.detect.source import SourceFile
from scanner.kit.expressions import expression


def _by_regex(ecosystem: str, pattern: bytes) -> Parser:
    compiled = expression(pattern)

    def read(source: SourceFile) -> Iterator[Dependency]:
        for match in compiled.finditer(source.data):
            number = match.lastindex or 1
            yield Dependency(ecosystem, match[number].decode("latin-1"), match.start(number))

    return read


_MODULE = rb"([a-z0-9][\w.-]{0,100}\.[a-z]{2,20}/[\w.~/-]{1,200}?)"
_GO = expression(
    rb"(?m)^[ \t]*(?:require[ \t]+)?" + _MODULE + rb"[ \t]+v\d[^\s/]{0,80}([^\n]{0,200})"
)
_GO_REPLACE = expression(rb"=>[ \t]*" + _MODULE + rb"[ \t]+v\d")
_MAJOR = expression(r"/v\d+$")


def go_mod(source: SourceFile) -> Iterator[Dependency]:
    """https://go.dev/ref/mod#go-mod-file - ``// indirect`` is a dependency's dependency; a
    replacement is what is really built."""
    for match in _GO.finditer(source.data):
        if b"=>" in match[2]:
            continue
        yield from go_module(match[1].decode(), match.start(1), b"// indirect" not in match[2])
    for match in _GO_REPLACE.finditer(source.data):
        yield from go_module(match[1].decode(), match.start(1), True)


def go_module(path: str, start: int, is_direct: bool) -> Iterator[Dependency]:
    """With and without its major version, as catalogues differ."""
    bare = _MAJOR.sub("", path)
    for name in (path, bare) if bare != path else (path,):
        yield Dependency("go", name, start, is_direct=is_direct)


def cargo(source: SourceFile) -> Iterator[Dependency]:
    """https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html"""
    document = source.toml or {}
    holders = [document, table(document, "workspace"), *tables_of(document.get("target"))]
    for holder in holders:
        for section in ("dependencies", "dev-dependencies", "build-dependencies"):
            after = source.find(section)
            for name, value in table(holder, section).items():
                renamed = value.get("package") if isinstance(value, dict) else None
                yield Dependency("cargo", renamed if isinstance(renamed, str) else name,
                                 after=after)  # fmt: skip


gemfile = _by_regex(
    "rubygems",
    rb"(?m)^[ \t]*(?:gem|\w{1,20}\.add_(?:(?:runtime|development)_)?dependency)[ \t(]{1,4}"
    rb"[\"']([\w.-]{1,100})[\"']",
)


def composer(source: SourceFile) -> Iterator[Dependency]:
    """https://getcomposer.org/doc/04-schema.md"""
    for section in ("require", "require-dev"):
        yield from named("composer", table(source.json, section), source.find(f'"{section}"'))


_SWIFT = expression(
    rb"(?:\burl:[ \t]{0,4}|repositoryURL\"?[ \t]{0,4}[=:][ \t]{0,4})\"([^\"\s]{8,300})\""
)


def swift(source: SourceFile) -> Iterator[Dependency]:
    """``Package.swift`` (https://docs.swift.org/package-manager/PackageDescription/) and the remote
    packages of an Xcode project, by repository address."""
    for match in _SWIFT.finditer(source.data):
        yield Dependency("swift", repository(match[1].decode("latin-1")), match.start(1))


def repository(address: str) -> str:
    """``https://github.com/Owner/Name.git`` and ``git@github.com:Owner/Name`` ->
    ``github.com/owner/name``."""
    bare = re.sub(r"^(?:[a-z+]{2,10}://)?(?:[^@/\s]{1,100}@)?", "", address.strip().lower())
    bare = bare.replace(":", "/", 1) if re.match(r"[\w.-]+:[a-z]", bare) else bare
    return bare.removesuffix("/").removesuffix(".git")


podfile = _by_regex(
    "cocoapods",
    rb"(?m)^[ \t]*(?:pod|\w{1,20}\.dependency)[ \t(]{1,4}[\"']([\w.+-]{1,100})",
)

_FIELDS = expression(
    rb"(?m)^(?:Imports|Depends|Suggests|LinkingTo|Enhances|Remotes):((?:[^\n]*(?:\n[ \t][^\n]*)*))"
)
_R_NAME = expression(rb"(?:^|,)\s*([A-Za-z][A-Za-z0-9.]{1,80})\s*(?=[,(]|$)")


def r_description(source: SourceFile) -> Iterator[Dependency]:
    """https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file"""
    for match in _FIELDS.finditer(source.data):
        for name in _R_NAME.finditer(match[1]):
            yield Dependency("cran", name[1].decode(), match.start(1) + name.start(1))


_R_INSTALL = expression(
    rb"\b(?:install\.packages|pak::pkg_install|pak::pak|renv::install|pacman::p_load|p_load"
    rb"|install_github|install_cran)[ \t]{0,4}(?=\()"
)


def r_script(source: SourceFile) -> Iterator[Dependency]:
    """``install.packages(c("ellmer", "chattr"))`` and the like."""
    end = 0
    for call in _R_INSTALL.finditer(source.data):
        if call.start() < end:
            continue
        end = bracketed(source.data, call.end(), 4000)
        for start, text in quoted(source.data, call.end(), end):
            name = text.rpartition("/")[2].partition("@")[0]
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9.]{1,80}", name):
                yield Dependency("cran", name, start + text.find(name))


def pubspec(source: SourceFile) -> Iterator[Dependency]:
    """https://dart.dev/tools/pub/pubspec"""
    for document in source.yaml:
        for section in ("dependencies", "dev_dependencies", "dependency_overrides"):
            after = source.find(f"{section}:")
            yield from named("pub", table(document, section), after)


mix = _by_regex(
    "hex",
    rb"\{[ \t]{0,4}:([a-z][a-z0-9_]{1,80}),[ \t]{0,4}"
    rb"(?:\"(?=[~<>=\d])|(?:git|github|path|hex|only|override|app)[ \t]{0,4}:)",
)


def julia(source: SourceFile) -> Iterator[Dependency]:
    """https://pkgdocs.julialang.org/v1/toml-files/"""
    for section in ("deps", "weakdeps", "extras"):
        after = source.find(f"[{section}]")
        yield from named("julia", table(source.toml, section), after)


_CONDA_NAME = expression(r"(?:[\w.\-/]{1,80}::)?([A-Za-z0-9][\w.-]{0,99})(?=[\s=<>!~\[]|$)")


def conda_environment(source: SourceFile) -> Iterator[Dependency]:
    """https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html"""
    after = source.find("dependencies:")
    for document in source.yaml:
        listed = document.get("dependencies") if isinstance(document, dict) else None
        yield from _conda_names(listed, after)
        for pip in (item.get("pip") for item in _maps(listed)):
            for line in strings(pip):
                name = requirement_name(line)
                if name:
                    yield Dependency("pypi", name, after=source.find("pip:", after))


def _conda_names(listed: Any, after: int) -> Iterator[Dependency]:
    for line in strings(listed):
        found = _CONDA_NAME.match(line.strip())
        if found:
            yield Dependency("conda", found[1].lower(), after=after)


def _maps(listed: Any) -> Iterator[dict[str, Any]]:
    if isinstance(listed, list):
        yield from (item for item in listed if isinstance(item, dict))


_RECIPE_PART = expression(
    rb"(?m)^(requirements|test|tests):[ \t]*\r?\n((?:(?:[ \t-][^\n]*)?\r?\n)+)"
)
_RECIPE_ITEM = expression(rb"(?m)^[ \t]+-[ \t]+([A-Za-z0-9][\w.-]{0,99})(?=[ \t\r<>=!~#]|$)")


def conda_recipe(source: SourceFile) -> Iterator[Dependency]:
    """``meta.yaml`` holds templates, so it is read by lines:
    https://docs.conda.io/projects/conda-build/en/latest/resources/define-metadata.html"""
    for part in _RECIPE_PART.finditer(source.data + b"\n"):
        for item in _RECIPE_ITEM.finditer(part[2]):
            yield Dependency("conda", item[1].decode(), part.start(2) + item.start(1))
