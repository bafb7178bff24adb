"""Rulebook -> compiled patterns. One list, in a fixed order, for every engine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scanner.detect.literals import required_literals
from scanner.model.errors import RuleError
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import EnvVar, Host, Image, Key, ModelPattern, Provider

_WORD = r"A-Za-z0-9_-"
_TENANT = r"(?:[A-Za-z0-9-]{1,63}|[})]|%s)"
"""A tenant's or region's label, or the end of a template expression that stands for it."""


@dataclass(frozen=True)
class Pattern:
    """One thing to look for. ``literals`` decide whether ``regex`` is tried at all."""

    rule: str
    kind: HitKind
    provider: str
    label: str
    regex: re.Pattern[bytes]
    literals: tuple[str, ...]
    """Empty: tried on every piece of content of the rule set."""
    confidence: Confidence
    near: tuple[bytes, ...] = ()
    min_entropy: float = 0.0
    is_assignment: bool = False


@dataclass(frozen=True)
class ImportTable:
    """What source files import -> provider, by language family."""

    by_language: dict[str, dict[str, str]] = field(default_factory=dict)
    """language -> import path -> provider id"""
    packages: dict[tuple[str, str], str] = field(default_factory=dict)
    """(ecosystem, package) -> provider id"""


LANGUAGES = {
    "pypi": "python",
    "npm": "javascript",
    "go": "go",
    "maven": "jvm",
    "nuget": "dotnet",
    "cargo": "rust",
    "rubygems": "ruby",
}


def compile_patterns(rulebook: Rulebook) -> tuple[Pattern, ...]:
    """All regex patterns of all providers. Raises ``RuleError`` naming the rule."""
    found: list[Pattern] = []
    for provider in rulebook.providers:
        found += [_key(provider, key) for key in provider.keys]
        found += [_host(provider, host) for host in provider.hosts]
        found += [_env_var(provider, var) for var in provider.env_vars]
        found += [_model(provider, model) for model in provider.models]
        found += [_image(provider, image) for image in provider.images]
    return tuple(found)


def compile_imports(rulebook: Rulebook) -> ImportTable:
    table = ImportTable()
    for provider in rulebook.providers:
        for package in provider.packages:
            table.packages[(package.ecosystem, normal_package(package.ecosystem, package.name))] = (
                provider.id
            )
            language = LANGUAGES.get(package.ecosystem)
            for path in package.imports if language else ():
                table.by_language.setdefault(language or "", {})[path] = provider.id
    return table


def normal_package(ecosystem: str, name: str) -> str:
    """Package names as their registry compares them (PEP 503 for Python)."""
    if ecosystem == "pypi":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in ("nuget", "composer") else name


def _compiled(pattern: str, rule: str, flags: int = 0) -> re.Pattern[bytes]:
    try:
        return re.compile(pattern.encode(), flags)
    except (re.error, OverflowError) as error:
        raise RuleError(f"rule {rule}: pattern does not compile: {error}") from error


def _key(provider: Provider, key: Key) -> Pattern:
    return Pattern(
        rule=key.id,
        kind=HitKind.CREDENTIAL,
        provider=provider.id,
        label=key.name,
        regex=_compiled(f"(?<![{_WORD}])(?:{key.pattern})(?![{_WORD}])", key.id),
        literals=key.keywords,
        confidence=key.confidence,
        near=tuple(word.lower().encode() for word in key.near),
        min_entropy=key.min_entropy,
    )


def host_regex(host: str) -> str:
    """A host as a regex; ``*`` is one label (or part of one), or a template in its place."""
    return _TENANT.join(re.escape(part) for part in host.split("*"))


def _host(provider: Provider, host: Host) -> Pattern:
    after = re.escape(host.path) if host.path else r"(?![A-Za-z0-9-]|\.[A-Za-z])"
    longest = max(host.host.split("*"), key=len)
    return Pattern(
        rule=f"{provider.id}-host",
        kind=HitKind.HOST,
        provider=provider.id,
        label=host.host,
        regex=_compiled(f"(?<![A-Za-z0-9.-]){host_regex(host.host)}{after}", host.host, re.I),
        literals=(longest,),
        confidence=Confidence.HIGH,
    )


_ASSIGNED = (
    r"(?:[\"'\]\)]{0,2}[ \t]{0,8}(?:=>|:=|==?|:|,)|[\"']?[ \t]{0,4}\r?\n[ \t-]{0,40}value[\"']?:)"
    r"[ \t]{0,8}[\"'`]?(?P<secret>[A-Za-z0-9][A-Za-z0-9_./+=-]{15,300})"
)


def _env_var(provider: Provider, var: EnvVar) -> Pattern:
    """The variable's name, and, when its value is a secret, what is assigned to it."""
    assigned = f"(?:{_ASSIGNED})?" if var.secret else ""
    return Pattern(
        rule=f"{provider.id}-env-var",
        kind=HitKind.ENV_VAR,
        provider=provider.id,
        label=var.name,
        regex=_compiled(f"(?<![A-Za-z0-9_]){var.name}(?![A-Za-z0-9_]){assigned}", var.name),
        literals=(var.name,),
        confidence=Confidence.LOW if var.weak else Confidence.MEDIUM,
        min_entropy=3.0,
        is_assignment=var.secret and not var.weak,
    )


def _model(provider: Provider, model: ModelPattern) -> Pattern:
    """A model id where code names one: quoted, or after ``model:`` or ``model=``."""
    quoted = (
        rf"[\"'`](?:[A-Za-z0-9_.-]{{1,40}}[/:])?(?P<q>{model.pattern})(?::[a-z0-9]{{1,20}})?[\"'`]"
    )
    named = (
        rf"(?i:model)[A-Za-z_]{{0,16}}[ \t]{{0,4}}[:=][ \t]{{0,4}}"
        rf"(?P<n>{model.pattern})(?![A-Za-z0-9_.-])"
    )
    literals = required_literals(model.pattern)
    return Pattern(
        rule=f"{provider.id}-model",
        kind=HitKind.MODEL,
        provider=provider.id,
        label="",
        regex=_compiled(f"{quoted}|{named}", f"{provider.id} model"),
        literals=literals or (),
        confidence=Confidence.LOW,
    )


def _image(provider: Provider, image: Image) -> Pattern:
    name = re.escape(image.image).replace(r"\*", r"[a-z0-9._-]{0,60}")
    return Pattern(
        rule=f"{provider.id}-image",
        kind=HitKind.IMAGE,
        provider=provider.id,
        label=image.image,
        regex=_compiled(
            r"(?m)(?:image[\"']?\s*[:=]\s*[\"']?|^\s*FROM\s+(?:--\S+\s+)?"
            r"|docker\s+(?:run|pull)\s[^\n]{0,200}?)"
            rf"(?:[a-z0-9.-]+(?::\d+)?/)?{name}(?=[:@\s\"']|$)",
            image.image,
            re.I,
        ),
        literals=(max(image.image.split("*"), key=len),),
        confidence=Confidence.HIGH,
    )
