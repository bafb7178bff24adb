"""Which archives are somebody's published package or a document, by their names and layout.

Owns the table that tells a product's own bundle (a deployment's zip, a web archive) from code that
others wrote and that was only copied in. It reads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.kit.expressions import expression
from scanner.model.evidence import Setting

_PUBLISHED = (
    ".whl", ".egg", ".conda", ".jar", ".aar", ".nupkg", ".snupkg", ".gem", ".crate", ".vsix",
    ".crx", ".xpi", ".phar",
)  # fmt: skip
_DOCUMENTS = (
    ".docx", ".docm", ".dotx", ".pptx", ".pptm", ".xlsx", ".xlsm", ".odt", ".ods", ".odp", ".epub",
    ".vsdx", ".pages", ".key", ".numbers",
)  # fmt: skip
_OWN = expression(r"^(?:BOOT-INF/classes|WEB-INF/classes)/|^BOOT-INF/[^/]+$|^WEB-INF/[^/]+$")
"""In an executable or web archive: what its builders wrote, beside the libraries it carries
(https://docs.spring.io/spring-boot/specification/executable-jar/nested-jars.html)."""
_COMPILED = expression(r"\.(?:jar|aar|vsix|crx|xpi)!/", re.I)
"""Packages whose texts are settings and manifests rather than a library's sources."""
_MOST_PARTS = 64
_RELEASE = expression(r"-v?\d[\w.+-]*$")
_TAR = expression(r"\.(?:tar|tgz|tbz2?|txz)(?:\.\w{2,4})?$", re.I)


def is_library(path: str, setting: Setting) -> bool:
    """Whether a member is part of a library's sources. Which vendors a library can call says
    nothing of whoever uses it, so only keys are looked for, as nothing is in ``site-packages``."""
    return setting is Setting.VENDORED and "!/" in path and not _COMPILED.search(path)


def installed(records: Iterable[tuple[str, bytes]]) -> frozenset[str]:
    """Where the distributions are that were installed into a folder, as for a function's bundle:
    prefixes of paths. ``records``: path and content of each ``*.dist-info/RECORD``
    (https://packaging.python.org/specifications/recording-installed-packages)."""
    found: set[str] = set()
    for path, data in records:
        base = path.rpartition("/")[0].rpartition("/")[0]
        for line in data.decode("utf-8", "replace").splitlines():
            top, is_folder, _ = line.partition(",")[0].strip('"').partition("/")
            if top and top != "..":
                found.add("/".join(filter(None, (base, top))) + ("/" if is_folder else ""))
    return frozenset(found)


def is_within(path: str, prefixes: frozenset[str]) -> bool:
    """Whether a member is part of what ``installed`` found."""
    at = -1
    for _ in range(_MOST_PARTS):
        at = path.find("/", at + 1)
        if at < 0:
            return path in prefixes
        if path[: at + 1] in prefixes:
            return True
    return False


def is_record(path: str) -> bool:
    return path.endswith(".dist-info/RECORD")


def setting_of_member(archive: str, member: str, above: Setting) -> Setting:
    """Where a member stands. ``archive``: the file's name; ``above``: the setting of the archive
    itself within others. ``PRODUCTION``: its path decides, as for any file."""
    if above is not Setting.PRODUCTION:
        return above
    name = archive.rpartition("/")[2].lower()
    if name.endswith(_DOCUMENTS):
        return Setting.DOCUMENTATION
    if name.endswith(_PUBLISHED):
        return Setting.PRODUCTION if _OWN.match(member) else Setting.VENDORED
    stem, is_tar = _TAR.subn("", name)
    top = member.partition("/")[0]
    # npm packs everything below ``package/`` (https://docs.npmjs.com/cli/commands/npm-pack), a
    # source distribution below its own name and version
    # (https://packaging.python.org/specifications/source-distribution-format).
    if is_tar and (top == "package" or (top.lower() == stem and _RELEASE.search(stem))):
        return Setting.VENDORED
    return Setting.PRODUCTION
