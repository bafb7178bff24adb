"""Rulebook -> compiled patterns. One list, in a fixed order, for every engine."""

from __future__ import annotations

import heapq
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from scanner.detect.literals import compiled, literals_of
from scanner.detect.secrets import NEAR_BYTES
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import (
    EnvVar,
    Host,
    Identifier,
    Image,
    Key,
    ModelPattern,
    Provider,
)

_SLACK = 4
"""Bytes after a match that its pattern may look at."""
_LOOKBEHIND = expression(r"^\(\?<!\[[^]]*\]\)")
_WORD = r"A-Za-z0-9_-"
_TENANT = r"(?:[A-Za-z0-9-]{1,63}|[})]|%s)"
"""A tenant's or region's label, or the end of a template expression that stands for it."""


_NOWHERE: array[int] = array("q")


class Places:
    """Where literals stand in one piece of content, looked up once each. ``present``: the literals
    (lower case) that are known to occur; None when that is not known."""

    def __init__(self, data: bytes, present: frozenset[bytes] | None = None) -> None:
        self.size = len(data)
        self._data = data
        self._present = present
        self._known: dict[bytes, array[int]] = {}
        self._held: dict[bytes, bool] = {}

    @cached_property
    def _lowered(self) -> bytes:
        return self._data.lower()

    def holds(self, text: bytes) -> bool:
        """Whether ``text`` (case as written) occurs."""
        found = self._held.get(text)
        if found is None:
            found = self._held[text] = text in self._data
        return found

    def of(self, literal: bytes) -> array[int]:
        """In order."""
        if self._present is not None and literal not in self._present:
            return _NOWHERE
        found = self._known.get(literal)
        if found is None:
            found = self._known[literal] = array("q")
            at = self._lowered.find(literal)
            while at >= 0:
                found.append(at)
                at = self._lowered.find(literal, at + 1)
        return found


