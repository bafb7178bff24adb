"""Read the AI registry: YAML or CSV files that people keep, strictly, row by row.

A broken row is refused with its place and the rest is used. With a broken file nothing is said
about registration in that scan: everything would look unregistered.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scanner.model.errors import RegistryError
from scanner.model.registry import (
    Approved,
    Assessment,
    Binding,
    BindingType,
    RegistryEntry,
    Stage,
)
from scanner.rulebook.documents import parse_yaml, read_text, typed

_LISTS = ("aliases", "providers", "models", "regions", "accounts", "environments", "bindings")
_ENVELOPE = ("providers", "models", "regions", "accounts", "environments")
_SYNONYMS = {
    "system": "name", "system_name": "name", "use_case_name": "name", "title": "name",
    "entry_id": "id", "registry_id": "id", "asset_id": "id",
    "owner_email": "owner", "contact": "owner", "contact_email": "owner", "accountable": "owner",
    "lifecycle": "stage", "lifecycle_stage": "stage", "development_stage": "stage",
    "description": "purpose", "use_case": "purpose",
    "risk": "risk_tier", "tier": "risk_tier",
    "provider": "providers", "vendor": "providers", "approved_providers": "providers",
    "model": "models", "approved_models": "models",
    "region": "regions", "account": "accounts", "environment": "environments",
    "binding": "bindings", "alias": "aliases",
}  # fmt: skip
_STAGES = {
    "prod": "production", "live": "production", "deployed": "production", "operation": "production",
    "dev": "development", "pre-deployment": "development", "in development": "development",
    "poc": "pilot", "decommissioned": "retired",
}  # fmt: skip


@dataclass
class Reading:
    """What a registry gave: entries, and what had to be refused, each with its place."""

    entries: list[RegistryEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: int = 0
    """How many were read."""
    unread: str = ""
    """Why a file as a whole could not be used: what is registered is then unknown."""


def read_or_tell(paths: Iterable[Path]) -> Reading:
    """As :func:`read`, but a file that cannot be used ends in ``unread`` and not in an error."""
    try:
        return read(paths)
    except RegistryError as error:
        return Reading(unread=str(error))


def read(paths: Iterable[Path]) -> Reading:
    """All files as one registry. Raises ``RegistryError`` for a file that cannot be used."""
    reading = Reading()
    for path in paths:
        part = _read_csv(path) if path.suffix.lower() in (".csv", ".tsv") else _read_yaml(path)
        reading.entries += part.entries
        reading.problems += part.problems
        reading.files += 1
    _refuse_twins(reading)
    return reading


def _refuse_twins(reading: Reading) -> None:
    """The second entry of an id is refused: which of them is meant is not ours to guess."""
    seen: dict[str, RegistryEntry] = {}
    for entry in reading.entries:
        if entry.id in seen:
            reading.problems.append(
                f"{entry.source}: id `{entry.id}` stands already at {seen[entry.id].source}"
            )
        else:
            seen[entry.id] = entry
    reading.entries = list(seen.values())


def _read_yaml(path: Path) -> Reading:
    text = read_text(path, RegistryError)
    document = parse_yaml(text, str(path), RegistryError)
    within: tuple[str, ...] = ()
    if isinstance(document, dict) and "entries" in document:
        unknown = sorted(set(document) - {"entries", "schema"})
        if unknown:
            raise RegistryError(
                f"{path}: unknown key `{unknown[0]}` at the top; known keys: entries, schema"
            )
        document, within = document["entries"], ("entries",)
    if not isinstance(document, list):
        raise RegistryError(
            f"{path}: expected a list of entries, or `entries:` with a list below; "
            f"`shadow-ai registry init` writes one"
        )
    reading = Reading()
    for number, row in enumerate(document):
        steps = (*within, str(number))
        try:
            entry = typed(row, RegistryEntry, str(path), text, RegistryError, steps)
        except RegistryError as error:
            reading.problems.append(str(error))
            continue
        reading.entries.append(msgspec.structs.replace(entry, source=f"{path}#{number + 1}"))
    return reading


def _read_csv(path: Path) -> Reading:
    text = read_text(path, RegistryError)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RegistryError(f"{path}:{line}: a NUL character; save the file as plain text")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    reading = Reading()
    header: list[str] = []
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, path, rows.line_num)
                continue
            where = f"{path}:{rows.line_num}"
            if len(cells) != len(header):
                reading.problems.append(
                    f"{where}: {len(cells)} cells where the header has {len(header)}"
                )
                continue
            _add_row(reading, dict(zip(header, cells, strict=True)), where)
    except csv.Error as error:
        raise RegistryError(
            f"{path}:{rows.line_num + 1}: not valid CSV: {error}; quote cells that hold the "
            f"delimiter or a line break"
        ) from error
    if not header:
        raise RegistryError(f"{path}: no header row; expected at least the columns id and name")
    return reading


def _header(cells: list[str], path: Path, line: int) -> list[str]:
    plain = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in cells]
    names = [name if name in plain else _SYNONYMS.get(name, name) for name in plain]
    names = [_SYNONYMS.get(n, n) if _SYNONYMS.get(n) not in plain else n for n in names]
    for wanted in ("id", "name"):
        if wanted not in names:
            close = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.6)
            hint = f"; did you mean `{wanted}` by `{close[0]}`?" if close else ""
            raise RegistryError(
                f"{path}:{line}: no column `{wanted}`{hint}; the columns are: {', '.join(cells)}"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RegistryError(f"{path}:{line}: column `{twice[0]}` stands twice")
    return names


def _add_row(reading: Reading, row: dict[str, str], where: str) -> None:
    try:
        reading.entries.append(_entry(row, where))
    except (ValueError, msgspec.ValidationError) as error:
        reading.problems.append(f"{where}: {error}")


def _entry(row: dict[str, str], where: str) -> RegistryEntry:
    cells = {key: value.strip() for key, value in row.items()}
    lists = {key: _split(cells.pop(key, "")) for key in _LISTS}
    plain: dict[str, Any] = {
        key: cells.pop(key, "")
        for key in ("id", "name", "kind", "purpose", "owner", "risk_tier", "review_at")
    }
    for wanted in ("id", "name"):
        if not plain[wanted]:
            raise ValueError(f"column {wanted}: empty")
    if not plain["kind"]:
        del plain["kind"]
    return RegistryEntry(
        **plain,
        stage=_stage(cells.pop("stage", "")),
        aliases=lists["aliases"] or (),
        approved=Approved(**{key: lists[key] for key in _ENVELOPE}),
        bindings=tuple(map(_binding, lists["bindings"] or ())),
        assessments=_assessments(cells),
        source=where,
        extensions={key: value for key, value in cells.items() if value},
    )


def _split(cell: str) -> tuple[str, ...] | None:
    """``a; b`` -> (a, b); an empty cell is not stated, which is not "none"."""
    parts = tuple(part.strip() for part in cell.replace("\n", ";").split(";") if part.strip())
    return parts or None


def _stage(cell: str) -> Stage | None:
    word = cell.strip().lower()
    if not word:
        return None
    try:
        return Stage(_STAGES.get(word, word))
    except ValueError:
        known = ", ".join(Stage)
        raise ValueError(f"column stage: `{cell}` is not one of {known}") from None


def _binding(text: str) -> Binding:
    kind, separator, value = text.partition("=")
    try:
        if separator and value:
            return Binding(type=BindingType(kind.strip()), value=value.strip())
    except ValueError:
        pass
    known = ", ".join(BindingType)
    raise ValueError(f"column bindings: `{text}` is not type=value with a type of {known}")


def _assessments(cells: dict[str, str]) -> tuple[Assessment, ...]:
    status = cells.pop("assessment_status", "")
    at = cells.pop("assessed_at", "")
    expires = cells.pop("assessment_expires_at", "")
    if not (status or at):
        return ()
    return (Assessment(type="impact", status=status or "done", at=at, expires_at=expires),)


def propose(rows: Iterable[tuple[str, str, str, str, str]]) -> Iterator[dict[str, Any]]:
    """Draft entries for unregistered assets: (uid, name, provider, owner, binding type)."""
    for number, (uid, name, provider, owner, binding) in enumerate(rows, start=1):
        entry: dict[str, Any] = {"id": f"AIR-{number:04d}", "name": name, "stage": "development"}
        if owner:
            entry["owner"] = owner
        if provider:
            entry["approved"] = {"providers": [provider]}
        entry["bindings"] = [{"type": binding, "value": uid}]
        yield entry
