"""Which installed extensions and applications are AI: by the ids that stores and systems give, and
by name where there is no id. Owns no format of inventories."""

from __future__ import annotations

import re

from scanner.model.evidence import Confidence
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Category

_NAMED = frozenset({Category.CHAT_APP, Category.CODING_ASSISTANT, Category.MEETING_APP,
                    Category.MODEL_SERVER})  # fmt: skip
"""Products that are called what their application is called."""
_LEAST = 4
_VERSION = re.compile(
    r"[ _-]+v?\d+(?:\.\d+)+.*$|[ _-]+\((?:user|x64|x86|arm64|64-bit)[^)]*\)$", re.I
)
_SUFFIX = (".app", ".exe", " desktop")
Found = tuple[str, str, Confidence]


class Software:
    """Compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._extensions: dict[tuple[str, str], tuple[str, str]] = {}
        self._bundles: dict[str, tuple[str, str]] = {}
        self._names: dict[str, tuple[str, str, Confidence]] = {}
        self._programs: dict[str, tuple[str, str]] = {}
        for one in rulebook.providers:
            for extension in one.extensions:
                key = (str(extension.platform), extension.id.lower())
                name = extension.name if " " in extension.name else one.name
                self._extensions.setdefault(key, (one.id, name))
            for app in one.apps:
                for bundle in app.bundles:
                    self._bundles.setdefault(bundle.lower(), (one.id, app.name))
                for program in app.programs:
                    self._programs.setdefault(program.lower(), (one.id, app.name))
                self._names.setdefault(plain(app.name), (one.id, app.name, Confidence.MEDIUM))
        for one in rulebook.providers:
            for name in (one.name, *one.aliases) if one.category in _NAMED else ():
                if len(name) >= _LEAST:
                    self._names.setdefault(plain(name), (one.id, one.name, Confidence.LOW))
        for (_, ident), (provider, name) in self._extensions.items():
            if len(name) >= _LEAST and ident:
                self._names.setdefault(plain(name), (provider, name, Confidence.LOW))

    @property
    def texts(self) -> list[str]:
        """What a record of one of them must hold, in any case."""
        ids = {ident for _, ident in self._extensions}
        return sorted({*ids, *self._bundles, *self._programs, *self._names})

    def identify(
        self, *, extension: str = "", bundle: str = "", program: str = "", name: str = ""
    ) -> Found | None:
        """Provider, what people call it, and how sure. An id is certain; whoever has one that is
        unknown is not known by name."""
        if extension:
            for platform in ("chromium", "vscode", "firefox", "jetbrains"):
                hit = self._extensions.get((platform, extension.lower()))
                if hit:
                    return (*hit, Confidence.CERTAIN)
            return None
        hit = self._bundles.get(bundle.lower()) if bundle else None
        if hit:
            return (*hit, Confidence.CERTAIN)
        hit = self._programs.get(_last(program)) if program else None
        if hit:
            return (*hit, Confidence.MEDIUM)
        return self._names.get(plain(name)) if name else None


def plain(name: str) -> str:
    """As it is compared: without a version and the system's endings."""
    text = " ".join(_VERSION.sub("", name.strip()).casefold().split())
    for suffix in _SUFFIX:
        text = text.removesuffix(suffix)
    return text


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
