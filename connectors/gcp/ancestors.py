"""What a project stands in, up to the organization: also above what the configuration names.

Folders that were not listed are asked for what they stand in, each once.
https://cloud.google.com/resource-manager/reference/rest/v3/folders/get
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.gcp.access import Access
from connectors.gcp.hierarchy import Tree
from scanner.kit.tables import first_text
from scanner.model.errors import SourceError, Unavailable

FOLDER = "cloudresourcemanager.folders.get"
REASONS = {FOLDER: "what stands above a project whose folder was not listed"}
_DEEPEST = 32
"""Google allows ten levels of folders."""


@dataclass(frozen=True)
class Chain:
    units: tuple[str, ...]
    """A unit and what it stands in, as far as that could be told."""
    trouble: SourceError | None = None
    """Why there may be more."""


class Ancestors:
    def __init__(self, access: Access, tree: Tree) -> None:
        self._access = access
        self._tree = tree
        self._above = {name: parent for name, _, parent in tree.folders}
        self._lock = threading.Lock()
        self._asked: dict[str, str | SourceError] = {}

    def of(self, unit: str) -> Chain:
        return Chain(*self._walked(unit))

    def _walked(self, unit: str) -> tuple[tuple[str, ...], SourceError | None]:
        found: list[str] = []
        try:
            for one in self._upwards(unit):
                if one in found or len(found) == _DEEPEST:
                    raise Unavailable(f"{unit}: what it stands in goes in a ring")
                found.append(one)
        except SourceError as error:
            return tuple(found), error
        return tuple(found), None

    def _upwards(self, unit: str) -> Iterator[str]:
        while unit:
            yield unit
            kind, _, ident = unit.partition("/")
            if kind == "projects":
                unit = self._of_project(ident)
            elif kind == "folders":
                unit = self._above.get(unit) or self._of_folder(unit)
            else:
                return

    def _of_project(self, ident: str) -> str:
        known = self._tree.projects.get(ident)
        if known is None or known.denied:
            raise Unavailable(f"projects/{ident}: it is not told what it stands in")
        return known.parent

    def _of_folder(self, folder: str) -> str:
        with self._lock:
            if folder not in self._asked:
                try:
                    told = self._access.get(FOLDER, folder, "", folder, {})
                    parent = first_text(told, "parent")
                    if not parent.startswith(("folders/", "organizations/")):
                        raise Unavailable(f"{FOLDER} of {folder}: it names nothing above")
                    self._asked[folder] = parent
                except SourceError as error:
                    self._asked[folder] = error
            known = self._asked[folder]
        if isinstance(known, SourceError):
            raise known
        return known
