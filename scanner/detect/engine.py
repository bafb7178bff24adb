"""Bytes -> redacted hits: prefilter by literals, confirm by regex and checks.

Which prefilter engine runs decides only the speed; every hit is confirmed here, by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from msgspec.structs import replace

from scanner.detect.bounds import Bounds, Examined
from scanner.detect.compilation import PatternSet, Usage, compilation
from scanner.detect.context import in_context
from scanner.detect.credentials import CredentialFinder
from scanner.detect.knowledge import Knowledge
from scanner.detect.lines import Lines
from scanner.detect.mask import Mask
from scanner.detect.patterns import Pattern, Places
from scanner.detect.redact import marks
from scanner.detect.source import Found, SourceFile
from scanner.detect.suppress import MARK, IgnoreComments
from scanner.detect.verify import Verifier
from scanner.kit.contract import Sieve, Watch
from scanner.kit.expressions import expression
from scanner.kit.text import as_text
from scanner.model.evidence import Confidence
from scanner.model.facts import Credential
from scanner.model.items import Hit, HitKind
from scanner.rulebook.load import Rulebook

_NAMES_MODEL = expression(
    rb"(?i)(?:model|deployment|engine)[A-Za-z_]{0,16}[\"'`]?\s{0,4}(?::|=|=>|:=|\()\s{0,4}$"
)


class Detector:
    """Compiled once, used by all threads."""

    def __init__(
        self,
        rulebook: Rulebook,
        key: bytes,
        engine: str = "auto",
        verifier: Verifier | None = None,
    ) -> None:
        self._rulebook = rulebook
        self._key = key
        self._made = compilation(rulebook, engine)
        self.comments = IgnoreComments()
        self._mask = Mask(self._made.credentials, key, engine)
        self._credentials = CredentialFinder(
            self._made.decoder,
            key,
            self._select_credentials,
            self._mask.blanked,
            verifier.ask if verifier else None,
        )

    @property
    def _usage(self) -> Usage:
        return self._made.usage

    @property
    def _keys(self) -> PatternSet:
        return self._made.keys

    @property
    def knowledge(self) -> Knowledge:
        return self._usage.knowledge

    @cached_property
    def sieve(self) -> Sieve | None:
        """For readers of histories; None where the engine that it takes is not there."""
        if self.engine != "hyperscan":
            return None
        from scanner.detect.sieve import AutomatonSieve

        return AutomatonSieve(self._made.automaton, self._credentials)

    @cached_property
    def watch(self) -> Watch:
        """For readers of traffic logs."""
        from scanner.detect.traffic import HostWatch

        return HostWatch(self._rulebook)

    @cached_property
    def _names(self) -> list[tuple[str, str]]:
        return _name_tokens(self._rulebook)

    def _select_credentials(self, data: bytes) -> tuple[list[Pattern], frozenset[bytes]]:
        return self._keys.select(data)

    @property
    def engine(self) -> str:
        return self._keys.prefilter.name

    def examine(
        self,
        data: bytes,
        path: str,
        rule_sets: tuple[str, ...],
        own_modules: frozenset[str] = frozenset(),
    ) -> tuple[Hit, ...]:
        """Hits in ``data`` in order of place. ``rule_sets`` of ``credentials`` (secrets alone),
        ``usage`` (packages, hosts, models, ...) and ``names`` (``data`` is the name of a secret
        slot). ``own_modules``: see :class:`scanner.model.items.Content`."""
        return self.examined(data, path, rule_sets, own_modules).hits

    def examined(
        self,
        data: bytes,
        path: str,
        rule_sets: tuple[str, ...],
        own_modules: frozenset[str] = frozenset(),
    ) -> Examined:
        """As :meth:`examine`, with what of the file went beyond the bounds."""
        if "names" in rule_sets:
            return Examined(tuple(self._name_hits(data)), [])
        text = as_text(data)
        with_usage = "usage" in rule_sets
        bounds = Bounds()
        if text is None:
            binary = SourceFile(path, data, is_binary=True)
            found = self._reader_hits(binary, frozenset(), bounds) if with_usage else ()
            return Examined(tuple(found), bounds.lost())
        lines = Lines(text)
        lost: list[str] = []
        chosen, present = (self._usage.patterns if with_usage else self._keys).select(text)
        hits = list(self._pattern_hits(text, chosen, present, lines, bounds, with_usage))
        if with_usage:
            spans = [(hit.start, hit.end) for hit in hits if hit.kind is HitKind.CREDENTIAL]
            blanked = self._mask.blanked(text, spans, present)
            source = SourceFile(path, blanked, own_modules=own_modules)
            hits += self._import_hits(source, lines, bounds)
            hits += self._usage.files.hits(path, text)
            hits += self._reader_hits(source, present, bounds, lines)
            lost = [*source.lost, *bounds.lost()]
            hits = in_context(path, text, hits)
        if hits and MARK in text:
            hits = self.comments.marked(text, path, hits)
        hits.sort(key=lambda h: (h.start, h.end, h.kind, h.rule))
        return Examined(tuple(hits), lost)

    def select(self, data: bytes) -> tuple[list[Pattern], frozenset[bytes]]:
        """Which patterns are worth trying on ``data``, and which literals it holds."""
        return self._usage.patterns.select(data)

    def told(self, record: Credential) -> Credential:
        """A vendor's record of a key, with marks of what it shows of the beginning."""
        begin, hidden, _ = record.hint.partition("\u2026")
        if record.fingerprint or not (begin and hidden):
            return record
        shown = marks(begin.encode("utf-8", "replace"), 0, self._key)
        return replace(record, head=f"0:{shown}")

    def masked(self, data: bytes, *, is_typed: bool = False) -> bytes:
        """``data`` without keys (the same object when it holds none): for texts that sources put
        into names, tags and errors. ``is_typed``: people typed it, and a log repeats it."""
        return self._mask.masked_text(data) if is_typed else self._mask.masked(data)

    def _pattern_hits(
        self,
        data: bytes,
        chosen: list[Pattern],
        present: frozenset[bytes],
        lines: Lines,
        bounds: Bounds,
        with_usage: bool,
    ) -> Iterator[Hit]:
        yield from self._credentials.hits(data, chosen, present, lines.number)
        places = Places(data, present)
        seen: set[tuple[str, str, int]] = set()
        for pattern in chosen if with_usage else ():
            if pattern.kind is HitKind.CREDENTIAL:
                continue
            for start, end in pattern.windows(places):
                for match in pattern.regex.finditer(data, start, end):
                    label, at, confidence = _said(pattern, match)
                    key = (pattern.rule, label, at)
                    if key not in seen and bounds.admits(pattern.rule, (label, confidence)):
                        seen.add(key)
                        yield _usage_hit(pattern, label, at, confidence, lines)

    def _import_hits(self, source: SourceFile, lines: Lines, bounds: Bounds) -> Iterator[Hit]:
        done: set[tuple[int, str]] = set()
        for name, start, end in source.imports:
            covered, provider = self.knowledge.imported(source.language, name)
            if not covered or (start, covered) in done:
                continue
            done.add((start, covered))
            if bounds.admits(f"{provider}-{HitKind.IMPORT}", covered):
                yield _named_hit(HitKind.IMPORT, provider, covered, start, end, lines)

    def _reader_hits(
        self,
        source: SourceFile,
        present: frozenset[bytes],
        bounds: Bounds,
        lines: Lines | None = None,
    ) -> Iterator[Hit]:
        asked = {n for literal in present for n in self._usage.asked_by.get(literal, ())}
        for number in (
            self._usage.binary if source.is_binary else sorted(asked | self._usage.always)
        ):
            reader = self._usage.readers[number]
            if reader.matches(source.path):
                for found in reader.read(source, self.knowledge):
                    what = (found.label, found.part, found.confidence, found.context, found.models)
                    if bounds.admits(_rule(found), what):
                        yield _reader_hit(found, lines)

    def _name_hits(self, data: bytes) -> Iterator[Hit]:
        name = data.decode("utf-8", "replace")
        words = "_" + re.sub(r"[^A-Z0-9]+", "_", name.upper()) + "_"
        for token, provider in self._names:
            if token in words:
                yield Hit(
                    rule=f"{provider}-secret-name",
                    kind=HitKind.ENV_VAR,
                    provider=provider,
                    label=name,
                    start=0,
                    end=len(data),
                    line=0,
                    confidence=Confidence.MEDIUM,
                    preview=name,
                )
                return


