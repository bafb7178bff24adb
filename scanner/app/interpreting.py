"""What connectors yield -> facts that may be kept, with the names that people read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.collect.runner import Interpret
from scanner.detect import activity as activity_facts
from scanner.detect import declared_id, suppress
from scanner.detect import interpret as hit_facts
from scanner.detect.activity import Catalogue
from scanner.detect.bounds import Examined
from scanner.detect.engine import Detector
from scanner.kit.expressions import expression
from scanner.model.base import NodeId, encode
from scanner.model.facts import Asset, Credential, Edge, Fact
from scanner.model.items import Activity, Content, Gap, Hit, Item, Place, Sighting
from scanner.rulebook.load import Rulebook


def _examined(detector: Detector, item: Content) -> Examined:
    return detector.examined(item.data, item.place.path, item.rule_sets, item.own_modules)


def interpreter(rulebook: Rulebook, detector: Detector) -> Interpret:
    """Items -> facts, with the names that people read."""
    catalogue = Catalogue(rulebook)

    def provider_name(ident: str) -> str:
        provider = rulebook.by_id.get(ident)
        return provider.name if provider else ident

    names: dict[NodeId, str] = {}
    """Of carriers whose id tells people nothing: a repository that was never pushed anywhere."""

    def subject_name(subject: NodeId) -> str:
        return names.get(subject) or hit_facts.short_name(subject)

    def interpret(item: Item, source: str) -> Iterator[Fact | Gap]:
        is_typed = isinstance(item, Activity)
        for fact in facts_of(item, source):
            yield fact if isinstance(fact, Gap) else _without_secrets(fact, detector, is_typed)

    def facts_of(item: Item, source: str) -> Iterator[Fact | Gap]:
        if isinstance(item, (Content, Sighting)):
            hits: list[tuple[Hit, Place]]
            if isinstance(item, Sighting):
                hits = [(item.hit, item.place)]
            else:
                found, lost = _examined(detector, item)
                hits = [(hit, item.place) for hit in found]
                yield from (Gap(what=item.place.path, reason=reason) for reason in lost)
            if isinstance(item, Content) and item.place.path == suppress.FILE:
                yield suppress.kept_with(item.place.subject, item.data)
            if isinstance(item, Content) and item.place.path in declared_id.FILES:
                told = declared_id.told_by(item.place.path, item.place.subject, item.data)
                if told is not None:
                    yield told
            yield from hit_facts.facts_of(
                hits, source=source, provider_name=provider_name, subject_name=subject_name
            )
        elif isinstance(item, Activity):
            yield from activity_facts.facts_of(item, catalogue, source)
        else:
            if isinstance(item, Asset) and item.id.startswith("git:local/"):
                names[item.id] = item.name
            yield detector.told(item) if isinstance(item, Credential) else item  # type: ignore[misc]

    return interpret


_FACT: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def _without_secrets(fact: Fact, detector: Detector, is_typed: bool) -> Fact:
    """People put keys into tags, names of resources and of files: what is kept must not hold them,
    in whichever field they stand."""
    plain = encode(fact)
    masked = detector.masked(plain, is_typed=is_typed)
    if b"://" in masked:
        masked = _USERINFO.sub(rb"\1", masked)
    if b"?" in masked or b"&" in masked:
        masked = _PARAMETER.sub(rb"\1...", masked)
    return _with_hidden_tags(fact, fact if masked == plain else _FACT.decode(masked))


_USERINFO = expression(
    rb"(://)(?:[^/\s\"@\\?#]{1,200}:[^/\s\"@\\?#]{0,200}|[^/\s\"@\\?#:]{20,200})@"
)
"""A name and a password in an address."""
_PARAMETER = expression(
    rb"(?i)([?&](?:[a-z_-]{0,30}(?:token|key|secret|password|passwd|pwd|signature)|sig|auth)=)"
    rb"[^&\"\\\s#]{6,}"
)
_SECRET_TAG = expression(
    r"(?i)(?:^|[_.: /-])(?:pass(?:word|wd|phrase)?|pwd?|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|credentials?)$|_key$"
)
_MASKED = expression("\N{HORIZONTAL ELLIPSIS}.{0,4}~[0-9a-f]{8}")
_TAG_WORDS = expression(r"[A-Za-z ./-]{0,40}|\d{1,6}|(?i:arn:.*|alias/.*|true|false)")
"""What such a tag may say without being a secret: words, a number, where the secret is kept."""


def _with_hidden_tags(told: Fact, kept: Fact) -> Fact:
    """People write passwords into tags. One whose name says so keeps no value that could be one,
    unless it was known for a key and is masked."""
    if isinstance(told, Edge) or isinstance(kept, Edge):
        return kept
    hidden = {
        name: "(hidden: by its name a secret)"
        for name, value in kept.tags.items()
        if _SECRET_TAG.search(name)
        and value == told.tags.get(name)
        and not _MASKED.search(value)
        and not _TAG_WORDS.fullmatch(value)
    }
    return msgspec.structs.replace(kept, tags={**kept.tags, **hidden}) if hidden else kept
