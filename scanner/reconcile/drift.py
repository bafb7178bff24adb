"""What runs against what was approved, field by field.

Owns which fields are compared and how. What an entry does not state, or a source does not show, is
no drift: silence approves nothing and forbids nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scanner.graph.build import AssetGraph
from scanner.model.evidence import Confidence
from scanner.model.facts import Account, Asset, Relation
from scanner.model.keys import holder_of
from scanner.model.registry import Approved, RegistryEntry, Stage
from scanner.reconcile.checking import is_address, is_mailbox
from scanner.reconcile.keys import address, repository
from scanner.reconcile.norms import Norms
from scanner.reconcile.patterns import fits

_BEFORE_PRODUCTION = (Stage.IDEA, Stage.DEVELOPMENT, Stage.PILOT)
Stated = tuple[str, ...]
_OWNER_TAGS = ("owner", "technicalowner", "businessowner", "serviceowner")


@dataclass(frozen=True)
class Observed:
    """What sources show of one asset, in the words of an envelope; empty: not known."""

    asset: Asset
    models: tuple[str, ...] = ()
    accounts: frozenset[str] = frozenset()
    environment: str = ""
    in_production: bool = False
    production: tuple[str, ...] = ()
    """What production is called (``rules/flows``)."""
    data_classes: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    repository: str = ""
    owners: tuple[str, ...] = ()
    """Addresses in tags that name an owner."""
    norms: Norms = field(default_factory=Norms)


def observe(graph: AssetGraph, asset: Asset, norms: Norms) -> Observed:
    account = graph.account_of(asset.id)
    node = graph.node(account) if account else None
    names = {account, account.rpartition("/")[2], account.rpartition(":")[2]} if account else set()
    holder = holder_of(asset.id) or asset.id
    return Observed(
        asset=asset,
        models=tuple(map(model_name, asset.models)),
        accounts=frozenset(names | ({node.name} if isinstance(node, Account) else set())),
        environment=asset.environment,
        in_production=graph.data.environment(asset.id) == "production",
        production=graph.flow_rules.production,
        data_classes=_data_classes(graph, asset),
        endpoints=tuple(alias for alias in asset.aliases if "://" in alias),
        repository=holder if holder.startswith("git:") else "",
        owners=tuple(_owners(asset)),
        norms=norms,
    )


def model_name(model: str) -> str:
    """The id inside an ARN: ``arn:...:foundation-model/x`` -> ``x``."""
    return model.rpartition("/")[2] if model.startswith("arn:") else model


def _data_classes(graph: AssetGraph, asset: Asset) -> tuple[str, ...]:
    """Of the stores that it reads from or writes to itself. A name alone says too little."""
    stores = {e.target for e in graph.out_edges(asset.id, Relation.READS_FROM, Relation.WRITES_TO)}
    stores |= {e.source for e in graph.in_edges(asset.id, Relation.READS_FROM)}
    return tuple(sorted({
        label.data_class
        for store in stores
        for label in graph.data.labels(store)
        if label.confidence.rank >= Confidence.MEDIUM.rank
    }))  # fmt: skip


def _owners(asset: Asset) -> Iterator[str]:
    for tag, value in sorted(asset.tags.items()):
        plain = "".join(c for c in tag.rpartition(":")[2].casefold() if c.isalpha())
        if plain in _OWNER_TAGS and is_address(value) and not is_mailbox(value):
            yield value.strip().casefold()


def drifts(seen: Observed, entry: RegistryEntry) -> Iterator[str]:
    """``field: observed X, approved Y`` for each field outside what the entry says."""
    yield from outside(seen, entry.approved)
    if seen.in_production and entry.stage in _BEFORE_PRODUCTION:
        yield f"stage: observed production, registered {entry.stage}"
    named = {entry.owner.casefold(), *(owner.ref.casefold() for owner in entry.owners)} - {""}
    people = {ref for ref in named if is_address(ref) and not is_mailbox(ref)}
    if seen.owners and people and people == named and not set(seen.owners) & people:
        yield _says("owner", ", ".join(seen.owners), sorted(people))


def outside(seen: Observed, approved: Approved) -> Iterator[str]:
    """What of an asset lies outside an envelope: an entry's, or the organization's."""
    for stated_in, (name, strange) in _COMPARED.items():
        stated = getattr(approved, stated_in)
        found = strange(seen, stated) if stated is not None else ()
        if found:
            yield _says(name, ", ".join(found), stated)


def _providers(seen: Observed, stated: Stated) -> Sequence[str]:
    known = {seen.norms.provider(name) for name in stated} | {""}
    return [name for name in [seen.asset.provider] if name not in known]


def _models(seen: Observed, stated: Stated) -> Sequence[str]:
    return [model for model in seen.models if not fits(model, stated)]


def _regions(seen: Observed, stated: Stated) -> Sequence[str]:
    return [name for name in [seen.asset.region] if name and not fits(name, stated)]


def _environments(seen: Observed, stated: Stated) -> Sequence[str]:
    known = {_environment(name, seen.production) for name in stated} | {""}
    return [n for n in [seen.environment] if _environment(n, seen.production) not in known]


def _environment(name: str, production: Stated) -> str:
    """All that production is called is one."""
    plain = name.strip().casefold()
    return "production" if plain in production else plain


def _accounts(seen: Observed, stated: Stated) -> Sequence[str]:
    if not seen.accounts or seen.accounts & set(stated):
        return ()
    return [min(seen.accounts, key=len)]


def _classes(seen: Observed, stated: Stated) -> Sequence[str]:
    known = {seen.norms.data_class(name) for name in stated}
    return [name for name in seen.data_classes if name not in known]


def _endpoints(seen: Observed, stated: Stated) -> Sequence[str]:
    globs = [address(glob) if "://" in glob else glob for glob in stated]
    return [uri for uri in seen.endpoints if not fits(address(uri), globs)]


def _repositories(seen: Observed, stated: Stated) -> Sequence[str]:
    globs = [repository(glob) for glob in stated]
    return [r for r in [seen.repository] if r and not fits(repository(r), globs)]


_COMPARED: dict[str, tuple[str, Callable[[Observed, Stated], Sequence[str]]]] = {
    "providers": ("provider", _providers),
    "models": ("model", _models),
    "regions": ("region", _regions),
    "environments": ("environment", _environments),
    "accounts": ("account", _accounts),
    "data_classes": ("data_class", _classes),
    "endpoints": ("endpoint", _endpoints),
    "repositories": ("repository", _repositories),
}
"""Field of the envelope -> what a finding calls it, and what of an asset lies outside."""


def _says(what: str, observed: str, approved: Iterable[str]) -> str:
    return f"{what}: observed {observed}, approved {', '.join(approved)}"
