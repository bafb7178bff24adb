"""What happens to scans that are killed, run out of disk or memory, lose their database, the
network or their credentials, meet another scan or a clock that is set: many seeds of each, and a
report.

    python -m bench.faults [--seeds 50] [--first 0] [--faults killed,"disk full"]

Every seed is a number that brings the same fault again; a failure tells its own. Needs PostgreSQL
for the database, ``unshare`` for the disk and libfaketime for the clock; what is missing is told.
See tests/app/faults.py for what is held to be true after each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.app import faults
from tests.store.postgres import programs, server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--faults", default=",".join(faults.FAULTS))
    parser.add_argument("--verbose", action="store_true")
    chosen = parser.parse_args()
    lacking = {
        "database restarted": programs() is None,
        "disk full": not faults.can_mount(),
        "clock set": not faults.can_set_clock(),
    }
    failures = 0
    print("| fault | seeds | nothing lost, nothing doubled | seconds a seed |\n|---|---|---|---|")
    for name in chosen.faults.split(","):
        if lacking.get(name):
            print(f"| {name} | 0 | left out: what it needs is not here | |")
            continue
        failures += _tried(name, range(chosen.first, chosen.first + chosen.seeds), chosen.verbose)
    sys.exit(1 if failures else 0)


def _tried(name: str, seeds: range, verbose: bool) -> int:
    began = time.monotonic()
    troubles: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults")))
        running = stack.enter_context(server()) if programs() is not None else None
        rig = stack.enter_context(faults.rig(folder, running))
        for seed in seeds:
            try:
                told = faults.FAULTS[name](rig, seed)
            except AssertionError as error:
                told = f"FAILED: {error}"
                troubles[str(error)] += 1
                print(f"{name} {seed}: {told}", file=sys.stderr, flush=True)
            if verbose:
                print(f"{name} {seed}: {told}", file=sys.stderr, flush=True)
    good = len(seeds) - sum(troubles.values())
    seconds = (time.monotonic() - began) / len(seeds)
    print(f"| {name} | {len(seeds)} | {good} | {seconds:.1f} |", flush=True)
    return sum(troubles.values())


if __name__ == "__main__":
    main()
