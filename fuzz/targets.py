"""Target -> what reads the bytes, and which errors are an answer. Anything else is a finding:
another exception, memory or time without bound, or a promise that does not hold.

A target that takes files has the file's name first, then a NUL.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from connectors.aws.iam.documents import Malformed, statements
from connectors.logs.flow_lines import FlowLayout, flow_formats, layout_of
from connectors.logs.installed import inventory_of
from connectors.logs.lines import Layout
from fuzz import clouds
from fuzz.answers import answered
from fuzz.exports import exported
from scanner.app.config import load
from scanner.app.deploying import admitted
from scanner.app.plans import planned
from scanner.assess import baseline
from scanner.detect.engine import Detector
from scanner.detect.suppress import parse as ignore_file
from scanner.kit.archives import Bounds, Member, members
from scanner.kit.git.deltas import Deltas
from scanner.kit.git.owners import code_owners
from scanner.kit.git.packs import BrokenPack, open_pack
from scanner.kit.json_stream import Broken, Window, records
from scanner.kit.references.grammar import written
from scanner.kit.text import as_text
from scanner.model.errors import (
    ConfigError,
    RegistryError,
    ShadowAIError,
    SourceError,
    Unavailable,
)
from scanner.model.items import Gap
from scanner.reconcile import inventory
from scanner.reconcile.html_tables import rows_of
from scanner.reconcile.mapped import map_records
from scanner.rulebook.load import Rulebook
from scanner.rulebook.load import load as load_rules
from scanner.rulebook.mapping import RegistryMap, bundled_maps

_BOUNDS = Bounds(depth=3, members=200, total_mib=8, member_mib=2, ratio=200)
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".yaml", ".xlsx", ".html")


@dataclass(frozen=True)
class Target:
    """``seeds``: tests whose samples are the first inputs, as globs below ``tests``; ``names``: of
    files, where the target takes them."""

    read: Callable[[bytes], object]
    answers: tuple[type[BaseException], ...] = ()
    seeds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __call__(self, data: bytes) -> None:
        with suppress(*self.answers):
            self.read(data)


@cache
def _rules() -> Rulebook:
    return load_rules()


@cache
def _detector() -> Detector:
    return Detector(_rules(), b"made-up-for-fuzzing-0123456789", "re")


@cache
def _maps() -> tuple[RegistryMap, ...]:
    return tuple(bundled_maps())


def _named(data: bytes) -> tuple[str, bytes]:
    name, _, rest = data.partition(b"\0")
    return name.decode("utf-8", "replace")[:200] or "a", rest


def _code(data: bytes) -> None:
    path, text = _named(data)
    first = _detector().examine(text, path, ("credentials", "usage"))
    whole = max(len(text), len(as_text(text) or b""), 1)
    assert all(0 <= hit.start <= hit.end <= whole for hit in first)
    assert _detector().examine(text, path, ("credentials", "usage")) == first


def _logs(data: bytes) -> None:
    layout = Layout(day=20261231)
    layout.begin(data[:4096])
    for line in data.split(b"\n"):
        for record in layout.records(line):
            assert record.port >= 0


def _flows(data: bytes) -> None:
    """As it begins, and as each format would take its lines."""
    found = layout_of(data)
    others = (FlowLayout(one, one.columns or ("a", "b", "c"), ",") for one in flow_formats())
    for layout in (*([found] if found else []), *others):
        for entry in data.split(layout.mark)[:50]:
            for flow in layout.flows(entry):
                assert min(flow.sent, flow.received, flow.start, flow.end, flow.count) >= 0


def _inventory(data: bytes) -> None:
    layout = inventory_of(data)
    if layout is None:
        return
    for line in data.split(b"\n")[:50]:
        for thing in layout.records(line):
            assert thing.count > 0
    if layout.format.shape == "document":
        list(layout.document(data))


def _written(data: bytes, name: str, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        read(path)


def _registry(data: bytes) -> None:
    name, text = _named(data)
    ending = next((one for one in _TABLES if name.endswith(one)), ".csv")
    _written(text, f"registry{ending}", lambda path: inventory.read([path]))


def _json_stream(data: bytes) -> None:
    """An array that is JSON is told as it is, an element at a time."""
    told = list(records(Window(data[:7], io.BytesIO(data[7:])), lambda name, is_first: is_first))
    whole = json.loads(data)
    if isinstance(whole, list) and repr(told) != repr(whole):
        raise AssertionError("an element at a time tells something else")


def _mapped(data: bytes) -> None:
    found = json.loads(data)
    records = found if isinstance(found, list) else [found]
    rows = [("fuzz", row) for row in records if isinstance(row, Mapping)]
    for how in _maps():
        map_records(rows, how, "fuzz")


def _plan(data: bytes) -> None:
    plan = json.loads(data)
    if isinstance(plan, dict):
        planned(plan, _rules().norms.embedded)


def _admission(data: bytes) -> None:
    review = json.loads(data)
    if isinstance(review, dict):
        list(admitted(review))


def _archives(data: bytes) -> None:
    name, text = _named(data)
    total = 0
    for one in members(name, text, _BOUNDS):
        assert isinstance(one, Member | Gap)
        total += len(one.data) if isinstance(one, Member) else 0
    assert total <= (_BOUNDS.total_mib + 1) << 20


def _delta(data: bytes) -> None:
    made = Deltas([0], [data], 16)
    base, size = made.sizes(0)
    if 0 <= base <= 1 << 16 and size <= 1 << 16:
        assert len(made.applied(0, bytes(base))) == size
        made.copies(0)
        made.spans(0)


def _pack(data: bytes) -> None:
    """An index and its pack, the index's length first."""
    length = int.from_bytes(data[:4], "big")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack-1.idx").write_bytes(data[4 : 4 + length])
        (Path(folder) / "pack-1.pack").write_bytes(data[4 + length :])
        pack = open_pack(Path(folder) / "pack-1.pack", use_native=False)
        assert len(pack) >= 0


