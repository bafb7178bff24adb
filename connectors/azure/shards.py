"""Subscriptions x families of resources: what is read, and why what is not read is not."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.azure.config import AzureConfig
from connectors.azure.hierarchy import Subscription
from connectors.azure.types import FAMILIES
from scanner.kit.contract import Shard
from scanner.model.base import ShardId
from scanner.model.errors import ConfigError

LISTING = "azure:subscriptions"
UNITS = ShardId("azure:units")
SITES = "site-settings"
"""The part that is left out where values may not be read."""
_NAMES = "secret-names"
"""The family of which only names are looked at."""


def shards(config: AzureConfig, found: tuple[Subscription, ...]) -> Iterator[Shard]:
    wanted = families(config)
    yield Shard(id=UNITS, scope={"part": "units"}, listed_by=LISTING, title="management groups")
    for one in found:
        own = ShardId(f"azure:{one.id}/account")
        title = one.name or one.id
        told = {"denied": one.denied, "closed": one.closed}
        yield Shard(
            id=own,
            scope={"part": "account", "subscription": one.id,
                   **{key: text for key, text in told.items() if text}},
            listed_by=LISTING,
            title=title,
        )  # fmt: skip
        if one.denied or one.closed:
            continue
        for family in wanted:
            yield _below(one, own, "types", family, f"{title} {family}")
        if "workloads" in wanted and not config.read_values:
            yield _below(one, own, SITES, SITES, f"{title} settings of sites")
        if config.identities:
            yield _below(one, own, "roles", "roles", f"{title} role assignments")
        if config.creators:
            yield _below(one, own, "creators", "creators", f"{title} activity log")


def _below(one: Subscription, own: ShardId, part: str, family: str, title: str) -> Shard:
    scope = {"part": part, "subscription": one.id, "family": family}
    return Shard(id=ShardId(f"azure:{one.id}/{family}"), scope=scope, listed_by=own, title=title)


def families(config: AzureConfig) -> tuple[str, ...]:
    """Raises ``ConfigError`` for a family that there is not."""
    unknown = sorted(set(config.families) - set(FAMILIES))
    if unknown:
        raise ConfigError(
            f"[sources.azure] families: there is no {', '.join(unknown)}; there are "
            f"{', '.join(sorted(FAMILIES))}"
        )
    chosen = config.families or FAMILIES
    return tuple(
        family for family in FAMILIES
        if family in chosen and (config.secret_names or family != _NAMES)
    )  # fmt: skip
