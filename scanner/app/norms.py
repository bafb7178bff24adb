"""What the organization of a configuration holds its AI to.

Owns only which parts of the configuration and of the rules that is: judging a change needs it, and
must not load what reads registries of servers.
"""

from __future__ import annotations

from scanner.app.config import LoadedConfig
from scanner.reconcile.norms import Norms
from scanner.rulebook.load import Rulebook


def norms_of(loaded: LoadedConfig, rulebook: Rulebook, today: str) -> Norms:
    """What the organization holds its AI to."""
    registry = loaded.config.registry
    return Norms(
        approved=registry.approved,
        attestations=registry.attestations,
        provider_aliases=rulebook.by_alias,
        data_class_names={
            label: one.id for one in rulebook.flows.classes for label in (one.id, *one.labels)
        },
        own=rulebook.products,
        retired={p.id: p.retired_models for p in rulebook.providers if p.retired_models},
        rules=rulebook.norms,
        today=today,
    )
