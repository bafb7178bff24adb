"""How long the graph's questions take on made-up estates, and how much memory: ours and others.

    python -m bench.graph [--nodes 100000] [--engines kernel,facts,networkx,ladybug]

One estate of ten kinds of nodes and five edges a node, popularity skewed as in real ones: accounts
that hold roles, functions, stores and AI; repositories with keys; people and teams; providers. Each
engine answers in a process of its own, so that the peak of its memory is its own; what they answer
is compared. ``kernel`` starts from columns, ``facts`` from a state's facts as the command does, and
lists every flow and exposure. ``ladybug`` stands for the way that keeps the graph in a database and
asks in Cypher (Cartography's); the extra ``dev`` installs it.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scanner.graph.build import AssetGraph
from scanner.graph.flows import data_flows
from scanner.graph.kernel import Kernel, only_in
from scanner.graph.ownership import OwnerBook
from scanner.graph.questions import blast_radius, exposure, neighbours, paths, why
from scanner.graph.steps import ANY, CONTROL, FLOW, UPWARD, Step, Walk
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    DataStore,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)

KINDS = ("unit", "person", "account", "repository", "role", "compute", "store", "ai", "provider",
         "key")  # fmt: skip
SHARES = (0.001, 0.12, 0.004, 0.03, 0.12, 0.3, 0.15, 0.2, 0.0003, 0.0747)
RULES = (
    ("unit", Step.HOLDS, "account", 0.005),
    ("account", Step.HOLDS, "compute", 0.30),
    ("account", Step.HOLDS, "store", 0.15),
    ("account", Step.HOLDS, "role", 0.12),
    ("account", Step.HOLDS, "ai", 0.14),
    ("repository", Step.HOLDS_PART, "ai", 0.06),
    ("compute", Step.RUNS_AS, "role", 0.9),
    ("role", Step.READS_FROM, "store", 0.9),
    ("ai", Step.READS_FROM, "store", 0.5),
    ("ai", Step.CALLS, "provider", 0.25),
    ("ai", Step.USES_KEY, "key", 0.2),
    ("key", Step.KEY_STORED_IN, "repository", 0.15),
    ("ai", Step.USED_BY, "person", 0.45),
    ("compute", Step.CALLS, "ai", 0.3),
    ("compute", Step.WRITES_TO, "store", 0.3),
    ("role", Step.OPENED_BY_KEY, "key", 0.2),
    ("repository", Step.RUNS_AS, "role", 0.02),
    ("ai", Step.RUNS_AS, "role", 0.15),
    ("account", Step.OWNED_BY, "person", 0.01),
    ("repository", Step.OWNED_BY, "person", 0.05),
)
"""Edges a node of the whole graph."""


class Estate:
    def __init__(self, nodes: int) -> None:
        chance = np.random.default_rng(7)
        self.size = nodes
        ends = np.cumsum([0, *(max(1, int(nodes * share)) for share in SHARES)])
        ends[-1] = nodes
        self.range = {kind: (int(ends[n]), int(ends[n + 1])) for n, kind in enumerate(KINDS)}
        parts = []
        for source, step, target, share in RULES:
            count = int(nodes * share)
            parts.append((self._ends(chance, source, count, skewed=False),
                          self._ends(chance, target, count, skewed=True),
                          np.full(count, step, np.int8)))  # fmt: skip
        self.source, self.target, self.step = (
            np.concatenate([part[place] for part in parts]).astype(kind)
            for place, kind in ((0, np.int32), (1, np.int32), (2, np.int8))
        )
        low, high = self.range["store"]
        self.sensitive = np.arange(low, high, 100)
        low, high = self.range["ai"]
        self.public = np.arange(low, high, 200)
        self.keys = np.arange(*self.range["key"])[:10]
        self.provider = self.range["provider"][0]

    def _ends(self, chance: Any, kind: str, count: int, *, skewed: bool) -> Any:
        low, high = self.range[kind]
        where = chance.random(count)
        return low + ((where**3 if skewed else where) * (high - low)).astype(np.int64)

    def owned(self) -> Any:
        return np.unique(self.source[self.step == Step.OWNED_BY])


def measured(answers: dict[str, Callable[[], object]]) -> dict[str, Any]:
    """Processor seconds: the machine may be shared."""
    found: dict[str, Any] = {}
    for name, ask in answers.items():
        start = time.process_time()
        answer = ask()
        found[name] = (round(time.process_time() - start, 3), answer)
    return found


def by_kernel(estate: Estate) -> dict[str, Any]:
    kernel = Kernel(estate.size, estate.source, estate.target, estate.step)
    later = np.random.default_rng(8).random(len(estate.source)) > 0.01
    older = Kernel(estate.size, estate.source[later], estate.target[later], estate.step[later])
    low, high = estate.range["provider"]

    def build() -> None:
        for one in (FLOW, CONTROL, UPWARD, ANY):
            kernel.rows(one)

    def reached(starts: Any, walk: Walk, ends: tuple[int, int]) -> int:
        hops = kernel.reach(starts, walk).hops
        return int((hops[ends[0] : ends[1]] >= 0).sum())

    def exposure() -> int:
        tree = kernel.reach(estate.public, CONTROL)
        return sum(1 for store in estate.sensitive if tree.path(int(store)))

    return measured(
        {
            "build": build,
            "owners": lambda: len(kernel.reach(estate.owned(), UPWARD).reached),
            "flows": lambda: reached(estate.sensitive, FLOW, (low, high)),
            "blast-radius x10": lambda: sum(
                len(kernel.reach([int(key)], CONTROL).reached) for key in estate.keys
            ),
            "exposure": exposure,
            "paths": lambda: len(kernel.paths(estate.sensitive, [estate.provider], FLOW, 5)[0]),
            "why": lambda: len(kernel.paths([int(estate.keys[0])], [estate.provider], ANY, 1)[0]),
            "neighbours": lambda: len(kernel.reach([estate.provider], ANY, 1).reached),
            "diff": lambda: len(only_in(kernel.marks(), older.marks())),
        }
    )


RELATIONS = {
    Step.HOLDS: Relation.CONTAINS, Step.HOLDS_PART: Relation.CONTAINS,
    Step.RUNS_AS: Relation.RUNS_AS, Step.READS_FROM: Relation.READS_FROM,
    Step.CALLS: Relation.CALLS, Step.USES_KEY: Relation.AUTHENTICATES_WITH,
    Step.OPENED_BY_KEY: Relation.AUTHENTICATES_WITH, Step.KEY_STORED_IN: Relation.STORED_IN,
    Step.USED_BY: Relation.USED_BY, Step.WRITES_TO: Relation.WRITES_TO,
    Step.OWNED_BY: Relation.OWNED_BY,
}  # fmt: skip
_SEEN = (Evidence(rule="r", source="bench"),)


def _fact(estate: Estate, number: int, kind: str) -> Fact:
    ident, name = NodeId(_ident(number, kind)), f"{kind}-{number}"
    if kind == "store":
        label = "pii" if number % 100 == estate.sensitive[0] % 100 else ""
        return DataStore(id=ident, kind="t.bucket", name=f"b{number}", classification=label,
                         evidence=_SEEN)  # fmt: skip
    if kind in ("person", "role"):
        mail = f"{name}@x.example" if kind == "person" else ""
        who = PrincipalType.HUMAN if mail else PrincipalType.SERVICE
        return Identity(id=ident, kind=f"t.{kind}", name=name, email=mail, evidence=_SEEN,
                        principal_type=who)  # fmt: skip
    if kind == "key":
        return Credential(id=ident, kind="credential.x", name=name, issuer="openai",
                          fingerprint=str(number), evidence=_SEEN)  # fmt: skip
    if kind in ("account", "unit"):
        return Account(id=ident, kind="t.account", name=name, provider="t", evidence=_SEEN)
    is_open = kind == "ai" and number % 200 == estate.public[0] % 200
    said = ("public",) if is_open else ()
    return Asset(id=ident, kind=f"t.{kind}", name=name, asset_class=AssetClass.WORKLOAD,
                 is_ai=kind == "ai", exposure=said, evidence=_SEEN)  # fmt: skip


def _ident(number: int, kind: str) -> str:
    return f"provider:p{number}" if kind == "provider" else f"arn:t:{kind}:eu-west-1::{number:08}"


def by_facts(estate: Estate) -> dict[str, Any]:
    """The whole way that the command takes, from the facts of a state on."""
    kinds = [kind for kind in KINDS for _ in range(*estate.range[kind])]
    facts: list[Fact] = [
        _fact(estate, number, kind) for number, kind in enumerate(kinds) if kind != "provider"
    ]
    ends = [NodeId(_ident(number, kind)) for number, kind in enumerate(kinds)]
    rows = zip(estate.source.tolist(), estate.target.tolist(), estate.step.tolist(), strict=True)
    facts += [
        Edge(source=ends[source], target=ends[target], relation=RELATIONS[Step(step)],
             evidence=_SEEN)
        for source, target, step in rows
    ]  # fmt: skip
    made: dict[str, AssetGraph] = {}

    def build() -> None:
        made["graph"] = AssetGraph((ShardId("s"), fact, True) for fact in facts)
        for one in (FLOW, CONTROL, UPWARD, ANY):
            made["graph"].columns.kernel.rows(one)

    def owners() -> int:
        book = OwnerBook(made["graph"])
        return sum(bool(book.owners(asset.id)) for asset in made["graph"].assets())

    keys = [ends[int(key)] for key in estate.keys]
    provider, sensitive = ends[estate.provider], ends[int(estate.sensitive[0])]
    return measured(
        {
            "build": build,
            "owners of all AI": owners,
            "flows, each": lambda: len(data_flows(made["graph"])),
            "keys x10": lambda: sum(len(blast_radius(made["graph"], key).things) for key in keys),
            "exposure, each": lambda: len(exposure(made["graph"])),
            "paths, best 5": lambda: len(paths(made["graph"], [sensitive], [provider])),
            "why": lambda: len(why(made["graph"], keys[0], provider).related),
            "neighbours": lambda: 1 + len(neighbours(made["graph"], provider).things),
        }
    )  # fmt: skip


def by_networkx(estate: Estate) -> dict[str, Any]:
    import networkx as nx

    views: dict[str, Any] = {}

    def build() -> None:
        for one in (FLOW, CONTROL, UPWARD, ANY):
            view = views[one.name] = nx.DiGraph()
            view.add_nodes_from(range(estate.size))
            for bits, tail, head in ((one.forward, estate.source, estate.target),
                                     (one.backward, estate.target, estate.source)):  # fmt: skip
                taken = np.array([bool(bits >> step & 1) for step in range(128)])[estate.step]
                view.add_edges_from(zip(tail[taken].tolist(), head[taken].tolist(), strict=True))

    def from_all(starts: Any, walk: Walk) -> dict[int, int]:
        view = views[walk.name]
        hops = {int(start): 0 for start in starts}
        front = list(hops)
        while front:
            after = []
            for node in front:
                for other in view._adj[node]:
                    if other not in hops:
                        hops[other] = hops[node] + 1
                        after.append(other)
            front = after
        return hops

    low, high = estate.range["provider"]
    return measured(
        {
            "build": build,
            "owners": lambda: len(from_all(estate.owned(), UPWARD)),
            "flows": lambda: sum(low <= node < high for node in from_all(estate.sensitive, FLOW)),
            "blast-radius x10": lambda: sum(
                1 + len(nx.descendants(views[CONTROL.name], int(key))) for key in estate.keys
            ),
            "exposure": lambda: sum(
                int(store) in found
                for found in [from_all(estate.public, CONTROL)]
                for store in estate.sensitive
            ),
            "paths": lambda: 1 + from_all(estate.sensitive, FLOW)[estate.provider],
            "why": lambda: len(
                nx.bidirectional_shortest_path(
                    views[ANY.name], int(estate.keys[0]), estate.provider
                )
            ),
            "neighbours": lambda: 1 + len(set(views[ANY.name][estate.provider])),
        }
    )  # fmt: skip


def by_ladybug(estate: Estate) -> dict[str, Any]:
    import ladybug

    with tempfile.TemporaryDirectory(prefix="bench-graph-") as name:
        folder = Path(name)
        base = ladybug.Connection(ladybug.Database(str(folder / "graph.db")))

        def ask(text: str) -> int:
            return int(base.execute(text).get_all()[0][0])

        def build() -> None:
            base.execute("CREATE NODE TABLE N(id INT64, PRIMARY KEY(id))")
            base.execute("CREATE REL TABLE FLOW(FROM N TO N)")
            base.execute("CREATE REL TABLE CONTROL(FROM N TO N)")
            with (folder / "n.csv").open("w") as file:
                file.writelines(f"{number}\n" for number in range(estate.size))
            base.execute(f"COPY N FROM '{folder}/n.csv'")
            for one, table in ((FLOW, "FLOW"), (CONTROL, "CONTROL")):
                rows: set[tuple[int, int]] = set()
                for bits, tail, head in ((one.forward, estate.source, estate.target),
                                         (one.backward, estate.target, estate.source)):  # fmt: skip
                    taken = np.array([bool(bits >> step & 1) for step in range(128)])[estate.step]
                    rows |= set(zip(tail[taken].tolist(), head[taken].tolist(), strict=True))
                with (folder / f"{table}.csv").open("w", newline="") as file:
                    csv.writer(file).writerows(sorted(rows))
                base.execute(f"COPY {table} FROM '{folder}/{table}.csv'")

        def blast(key: int) -> int:
            return 1 + ask(
                f"MATCH (a:N {{id: {key}}})-[e:CONTROL* SHORTEST 1..20]->(b:N) "
                f"WHERE b.id <> {key} RETURN count(DISTINCT b.id)"
            )

        low, high = estate.range["provider"]
        return measured(
            {
                "build": build,
                "flows": lambda: ask(
                    f"MATCH (a:N)-[e:FLOW* SHORTEST 1..20]->(b:N) WHERE a.id IN "
                    f"{estate.sensitive.tolist()} AND b.id >= {low} AND b.id < {high} "
                    "RETURN count(DISTINCT b.id)"
                ),
                "blast-radius x10": lambda: sum(blast(int(key)) for key in estate.keys),
            }
        )


ENGINES = {"kernel": by_kernel, "facts": by_facts, "networkx": by_networkx, "ladybug": by_ladybug}


def child(engine: str, nodes: int) -> None:
    estate = Estate(nodes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = ENGINES[engine](estate)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"edges": len(estate.source), "before": before >> 10, "peak": peak >> 10,
                      "answers": answers}))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--engines", default="kernel,facts,networkx,ladybug")
    parser.add_argument("--only", choices=sorted(ENGINES))
    given = parser.parse_args()
    if given.only:
        child(given.only, given.nodes)
        return
    seen: dict[str, object] = {}
    for engine in given.engines.split(","):
        command = [sys.executable, "-m", "bench.graph", "--only", engine,
                   "--nodes", str(given.nodes)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
        if done.returncode:
            print(f"{engine}: {done.stderr.strip().splitlines()[-1]}")
            continue
        told = json.loads(done.stdout)
        answers = told["answers"]
        print(f"{engine}: {given.nodes:,} nodes, {told['edges']:,} edges, "
              f"{sum(seconds for seconds, _ in answers.values()):.2f} s, peak {told['peak']} MB "
              f"({told['before']} MB with the estate alone)")  # fmt: skip
        for name, (seconds, answer) in answers.items():
            same = "" if seen.setdefault(name, answer) == answer else f"  DIFFERS: {seen[name]}"
            print(f"  {name:18} {seconds:9.3f} s   {answer if answer is not None else ''}{same}")


if __name__ == "__main__":
    main()