@dataclass(frozen=True)
class Pattern:
    """One thing to look for. ``literals`` decide whether ``regex`` is tried at all."""

    rule: str
    kind: HitKind
    provider: str
    label: str
    source: str
    """The regex; compiled when it is first tried, as most never are."""
    literals: tuple[str, ...]
    """One of these stands in every match, or before it where ``near`` is given. Empty: tried on all
    of every piece of content."""
    confidence: Confidence
    words: tuple[str, ...] = ()
    """Words of which one stands up to ``NEAR_BYTES`` before the match; see :attr:`near`."""
    min_entropy: float = 0.0
    is_assignment: bool = False
    prefixes: tuple[bytes, ...] = ()
    """Literals that a credential starts with, or holds; empty where its shape has none."""
    key: Key | None = None
    """The rule of a credential format."""
    flags: int = 0

    @cached_property
    def _made(self) -> tuple[re.Pattern[bytes], int | None]:
        return compiled(self.source.encode(), self.flags)

    @property
    def regex(self) -> re.Pattern[bytes]:
        return self._made[0]

    @cached_property
    def near(self) -> tuple[re.Pattern[bytes], ...]:
        return tuple(_near(word) for word in self.words)

    @property
    def width(self) -> int | None:
        """The longest match in bytes, None without a bound."""
        return self._made[1]

    @cached_property
    def lead(self) -> int:
        """How many bytes of a match may stand before its literal."""
        literal = self.literals[0] if len(self.literals) == 1 else ""
        body = _LOOKBEHIND.sub("", self.source).removeprefix("(?:")
        return 0 if literal and body.startswith(re.escape(literal)) else self.width or 0

    def windows(self, places: Places) -> list[tuple[int, int]]:
        """The parts of the content in which a match can lie: around each of the literals. A regex
        that is tried there and nowhere else costs next to nothing."""
        if not self.literals or self.width is None:
            return [(0, places.size)]
        if self.words and self.prefixes and not any(map(places.holds, self.prefixes)):
            return []
        found = [(len(lit), at) for lit in self.folded if (at := places.of(lit))]
        # Each is in order, and none becomes a list: a literal may stand a million times in a file.
        return _merged(heapq.merge(*(self._spans(length, at) for length, at in found)))

    def _spans(self, length: int, places: Iterable[int]) -> Iterator[tuple[int, int]]:
        """``length``: of the literal that stands at ``places``."""
        width = (self.width or 0) + _SLACK
        if self.words:
            return ((at + length, at + NEAR_BYTES + width) for at in places)
        lead = self.lead
        return ((max(0, at - lead), at + width) for at in places)

    @cached_property
    def folded(self) -> tuple[bytes, ...]:
        return tuple(literal.lower().encode() for literal in self.literals)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """``spans`` in order."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


_INNER = expression(r"(?<=.)_(?=.)")


def _near(word: str) -> re.Pattern[bytes]:
    """A word by itself or as part of a name: ``MISTRAL_KEY``, ``myMistralKey``; not ``deepl`` in
    ``deeplink``, nor ``fal`` in ``false``. ``_`` stands for any joint: ``azure-speech``."""
    escaped = any_joint(word)
    start = f"(?<![A-Za-z])(?i:{escaped})" if word[:1].isalpha() else f"(?i:{escaped})"
    camel = f"|(?<=[a-z]){re.escape(word[:1].upper())}(?i:{escaped[1:]})"
    camel = camel if word[:1].isalpha() else ""
    end = "(?![a-z])" if word[-1:].isalpha() else ""
    return re.compile(f"(?:{start}{camel}){end}".encode())


def any_joint(word: str) -> str:
    """As an expression: ``_`` within it stands for any joint, or none."""
    return _INNER.sub("[_-]?", re.escape(word))


def _joined(words: tuple[str, ...]) -> tuple[str, ...]:
    """Near words as they stand in names of every style."""
    return tuple(sorted({_INNER.sub(joint, w) for w in words for joint in ("_", "-", "")}))


def compile_patterns(rulebook: Rulebook) -> tuple[Pattern, ...]:
    """All patterns of all providers. That they compile, the loader has seen to."""
    found: list[Pattern] = []
    models = (model.pattern for provider in rulebook.providers for model in provider.models)
    literals = literals_of(models)
    for provider in rulebook.providers:
        found += [_key(provider, key) for key in provider.keys]
        found += [_host(provider, host) for host in provider.hosts]
        found += [_env_var(provider, var) for var in provider.env_vars]
        found += [_model(provider, model, literals[model.pattern]) for model in provider.models]
        found += [_image(provider, image) for image in provider.images]
        found += [_identifier(provider, text) for text in provider.identifiers]
    return tuple(found)


def _key(provider: Provider, key: Key) -> Pattern:
    return Pattern(
        rule=key.id,
        kind=HitKind.CREDENTIAL,
        provider=provider.id,
        label=key.name,
        source=f"(?<![{_WORD}])(?:{key.pattern})(?![{_WORD}])",
        literals=_joined(key.near) or key.keywords,
        confidence=key.confidence,
        words=key.near,
        min_entropy=key.min_entropy,
        prefixes=tuple(k.encode() for k in key.keywords if k not in key.near),
        key=key,
    )


def host_regex(host: str) -> str:
    """A host as a regex; ``*`` is one label (or part of one), or a template in its place; a leading
    ``*.`` is one to four of them."""
    many = host.startswith("*.")
    rest = _TENANT.join(re.escape(part) for part in host.removeprefix("*.").split("*"))
    return rf"(?:{_TENANT}\.){{1,4}}{rest}" if many else rest


def _host(provider: Provider, host: Host) -> Pattern:
    after = re.escape(host.path) if host.path else r"(?![A-Za-z0-9-]|\.[A-Za-z])"
    longest = max(host.host.split("*"), key=len)
    return Pattern(
        rule=f"{provider.id}-host",
        kind=HitKind.HOST,
        provider=provider.id,
        label=host.host,
        source=f"(?<![A-Za-z0-9.-]){host_regex(host.host)}{after}",
        flags=re.I,
        literals=(longest,),
        confidence=Confidence.HIGH,
    )


ASSIGNED = (
    r"(?:[\"'\]\)]{0,2}[ \t]{0,8}(?:=>|:=|==?|:|,)|[\"']?[ \t]{0,4}\r?\n[ \t-]{0,40}value[\"']?:)"
    r"[ \t]{0,8}[\"'`]?(?P<secret>[A-Za-z0-9][A-Za-z0-9_./+=-]{15,300})"
)


_PUBLIC = (
    "(?:NEXT_PUBLIC_|REACT_APP_|VITE_|EXPO_PUBLIC_|NUXT_(?:PUBLIC_)?|GATSBY_|PUBLIC_|TF_VAR_)?"
)
"""What build tools put before a variable to hand it on, most of them into a browser."""


def _env_var(provider: Provider, var: EnvVar) -> Pattern:
    """The variable's name, and, when its value is a secret, what is assigned to it."""
    assigned = f"(?:{ASSIGNED})?" if var.secret else ""
    return Pattern(
        rule=f"{provider.id}-env-var",
        kind=HitKind.ENV_VAR,
        provider=provider.id,
        label=var.name,
        source=f"(?<![A-Za-z0-9_]){_PUBLIC}{var.name}(?![A-Za-z0-9_]){assigned}",
        literals=(var.name,),
        confidence=Confidence.LOW if var.weak else Confidence.MEDIUM,
        min_entropy=3.0,
        is_assignment=var.secret and not var.weak,
    )


