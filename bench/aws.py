"""An organization in AWS: how fast it is read, with how many calls, and in how much memory.

    python bench/aws.py [--accounts 20] [--regions 4] [--latency 0.05] [--items 3]
                        [--peers NAME=PYTHON ...] [--sequential] [--growth] [--threads]

AWS is made up on loopback from botocore's own models (``tests/aws_rig``), in a process of its own,
and waits ``--latency`` seconds before every answer. ``--server moto`` takes moto's instead, for
what it implements. Whole processes: start, rules, reading, graph, JSON. ``--sequential`` reads the
same services one call after another, ``--growth`` more and more accounts, ``--threads`` with more
and more calls at once. ``--peers`` runs Cartography's and Prowler's classes for Bedrock and
SageMaker by their own interpreters over one account, beside this scanner's reading of the same
kinds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

_PEERS_READ = (
    "aws.bedrock_custom_model", "aws.bedrock_agent", "aws.bedrock_knowledge_base",
    "aws.bedrock_guardrail", "aws.bedrock_provisioned_model", "aws.bedrock_model_access",
    "aws.sagemaker_domain",
    "aws.sagemaker_user_profile", "aws.sagemaker_notebook_instance", "aws.sagemaker_model",
    "aws.sagemaker_endpoint_config", "aws.sagemaker_endpoint", "aws.sagemaker_training_job",
    "aws.sagemaker_transform_job", "aws.sagemaker_model_package_group",
    "aws.sagemaker_model_package",
)  # fmt: skip
"""What Cartography lists of Bedrock and SageMaker, in this scanner's words."""


class Server:
    """Where calls go, and how many came."""

    def __init__(self, url: str, regions: list[str], figures: str) -> None:
        self.url, self.regions, self._figures = url, regions, figures

    def calls(self) -> Counter[str]:
        with urllib.request.urlopen(self._figures) as answer:
            told = json.load(answer)
        return Counter(told.get("by_call") or {"all": told["calls"]})


@contextmanager
def made_up(accounts: int, regions: int, latency: float, items: int) -> Iterator[Server]:
    from tests.aws_rig.process import running

    with running(
        "--accounts", str(accounts), "--regions", str(regions), "--latency", str(latency),
        "--synthesize", str(items),
    ) as rig:  # fmt: skip
        yield Server(rig["url"], rig["regions"], rig["figures"])


