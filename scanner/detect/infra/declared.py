"""Types of resources, in whatever spelling a tool uses -> who supplies the AI behind them.

Owns the derivation of one spelling from another (CDK, Pulumi, Cloud Control, AVM) and of a
service's unlisted types from its listed ones. All types come from the rules.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from scanner.detect.knowledge import Knowledge
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.rulebook.types import ResourceForm

_LEAST_LISTED = 3
"""So many types of one service must be listed, all of one provider, before it owns the rest."""
_PREFIX = {
    ResourceForm.TERRAFORM: expression(r"[a-z0-9]+_[a-z0-9]+(?=_)"),
    ResourceForm.CLOUDFORMATION: expression(r"aws::[a-z0-9]+(?=::)"),
    ResourceForm.ARM: expression(r"microsoft\.[a-z0-9]+(?=/)"),
}


@dataclass(frozen=True)
class Declared:
    """What the rules know of a type."""

    provider: str
    asset_class: AssetClass = AssetClass.OTHER
    confidence: Confidence = Confidence.HIGH
    type: str = ""
    """As the rule writes it; empty where only its service is known."""


def declared(knowledge: Knowledge, form: ResourceForm, name: str) -> Declared | None:
    """By the exact type; else by the service, whose listed types are all of one provider."""
    found = knowledge.resource(form, name)
    if found:
        return Declared(found[0], found[1].asset_class, type=found[1].type)
    pattern = _PREFIX.get(form)
    prefix = pattern.match(name.lower()) if pattern else None
    provider = _services(knowledge, form).get(prefix[0], "") if prefix else ""
    return Declared(provider, confidence=Confidence.MEDIUM) if provider else None


@lru_cache(maxsize=64)
def _services(knowledge: Knowledge, form: ResourceForm) -> dict[str, str]:
    counts: dict[str, Counter[str]] = {}
    pattern = _PREFIX[form]
    for name, provider in knowledge.resource_types(form).items():
        prefix = pattern.match(name.lower())
        if prefix:
            counts.setdefault(prefix[0], Counter())[provider] += 1
    return {
        prefix: next(iter(owners))
        for prefix, owners in counts.items()
        if len(owners) == 1 and owners.total() >= _LEAST_LISTED
    }


def squash(name: str) -> str:
    """``aws_bedrockagent_agent``, ``aws:bedrock:AgentAgent`` -> ``awsbedrockagentagent``."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def by_squashed(knowledge: Knowledge, form: ResourceForm, squashed: str) -> Declared | None:
    """A type by its letters alone, as tools that generate names from the vendors' keep them;
    the plural of ARM's types is taken off."""
    name = _squashed(knowledge, form).get(squashed)
    return declared(knowledge, form, name) if name else None


@lru_cache(maxsize=64)
def _squashed(knowledge: Knowledge, form: ResourceForm) -> dict[str, str]:
    table: dict[str, str] = {}
    for name in knowledge.resource_types(form):
        table.setdefault(squash(name), name)
        if form == ResourceForm.ARM:
            table.setdefault(squash(singular(name)), name)
            space, _, last = name.partition("/")
            table.setdefault(squash(space + singular(last.rpartition("/")[2])), name)
    return table


def singular(name: str) -> str:
    """``accounts/deployments`` -> ``accounts/deployment``."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("s")


def service_provider(knowledge: Knowledge, form: ResourceForm, prefix: str) -> str:
    """Whose service ``aws::bedrock`` or ``aws_sagemaker`` is, if the rules list it."""
    return _services(knowledge, form).get(prefix.lower(), "")
