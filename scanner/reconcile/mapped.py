"""Records of somebody else's registry -> entries of ours, by a mapping; every record is accounted.

Owns what a mapping means. Knows no registry and no file format: a record is a mapping of columns,
or the object of a JSON answer. What a record says in words that the mapping does not know is told
and stays unknown; only a record of which nothing says which one it is is refused.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scanner.model.base import digest
from scanner.model.errors import RegistryError
from scanner.model.registry import (
    Approved,
    Assessment,
    Attestation,
    Binding,
    Owner,
    RegistryEntry,
    SourceId,
    Stage,
    StageDate,
)
from scanner.reconcile import dating, values
from scanner.reconcile.jsonpaths import BadPath, findall
from scanner.reconcile.sheets import NoValue, without_value
from scanner.rulebook.mapping import AssessmentMap, AttestationMap, From, RegistryMap, Take

Record = Mapping[str, Any]
_TEXTS = ("name", "kind", "purpose", "business_unit", "owner", "risk_tier", "impact")
_ENVELOPE = tuple(Approved.__struct_fields__)
_METRICS = ("value_metrics", "trust_metrics")
_MAX_TEXT = 20_000


@dataclass(frozen=True)
class Row:
    """What became of one record."""

    place: str
    verdict: str
    """``imported``, ``imported_with_notes``, ``refused``, ``left_out``."""
    entry: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class Mapped:
    """Entries, and a row for every record there was."""

    entries: list[RegistryEntry] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def filled(self) -> dict[str, int]:
        """Field -> how many entries state it."""
        empty = RegistryEntry(id="-", name="-")
        names = [n for n in RegistryEntry.__struct_fields__ if n not in ("source", "provenance")]
        return {
            name: sum(
                getattr(e, name) != getattr(empty, name) or name in ("id", "name")
                for e in self.entries
            )
            for name in names
        }


def map_records(records: Iterable[tuple[str, Record]], how: RegistryMap, registry: str) -> Mapped:
    """``records``: each with its place, for messages. ``registry``: what this one is called."""
    whole = list(records)
    result = Mapped()
    taken = how.columns()
    idents = _identified([record for _, record in whole], how)
    for (place, record), (ident, own, notes) in zip(whole, idents, strict=True):
        if not _counts(record, how):
            result.rows.append(Row(place, "left_out", notes=("its kind is not asked for",)))
            continue
        told = [*notes, *without_value(record)]
        if not ident:
            result.rows.append(Row(place, "refused", notes=tuple(told)))
            continue
        source = SourceId(
            registry=registry, id=own, organization=text_at(record, how.identity.organization)
        )
        try:
            entry = _entry(record, how, ident, source, place, told, taken)
        except ValueError as error:
            result.rows.append(Row(place, "refused", notes=(*told, str(error))))
            continue
        result.entries.append(entry)
        result.rows.append(Row(place, "imported", entry.id, tuple(told)))
    return _dated(result, how)


def _dated(mapped: Mapped, how: RegistryMap) -> Mapped:
    read = dating.read(mapped.entries, how.dates)
    notes = {entry.id: told for entry, told in read}
    rows = [
        row if row.verdict != "imported" else Row(
            row.place,
            "imported_with_notes" if (told := (*row.notes, *notes[row.entry])) else "imported",
            row.entry, told,
        )
        for row in mapped.rows
    ]  # fmt: skip
    return Mapped(entries=[entry for entry, _ in read], rows=rows)


def _counts(record: Record, how: RegistryMap) -> bool:
    return all(set(_found(record, path)) & set(wanted) for path, wanted in how.only.items())


def _identified(
    records: Sequence[Record], how: RegistryMap
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(our id, theirs, notes) of every record. An id that stands at several records tells none of
    them apart; what they say does, and where even that is the same, their order."""
    rules = how.identity
    paths = (rules.id,) if isinstance(rules.id, str) else rules.id
    keys: list[tuple[str, str]] = []
    for record in records:
        stated = [text for path in paths if (text := text_at(record, path))]
        own = rules.join.join(stated).casefold() if rules.join else next(iter(stated), "")
        own = "" if values.is_blank(own) else own
        keys.append((text_at(record, rules.organization), own))
    times = Counter(key for key in keys if key[1])
    drawn: Counter[str] = Counter()
    for record, (organization, own) in zip(records, keys, strict=True):
        notes = []
        lead = rules.prefix + (f"{organization}/" if organization else "")
        if own and times[organization, own] == 1:
            if organization and own.isdecimal():
                notes.append(f"id `{own}` is a bare number: it says something within "
                             f"{organization} alone")  # fmt: skip
            yield lead + own, own, tuple(notes)
            continue
        if own:
            notes.append(f"id `{own}` stands at {times[organization, own]} records")
        else:
            notes.append("no id")
        if not rules.or_of:
            yield "", own, (*notes, "the mapping names nothing that stands in for it")
            continue
        mark = digest([text_at(record, column) for column in rules.or_of], 5)
        drawn[f"{lead}{own}~{mark}"] += 1
        turn = drawn[f"{lead}{own}~{mark}"]
        if turn > 1:
            notes.append(f"the same record stands {turn - 1} times before")
        yield f"{lead}{own}~{mark}" + (f"-{turn}" if turn > 1 else ""), own, tuple(notes)


