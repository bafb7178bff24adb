"""The other scanners: how each is installed and run without a network, and what its report says.

Names are mapped to the labels' ids by ``aliases.yaml``, in the peer's favour: any mention of a
provider or framework in a report counts, whatever kind of finding carries it, and a finding that
names a file alone counts for everything of its kind labelled there.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bench.process import run_bounded
from bench.scoring import Item

_LARGEST_PHRASE = 4
_IAC = (".tf", ".tf.json", ".bicep", ".template", ".json", ".yaml", ".yml")
_COMPOSE = re.compile(r"(^|/)(docker-)?compose[^/]*\.ya?ml$")
_IAC_NAME = re.compile(
    r"^[a-z]+_[a-z0-9_]+\.[A-Za-z0-9_-]+$|^AWS::\w+::\w+:\w+$|^Microsoft\.\S+:\w+$"
)
_NAMING_SIGNALS = ("dependency:", "import:", "image:")
_MIXED_GROUPS = {"memory", "tool"}
"""Signatures of many products at once: what was meant stands in the evidence alone."""


def words(text: str) -> list[str]:
    """Lower-case words of a name, CamelCase taken apart: ``AzureOpenAI`` is ``azure open ai``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.findall(r"[a-z0-9]+", text.lower())


class Names:
    """Finds the labels' ids in the names other tools use."""

    def __init__(
        self, aliases: Mapping[str, Iterable[str] | None], ids: Iterable[str] = ()
    ) -> None:
        self._phrases: dict[str, set[str]] = {}
        for name in {*ids, *aliases}:
            more = aliases.get(name, ())
            for phrase in () if more is None else (name, *more):
                joined = "".join(re.findall(r"[a-z0-9]+", phrase.lower()))
                self._phrases.setdefault(joined, set()).add(name)

    def find(self, text: str) -> list[frozenset[str]]:
        """A set of ids a phrase; the longest phrase wins: ``azure openai`` is not ``openai``."""
        written = re.findall(r"[a-z0-9]+", text.lower())
        found = self._scan(written)
        return found or self._scan(words(text))

    def _scan(self, tokens: list[str]) -> list[frozenset[str]]:
        found = []
        at = 0
        while at < len(tokens):
            for size in range(min(_LARGEST_PHRASE, len(tokens) - at), 0, -1):
                ids = self._phrases.get("".join(tokens[at : at + size]))
                if ids:
                    found.append(frozenset(ids))
                    at += size
                    break
            else:
                at += 1
        return found

    def integrations(self, text: str) -> Iterator[Item]:
        for ids in self.find(text):
            yield Item.named("integration", *ids)


def names_from(path: Path, ids: Iterable[str]) -> Names:
    """The table beside this file, and the ids of the labels."""
    return Names(yaml.safe_load(path.read_text(encoding="utf-8")), ids)


def _relative(root: Path, path: str) -> str:
    path = re.sub(r":\d+(-\d+)?$", "", path)
    return path.removeprefix(f"{root}/").removeprefix("./")


def read_nexus(report: dict[str, Any], root: Path, names: Names) -> Iterator[Item]:
    """Findings fold a folder into one; their signatures and evidence values name what is inside."""
    for finding in report["findings"]:
        path = _relative(root, finding["resource"] or "")
        for signature in (*finding["frameworks"], *finding["model_providers"]):
            yield from _nexus_signature(signature, names)
        for evidence in finding["evidence"]:
            signature = evidence.get("signature") or ""
            yield from _nexus_signature(signature, names)
            mixed = signature.partition(".")[0] in _MIXED_GROUPS
            if mixed or evidence["signal"].startswith(_NAMING_SIGNALS):
                yield from names.integrations(str(evidence["attributes"].get("value", "")))
        for model in finding["models"]:
            yield Item.named("model", model)
        for server in finding["metadata"].get("servers") or ():
            yield Item.named("mcp_server", server["name"])
        if finding["title"].startswith("MCP server in"):
            yield Item.named("mcp_server", path.rpartition("/")[2])
        if finding["resource_type"] == "workflow-export":
            yield Item.at("flow", path)
        if finding["resource_type"] == "iac":
            yield from _infrastructure(path)
        if any("gpu" in str(row).lower() for row in finding["evidence"]):
            yield Item.at("compute", path)


def _nexus_signature(signature: str, names: Names) -> Iterator[Item]:
    group, _, name = signature.partition(".")
    if group not in {"heuristic", *_MIXED_GROUPS}:
        yield from names.integrations(name)


def _infrastructure(path: str) -> Iterator[Item]:
    if path.endswith(_IAC) and not _COMPOSE.search(path):
        yield Item.at("resource", path)
        yield Item.at("grant", path)
    yield Item.at("compute", path)


def read_airom(report: dict[str, Any], root: Path, names: Names) -> Iterator[Item]:
    """Components with a kind, a name and a provider."""
    for component in report["components"]:
        kind, name = component["kind"], component["name"]
        if kind in {"application", "prompt", "ai-config", "dataset"}:
            continue
        yield from names.integrations(component.get("provider") or "")
        if "llm" in kind or "model" in kind:
            yield Item.named("model", name)
            if "file" in kind:
                for occurrence in component["evidence"].get("occurrences", ()):
                    yield Item.named("weights", occurrence["location"]["path"])
        else:
            yield from names.integrations(name)


