"""`python -m fuzz [TARGET ...] --seconds N`: coverage-guided, by atheris (libFuzzer), a process a
target. What it finds lies in `build/fuzz/TARGET/crash-*`; `--again FILE` reads one again."""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
from pathlib import Path

SECONDS_A_INPUT = 20
MOST_MIB = 2500
_LONGEST = 1 << 16
"""Bytes of an answer."""
_ANY_BYTES = 0.1
_BUILD = Path("build/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="inputs for each target, at most")
    parser.add_argument("--seed", type=int, default=0, help="the same inputs again; 0: others")
    parser.add_argument("--again", type=Path, help="a file that was found, for one target")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        _fuzz(asked.targets[0], _limits(asked))
    if asked.again:
        from fuzz.targets import TARGETS

        TARGETS[asked.targets[0]](asked.again.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed; pip install 'shadow-ai-scanner[fuzz]'", file=sys.stderr)
        return 2
    from fuzz.targets import TARGETS

    failed = [name for name in asked.targets or TARGETS if not run(name, asked)]
    print(f"found something: {', '.join(failed)}" if failed else "found nothing")
    return 1 if failed else 0


def run(name: str, asked: argparse.Namespace) -> bool:
    """Whether nothing was found."""
    (_BUILD / name / "corpus").mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "fuzz", name, "--seconds", str(asked.seconds), "--runs",
        str(asked.runs), "--seed", str(asked.seed), "--inside",
    ]  # fmt: skip
    done = subprocess.run(command, check=False)
    return done.returncode == 0


def _limits(asked: argparse.Namespace) -> list[str]:
    """As libFuzzer has them (https://llvm.org/docs/LibFuzzer.html#options)."""
    return [f"-max_total_time={asked.seconds}", f"-runs={asked.runs}", f"-seed={asked.seed}"]


def _fuzz(name: str, limits: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["scanner", "connectors"]):
        from fuzz.targets import STRUCTURED, TARGETS
    from fuzz.seeds import seeds

    place = _BUILD / name
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    target = TARGETS[name]
    for data in seeds(name)[:20]:
        target(data)  # what is made once is made before time is measured
    is_answer = name in STRUCTURED
    words = [
        sys.argv[0], *limits, f"-timeout={SECONDS_A_INPUT}",
        f"-rss_limit_mb={MOST_MIB}", f"-artifact_prefix={place}/", "-verbosity=0",
        f"-max_len={_LONGEST if is_answer else 8192}",
        "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    if is_answer:
        atheris.Setup(words, target, custom_mutator=_bent)
    else:
        atheris.Setup(words, target)
    atheris.Fuzz()


def _bent(data: bytes, longest: int, seed: int) -> bytes:
    """Of an answer mostly what its format allows; now and then any bytes."""
    import atheris

    from fuzz.bending import bent_answer

    rng = random.Random(seed)
    head, mark, body = data.partition(b"\0")
    made = head + mark + bent_answer(body, rng)
    if rng.random() < _ANY_BYTES or len(made) > longest:
        changed: bytes = atheris.Mutate(data, longest)
        return changed
    return made


if __name__ == "__main__":
    sys.exit(main())
