"""Whether AI may land: what its standing, its entry and the organization say, before it is there.

Owns the reasons against it, the same for a change, a plan and an object. Which standings and stages
are reasons is data (``rules/norms/landing.yaml``).
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.base import Model
from scanner.model.registry import RegistryEntry, Standing
from scanner.reconcile.norms import Norms


class Objection(Model, frozen=True, kw_only=True):
    says: str
    disposition: str = ""
    """The standing that is the reason; empty: it is another."""
    field: str = ""
    """What lies outside, where one field does."""
    of_organization: bool = False
    """It holds whatever the registry says."""


def objections(
    standing: Standing, entries: Mapping[str, RegistryEntry], norms: Norms
) -> tuple[Objection, ...]:
    """None: it may land."""
    rules = norms.rules.landing
    found: list[Objection] = []
    status = str(standing.status)
    said = rules.standings.get(standing.status, "")
    if said and standing.drift:
        found += [Objection(says=text, disposition=status, field=text.partition(":")[0])
                  for text in standing.drift]  # fmt: skip
    elif said:
        named = f" ({', '.join(standing.candidates)})" if standing.candidates else ""
        found.append(Objection(says=said + named, disposition=status))
    entry = entries.get(standing.entry)
    if entry is not None and entry.stage is not None and rules.stages.get(entry.stage):
        found.append(Objection(says=f"{rules.stages[entry.stage]} ({entry.id})"))
    found += [
        Objection(says=f"not approved: {text}", field=text.partition(":")[0], of_organization=True)
        for text in standing.unapproved
    ]
    return tuple(found)
