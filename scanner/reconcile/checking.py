"""What is odd in a registry, entry by entry: nothing is refused here, everything is told.

Owns the tests that a type cannot make: mailboxes, patterns that fit anything, names that say
nothing, entries that nothing can ever be matched with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from scanner.model.base import Model
from scanner.model.registry import BindingType, RegistryEntry, Stage
from scanner.reconcile.keys import UNSURE, canonical
from scanner.reconcile.patterns import common_words, says_little
from scanner.rulebook.flows import bundled as bundled_flows
from scanner.rulebook.flows import is_nobody
from scanner.rulebook.norms import PatternRules, bundled

SHARED_BY = 25
"""From so many entries on, an address that all of them name answers for none of them."""
_ROLES = frozenset({
    "admin", "administrator", "agency", "ai", "aigovernance", "aiinventory", "caio", "cdaio", "cdo",
    "chief", "cio", "ciso", "contact", "contactus", "data", "datascience", "desk", "digital",
    "enterprise", "feedback", "foia", "general", "governance", "help", "helpdesk", "hello", "info",
    "inquiries", "inventory", "innovation", "it", "mail", "mailbox", "media", "noreply", "office",
    "open", "opendata", "policy", "press", "privacy", "public", "questions", "security", "service",
    "servicedesk", "shared", "support", "webmaster",
})  # fmt: skip
"""Words of mailboxes that stand for a function and not for a person or a team of one system."""


class Oddity(Model, frozen=True, kw_only=True):
    place: str
    entry: str
    field: str
    says: str


def is_address(ref: str) -> bool:
    return bool(re.fullmatch(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+", ref.strip()))


def is_mailbox(ref: str, uses: int = 0) -> bool:
    """Whether nobody in particular reads what stands for an owner, however it is written
    (``AI Team <ai@...>``, ``mailto:...``, several). A team's name without an address is a team."""
    return all(_is_shared(address, uses) for address in _addresses(ref))


def _is_shared(address: str, uses: int) -> bool:
    """Every word of its name is a role, or very many entries share it."""
    if not is_address(address):
        return "://" in address
    local, _, domain = address.partition("@")
    organization = set(domain.split("."))
    words = [w for w in re.split(r"[._+\d-]+", local) if w and w not in organization]
    return uses >= SHARED_BY or all(word in _ROLES for word in words)


def _addresses(ref: str) -> list[str]:
    """What stands there, in lower case: addresses without names around them, else the text."""
    found: list[str] = []
    for part in re.split(r"[;\n]", ref.casefold()):
        inside = [] if "://" in part else _ADDRESS.findall(part)
        found += inside or ([part.strip()] if part.strip() else [])
    return found or [""]


_ADDRESS = re.compile(r"[^@\s/<>;,:\"'()]+@[^@\s/<>;,:\"'()]+\.[^@\s/<>;,:\"'()]+")


def mailboxes(entries: Sequence[RegistryEntry]) -> frozenset[str]:
    """The owners of ``entries``, in lower case, that are shared mailboxes."""
    uses = Counter(address for e in entries if e.owner for address in set(_addresses(e.owner)))
    named = {
        ref.casefold() for e in entries for ref in (e.owner, *(o.ref for o in e.owners)) if ref
    }
    return frozenset(
        ref for ref in named if all(_is_shared(one, uses[one]) for one in _addresses(ref))
    )


def oddities(entries: Sequence[RegistryEntry]) -> Iterator[Oddity]:
    """In the order of the entries."""
    shared, rules = mailboxes(entries), bundled().patterns
    for entry in entries:
        for field, says in (*_about(entry, shared), *_patterns(entry, rules)):
            yield Oddity(place=entry.source, entry=entry.id, field=field, says=says)


def _about(entry: RegistryEntry, shared: frozenset[str]) -> Iterator[tuple[str, str]]:
    named = (entry.owner, *(owner.ref for owner in entry.owners))
    if all(is_nobody(ref, bundled_flows()) for ref in named):
        yield "owner", f"`{entry.owner}` names nobody" if entry.owner else "nobody is named"
    elif entry.owner.casefold() in shared:
        yield "owner", f"`{entry.owner}` is a shared mailbox: nobody in particular"
    if entry.stage is None:
        yield "stage", "not stated: neither living nor retired"
    if entry.stage is Stage.PRODUCTION and not entry.assessments:
        yield "assessments", "in production, and nothing is said of an assessment"
    exact = [b for b in entry.bindings if b.type is not BindingType.PATTERN]
    if not entry.bindings:
        yield "bindings", "none: it can only be matched by its name, which a person has to confirm"
    for binding in entry.bindings:
        if binding.type is BindingType.TAG and "=" not in binding.value:
            yield "bindings", f"tag `{binding.value}` is not key=value"
        if canonical(binding.type, binding.value).startswith(UNSURE):
            yield "bindings", f"`{binding.value}` does not say whose id it is: `vendor:id`"
        if binding.type is BindingType.ARN and not binding.value.startswith("arn:"):
            yield "bindings", f"`{binding.value}` is no ARN"
    if exact and entry.approved.providers is None:
        yield "approved.providers", "not stated: a repository's AI then only counts as probable"


def _patterns(entry: RegistryEntry, rules: PatternRules) -> Iterator[tuple[str, str]]:
    common = common_words(rules)
    for binding in entry.bindings:
        if binding.type is BindingType.PATTERN and says_little(binding.value, rules, common):
            yield "bindings", f"pattern `{binding.value}` names no system: it registers nothing"
