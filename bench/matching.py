"""How well and how fast assets are matched with a registry, on labelled data.

    python bench/matching.py [--assets 100000] [--entries 10000] [--titles FEDERAL.csv]
    python bench/matching.py --titles 2025.csv --earlier 2024.csv

The first makes a registry and an estate with a known truth: a share of the assets is bound exactly,
declared, matched by a pattern or derived; the others have their entry's name as machines write it
(slugs, abbreviations, acronyms, words lost, typos, cut off, tails), or are shadow AI with names of
the same making. ``--titles`` takes names from the inventory of the US federal agencies; without it
they are made of word lists. Weights and thresholds were chosen with seed 10; another
one is printed.

The second matches two years of that inventory by name, bureau and agency alone. Its labels are
silver: systems of one agency whose purpose is told in nearly the same words in both years.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import matching_names as making
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.facts import Asset, AssetClass, Edge, Fact, Relation
from scanner.model.registry import (
    Approved,
    Binding,
    BindingType,
    MatchClass,
    RegistryEntry,
)

_SHARD = ShardId("bench:1")
_PROVIDERS = ("openai", "aws_bedrock", "aws_sagemaker", "azure_openai", "anthropic", "mistral")
SHADOW = 0.5
"""Share of the assets that nobody registered."""
_BY = (("exact", 0.1), ("declared", 0.06), ("pattern", 0.04), ("derived", 0.1), ("name", 0.7))


def make(assets: int, entries: int, titles: list[str], seed: int = 10):  # type: ignore[no-untyped-def]
    """(entries, facts, truth, by): asset -> entry or nothing; asset -> how it is registered."""
    draw = random.Random(seed)
    units = making.units(draw, 60)
    people = [f"{name}@acme.example" for name in making.people(draw, 900)]
    names = making.titles(draw, titles, entries + assets // 8)
    registered, strange = names[:entries], names[entries:]
    registry: list[RegistryEntry] = []
    facts: list[Fact] = []
    truth: dict[str, str] = {}
    by: dict[str, str] = {}
    living = _living(draw, registered, units, people)
    for number, (name, unit, owner, provider) in enumerate(living):
        registry.append(
            RegistryEntry(
                id=f"E-{number:05d}", name=name, business_unit=unit, owner=owner,
                approved=Approved(providers=(provider,)),
                bindings=tuple(_bindings(number)),
            )
        )  # fmt: skip
    for number in range(assets):
        ident = f"x:acme/asset/{number:06d}"
        if draw.random() < SHADOW:
            name, unit, owner, provider = _stranger(draw, strange, units, people)
            entry, how = "", "shadow"
        else:
            at = draw.randrange(entries)
            name, unit, owner, provider = living[at]
            entry = registry[at].id
            how = draw.choices([w for w, _ in _BY], [p for _, p in _BY])[0]
        shown = making.mangled(draw, name) if how in ("name", "shadow") else making.noise(draw)
        tags: dict[str, str] = {}
        if draw.random() < 0.8:
            tags["department"] = making.unit_as_tag(draw, unit)
        if draw.random() < 0.35:
            tags["owner"] = owner
        if how == "exact":
            ident = f"x:acme/bound/{at}/{number}"
        elif how == "declared":
            tags["ai-registry-id"] = entry
        elif how == "pattern":
            ident = f"x:acme/p{at:05d}/{number}"
        elif how == "derived":
            facts.append(_asset(f"{ident}/endpoint", "x", provider, {"ai-registry-id": entry}))
            facts.append(_edge(f"{ident}/endpoint", ident))
        facts.append(_asset(ident, shown, provider, tags))
        truth[ident], by[ident] = entry, how
    exact = {i for i, how in by.items() if how == "exact"}
    for ident in exact:
        at = int(ident.split("/")[2])
        bound = Binding(type=BindingType.ID, value=ident)
        registry[at] = _with(registry[at], bound)
    return registry, facts, truth, by


def _with(entry: RegistryEntry, binding: Binding) -> RegistryEntry:
    import msgspec

    return msgspec.structs.replace(entry, bindings=(*entry.bindings, binding))


def _bindings(number: int) -> Iterator[Binding]:
    yield Binding(type=BindingType.PATTERN, value=f"x:acme/p{number:05d}/*")


def _living(draw, names, units, people):  # type: ignore[no-untyped-def]
    return [(n, draw.choice(units), draw.choice(people), draw.choice(_PROVIDERS)) for n in names]


def _stranger(draw, names, units, people):  # type: ignore[no-untyped-def]
    return draw.choice(names), draw.choice(units), draw.choice(people), draw.choice(_PROVIDERS)


def _asset(ident: str, name: str, provider: str, tags: dict[str, str]) -> Asset:
    return Asset(
        id=NodeId(ident), kind="bench.asset", name=name, provider=provider, tags=tags,
        asset_class=AssetClass.WORKLOAD,
    )  # fmt: skip


def _edge(source: str, target: str) -> Edge:
    return Edge(source=NodeId(source), target=NodeId(target), relation=Relation.SERVES)


def estate(args: argparse.Namespace) -> dict[str, object]:
    from scanner.reconcile.match import build_index, match_all

    titles = _titles(args.titles) if args.titles else []
    registry, facts, truth, by = make(args.assets, args.entries, titles, args.seed)
    graph = AssetGraph((_SHARD, fact, True) for fact in facts)
    del facts
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began, cpu = time.perf_counter(), time.process_time()
    found = match_all(graph, build_index(registry, {p: p for p in _PROVIDERS}))
    wall, busy = time.perf_counter() - began, time.process_time() - cpu
    return {
        "assets": args.assets,
        "entries": args.entries,
        "seconds": round(wall, 1),
        "cpu_seconds": round(busy, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "mib_before_matching": before,
        **score(found, truth, by),
    }


def score(found, truth, by):  # type: ignore[no-untyped-def]
    """Automatic links and suggestions apart; abstention is neither right nor
    wrong."""
    links: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for ident, entry in truth.items():
        matches = found.get(ident, ())
        linked = [m for m in matches if m.match_class.links]
        if linked:
            links["right" if linked[0].entry == entry else "wrong"] += 1
            continue
        if by[ident] in ("exact", "declared", "pattern", "derived"):
            links["missed"] += 1
            continue
        said["registered"] += bool(entry)
        likely = [m for m in matches if m.match_class is MatchClass.PROBABLE]
        rivals = [m for m in matches if m.match_class is MatchClass.ABSTAINED]
        if likely:
            said["right" if likely[0].entry == entry else "wrong"] += 1
        elif rivals:
            said["abstained"] += 1
            said["abstained_among_them"] += any(m.entry == entry for m in rivals)
        elif entry:
            said["missed"] += 1
    right, wrong = said["right"], said["wrong"]
    return {
        "links": dict(links),
        "link_precision": round(links["right"] / max(1, links["right"] + links["wrong"]), 4),
        "suggestions": dict(said),
        "suggestion_precision": round(right / max(1, right + wrong), 4),
        "suggestion_recall": round(right / max(1, said["registered"]), 4),
    }


def _titles(path: Path) -> list[str]:
    return [row["use_case_name"] for row in _rows(path) if row.get("use_case_name", "").strip()]


def _rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def years(args: argparse.Namespace) -> dict[str, object]:
    """The later year's systems as assets, the earlier year's as the registry."""
    from bench.matching_years import compare

    return compare(_rows(args.earlier), _rows(args.titles))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--titles", type=Path)
    parser.add_argument("--earlier", type=Path)
    args = parser.parse_args()
    print(json.dumps(years(args) if args.earlier else estate(args), indent=2))


if __name__ == "__main__":
    main()