@contextmanager
def moto(accounts: int, regions: int, latency: float, items: int) -> Iterator[Server]:
    """moto's own server with an organization of empty accounts; its figures are counted here."""
    from scanner.demo import cloud
    from tests.aws_rig.organization import regions as names

    counted: Counter[str] = Counter()

    def waiting(app: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Any:
            if environ["PATH_INFO"] == "/figures":
                start("200 OK", [("Content-Type", "application/json")])
                return [json.dumps({"calls": counted["all"]}).encode()]
            counted["all"] += 1
            time.sleep(latency)
            return app(environ, start)

        return answer

    with cloud.fake_aws(waiting) as url:
        import boto3

        session = boto3.Session("made-up", "made-up", region_name="us-east-1")
        client = session.client("organizations", endpoint_url=url)
        client.create_organization(FeatureSet="ALL")
        for number in range(accounts - 1):
            client.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
        counted.clear()
        yield Server(url, list(names(regions)), f"{url}/figures")


def scan(server: Server, *, workers: int, parallel: int, kinds: tuple[str, ...] = ()) -> str:
    """One run: seconds, CPU seconds, calls, calls a second, peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "shadow-ai.toml"
        config.write_text(
            f"[scan]\nworkers = {workers}\n[sources.aws]\norganization = true\n"
            f'role_name = "ShadowAIReadOnly"\nendpoint_url = "{server.url}"\n'
            f"parallel_calls = {parallel}\nregions = {json.dumps(server.regions)}\n"
            # Two calls a second is what CloudTrail allows: its pace is not what is measured here.
            f"event_history = false\nidentities = {'false' if kinds else 'true'}\n"
        )
        environ = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONPATH": str(HERE.parent), "SHADOW_AI_BENCH_KINDS": ",".join(kinds),
        }  # fmt: skip
        command = [sys.executable, "-m", "scanner"]
        if kinds:
            command = [sys.executable, str(HERE / "aws.py"), "--only-kinds"]
        before = sum(server.calls().values())
        start = time.perf_counter()
        process = subprocess.Popen(
            [*command, "scan", "--config", str(config), "--json", "--state", f"{folder}/state.db"],
            env=environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        timer = threading.Timer(1800, process.kill)
        timer.start()
        reading: list[int] = [0]
        watch = threading.Thread(target=_watch, args=(process.pid, server, reading), daemon=True)
        watch.start()
        told = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        wall = time.perf_counter() - start
        if process.returncode not in (0, 1, 3):
            raise SystemExit(f"exit {process.returncode}: {told[-2000:].decode()}")
        calls = sum(server.calls().values()) - before
        cpu = usage.ru_utime + usage.ru_stime
        return (
            f"{wall:8.1f} s wall {cpu:8.1f} s CPU {calls:8,} calls {calls / wall:7.0f} calls/s "
            f"{usage.ru_maxrss / 1024:6.0f} MiB ({reading[0]} while reading)"
        )


def _watch(pid: int, server: Server, most: list[int]) -> None:
    """The resident MiB at most, as long as calls come: what is kept of accounts that were read."""
    calls, status = -1, Path(f"/proc/{pid}/statm")
    while True:
        try:
            now = int(status.read_text().split()[1]) * resource.getpagesize() >> 20
        except (OSError, IndexError):
            return
        told = sum(server.calls().values())
        if told > calls:
            most[0] = max(most[0], now)
        calls = told
        time.sleep(0.5)


def only_kinds() -> None:
    """The scanner with a part of its table, for the comparison with who reads that part."""
    from connectors.aws import types

    wanted = set(os.environ["SHADOW_AI_BENCH_KINDS"].split(","))
    types.TYPES = tuple(kind for kind in types.TYPES if kind.kind in wanted)
    types.FAMILIES = tuple(dict.fromkeys(k.service for k in types.TYPES if not k.is_global))
    types.GLOBAL_FAMILIES = ()
    from scanner.cli import main as scanner_main

    sys.argv = [sys.argv[0], *sys.argv[2:]]
    scanner_main()


def peer(name: str, python: str, server: Server) -> str:
    environ = {
        **os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_DEFAULT_REGION": server.regions[0],
        "PYTHONPATH": "",
    }  # fmt: skip
    before = sum(server.calls().values())
    done = subprocess.run(
        [python, str(HERE / "aws_peers.py"), name, *server.regions], env=environ,
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    calls = sum(server.calls().values()) - before
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = done.stdout.split()[-1] if done.returncode == 0 else f"exit {done.returncode}"
    return f"{seconds:>8} s wall {calls:8,} calls (children's peak {usage.ru_maxrss // 1024} MiB)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--regions", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--items", type=int, default=3, help="records in every list")
    parser.add_argument("--server", choices=["made-up", "moto"], default="made-up")
    parser.add_argument("--peers", nargs="*", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--sequential", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--threads", action="store_true")
    chosen = parser.parse_args()
    serve = moto if chosen.server == "moto" else made_up
    rest = (chosen.regions, chosen.latency, chosen.items)
    with serve(chosen.accounts, *rest) as server:
        title = f"{chosen.accounts} accounts x {chosen.regions} regions"
        print(f"{title:<34}{scan(server, workers=16, parallel=64)}", flush=True)
        if chosen.sequential:
            print(
                f"{'one call after another':<34}{scan(server, workers=1, parallel=1)}", flush=True
            )
        for parallel in (1, 4, 16, 32, 64, 128) if chosen.threads else ():
            said = scan(server, workers=min(16, parallel), parallel=parallel)
            print(f"{parallel:>3} calls at once{'':<17}{said}", flush=True)
    for accounts in (5, 10, 20, 40) if chosen.growth else ():
        with serve(accounts, *rest) as server:
            said = scan(server, workers=16, parallel=64)
            print(f"{accounts:>3} accounts{'':<22}{said}", flush=True)
    if chosen.peers:
        with serve(1, *rest) as server:
            said = scan(server, workers=16, parallel=64, kinds=_PEERS_READ)
            print(f"{'the same kinds, one account':<34}{said}", flush=True)
            for one in chosen.peers:
                name, _, python = one.partition("=")
                print(f"{name:<34}{peer(name, python, server)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only-kinds"]:
        only_kinds()
    else:
        main()
