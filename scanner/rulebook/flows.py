"""What data is, where places are and who lets people in, as data: classes, areas of regions,
vendors' countries, directories."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.types import NonEmpty, RuleId


class DataClass(Model, frozen=True, kw_only=True):
    """One class. Words are compared whole and in lower case."""

    id: RuleId
    name: NonEmpty
    is_sensitive: bool = False
    labels: tuple[NonEmpty, ...] = ()
    """What a classification tag or a label of Macie, DLP or Purview says; trusted."""
    stores: tuple[NonEmpty, ...] = ()
    """Families of stores that hold it by what they are (mail); trusted."""
    names: tuple[NonEmpty, ...] = ()
    """Words in a store's name or its columns'; a hint."""


class Area(Model, frozen=True, kw_only=True):
    """Regions by what their names begin with; the longest beginning decides."""

    id: NonEmpty
    """ISO 3166 country, or ``EU`` for the European Economic Area."""
    regions: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)]


class Vendor(Model, frozen=True, kw_only=True):
    provider: RuleId
    area: NonEmpty
    """Where the company that the customer contracts with is established."""
    reference: NonEmpty


class FlowRules(Model, frozen=True, kw_only=True):
    """One file may hold any of them."""

    label_tags: tuple[NonEmpty, ...] = ()
    """Tags (letters alone, in lower case) whose value is a label of data."""
    classes: tuple[DataClass, ...] = ()
    areas: tuple[Area, ...] = ()
    vendors: tuple[Vendor, ...] = ()
    production: tuple[NonEmpty, ...] = ()
    """Environments, in lower case, that hold real data."""
    trial: tuple[NonEmpty, ...] = ()
    """Environments that should not."""
    nobody: tuple[NonEmpty, ...] = ()
    """What people write for an owner whom they do not know; words in lower case."""
    consumer_mail: tuple[NonEmpty, ...] = ()
    """Mail domains (globs) at which anybody can open a mailbox."""
    visits: tuple[NonEmpty, ...] = ()
    """Evidence (globs of its source, a space and its rule) that tells of a visit: whose account at
    the AI was used is not said."""
    directories: tuple[tuple[NonEmpty, ...], ...] = ()
    """Kinds of identities (globs) of the directories that let people in, those that the others
    follow first: the first rank that lists a person says whether they have left."""


def is_nobody(text: str, rules: FlowRules) -> bool:
    """Whether what stands where an owner should names none."""
    words = " ".join(re.findall(r"[^\W_]+", text.casefold()))
    return not words or words in rules.nobody


def read(files: list[Path]) -> FlowRules:
    """All files as one, in the order given; a later class or vendor takes an earlier one's place.

    Raises ``RuleError``."""
    parts = [read_yaml(path, FlowRules, RuleError) for path in files]
    classes = {one.id: one for part in parts for one in part.classes}
    vendors = {one.provider: one for part in parts for one in part.vendors}
    return FlowRules(
        label_tags=tuple(tag for part in parts for tag in part.label_tags),
        classes=tuple(classes.values()),
        areas=tuple(area for part in parts for area in part.areas),
        vendors=tuple(vendors.values()),
        production=tuple(word for part in parts for word in part.production),
        trial=tuple(word for part in parts for word in part.trial),
        nobody=tuple(text for part in parts for text in part.nobody),
        consumer_mail=tuple(domain.casefold() for part in parts for domain in part.consumer_mail),
        visits=tuple(one for part in parts for one in part.visits),
        directories=next((p.directories for p in reversed(parts) if p.directories), ()),
    )


@cache
def bundled() -> FlowRules:
    """Those of the installed package."""
    from scanner.rulebook.load import bundled as root

    return read(sorted((root() / "flows").glob("*.yaml")))
