"""How much of the AI in real repositories a scanner reports, and how much it reports in error.

    python -m bench.detection --repos FOLDER [--peers ai-bom,airom,nexus,cisco --venvs FOLDER]

For every file in ``bench/labels`` the labelled commit's tree, without its history, is given to the
scanner as a whole process; what it reports at medium confidence or better in production-like places
is compared with the label. Recall: assets found of assets labelled. Precision: things reported that
are assets, of all things reported but those the label calls optional. Peers are run on the same
trees and read generously (see ``bench/peers.py``). Nothing is fetched: the checkouts must be there,
one folder ``<owner>+<name>`` each, and what is missing is said.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bench.peers import PEERS, Names, Peer, names_from, run
from bench.process import run_bounded
from bench.scoring import EXTRA, KINDS, Item, Label, Outcome, Tally, read_label, score, total

HERE = Path(__file__).parent
OURS = "shadow-ai"

_FRAGMENTS = {
    "ai": "integration",
    "mcp": "mcp_server",
    "endpoint": "endpoint",
    "resource": "resource",
    "weights": "weights",
    "flow": "flow",
    "compute": "compute",
    "grant": "grant",
    "agent": "agent",
}
_CONFIDENCE = ("low", "medium", "high", "certain")
_ASIDE = {"test", "example", "documentation", "vendored", "generated", "comment", "history"}
_COLUMN = 13


def export(checkout: Path, target: Path) -> None:
    """The tracked files that are in the work tree; links stay links."""
    listed = subprocess.run(
        ["git", "-C", str(checkout), "ls-files", "-z"], check=True, capture_output=True
    )
    for name in filter(None, listed.stdout.decode("utf-8", "surrogateescape").split("\0")):
        source, copy = checkout / name, target / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy, follow_symlinks=False)


def commit_of(checkout: Path) -> str:
    """The commit checked out there, empty when there is none."""
    if not (checkout / ".git").exists():
        return ""
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"],
        check=False,
        capture_output=True,
        text=True,
    )
    return head.stdout.strip()


def counts(asset: dict[str, Any], all_examples: bool) -> bool:
    """Is this asset put before the user as something in use?"""
    if _rank(asset.get("confidence", "")) < _rank("medium"):
        return False
    contexts = {row.get("context", "") for row in asset.get("evidence", ())}
    return all_examples or not contexts or not contexts <= _ASIDE


def _rank(confidence: str) -> int:
    return _CONFIDENCE.index(confidence) if confidence in _CONFIDENCE else 0


def read_ours(document: dict[str, Any], all_examples: bool) -> Iterator[Item]:
    """Items of our document: the uid says the kind and the id, the rows' models add up."""
    for asset in document["assets"]:
        if not counts(asset, all_examples):
            continue
        kind, _, name = asset["uid"].partition("#")[2].partition("/")
        if kind in _FRAGMENTS and name:
            yield Item.named(_FRAGMENTS[kind], unquote(name))
        for model in asset.get("models", ()):
            yield Item.named("model", model)


def scan_ours(tree: Path, scratch: Path, limit: float) -> dict[str, Any]:
    """The whole program as a user starts it, with an empty memory."""
    folders = {f"XDG_{name}_HOME": str(scratch / name) for name in ("DATA", "STATE", "CACHE")}
    done = run_bounded(
        [sys.executable, "-m", "scanner", "scan", str(tree), "--json"],
        limit=limit,
        cwd=HERE.parent,
        env={**os.environ, **folders, "XDG_CONFIG_HOME": str(scratch / "CONFIG")},
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip() or "no document").splitlines()[-1]
        raise ValueError(f"exit {done.returncode}: {last[:200]}") from None
    return document


Tool = Callable[[Label, Path, Path], Sequence[Item]]


def _our_tool(limit: float) -> Tool:
    def use(label: Label, tree: Path, scratch: Path) -> list[Item]:
        return list(read_ours(scan_ours(tree, scratch, limit), label.all_examples))

    return use


def _peer_tool(peer: Peer, programs: Path, names: Names, limit: float) -> Tool:
    def use(_: Label, tree: Path, scratch: Path) -> list[Item]:
        report = run(peer, programs, tree, scratch / "report.json", limit)
        return list(peer.read(report, tree, names))

    return use


def measure(label: Label, checkout: Path, tools: dict[str, Tool]) -> dict[str, Outcome]:
    """Every tool on one repository, one after another."""
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="detection-") as folder:
        tree = Path(folder) / label.folder
        export(checkout, tree)
        for name, tool in tools.items():
            scratch = Path(folder) / "scratch"
            scratch.mkdir()
            start = time.perf_counter()
            try:
                items, error = tool(label, tree, scratch), ""
            except subprocess.TimeoutExpired as late:
                items, error = (), f"stopped after {late.timeout:.0f} s"
            except (ValueError, KeyError, OSError) as problem:
                items, error = (), str(problem)
            outcome = score(label, items)
            outcome.seconds, outcome.error = time.perf_counter() - start, error
            outcomes[name] = outcome
            shutil.rmtree(scratch, ignore_errors=True)
    return outcomes


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}"


def _cell(tally: Tally) -> str:
    return f"{_share(tally.precision)}/{_share(tally.recall)}"


