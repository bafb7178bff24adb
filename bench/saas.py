"""Exported logs of SaaS products: events a second, memory, and whether what comes out was put in.

    python bench/saas.py [--events 2000000] [--sources slack,microsoft365,salesforce]

Logs of a made-up company of 5,000 people are written with a known truth: who let which app in, or
used it, how often. Each is read by a process of its own through the connector, as a scan does.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

PEOPLE = 5000
APPS = ("Claude", "ChatGPT", "Otter.ai", "Payroll", "Lunch menu", "Gong", "Wiki", "Perplexity")
T0 = 1_790_000_000


def _at(n: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(T0 + n % 5_000_000))


def slack(n: int, person: int, app: str) -> dict[str, Any]:
    user = {"id": f"W{person}", "name": f"p{person}", "email": f"p{person}@acme.com"}
    return {
        "id": f"e{n}", "date_create": T0 + n % 5_000_000, "action": "app_installed",
        "actor": {"type": "user", "user": user},
        "entity": {"type": "app", "app": {"id": f"A{app}", "name": app, "scopes":
                                          ["channels:history", "files:read", "chat:write"]}},
        "context": {"ip_address": "192.0.2.1", "ua": "Mozilla/5.0"}, "details": {},
    }  # fmt: skip


def microsoft365(n: int, person: int, app: str) -> dict[str, Any]:
    return {
        "Id": f"e{n}", "CreationTime": _at(n), "Operation": "FileAccessed", "RecordType": 6,
        "UserId": f"p{person}@acme.com", "Workload": "SharePoint", "ResultStatus": "",
        "ApplicationId": f"id-{app}", "ApplicationDisplayName": app,
        "ObjectId": "https://acme.sharepoint.com/sites/x/y.docx",
    }  # fmt: skip


def salesforce(n: int, person: int, app: str) -> dict[str, Any]:
    return {
        "EVENT_TYPE": "ApiTotalUsage", "TIMESTAMP_DERIVED": f"{_at(n)}Z", "TIMESTAMP": "x",
        "REQUEST_ID": f"r{n}", "USER_ID": f"0055f{person:010d}", "CONNECTED_APP_NAME": app,
        "CONNECTED_APP_ID": f"0H4{app}", "USER_NAME": f"p{person}@acme.com",
        "HTTP_METHOD": "GET", "ENTITY_NAME": "Contact",
    }  # fmt: skip


MADE: dict[str, Callable[[int, int, str], dict[str, Any]]] = {
    "slack": slack, "microsoft365": microsoft365, "salesforce": salesforce,
}  # fmt: skip


def write(path: Path, source: str, events: int) -> dict[str, int]:
    """How often each app was let in or used."""
    rng, truth = random.Random(1), Counter[str]()
    with path.open("w", encoding="utf-8") as file:
        for n in range(events):
            person, app = rng.randrange(PEOPLE), rng.choice(APPS)
            truth[app] += 1
            file.write(json.dumps(MADE[source](n, person, app)) + "\n")
    return dict(truth)


def read(path: Path, source: str) -> None:
    """In a process of its own: prints seconds, peak memory in MiB, and counts by app."""
    from scanner.collect import loader
    from scanner.kit.contract import Context
    from scanner.kit.limits import Limits
    from scanner.model.items import Activity, Gap

    connector = loader.load(source)
    config = connector.spec.config(organization="acme", live=False, files=(path.name,))
    ctx: Context[Any] = Context(config=config, examine=lambda *_: (), limits=Limits())
    ctx.folder = path.parent
    counts, gaps = Counter[str](), 0
    began = time.perf_counter()
    for shard in connector.shards(ctx):
        for item in connector.collect(ctx, shard, None):
            if isinstance(item, Activity):
                counts[item.label] += item.count
            gaps += isinstance(item, Gap)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "mib": peak, "counts": dict(counts), "gaps": gaps}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--sources", default=",".join(MADE))
    parser.add_argument("--read", nargs=2, metavar=("FILE", "SOURCE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        read(Path(asked.read[0]), asked.read[1])
        return
    for source in asked.sources.split(","):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log.jsonl"
            truth = write(path, source, asked.events)
            size = path.stat().st_size / 1e6
            done = subprocess.run(
                [sys.executable, __file__, "--read", str(path), source],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        told = json.loads(done.stdout)
        right = told["counts"] == truth and not told["gaps"]
        print(
            f"{source}: {asked.events:,} events ({size:.0f} MB) in {told['seconds']:.1f} s, "
            f"{asked.events / told['seconds']:,.0f} a second, peak {told['mib']:.0f} MiB, "
            f"{'every one counted' if right else 'WRONG'}"
        )


if __name__ == "__main__":
    main()
