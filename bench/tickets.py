"""Ten thousand findings to one ticket each, on made-up trackers that check every word.

    python -m bench.tickets [--findings 10000] [--kind gitlab]

Calls are cut, refused with 429 and left without an answer, and seven runs end in the middle.
Whatever is made twice, or not at all, ends it with an error; what it prints is the time of the
whole.
"""

from __future__ import annotations

import argparse
import time

from tests.emit.tickets.test_sync import KINDS, Place, storm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), default=[])
    chosen = parser.parse_args()
    for name in chosen.kind or KINDS:
        serve, make = KINDS[name]
        with serve() as tracker:
            place = Place(tracker, make)
            start = time.perf_counter()
            storm(place, chosen.findings)
            seconds = time.perf_counter() - start
            calls = len(tracker.server.calls)
            print(f"{name:<18}{len(tracker.issues):>8,} tickets {calls:>8,} calls {seconds:8.1f} s")


if __name__ == "__main__":
    main()
