"""An Azure in a process of its own, for benches and for looking at: it says where it is.

python -m tests.azure_rig [--subscriptions 20] [--latency 0.05] [--while-stdin]
   [--troubled]
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.azure_rig import estate
from tests.azure_rig.rig import Rig, serving
from tests.connectors.azure import tenant


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--subscriptions", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--while-stdin", action="store_true", help="end when stdin does")
    parser.add_argument(
        "--troubled",
        action="store_true",
        help="little in each, and much of it refused, throttled or gone",
    )
    asked = parser.parse_args()
    rig = Rig(page_size=1000, latency=asked.latency)
    estate.roles(rig)
    expected = tenant.planted(rig, asked.subscriptions) if asked.troubled else {}
    for number in range(1, 0 if asked.troubled else asked.subscriptions + 1):
        estate.whole(rig, number)
    with serving(rig) as url:
        print(json.dumps({"url": url, "expected": expected}), flush=True)
        if asked.while_stdin:
            sys.stdin.read()
            print(json.dumps({"calls": len(rig.calls), "wrong": rig.wrong[:5]}), flush=True)
        while not asked.while_stdin:
            time.sleep(60)


if __name__ == "__main__":
    main()