def table(results: dict[str, dict[str, Outcome]], absent: dict[str, str]) -> str:
    """Precision/recall in percent, a row a tool."""
    first = next(iter(results.values()))
    sizes = {kind: total(first.values(), [kind]).assets for kind in KINDS + EXTRA}
    kinds = [kind for kind in KINDS if sizes[kind] or _reported(results, kind)]
    heads = ["total", *kinds, *EXTRA]
    sizes["total"] = total(first.values()).assets
    lines = [
        _line("precision/recall, %", heads, "seconds"),
        _line("assets labelled", [str(sizes[head]) for head in heads], ""),
    ]
    for tool, outcomes in results.items():
        cells = [_cell(total(outcomes.values()))]
        cells += [_cell(total(outcomes.values(), [kind])) for kind in (*kinds, *EXTRA)]
        spent = sum(outcome.seconds for outcome in outcomes.values())
        lines.append(_line(tool, cells, f"{spent:.0f}"))
    for tool, outcomes in results.items():
        for folder, outcome in outcomes.items():
            if outcome.error:
                lines.append(f"  {tool} on {folder}: {outcome.error}")
    lines += [f"  {tool} is not measured: {reason}" for tool, reason in absent.items()]
    return "\n".join(lines)


def _reported(results: dict[str, dict[str, Outcome]], kind: str) -> bool:
    return any(total(outcomes.values(), [kind]).wrong for outcomes in results.values())


def _line(head: str, cells: Sequence[str], last: str) -> str:
    return f"{head:<20}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells) + f"{last:>9}"


def _show(outcomes: dict[str, Outcome]) -> None:
    for folder, outcome in outcomes.items():
        print(f"\n{folder}  {_cell(total([outcome]))}  {outcome.seconds:.1f} s  {outcome.error}")
        for name in outcome.false_alarms:
            print(f"  + {name}")
        for name in outcome.missed:
            print(f"  - {name}")


def _as_json(results: dict[str, dict[str, Outcome]], absent: dict[str, str]) -> dict[str, Any]:
    def ratios(tally: Tally) -> dict[str, Any]:
        return {**asdict(tally), "precision": tally.precision, "recall": tally.recall}

    tools = {}
    for tool, outcomes in results.items():
        every = {kind: ratios(total(outcomes.values(), [kind])) for kind in KINDS + EXTRA}
        tools[tool] = {
            "total": ratios(total(outcomes.values())),
            "kinds": every,
            "seconds": round(sum(outcome.seconds for outcome in outcomes.values()), 2),
            "repositories": {folder: _outcome(outcome) for folder, outcome in outcomes.items()},
        }
    return {"tools": tools, "absent": absent}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    reported = [
        {"kind": item.kind, "names": sorted(item.names), "path": item.path}
        for item in outcome.reported
    ]
    return {**asdict(outcome), "reported": reported}


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--labels", default="labels", choices=["labels", "held-out"],
        help="held-out: repositories whose labels nobody looked at while the rules were written",
    )  # fmt: skip
    parser.add_argument("--repos", type=Path, default=HERE / ".repos", metavar="DIR")
    parser.add_argument("--only", action="append", metavar="OWNER+NAME", help="repeatable")
    parser.add_argument("--peers", default="", help=f"any of {','.join(PEERS)}")
    parser.add_argument("--venvs", type=Path, default=HERE / ".venvs", metavar="DIR")
    parser.add_argument("--without-ours", action="store_true", help="measure the peers alone")
    parser.add_argument("--limit", type=float, default=300, help="seconds a tool and repository")
    parser.add_argument("--show", action="store_true", help="our false alarms (+) and misses (-)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(given)


def _tools(
    chosen: argparse.Namespace, labels: Sequence[Label]
) -> tuple[dict[str, Tool], dict[str, str]]:
    ids = {
        row.id
        for label in labels
        for row in label.assets + label.optional
        if row.kind == "integration" and "*" not in row.id
    }
    names = names_from(HERE / "aliases.yaml", ids)
    tools: dict[str, Tool] = {} if chosen.without_ours else {OURS: _our_tool(chosen.limit)}
    absent = {}
    for name in filter(None, chosen.peers.split(",")):
        try:
            programs = PEERS[name].install(chosen.venvs)
        except KeyError:
            absent[name] = f"unknown peer; known: {', '.join(PEERS)}"
        except subprocess.CalledProcessError:
            absent[name] = f"{PEERS[name].requirement} could not be installed"
        else:
            tools[name] = _peer_tool(PEERS[name], programs, names, chosen.limit)
    return tools, absent


def main(given: Sequence[str] | None = None) -> int:
    chosen = _arguments(given)
    labels = [read_label(path) for path in sorted((HERE / chosen.labels).glob("*.yaml"))]
    here = [
        label
        for label in labels
        if (not chosen.only or label.folder in chosen.only)
        and commit_of(chosen.repos / label.folder) == label.commit
    ]
    for label in labels:
        if label not in here and (not chosen.only or label.folder in chosen.only):
            print(f"missing: {chosen.repos / label.folder} at {label.commit}", file=sys.stderr)
    tools, absent = _tools(chosen, labels)
    if not here or not tools:
        print("nothing to measure", file=sys.stderr)
        return 1
    results: dict[str, dict[str, Outcome]] = {name: {} for name in tools}
    for label in here:
        print(f"{label.folder} ...", file=sys.stderr)
        for name, outcome in measure(label, chosen.repos / label.folder, tools).items():
            results[name][label.folder] = outcome
    if chosen.show and OURS in results:
        _show(results[OURS])
        print()
    print(f"{len(here)} of {len(labels)} repositories")
    print(table(results, absent))
    if chosen.json:
        text = json.dumps(_as_json(results, absent), indent=1, sort_keys=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
