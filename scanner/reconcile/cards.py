"""Records that stand in files of a folder: model cards, agent cards, catalog files.

Owns which files are read and how one file is a record. The folder is a clone from outside: no link
is followed, nothing in it is executed, and what is too large or broken is told and left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec
import yaml

from scanner.model.errors import RegistryError
from scanner.rulebook.documents import parse_yaml
from scanner.rulebook.mapping import Files

_MOST_BYTES = 1 << 20
_MOST_FILES = 200_000
_CARD = frozenset(
    {"model_name", "model-index", "base_model", "pipeline_tag", "library_name", "risk_tier"}
)
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "vendor", "__pycache__"})


def records_of(folder: Path, how: Files) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """(place, record), or (place, why it could not be read). Raises ``RegistryError`` for a folder
    that is none."""
    if not folder.is_dir():
        raise RegistryError(f"{folder}: no such folder; name a clone of the repository")
    for path in _files(folder, how.globs):
        place = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > _MOST_BYTES:
                yield place, f"larger than {_MOST_BYTES >> 20} MiB; not read"
                continue
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            for record in _READERS[how.form](text, place):
                yield place, {"file": place, **record}
        except (OSError, RegistryError) as error:
            yield place, str(error)


def _files(folder: Path, globs: tuple[str, ...]) -> Iterator[Path]:
    seen = 0
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(set(folders) - _SKIPPED)
        for name in sorted(names):
            seen += 1
            if seen > _MOST_FILES:
                raise RegistryError(f"{folder}: more than {_MOST_FILES} files")
            path = Path(here, name)
            relative = "/" + path.relative_to(folder).as_posix()
            wanted = any(fnmatch(relative, "*/" + glob.removeprefix("**/")) for glob in globs)
            if wanted and path.is_file() and not path.is_symlink():
                yield path


def _front_matter(text: str, place: str) -> Iterator[dict[str, Any]]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return
    end = next((n for n, line in enumerate(lines[1:], start=1) if line.strip() == "---"), 0)
    if not end:
        return
    head = parse_yaml("\n".join(lines[1:end]), place, RegistryError)
    if isinstance(head, dict):
        # README files of anything carry a head; a card says what model it is about.
        yield {**head, "is_card": not _CARD.isdisjoint(head)}


def _yaml(text: str, place: str) -> Iterator[dict[str, Any]]:
    """Several documents may stand in one file."""
    try:
        found = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise RegistryError(f"not valid YAML: {str(error).splitlines()[0]}") from error
    yield from (one for one in found if isinstance(one, dict))


def _json(text: str, place: str) -> Iterator[dict[str, Any]]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError(f"not valid JSON: {error}") from error
    if isinstance(found, dict):
        yield found


_READERS = {"front_matter": _front_matter, "yaml": _yaml, "json": _json}