def _entry(
    record: Record,
    how: RegistryMap,
    ident: str,
    source: SourceId,
    place: str,
    told: list[str],
    taken: frozenset[str],
) -> RegistryEntry:
    known: dict[str, Any] = {"id": ident, "source": place}
    said = _Said(record, told)
    for text in _TEXTS:
        if text in how.fields:
            known[text] = said.text(how.fields[text], text)
    if not known.get("name") and not source.id:
        raise ValueError("neither name nor id")
    if not known.get("name"):
        known["name"] = source.id
        told.append("no name: its id stands in")
    name, former, inventory = values.names_in(known["name"])
    known["name"] = name
    aliases = said.several(how.fields.get("aliases"), "aliases") or ()
    known["aliases"] = tuple(dict.fromkeys((*former, *aliases)))
    sources = [source] if source.id else []
    if inventory:
        sources.append(SourceId(registry=f"{source.registry} (earlier)", id=inventory,
                                organization=source.organization))  # fmt: skip
        told.append(f"the name says that it is {inventory} of an earlier inventory")
    url = said.text(how.fields.get("url"), "url")
    known["source_ids"] = tuple(
        msgspec.structs.replace(s, url=url) if s is source and url else s for s in sources
    )
    known["stage"] = said.stage(how.fields.get("stage"))
    known["stage_dates"] = tuple(said.stage_dates(how))
    known["approved"] = Approved(
        **{n: said.several(how.fields.get(f"approved.{n}"), f"approved.{n}") for n in _ENVELOPE}
    )
    known["vendors"] = said.several(how.fields.get("vendors"), "vendors")
    known["personal_data"] = said.yes_or_no(how.fields.get("personal_data"), "personal_data")
    known["review_at"] = said.day(how.fields.get("review_at"), "review_at")
    for metric in _METRICS:
        lead = metric + "."
        known[metric] = {
            path.removeprefix(lead): text
            for path, take in how.fields.items()
            if path.startswith(lead) and (text := said.text(take, path))
        }
    known["owners"] = tuple(
        Owner(ref=ref, role=row.role)
        for row in how.owners
        for ref in said.several(row.ref, "owners") or ()
    )
    known["bindings"] = tuple(
        Binding(type=row.type, value=value)
        for row in how.bindings
        for value in said.several(row.value, "bindings") or ()
    )
    known["assessments"] = tuple(
        made for row in how.assessments for made in _assessments(record, row, told)
    )
    known["attestations"] = tuple(
        made for row in how.attestations for made in _attestations(record, row, told)
    )
    known["extensions"] = _extensions(record, how, taken)
    return RegistryEntry(**{key: value for key, value in known.items() if value not in ("", None)})


class _Said:
    """What one record says, typed; what it says oddly goes to ``told``."""

    def __init__(self, record: Record, told: list[str]) -> None:
        self.record, self.told = record, told

    def text(self, take: From | None, what: str) -> str:
        return next(iter(self._words(take, what)), "")

    def several(self, take: From | None, what: str) -> tuple[str, ...] | None:
        """None where nothing is said: not stated is not "none"."""
        return tuple(dict.fromkeys(self._words(take, what))) or None

    def day(self, take: From | None, what: str) -> str:
        """As it is written: days are read when all of them are there."""
        return self.text(take, what)

    def yes_or_no(self, take: From | None, what: str) -> bool | None:
        found = self._read(take, what, values.yes_or_no)
        return found if isinstance(found, bool) else None

    def stage(self, take: From | None) -> Stage | None:
        found = self._read(take, "stage", lambda text: Stage(values.word(text)))
        return found if isinstance(found, Stage) else None

    def stage_dates(self, how: RegistryMap) -> Iterator[StageDate]:
        for path, take in how.fields.items():
            if path.startswith("stage_dates."):
                at = self.day(take, path)
                if at:
                    yield StageDate(stage=Stage(path.partition(".")[2]), at=at)

    def _read(self, take: From | None, what: str, reader: Any) -> Any:
        text = self.text(take, what)
        try:
            return reader(text) if text else None
        except ValueError as error:
            self.told.append(f"{what}: {error}")
            return None

    def _words(self, take: From | None, what: str) -> Iterator[str]:
        if take is None:
            return
        rule = take if isinstance(take, Take) else Take(from_=take)
        for text in _taken(self.record, rule):
            if not rule.values:
                yield rule.template.replace("{}", text) if rule.template else text
                continue
            mapped = values.one_of(text, rule.values)
            if mapped is None:
                self.told.append(f"{what}: `{text[:60]}` is no value that the mapping knows")
            elif mapped:
                yield mapped