def read_ai_bom(report: dict[str, Any], root: Path, names: Names) -> Iterator[Item]:
    """CycloneDX components; what they are stands in names and in the tool's own properties."""
    for component in report.get("components", ()):
        fields = {
            row["name"].removeprefix("trusera:"): row["value"] for row in component["properties"]
        }
        name = component["name"]
        path = _relative(root, fields.get("source_location", ""))
        yield from names.integrations(fields.get("provider", ""))
        if name.startswith("MCP Server: "):
            yield Item.named("mcp_server", name.removeprefix("MCP Server: "))
        elif _IAC_NAME.match(name):
            yield Item.named("resource", name)
        elif not name.startswith(("Model reference:", "Model file")):
            yield from names.integrations(name)
        if fields.get("model_name"):
            yield Item.named("model", fields["model_name"])
        source = fields.get("source", "")
        if source == "n8n":
            yield Item.at("flow", path)
        if "model_file" in source or name.startswith("Model file"):
            yield Item.named("weights", path)
        if source in {"cloud", "terraform", "cloudformation"}:
            yield from _infrastructure(path)
        if "gpu" in name.lower() or "gpu" in component.get("description", "").lower():
            yield Item.at("compute", path)


def read_cisco(report: dict[str, Any], root: Path, names: Names) -> Iterator[Item]:
    """The components of its deterministic stages."""
    for row in report["components"]:
        kind, name = row["type"], row["name"]
        path = _relative(root, row["path"])
        for text in (
            row["framework"],
            "" if kind in {"model", "prompt", "agent", "tool"} else name,
        ):
            yield from names.integrations(text or "")
        if kind in {"model", "embedding"}:
            yield Item.named("model", row["model"] or name)
        elif kind == "mcp_server":
            yield Item.named("mcp_server", name)
        elif kind == "agent":
            yield Item.named("agent", name)
        elif kind == "model_artifact":
            yield Item.at("weights", path)
        elif kind in {"llm_endpoint", "model_endpoint"}:
            host = urlsplit(row["model"] or "").hostname or ""
            known = list(names.integrations(host))
            yield from known or ([Item.named("endpoint", host)] if "." in host else [])
            yield from _infrastructure(path)


_CISCO_DRIVER = """
import json, sys
from aibom.scan_pipeline import ScanPipeline
found = ScanPipeline([sys.argv[1]]).run().components
rows = [{"type": c.component_type.value, "name": c.name, "framework": c.framework,
         "model": c.model_name, "path": c.file_path} for c in found]
json.dump({"components": rows}, open(sys.argv[2], "w"))
"""
"""Its command line wants a paid model; without one the pipeline still runs its other stages."""


@dataclass(frozen=True)
class Peer:
    """One other scanner."""

    name: str
    requirement: str
    command: Callable[[Path, Path, Path], list[str]]
    """From the environment's ``bin`` folder, the tree and the report's path."""
    read: Callable[[dict[str, Any], Path, Names], Iterator[Item]]

    def install(self, folder: Path) -> Path:
        """Its own environment under ``folder``, made when missing; returns the ``bin`` folder."""
        home = folder / self.name
        programs = home / ("Scripts" if sys.platform == "win32" else "bin")
        if not (home / ".ready").exists():
            venv.create(home, with_pip=True)
            subprocess.run(
                [programs / "python", "-m", "pip", "install", "--quiet", self.requirement],
                check=True,
            )
            (home / ".ready").touch()
        return programs


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "ai-bom",
            "ai-bom==3.6.0",
            lambda programs, tree, report: [
                *(str(programs / "ai-bom"), "scan", str(tree), "--deep", "--quiet"),
                *("--no-telemetry", "--format", "json", "--output", str(report)),
            ],
            read_ai_bom,
        ),
        Peer(
            "airom",
            "airom==0.5.0",
            lambda programs, tree, report: [
                *(str(programs / "airom"), "fs", str(tree), "--offline", "--no-cve", "--quiet"),
                *("--auto-update-rules=false", "--output", f"json={report}"),
            ],
            read_airom,
        ),
        Peer(
            "nexus",
            "NexusShadowScan==0.1.4",
            lambda programs, tree, report: [
                *(str(programs / "shadowscan"), "-q", "code", str(tree)),
                *("--format", "json", "--output", str(report)),
            ],
            read_nexus,
        ),
        Peer(
            "cisco",
            "cisco-aibom==1.10.0",
            lambda programs, tree, report: [
                *(str(programs / "python"), "-c", _CISCO_DRIVER, str(tree), str(report)),
            ],
            read_cisco,
        ),
    )
}


@functools.cache
def offline_prefix() -> tuple[str, ...]:
    """A network namespace without a network, where the system lets an ordinary user make one."""
    program = shutil.which("unshare")
    if program:
        trial = [program, "--user", "--map-root-user", "--net", "true"]
        if subprocess.run(trial, check=False, capture_output=True).returncode == 0:
            return tuple(trial[:-1])
    return ()


def run(peer: Peer, programs: Path, tree: Path, report: Path, limit: float) -> dict[str, Any]:
    """Its report. Raises ``TimeoutExpired`` past ``limit`` seconds, ``ValueError`` without one."""
    done = run_bounded(
        [*offline_prefix(), *peer.command(programs, tree, report)],
        limit=limit,
        cwd=tree,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(report.parent),
            "AI_BOM_TELEMETRY": "0",
            "CI": "1",
            "LANG": "C.UTF-8",
        },
    )
    if not report.exists():
        last = (done.stderr.strip() or done.stdout.strip() or "no report").splitlines()[-1]
        raise ValueError(f"exit {done.returncode}: {last[:200]}")
    parsed: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return parsed