def _said(pattern: Pattern, match: re.Match[bytes]) -> tuple[str, int, Confidence]:
    """Label, where it begins, and how sure it is."""
    groups = match.groupdict()
    model = groups.get("q") or groups.get("n")
    confidence = pattern.confidence
    if model and (groups.get("n") or _NAMES_MODEL.search(match.string, *_lead(match.start("q")))):
        confidence = Confidence.MEDIUM
    text = pattern.label or (model or b"").decode("latin-1")
    return text, match.start("q") if groups.get("q") else match.start(), confidence


def _usage_hit(
    pattern: Pattern, text: str, start: int, confidence: Confidence, lines: Lines
) -> Hit:
    return Hit(
        rule=pattern.rule,
        kind=pattern.kind,
        provider=pattern.provider,
        label=text,
        start=start,
        end=start + len(text),
        line=lines.number(start),
        confidence=confidence,
        preview=text,
    )


def _lead(at: int) -> tuple[int, int]:
    return max(0, at - 48), max(0, at - 1)


def _named_hit(kind: HitKind, provider: str, name: str, start: int, end: int, lines: Lines) -> Hit:
    return Hit(
        rule=f"{provider}-{kind}",
        kind=kind,
        provider=provider,
        label=name,
        start=start,
        end=end,
        line=lines.number(start),
        confidence=Confidence.HIGH,
        preview=name,
    )


def _rule(found: Found) -> str:
    return found.rule or f"{found.provider or 'unlisted'}-{found.kind}".replace("_", "-")


def _reader_hit(found: Found, lines: Lines | None) -> Hit:
    end = found.end if found.end >= 0 else found.start + len(found.label.encode("utf-8", "replace"))
    return Hit(
        rule=_rule(found),
        kind=found.kind,
        provider=found.provider,
        label=found.label,
        start=found.start,
        end=end,
        line=lines.number(found.start) if lines else 0,
        confidence=found.confidence,
        preview=found.preview or found.label,
        context=found.context,
        part=found.part,
        asset_class=str(found.asset_class or ""),
        name=found.name,
        tags=found.tags,
        models=found.models,
    )


def _name_tokens(rulebook: Rulebook) -> list[tuple[str, str]]:
    """What identifies a provider in the name of a secret, longest first: its variables, and its
    id beside a word such as KEY or TOKEN."""
    tokens: dict[str, str] = {}
    for provider in rulebook.providers:
        for var in provider.env_vars:
            if var.secret and not var.weak:
                tokens[f"_{var.name}_"] = provider.id
        stem = re.sub(r"[^A-Z0-9]+", "_", provider.id.upper())
        for word in ("API_KEY", "APIKEY", "KEY", "TOKEN", "SECRET", "CREDENTIALS"):
            tokens.setdefault(f"_{stem}_{word}_", provider.id)
    return sorted(tokens.items(), key=lambda item: (-len(item[0]), item[0]))
