"""NuGet: project files, central versions, ``packages.config``, ``.nuspec``, Paket, file-based
applications."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detect.manifests.dependency import Dependency
from scanner.detect.manifests.xml import RefusedXml, elements
from scanner.detect.source import SourceFile
from scanner.kit.expressions import expression

_ATTRIBUTES = {
    "packagereference": ("Include", "Update"),
    "packageversion": ("Include", "Update"),
    "globalpackagereference": ("Include",),
    "package": ("id",),
    "dependency": ("id",),
}
_UNPARSED = expression(
    rb"<Package(?:Reference|Version)\s{1,20}[^>]{0,100}?Include=\"([\w.-]{1,120})\""
)


def project(source: SourceFile) -> Iterator[Dependency]:
    """https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files"""
    try:
        for element in elements(source.data):
            for attribute in _ATTRIBUTES.get(element.path[-1].lower(), ()):
                for name in element.attribute(attribute).split(";"):
                    if name.strip():
                        yield Dependency("nuget", name.strip(), after=element.tag_start)
    except RefusedXml:
        for match in _UNPARSED.finditer(source.data):
            yield Dependency("nuget", match[1].decode(), match.start(1))


_PAKET = expression(rb"(?m)^[ \t]{0,8}(?:nuget[ \t]{1,4})([A-Za-z][\w.-]{1,120})")
_SCRIPT = expression(
    rb"(?m)^[ \t\"]{0,12}(?:#r[ \t]{1,4}\\?\"nuget:[ \t]{0,4}|#:package[ \t]{1,4})"
    rb"([A-Za-z][\w.]{1,120}(?:-[\w.]{1,60})?)"
)


def paket(source: SourceFile) -> Iterator[Dependency]:
    """https://fsprojects.github.io/Paket/dependencies-file.html"""
    for match in _PAKET.finditer(source.data):
        yield Dependency("nuget", match[1].decode(), match.start(1))


def directives(source: SourceFile) -> Iterator[Dependency]:
    """``#r "nuget: X"`` of scripts and notebooks and ``#:package X@1.*`` of file-based apps:
    https://learn.microsoft.com/dotnet/core/sdk/file-based-apps"""
    for match in _SCRIPT.finditer(source.data):
        yield Dependency("nuget", match[1].decode(), match.start(1))
