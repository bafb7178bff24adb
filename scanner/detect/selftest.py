"""Every rule's own examples, through the real engine: a rule that cannot show itself is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from scanner.detect.engine import Detector
from scanner.detect.literals import is_bounded
from scanner.model.items import HitKind
from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Provider

_KEY = b"rule-self-test-fingerprint-key"


def check_rules(rulebook: Rulebook, engine: str = "auto") -> list[str]:
    """What is wrong, one sentence each; empty when all is well."""
    detector = Detector(rulebook, _KEY, engine)
    problems: list[str] = []
    for provider in rulebook.providers:
        problems += _keys(provider, detector)
        problems += _models(provider)
    problems += _controls(rulebook)
    return problems


def samples(rulebook: Rulebook) -> Iterator[tuple[str, bytes]]:
    """(rule id, expanded text) of every example and counterexample, for comparing engines."""
    for provider in rulebook.providers:
        for key in provider.keys:
            for text in (*key.examples, *key.counterexamples):
                yield key.id, expand(text, key.id).encode()
        for host in provider.hosts:
            yield f"{provider.id}-host", _url(host.host, host.path).encode()
        for var in provider.env_vars:
            yield f"{provider.id}-env-var", f"os.environ['{var.name}']".encode()
        for model in provider.models:
            for text in (*model.examples, *model.counterexamples):
                yield f"{provider.id}-model", f'model = "{text}"'.encode()
        for identifier in provider.identifiers:
            yield f"{provider.id}-identifier", f'x = "{identifier.text}"'.encode()
        for image in provider.images:
            name = image.image.replace("*", "x")
            yield f"{provider.id}-image", f"image: {name}:latest\n".encode()


def _url(host: str, path: str) -> str:
    return f'"https://{host.replace("*", "acme")}{path}"'


def _keys(provider: Provider, detector: Detector) -> Iterator[str]:
    hosts = {host.host for host in provider.hosts}
    for key in provider.keys:
        if key.verify and urlsplit(key.verify.url).hostname not in hosts:
            yield f"{key.id}: would be sent to a host that is not its provider's: {key.verify.url}"
        if key.verify and "{key}" in key.verify.url:
            yield f"{key.id}: a key must not stand in a URL"
        if not is_bounded(key.pattern):
            yield f"{key.id}: the pattern is not bounded in length"
        if re.compile(key.pattern).groups:
            yield f"{key.id}: the pattern captures; use (?:...)"
        for text in key.examples:
            if key.id not in _rules(detector, expand(text, key.id)):
                yield f"{key.id}: example is not found: {text}"
        for text in key.counterexamples:
            if key.id in _rules(detector, expand(text, key.id)):
                yield f"{key.id}: counterexample is found: {text}"


def _rules(detector: Detector, text: str) -> set[str]:
    hits = detector.examine(text.encode(), "src/app.txt", ("credentials", "usage"))
    return {hit.rule for hit in hits if hit.kind is HitKind.CREDENTIAL}


def _models(provider: Provider) -> Iterator[str]:
    for model in provider.models:
        if not is_bounded(model.pattern):
            yield f"{provider.id}: model pattern is not bounded: {model.pattern}"
        compiled = re.compile(model.pattern)
        for text in model.examples:
            if not compiled.fullmatch(text):
                yield f"{provider.id}: model example is not found: {text}"
        for text in model.counterexamples:
            if compiled.fullmatch(text):
                yield f"{provider.id}: model counterexample is found: {text}"


def _controls(rulebook: Rulebook) -> Iterator[str]:
    known = {f"{f.id}:{c.id}" for f in rulebook.frameworks for c in f.controls}
    for policy in rulebook.policies:
        for control in policy.controls:
            if control not in known:
                yield f"{policy.id}: control {control} stands in no file of rules/controls"