def _policy(data: bytes) -> None:
    statements(data.decode("utf-8", "replace"))
    statements(data.decode("utf-8", "replace"), is_trust=True)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    def of_bytes(data: bytes) -> object:
        found: Any = read(data.decode("utf-8", "replace"))
        return list(found) if isinstance(found, Iterator) else found

    return of_bytes


_NOT_JSON = (json.JSONDecodeError, UnicodeDecodeError, RecursionError)
_FILES = (
    "app.py", "app.ts", "Main.java", "main.go", "app.rb", "x.cs", "x.php", "x.rs", "x.kt",
    "n.ipynb", "main.tf", "main.bicep", "template.yaml", "template.json", "cdk.out/tree.json",
    "pod.yaml", "Dockerfile", "docker-compose.yml", ".github/workflows/ci.yml", ".gitlab-ci.yml",
    "Jenkinsfile", "requirements.txt", "pyproject.toml", "poetry.lock", "uv.lock", "package.json",
    "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "go.mod", "pom.xml", "build.gradle",
    "Cargo.lock", "Gemfile.lock", "composer.lock", "x.csproj", "application.yml",
    "application.properties", ".env", "query.sql", ".mcp.json", "AGENTS.md", "CLAUDE.md",
    ".claude/settings.json", ".cursor/mcp.json", "agent.json", ".well-known/agent.json",
    "langgraph.json", "flow.json", "workflow.json", "litellm.yaml", "model.safetensors",
    "model.gguf", "model.onnx", "model.pkl", "model.h5", "manifest.json", "settings.json",
    "Modelfile", "script.sh", "run.ps1",
)  # fmt: skip

TARGETS: Mapping[str, Target] = {
    "answers": Target(answered, (SourceError,)),
    **{name: Target(partial(clouds.answered, name)) for name in clouds.GROUPS},
    "exports": Target(exported, (SourceError,)),
    "code": Target(_code, (), ("detect/**/*.py",), _FILES),
    "logs": Target(_logs, (), ("connectors/logs/*.py",)),
    "flows": Target(_flows, (Unavailable,), ("connectors/logs/*.py",)),
    "inventories": Target(_inventory, (Unavailable,), ("connectors/logs/*.py",)),
    "registry": Target(_registry, (ShadowAIError,), ("reconcile/*.py",), _TABLES),
    "mapped": Target(_mapped, (*_NOT_JSON, RegistryError), ("reconcile/*.py",)),
    "json-stream": Target(_json_stream, (Broken, *_NOT_JSON), ("kit/test_json_stream.py",)),
    "html-tables": Target(_text(rows_of), (), ("reconcile/*.py",)),
    "baseline": Target(
        lambda data: _written(data, "b.json", baseline.read), (ConfigError,), ("assess/*.py",)
    ),
    "plan": Target(_plan, (*_NOT_JSON, ValueError), ("cli/*.py", "app/*.py")),
    "admission": Target(_admission, (*_NOT_JSON, ValueError), ("cli/*.py",)),
    "archives": Target(
        _archives, (), (), ("a.zip", "a.tar", "a.tgz", "a.gz", "a.xz", "a.bz2", "a.whl", "a.jar")
    ),
    "delta": Target(_delta),
    "pack": Target(_pack, (BrokenPack, OSError)),
    "config": Target(
        lambda data: _written(data, "c.toml", load), (ShadowAIError,), ("app/*.py", "cli/*.py")
    ),
    "code-owners": Target(_text(code_owners), (), ("kit/git/*.py", "graph/*.py")),
    "ignore-file": Target(_text(ignore_file), (), ("app/test_suppression.py",)),
    "policy": Target(_policy, (Malformed,), ("connectors/aws/*.py",)),
    "reference": Target(_text(written), (ValueError,), ("kit/references/*.py",)),
}
STRUCTURED = frozenset({"answers", *clouds.GROUPS})
"""Whose inputs end in an answer of an API, which is bent as what it is (:mod:`fuzz.bending`)."""
