"""Which archives are somebody's published package or a document, by their names and layout.

Owns the table that tells a product's own bundle (a deployment's zip, a web archive) from code that
others wrote and that was only copied in. It reads nothing.
"""

from __future__ import annotations

import re

from scanner.model.evidence import Setting

_PUBLISHED = (
    ".whl", ".egg", ".conda", ".jar", ".aar", ".nupkg", ".snupkg", ".gem", ".crate", ".vsix",
    ".crx", ".xpi", ".phar",
)  # fmt: skip
_DOCUMENTS = (
    ".docx", ".docm", ".dotx", ".pptx", ".pptm", ".xlsx", ".xlsm", ".odt", ".ods", ".odp", ".epub",
    ".vsdx", ".pages", ".key", ".numbers",
)  # fmt: skip
_OWN = re.compile(r"^(?:BOOT-INF/classes|WEB-INF/classes)/|^BOOT-INF/[^/]+$|^WEB-INF/[^/]+$")
"""In an executable or web archive: what its builders wrote, beside the libraries it carries
(https://docs.spring.io/spring-boot/specification/executable-jar/nested-jars.html)."""
_RELEASE = re.compile(r"-v?\d[\w.+-]*$")
_TAR = re.compile(r"\.(?:tar|tgz|tbz2?|txz)(?:\.\w{2,4})?$", re.I)


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
