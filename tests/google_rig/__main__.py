"""A Google Cloud in a process of its own, for benches and for looking at: it says where it is.

python -m tests.google_rig [--projects 20] [--latency 0.05] [--while-stdin]
   [--troubled]
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.connectors.gcp import estate, organization
from tests.google_rig import Rig, serving


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--while-stdin", action="store_true", help="end when stdin does")
    parser.add_argument(
        "--troubled",
        action="store_true",
        help="little in each, and much of it refused, throttled or gone",
    )
    asked = parser.parse_args()
    rig = Rig(page_size=500, latency=asked.latency)
    expected = organization.planted(rig, asked.projects) if asked.troubled else {}
    for number in range(1, 0 if asked.troubled else asked.projects + 1):
        ident = estate.project(rig, number, enabled=estate.ENABLED_NAMES)
        estate.endpoint(rig, ident, number)
        estate.everywhere(rig, ident, number)
    with serving(rig):
        print(json.dumps({"url": rig.url, "expected": expected}), flush=True)
        if asked.while_stdin:
            sys.stdin.read()
            print(json.dumps({"calls": len(rig.paths), "wrong": rig.rejected[:5]}), flush=True)
        while not asked.while_stdin:
            time.sleep(60)


if __name__ == "__main__":
    main()
