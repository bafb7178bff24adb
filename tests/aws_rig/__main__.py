"""Run the made-up AWS as a process of its own: for benches, and for other tools.

Prints one line of JSON with the URL and the accounts when it listens, and its figures when it is
ended (SIGTERM, Ctrl-C, or the end of its standard input with ``--while-stdin``). A client needs the
URL as ``AWS_ENDPOINT_URL`` and any key at all; it then is in the management account.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import signal
import sys
from pathlib import Path

from tests.aws_rig.faults import throttled
from tests.aws_rig.http import FIGURES, listening
from tests.aws_rig.organization import Organization, regions
from tests.aws_rig.recorded import replay
from tests.aws_rig.rig import Rig


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.aws_rig", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0: any that is free")
    add("--accounts", type=int, default=1)
    add("--units", type=int, default=0, help="organizational units")
    add("--regions", type=int, default=4, help="enabled in every account")
    add("--role-name", default="ShadowAIReadOnly")
    add("--external-id", default="")
    add("--latency", type=float, default=0.0, metavar="S", help="seconds before every answer")
    add("--page-size", type=int, default=100)
    add("--synthesize", type=int, default=3, metavar="N",
        help="made-up records in every list that nobody planted; 0: none")  # fmt: skip
    add("--throttle-every", type=int, default=0, metavar="N",
        help="refuse the first of every N calls of an operation as throttled")  # fmt: skip
    add("--world", metavar="MODULE:FUNCTION", help="called with the rig, to plant in it")
    add(
        "--recorded",
        type=Path,
        metavar="FOLDER",
        help="answers of a real AWS (tests/aws_rig/recorded.py), nothing made up",
    )
    add("--while-stdin", action="store_true", help="end with standard input")
    return parser.parse_args()


def _made(given: argparse.Namespace) -> tuple[Rig, Organization]:
    rig = Rig(page_size=given.page_size, synthesize=given.synthesize, latency=given.latency)
    org = Organization.of(
        given.accounts,
        given.units,
        regions=regions(given.regions),
        role_name=given.role_name,
        external_id=given.external_id,
    ).into(rig)
    if given.throttle_every:
        every = given.throttle_every
        rig.fault = lambda op, region, account, number: (
            throttled() if number % every == 1 % every else None
        )
    if given.recorded:
        rig.synthesize = 0
        replay(rig, given.recorded)
    if given.world:
        module, _, function = given.world.partition(":")
        getattr(importlib.import_module(module), function)(rig)
    return rig, org


async def _serve(given: argparse.Namespace) -> Rig:
    rig, org = _made(given)
    server, url = await listening(rig, given.port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    if given.while_stdin:
        loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)))
    said = {"url": url, "figures": url + FIGURES, "management": org.management,
            "accounts": org.ids, "regions": org.regions}  # fmt: skip
    print(json.dumps(said), flush=True)
    await stop.wait()
    server.close()
    return rig


def main() -> None:
    rig = asyncio.run(_serve(_arguments()))
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(rig.figures()), flush=True)


if __name__ == "__main__":
    main()