def _model(provider: Provider, model: ModelPattern, literals: tuple[str, ...]) -> Pattern:
    """A model id where code names one: quoted, or after ``model:`` or ``model=``."""
    quoted = (
        rf"[\"'`](?:[A-Za-z0-9_.-]{{1,40}}[/:])?(?P<q>{model.pattern})(?::[a-z0-9]{{1,20}})?[\"'`]"
    )
    named = (
        rf"(?i:model)[A-Za-z_]{{0,16}}[ \t]{{0,4}}[:=][ \t]{{0,4}}"
        rf"(?P<n>{model.pattern})(?![A-Za-z0-9_.-])"
    )
    return Pattern(
        rule=f"{provider.id}-model",
        kind=HitKind.MODEL,
        provider=provider.id,
        label="",
        source=f"{quoted}|{named}",
        literals=literals,
        confidence=Confidence.LOW,
    )


def _identifier(provider: Provider, identifier: Identifier) -> Pattern:
    text = re.escape(identifier.text)
    quoted = rf"(?<=[\"'`]){text}(?=[\"'`])"
    is_name = identifier.text.isalnum()  # of a class or method: it may stand behind a dot
    before = "A-Za-z0-9_:/-" if is_name else "A-Za-z0-9_:/.-"
    bare = rf"(?<![{before}]){text}(?![A-Za-z0-9_:-])"
    return Pattern(
        rule=f"{provider.id}-identifier",
        kind=HitKind.IDENTIFIER,
        provider=provider.id,
        label=identifier.text,
        source=quoted if identifier.is_quoted else bare,
        literals=(identifier.text,),
        confidence=Confidence.HIGH,
    )


def _image(provider: Provider, image: Image) -> Pattern:
    name = re.escape(image.image).replace(r"\*", r"[a-z0-9._-]{0,60}")
    return Pattern(
        rule=f"{provider.id}-image",
        kind=HitKind.IMAGE,
        provider=provider.id,
        label=image.image,
        source=(
            r"(?m)(?:image[\"']?\s{0,8}[:=]\s{0,8}[\"']?"
            r"|^[ \t]{0,20}FROM[ \t]{1,8}(?:--\S{1,80}[ \t]{1,8})?"
            r"|docker[ \t]{1,8}(?:run|pull)[ \t][^\n]{0,200}?)"
            rf"(?:[a-z0-9.-]{{1,100}}(?::\d{{1,5}})?/)?{name}(?=[:@\s\"']|$)"
        ),
        flags=re.I,
        literals=(max(image.image.split("*"), key=len),),
        confidence=Confidence.HIGH,
    )
