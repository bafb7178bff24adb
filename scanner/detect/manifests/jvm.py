"""Maven, Gradle (Groovy, Kotlin, version catalogues) and sbt: coordinates ``group:artifact``."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detect.manifests.dependency import Dependency, table
from scanner.detect.manifests.xml import Element, RefusedXml, elements
from scanner.detect.source import SourceFile
from scanner.kit.expressions import expression

_PROPERTY = expression(r"\$\{([\w.-]{1,100})\}")
_UNPARSED = expression(
    rb"<groupId>\s{0,20}([\w.-]{1,200})\s{0,20}</groupId>\s{0,200}"
    rb"<artifactId>\s{0,20}([\w.-]{1,200})\s{0,20}</artifactId>"
)


def pom(source: SourceFile) -> Iterator[Dependency]:
    """https://maven.apache.org/pom.html - dependencies, managed ones and BOMs, plugins; properties
    of the same file are filled in."""
    properties: dict[str, str] = {}
    found: list[Element] = []
    try:
        for element in elements(source.data):
            if len(element.path) >= 2 and element.path[-2] == "properties":
                properties[element.path[-1]] = element.text.strip()
            elif element.path[-1] in ("dependency", "plugin"):
                found.append(element)
    except RefusedXml:
        yield from _pairs(source)
    for element in found:
        group, artifact = (
            _PROPERTY.sub(lambda m: properties.get(m[1], m[0]), element.of(key))
            for key in ("groupId", "artifactId")
        )
        if group and artifact:
            child = element.children["artifactId"]
            yield Dependency("maven", f"{group}:{artifact}", child.start)


def _pairs(source: SourceFile) -> Iterator[Dependency]:
    for match in _UNPARSED.finditer(source.data):
        yield Dependency("maven", f"{match[1].decode()}:{match[2].decode()}", match.start(2))


_COORDINATES = expression(
    rb"[\"']([A-Za-z][\w.-]{1,120}):([A-Za-z][\w.-]{0,120})(?::[\w.\-+$\{\}\[\](), ]{0,80})?"
    rb"(?:@[a-z]{2,6})?[\"']"
)
_MAP_FORM = expression(
    rb"group[ \t]{0,4}[:=][ \t]{0,4}[\"']([\w.-]{1,120})[\"'][ \t]{0,4},\s{0,20}"
    rb"name[ \t]{0,4}[:=][ \t]{0,4}[\"']([\w.-]{1,120})[\"']"
)
_COMMENT = expression(rb"(?m)^[ \t]*(?://|\*|/\*)[^\n]*")


def gradle(source: SourceFile) -> Iterator[Dependency]:
    """https://docs.gradle.org/current/userguide/declaring_dependencies_basics.html"""
    data = _COMMENT.sub(lambda m: b" " * len(m[0]), source.data)
    for pattern in (_COORDINATES, _MAP_FORM):
        for match in pattern.finditer(data):
            yield Dependency("maven", f"{match[1].decode()}:{match[2].decode()}", match.start(1))


def version_catalogue(source: SourceFile) -> Iterator[Dependency]:
    """https://docs.gradle.org/current/userguide/version_catalogs.html"""
    for alias, value in table(source.toml, "libraries").items():
        after = source.find(alias, source.find("[libraries]"))
        if isinstance(value, str):
            yield Dependency("maven", ":".join(value.split(":")[:2]), after=after)
        elif isinstance(value, dict):
            module = value.get("module") or f"{value.get('group')}:{value.get('name')}"
            if isinstance(module, str):
                yield Dependency("maven", module, after=after)


_SBT = expression(rb"\"([\w.-]{1,120})\"[ \t]{1,4}(%{1,3})[ \t]{1,4}\"([\w.-]{1,120})\"[ \t]{1,4}%")


def sbt(source: SourceFile) -> Iterator[Dependency]:
    """https://www.scala-sbt.org/1.x/docs/Library-Dependencies.html"""
    for match in _SBT.finditer(source.data):
        yield Dependency("maven", f"{match[1].decode()}:{match[3].decode()}", match.start(3))
