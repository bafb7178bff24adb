"""Registries kept as a table (CSV, TSV, XLSX) under our own column names, strictly, row by row.

Owns which columns there are, the words that people use for them, and what one cell may say. Other
people's columns are read by a mapping (:mod:`scanner.reconcile.mapped`).
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import msgspec

from scanner.model.errors import RegistryError
from scanner.model.registry import (
    Approved,
    Assessment,
    Attestation,
    Binding,
    BindingType,
    Owner,
    OwnerRole,
    RegistryEntry,
    Stage,
    StageDate,
)
from scanner.reconcile import values
from scanner.reconcile.mapped import Row
from scanner.reconcile.sheets import cells_of, padded, without_value

_ENVELOPE = tuple(Approved.__struct_fields__)
_LISTS = (*_ENVELOPE, "aliases", "bindings", "vendors", "attestations", "owners")
_TEXTS = (
    "id", "name", "kind", "purpose", "business_unit", "owner", "risk_tier", "impact", "review_at",
)  # fmt: skip
_DATES = {f"{stage}_since": stage for stage in Stage}
_METRICS = {"value": "value_metrics", "trust": "trust_metrics"}
_SYNONYMS = {
    "system": "name", "system_name": "name", "use_case_name": "name", "title": "name",
    "entry_id": "id", "registry_id": "id", "asset_id": "id",
    "owner_email": "owner", "contact": "owner", "contact_email": "owner", "accountable": "owner",
    "lifecycle": "stage", "lifecycle_stage": "stage", "development_stage": "stage",
    "description": "purpose", "use_case": "purpose",
    "risk": "risk_tier", "tier": "risk_tier",
    "department": "business_unit", "business_owner_unit": "business_unit", "unit": "business_unit",
    "provider": "providers", "vendor": "providers", "approved_providers": "providers",
    "supplier": "vendors", "model": "models", "approved_models": "models",
    "region": "regions", "account": "accounts", "environment": "environments",
    "data_class": "data_classes", "data_classification": "data_classes",
    "repository": "repositories", "repo": "repositories", "endpoint": "endpoints",
    "pii": "personal_data", "personal_information": "personal_data",
    "binding": "bindings", "alias": "aliases", "review_date": "review_at",
    "go_live": "production_since", "live_since": "production_since",
}  # fmt: skip
_STAGES = {
    "prod": "production", "live": "production", "deployed": "production", "operation": "production",
    "dev": "development", "pre-deployment": "development", "in development": "development",
    "poc": "pilot", "decommissioned": "retired",
}  # fmt: skip


def read(path: Path, sheet: str = "") -> tuple[list[RegistryEntry], list[Row]]:
    """Entries, and a row for every row. Raises ``RegistryError`` for a table without the columns
    it needs."""
    entries: list[RegistryEntry] = []
    rows: list[Row] = []
    header: list[str] = []
    for place, found in cells_of(path, sheet):
        cells = found
        if not header:
            header = _header(cells, place)
            continue
        if path.suffix.lower() not in (".csv", ".tsv"):
            ((_, cells),) = padded([(place, cells)], len(header))
        if len(cells) != len(header):
            said = f"{len(cells)} cells where the header has {len(header)}"
            rows.append(Row(place, "refused", notes=(said,)))
            continue
        lost = without_value(dict(zip(header, cells, strict=True)))
        if lost:
            rows.append(Row(place, "refused", notes=tuple(lost)))
            continue
        try:
            entry = _entry(dict(zip(header, cells, strict=True)), place)
        except (ValueError, msgspec.ValidationError) as error:
            rows.append(Row(place, "refused", notes=(str(error),)))
            continue
        entries.append(entry)
        rows.append(Row(place, "imported", entry.id))
    if not header:
        raise RegistryError(f"{path}: no header row; expected at least the columns id and name")
    return entries, rows


def _header(cells: tuple[str, ...], place: str) -> list[str]:
    plain = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in cells]
    names = [name if name in plain else _SYNONYMS.get(name, name) for name in plain]
    names = [_SYNONYMS.get(n, n) if _SYNONYMS.get(n) not in plain else n for n in names]
    for wanted in ("id", "name"):
        if wanted not in names:
            close = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.6)
            hint = f"; did you mean `{wanted}` by `{close[0]}`?" if close else ""
            raise RegistryError(
                f"{place}: no column `{wanted}`{hint}; the columns are: {', '.join(cells)}. For "
                "columns of your own name a mapping: docs/registries.md"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RegistryError(f"{place}: column `{twice[0]}` stands twice")
    return names


def _entry(row: dict[str, str], place: str) -> RegistryEntry:
    cells = {key: value.strip() for key, value in row.items()}
    lists = {key: _split(cells.pop(key, "")) for key in _LISTS}
    plain: dict[str, Any] = {key: cells.pop(key, "") for key in _TEXTS}
    for wanted in ("id", "name"):
        if not plain[wanted]:
            raise ValueError(f"column {wanted}: empty")
    if not plain["kind"]:
        del plain["kind"]
    metrics: dict[str, Any] = {
        into: {
            key.removeprefix(f"{word}_"): cells.pop(key)
            for key in list(cells)
            if key.startswith(f"{word}_") and cells[key]
        }
        for word, into in _METRICS.items()
    }
    return RegistryEntry(
        **plain,
        **metrics,
        stage=_stage(cells.pop("stage", "")),
        stage_dates=tuple(
            StageDate(stage=stage, at=text)
            for column, stage in _DATES.items()
            if (text := cells.pop(column, ""))
        ),
        aliases=lists["aliases"] or (),
        vendors=lists["vendors"],
        owners=tuple(map(_owner, lists["owners"] or ())),
        personal_data=values.yes_or_no(cells.pop("personal_data", "")),
        approved=Approved(**{key: lists[key] for key in _ENVELOPE}),
        bindings=tuple(map(_binding, lists["bindings"] or ())),
        assessments=_assessments(cells),
        attestations=tuple(map(_attestation, lists["attestations"] or ())),
        source=place,
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


def _owner(text: str) -> Owner:
    """``technical=ops@example.com``, or an address alone."""
    role, separator, ref = text.partition("=")
    if not separator:
        return Owner(ref=text)
    try:
        return Owner(ref=ref.strip(), role=OwnerRole(role.strip().lower()))
    except ValueError:
        known = ", ".join(OwnerRole)
        raise ValueError(f"column owners: `{role}` is not one of {known}") from None


def _attestation(text: str) -> Attestation:
    """``openai soc2 2027-03-31``: vendor, type, and until when where that is known."""
    parts = text.split()
    if len(parts) not in (2, 3):
        raise ValueError(f"column attestations: `{text}` is not `vendor type [expiry]`")
    expires = parts[2] if len(parts) == 3 else ""
    return Attestation(vendor=parts[0], type=parts[1], expires_at=expires)


def _assessments(cells: dict[str, str]) -> tuple[Assessment, ...]:
    found = {
        field: cells.pop(column, "")
        for column, field in (
            ("assessment_status", "status"), ("assessed_at", "at"),
            ("assessment_expires_at", "expires_at"), ("assessment_result", "result"),
            ("assessment_framework", "framework"), ("assessment_ref", "ref"),
        )
    }  # fmt: skip
    kind = cells.pop("assessment_type", "") or "impact"
    if not (found["status"] or found["at"] or found["result"]):
        return ()
    stated = {key: text for key, text in found.items() if text}
    stated["status"] = values.word(found["status"] or "done").replace(" ", "_")
    return (msgspec.convert({"type": kind, **stated}, Assessment),)
