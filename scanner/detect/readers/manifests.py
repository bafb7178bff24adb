"""Packages of the catalogue that manifests name: what a project says it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.detect.bounds import MOST_DEPENDENCIES
from scanner.detect.knowledge import Knowledge
from scanner.detect.manifests.dependency import Dependency, locate
from scanner.detect.manifests.dotnet import directives
from scanner.detect.manifests.others import r_script
from scanner.detect.manifests.python import inline_script
from scanner.detect.manifests.table import parser_for
from scanner.detect.names import normal_package
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import HitKind

_ALSO = {"conda": "pypi"}
"""conda-forge keeps the names of PyPI for what it repackages."""


def found_packages(
    dependencies: Iterable[Dependency], source: SourceFile, knowledge: Knowledge
) -> Iterator[Found]:
    """Evidence for each dependency that the catalogue knows, once a name. What only another
    dependency wants is weak evidence, written by a program."""
    seen: set[tuple[str, bool]] = set()
    looked_up: set[tuple[str, str, bool]] = set()
    for number, dependency in enumerate(dependencies):
        if number == MOST_DEPENDENCIES:
            source.lost.append(f"more than {number:,} dependencies; the rest was not read")
            return
        written_as = (dependency.ecosystem, dependency.name, dependency.is_direct)
        if written_as in looked_up:
            continue
        looked_up.add(written_as)
        provider, ecosystem = _provider(dependency, knowledge)
        label = normal_package(ecosystem, dependency.name)
        if not provider or (label, dependency.is_direct) in seen:
            continue
        seen.add((label, dependency.is_direct))
        written = dependency.name.rpartition(":")[2]
        start = dependency.start
        if start < 0:
            start = locate(source.data, written, dependency.after)
        yield Found(
            kind=HitKind.PACKAGE,
            label=label,
            start=start,
            end=start + len(written.encode()),
            provider=provider,
            confidence=Confidence.HIGH if dependency.is_direct else Confidence.LOW,
            context=None if dependency.is_direct else Setting.GENERATED,
        )


def _provider(dependency: Dependency, knowledge: Knowledge) -> tuple[str, str]:
    for ecosystem in (dependency.ecosystem, _ALSO.get(dependency.ecosystem, "")):
        provider = knowledge.package(ecosystem, dependency.name) if ecosystem else ""
        if provider:
            return provider, ecosystem
    return "", dependency.ecosystem


def _read_manifest(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    parser = parser_for(source.path)
    if parser:
        yield from found_packages(parser(source), source, knowledge)


def _read_script(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    parse = {".py": inline_script, ".r": r_script, ".rmd": r_script, ".qmd": r_script}
    parser = parse.get(source.suffix, directives)
    yield from found_packages(parser(source), source, knowledge)


READERS = (
    Reader("manifests", lambda path: parser_for(path) is not None, _read_manifest),
    Reader("pep723", by_suffix(".py"), _read_script, literals=(b"# /// script",)),
    Reader(
        "dotnet-directives", by_suffix(".cs", ".csx", ".fsx", ".dib"), _read_script,
        literals=(b"#r ", b"#:package"),
    ),
    Reader(
        "r-install", by_suffix(".r", ".rmd", ".qmd"), _read_script,
        literals=(b"install", b"p_load", b"pak::"),
    ),
)  # fmt: skip
