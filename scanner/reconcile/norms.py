"""What an organization holds its AI to, and the words it uses for that.

Owns nothing but the values: the configuration and the rules fill them in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from scanner.model.registry import Approved
from scanner.rulebook.norms import NormRules, bundled
from scanner.rulebook.types import RetiredModels


def is_ahead(day: str, today: str) -> bool:
    iso = day[:10]
    return bool(today and _DAY.fullmatch(iso)) and iso > today[: len(iso)]


_DAY = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


@dataclass(frozen=True)
class Norms:
    approved: Approved = field(default_factory=Approved)
    """What the organization approves at all, whatever single entries say."""
    attestations: tuple[str, ...] = ()
    """Types that every vendor in use must have given."""
    provider_aliases: Mapping[str, str] = field(default_factory=dict)
    """Every name of a provider, lower case -> its id."""
    data_class_names: Mapping[str, str] = field(default_factory=dict)
    """Every label of a class of data, lower case -> its id."""
    own: frozenset[str] = frozenset()
    """Ids of products that one runs oneself: no vendor attests anything."""
    retired: Mapping[str, tuple[RetiredModels, ...]] = field(default_factory=dict)
    """Provider -> models that it has switched off, or will."""
    rules: NormRules = field(default_factory=bundled)
    """What is asked of AI whatever the configuration says."""
    today: str = ""
    """ISO date or time; empty: nothing expires."""

    def provider(self, name: str) -> str:
        return self.provider_aliases.get(name.casefold(), name)

    def data_class(self, name: str) -> str:
        plain = name.strip().casefold()
        return self.data_class_names.get(plain, plain)

    def is_past(self, day: str) -> bool:
        """Whether a day (``YYYY-MM-DD``, or less exact) is over; what is not known is not. Other
        texts are no days: readers make days of them, or tell that they cannot."""
        iso = day[:10]
        return bool(self.today and _DAY.fullmatch(iso)) and iso < self.today[: len(iso)]

    def is_ahead(self, day: str) -> bool:
        """Whether a day is yet to come: what was done cannot have been done then."""
        return is_ahead(day, self.today)

    def end_of_life(self, provider: str, model: str) -> str:
        """Since when a model is switched off; empty: it is not, as far as is known."""
        plain = model.rpartition("/")[2].casefold()
        for row in self.retired.get(provider, ()):
            is_over = bool(self.today) and row.at <= self.today[:10]
            if is_over and any(fnmatchcase(plain, glob) for glob in row.models):
                return row.at
        return ""