def _taken(record: Record, rule: Take) -> Iterator[str]:
    columns = (rule.from_,) if isinstance(rule.from_, str) else rule.from_
    filled = [found for column in columns if (found := list(_stated(record, column, rule)))]
    if rule.join is not None:
        filled = [[rule.join.join(text for found in filled for text in found)]] if filled else []
    texts = filled[0] if filled else []
    if not texts and rule.default:
        yield rule.default
    for text in texts:
        yield from values.split(text, rule.split) if rule.split else (text,)


def _stated(record: Record, path: str, rule: Take) -> Iterator[str]:
    """What is blank says nothing, unless the mapping gives it a meaning of its own."""
    for text in _found(record, path):
        if not values.is_blank(text) or values.one_of(text, rule.values) is not None:
            yield text


def text_at(record: Record, path: str) -> str:
    """The first text at a column or path; empty: there is none."""
    return next(iter(_found(record, path)), "") if path else ""


def _found(record: Record, path: str) -> list[str]:
    """What stands at a column, a dotted path or a JSONPath, as texts."""
    if path.startswith("$"):
        try:
            found = findall(path, record)
        except BadPath as error:
            raise RegistryError(f"JSONPath `{path}`: {error}") from error
        spread = [one for item in found for one in (item if isinstance(item, list) else [item])]
        return [text for item in spread if (text := _plain(item))]
    value: Any = record.get(path)
    if value is None and "." in path:
        value = record
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    spread = value if isinstance(value, list) else [value]
    return [text for item in spread if (text := _plain(item))]


def _plain(value: Any) -> str:
    if value is None or isinstance(value, NoValue):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)[:_MAX_TEXT]
    return values.clean(str(value))[:_MAX_TEXT]


def _parts(record: Record, each: str) -> list[Record]:
    if not each:
        return [record]
    found = findall(each, record)
    return [item for item in found if isinstance(item, Mapping)]


def _type_of(row: AssessmentMap | AttestationMap, said: _Said) -> str:
    return row.type if isinstance(row.type, str) else said.text(row.type, "type")


def _assessments(record: Record, row: AssessmentMap, told: list[str]) -> Iterator[Assessment]:
    for part in _parts(record, row.each):
        said = _Said(part, told)
        stated: dict[str, Any] = {
            "status": said.text(row.status, "assessments.status"),
            "result": said.text(row.result, "assessments.result"),
            "at": said.day(row.at, "assessments.at"),
            "expires_at": said.day(row.expires_at, "assessments.expires_at"),
            "ref": said.text(row.ref, "assessments.ref"),
            "by": said.text(row.by, "assessments.by"),
        }
        stated = {key: value for key, value in stated.items() if value}
        framework = row.framework
        kind = _type_of(row, said)
        if not kind or not stated:
            continue
        if not isinstance(framework, str):
            framework = said.text(framework, "assessments.framework")
        try:
            yield msgspec.convert({"type": kind, "framework": framework, **stated}, Assessment)
        except msgspec.ValidationError as error:
            told.append(f"assessment {kind}: {error}")


def _attestations(record: Record, row: AttestationMap, told: list[str]) -> Iterator[Attestation]:
    for part in _parts(record, row.each):
        said = _Said(part, told)
        vendor, kind = said.text(row.vendor, "attestations.vendor"), _type_of(row, said)
        at = said.day(row.at, "attestations.at")
        expires = said.day(row.expires_at, "attestations.expires_at")
        ref = said.text(row.ref, "attestations.ref")
        if vendor and kind and (at or expires or ref):
            yield Attestation(
                vendor=vendor, type=kind, at=at, expires_at=expires, ref=ref,
                data_classes=said.several(row.data_classes, "attestations.data_classes"),
            )  # fmt: skip


def _extensions(record: Record, how: RegistryMap, taken: frozenset[str]) -> dict[str, str]:
    """Columns that no rule takes. Of nested answers only what the mapping names is kept."""
    if how.keep is not None:
        return {path: text for path in how.keep if (text := text_at(record, path))}
    return {
        key: text
        for key, value in record.items()
        if key not in taken and not isinstance(value, (dict, list)) and (text := _plain(value))
    }
