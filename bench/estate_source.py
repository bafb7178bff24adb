"""The connector of :mod:`bench.estate`: a company that is made up by numbers, the same everywhere
and different every day. An account is a shard, and so is a repository; what changes on a day is
drawn by the day's number. Accounts hold applications, whose parts call, read and write each other;
little goes from one application to another, and less from one account to another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from scanner.kit.contract import ConnectorSpec, Context, Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    DataStore,
    Edge,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import AsOf, Checkpoint, Item

PROVIDERS = ("openai", "anthropic", "google-gemini", "mistral", "cohere")
FIRST_DAY = datetime(2026, 1, 1, 3, tzinfo=UTC)
PEOPLE = 0.02
"""People a thing."""


class EstateConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    accounts: int = 50
    repositories: int = 500
    assets: int = 10_000
    edges: int = 50_000
    ai: float = 0.02
    """Of all things, what is AI."""
    changed: float = 0.01
    """Of all shards, those in which something is new, gone or different on a day."""
    says_version: bool = True
    """Whether the source tells a version of each shard: what has not changed is not read then."""


class _Estate:
    spec = ConnectorSpec(
        name="estate", title="Estate", config=EstateConfig, operations=(), yields=frozenset(),
        docs_url="",
    )  # fmt: skip

    def shards(self, ctx: Context[EstateConfig]) -> Iterator[Shard]:
        for number in range(ctx.config.accounts):
            yield Shard(id=ShardId(f"estate:account/{number:05}"), listed_by="estate:accounts")
        for number in range(ctx.config.repositories):
            yield Shard(id=ShardId(f"estate:repository/{number:05}"), listed_by="estate:forge")

    def collect(
        self, ctx: Context[EstateConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        config = ctx.config
        kind, _, text = shard.id.partition(":")[2].partition("/")
        number = int(text)
        changes = _changes(config, shard.id, (ctx.now() - FIRST_DAY).days)
        if config.says_version:
            yield AsOf(mark=str(changes))
        if kind == "repository":
            yield from _repository(config, number, changes)
        else:
            yield from _account(config, number, changes)


def _changes(config: EstateConfig, shard: str, days: int) -> int:
    """How often the shard has changed since the first day."""
    return sum(
        random.Random(f"{shard} {day}").random() < config.changed for day in range(1, days + 1)
    )


def _repository(config: EstateConfig, number: int, changes: int) -> Iterator[Item]:
    ident = NodeId(f"git:forge.example/team-{number % 200}/repository-{number}")
    seen = (Evidence(rule="estate.repository", source="estate", path="README.md"),)
    yield Asset(
        id=ident, kind="git.repository", name=f"repository-{number}", is_ai=False,
        asset_class=AssetClass.REPOSITORY, evidence=seen,
    )  # fmt: skip
    chance = random.Random(number)
    if chance.random() < config.ai * 5 or changes:
        provider = PROVIDERS[(number + changes) % len(PROVIDERS)]
        part = NodeId(f"{ident}#{provider}")
        yield Asset(
            id=part, kind="code.integration", name=f"{provider} in repository-{number}",
            asset_class=AssetClass.INTEGRATION, provider=provider, evidence=seen,
        )  # fmt: skip
        yield Edge(source=ident, target=part, relation=Relation.CONTAINS, evidence=seen)
    owner = NodeId(f"person:{chance.randrange(_people(config))}")
    yield Edge(source=ident, target=owner, relation=Relation.OWNED_BY, evidence=seen)


def _people(config: EstateConfig) -> int:
    return max(10, int(config.assets * PEOPLE))


def _account(config: EstateConfig, number: int, changes: int) -> Iterator[Item]:
    """Things of an account: roles, functions, stores, some AI; edges within it, and some beyond."""
    home = NodeId(f"estate:account:{number:05}")
    seen = (Evidence(rule="estate.list", source="estate", resource=str(home)),)
    yield Account(id=home, kind="estate.account", name=f"account-{number}", provider="estate")
    size = (config.assets - config.repositories) // config.accounts
    links = (config.edges - 2 * config.repositories) // config.accounts - size
    chance = random.Random(f"account {number}")
    people = _people(config)
    for place in range(
        people * number // config.accounts, people * (number + 1) // config.accounts
    ):
        yield Identity(
            id=NodeId(f"person:{place}"), kind="estate.person", name=f"Person {place}",
            email=f"p{place}@company.example", principal_type=PrincipalType.HUMAN, evidence=seen,
        )  # fmt: skip
    kinds: list[str] = []
    for place in range(size + changes):
        draw = chance.random()
        ident = NodeId(f"arn:estate:{number:05}:thing/{place}")
        if draw < config.ai:
            kinds.append("endpoint")
            yield Asset(
                id=ident, kind="estate.endpoint", name=f"endpoint-{number}-{place}",
                asset_class=AssetClass.MODEL_ENDPOINT, account=home, region="eu-west-1",
                provider=PROVIDERS[place % len(PROVIDERS)], evidence=seen,
                tags={"team": f"team-{place % 200}"},
            )  # fmt: skip
        elif draw < 0.2:
            kinds.append("bucket")
            yield DataStore(
                id=ident, kind="estate.bucket", name=f"bucket-{number}-{place}", account=home,
                classification="pii" if draw < config.ai + 0.002 else "", evidence=seen,
            )  # fmt: skip
        elif draw < 0.4:
            kinds.append("role")
            yield Identity(
                id=ident, kind="estate.role", name=f"role-{number}-{place}",
                principal_type=PrincipalType.SERVICE, evidence=seen,
            )  # fmt: skip
        else:
            kinds.append("function")
            yield Asset(
                id=ident, kind="estate.function", name=f"function-{number}-{place}", is_ai=False,
                asset_class=AssetClass.WORKLOAD, account=home, region="eu-west-1", evidence=seen,
            )  # fmt: skip
        yield Edge(source=home, target=ident, relation=Relation.CONTAINS, evidence=seen)
    yield from _links(config, number, kinds, links, chance)


_APPLICATION = 25
"""Things that belong together."""
_OUTGOING = {
    "function": (Relation.CALLS, Relation.READS_FROM, Relation.WRITES_TO, Relation.RUNS_AS),
    "endpoint": (Relation.READS_FROM, Relation.RUNS_AS),
    "role": (Relation.READS_FROM, Relation.WRITES_TO),
}
_INCOMING = {
    Relation.CALLS: ("function", "endpoint"),
    Relation.READS_FROM: ("bucket",),
    Relation.WRITES_TO: ("bucket",),
    Relation.RUNS_AS: ("role",),
}


def _links(
    config: EstateConfig, number: int, kinds: list[str], links: int, chance: random.Random
) -> Iterator[Item]:
    seen = (Evidence(rule="estate.link", source="estate", resource=f"estate:account:{number:05}"),)
    for _ in range(links):
        place = int(chance.random() * len(kinds))
        source = NodeId(f"arn:estate:{number:05}:thing/{place}")
        if chance.random() < 0.02 or kinds[place] not in _OUTGOING:
            person = NodeId(f"person:{chance.randrange(_people(config))}")
            relation = Relation.OWNED_BY if chance.random() < 0.1 else Relation.USED_BY
            yield Edge(source=source, target=person, relation=relation, evidence=seen)
            continue
        relation = chance.choice(_OUTGOING[kinds[place]])
        if relation is Relation.RUNS_AS and chance.random() < 0.1:
            home = int(chance.random() ** 3 * config.accounts)
            target = NodeId(f"arn:estate:{home:05}:shared-role/{int(chance.random() * 20)}")
            yield Edge(source=source, target=target, relation=relation, evidence=seen)
            continue
        first = place - place % _APPLICATION
        if chance.random() < 0.005:
            first = int(chance.random() * len(kinds)) // _APPLICATION * _APPLICATION
        inside = range(first, min(first + _APPLICATION, len(kinds)))
        others = [one for one in inside if kinds[one] in _INCOMING[relation] and one != place]
        if others:
            target = NodeId(f"arn:estate:{number:05}:thing/{chance.choice(others)}")
            yield Edge(source=source, target=target, relation=relation, evidence=seen)


CONNECTOR = _Estate()
