"""A day of traffic logs: how fast it is read, beside ripgrep and DuckDB, and whether what comes out
is what was put in.

    python bench/logs.py [--gib 2] [--formats json,squid,zeek] [--duckdb PYTHON] [--keep FOLDER]

Logs of a made-up company are written with a known truth: who asked which AI how often, how much
was sent and received where the log tells, first and last. ``ripgrep`` counts lines alone, with
``-i`` (as names are written in any case) and without; DuckDB (an interpreter that has it)
answers the same question by SQL. Each is run as a process of its own, in turn, the best of three.
What AI was used for, what was blocked and a server of one's own are compared by another log
(:mod:`bench.log_kinds`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

AI = (("api.openai.com", "openai"), ("chatgpt.com", "openai"), ("api.anthropic.com", "anthropic"),
      ("claude.ai", "anthropic"), ("acme.openai.azure.com", "azure_openai"),
      ("api.mistral.ai", "mistral"), ("API.Cohere.com", "cohere"))  # fmt: skip
DECOYS = ("notopenai.com", "api.openai.com.evil.example", "myclaude.ai", "openai.example.org")
"""Names that look like AI and are none."""
BATCH = 20_000
_SHARE = 0.004
"""Of lines that tell of AI."""
_USERS = 1000
"""People of 5,000 who use AI, each all of it."""
BROWSER = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/130.0 Safari/537.36")  # fmt: skip

_MOST_OF_KINDS = 64 << 20
"""Bytes of the log by which kinds of use are compared, which measures no speed."""

Line = Callable[[int, str, str, str, int, int], str]


def json_line(at: int, user: str, src: str, host: str, up: int, down: int) -> str:
    laptop = f"laptop-{user.partition('@')[0]}"
    return (
        f'{{"Datetime":"{iso(at)}","Email":"{user}","SourceIP":"{src}","HTTPHost":"{host}",'
        f'"URL":"https://{host}/a/b?session={at}","HTTPMethod":"POST","HTTPStatusCode":200,'
        f'"RequestBytes":{up},"ResponseBytes":{down},"UserAgent":"{BROWSER}","Action":"allow",'
        f'"ApplicationNames":["web"],"PolicyName":"default","DeviceName":"{laptop}"}}'
    )


def squid_line(at: int, user: str, src: str, host: str, up: int, down: int) -> str:
    return (f"{at}.123    456 {src} TCP_TUNNEL/200 {down} CONNECT {host}:443 {user} "
            "HIER_DIRECT/203.0.113.9 -")  # fmt: skip


def zeek_line(at: int, user: str, src: str, host: str, up: int, down: int) -> str:
    return (f"{at}.123456\tC{at}x{down}\t{src}\t51234\t8.8.8.8\t53\tudp\t{down}\t0.01\t{host}\t1\t"
            "C_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t203.0.113.9\t300.0\tF")  # fmt: skip


_ZEEK_HEAD = (
    "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\t"
    "trans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\t"
    "RA\tZ\tanswers\tTTLs\trejected\n"
)
FORMATS: dict[str, tuple[Line, str]] = {
    "json": (json_line, ""), "squid": (squid_line, ""), "zeek": (zeek_line, _ZEEK_HEAD),
}  # fmt: skip


def iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


@dataclass
class Use:
    """Of one person and provider: requests, bytes, seconds since 1970. What a log of the shape does
    not tell stays 0."""

    count: int = 0
    up: int = 0
    down: int = 0
    first: str = ""
    last: str = ""

    def add(self, count: int, up: int, down: int, first: str, last: str) -> None:
        self.count += count
        self.up += up
        self.down += down
        self.first = min(self.first or first, first)
        self.last = max(self.last, last)


Uses = dict[tuple[str, str], Use]
"""By who and provider."""
_TOLD = {"json": (1, 1), "squid": (0, 1), "zeek": (0, 0)}
"""Whether a log tells what was sent, and received."""


def write(path: Path, shape: str, size: int) -> Uses:
    """-> what is in it. Ordinary lines are written again and again; lines of AI and
    decoys take the place of some, drawn anew for each block."""
    line, head = FORMATS[shape]
    draw = random.Random(7)
    truth: Uses = defaultdict(Use)
    tells_up, tells_down = _TOLD[shape]
    sites = [f"www.site{number}.example.org" for number in range(4000)]
    base = [_drawn(line, draw, draw.choice(sites)).line for _ in range(BATCH)]
    with path.open("w", newline="\n") as out:
        out.write(head)
        while out.tell() < size:
            rows = base.copy()
            told = round(BATCH * _SHARE)
            places = draw.sample(range(BATCH), told + len(DECOYS))
            for at, decoy in zip(places[told:], DECOYS, strict=True):
                rows[at] = _drawn(line, draw, decoy).line
            for at in places[:told]:
                host, provider = draw.choice(AI)
                one = _drawn(line, draw, host, who=_USERS)
                rows[at] = one.line
                truth[one.src if shape == "zeek" else one.user, provider].add(
                    1, one.up * tells_up, one.down * tells_down, iso(one.at), iso(one.at)
                )
            out.write("\n".join(rows) + "\n")
    return dict(truth)


class _Drawn(NamedTuple):
    line: str
    user: str
    src: str
    at: int
    up: int
    down: int


def _drawn(line: Line, draw: random.Random, host: str, who: int = 5000) -> _Drawn:
    number = draw.randrange(who)
    user, src = f"user{number}@example.com", f"10.0.{number // 250}.{number % 250 + 1}"
    at = 1_795_824_000 + draw.randrange(86_400)
    up, down = draw.randrange(9000), draw.randrange(90_000)
    return _Drawn(line(at, user, src, host, up, down), user, src, at, up, down)


def document_of(path: Path) -> dict[str, Any]:
    """What the scanner says of a log."""
    command = [sys.executable, "-m", "scanner", "scan", "--logs", str(path), "--json"]
    document: dict[str, Any] = json.loads(_run(command).stdout)
    return document


def found(path: Path) -> Uses:
    """What the scanner makes of it, by the command that people use; devices, which it tells beside
    their users, left out."""
    document = document_of(path)
    providers = {row["uid"]: row["provider"] for row in document["assets"]}
    told: Uses = defaultdict(Use)
    for edge in document["edges"]:
        is_device = "/device/" in edge["target"]
        if edge["kind"] == "used_by" and edge["source"] in providers and not is_device:
            who = edge["target"].rpartition("/")[2]
            for row in edge["evidence"]:
                told[who, providers[edge["source"]]].add(
                    row["count"], row["bytes_sent"], row["bytes_received"],
                    row["first_seen"], row["last_seen"],
                )  # fmt: skip
    return dict(told)


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    around = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    around.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as what is installed is
    return subprocess.run(command, capture_output=True, check=False, env=around)


def _timed(command: list[str]) -> tuple[float, float, bytes]:
    """Seconds, seconds of CPU, output; the best of three."""
    best = (float("inf"), 0.0, b"")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = _run(command)
        took = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if took < best[0]:
            best = (took, used, done.stdout)
    return best


_SQL = {
    "json": "SELECT Email AS who, lower(HTTPHost) AS host, count(*) n FROM "
    "read_json_auto('{path}', format='newline_delimited') GROUP BY 1, 2",
    "squid": "SELECT split_part(regexp_replace(line, ' +', ' ', 'g'), ' ', 8) AS who, "
    "lower(regexp_extract(line, 'CONNECT ([^: ]+)', 1)) AS host, count(*) n FROM "
    "read_csv('{path}', columns={{'line': 'VARCHAR'}}, delim='\x01', header=false, quote='') "
    "GROUP BY 1, 2",
    "zeek": "SELECT column02 AS who, lower(column09) AS host, count(*) n FROM read_csv('{path}', "
    "delim='\t', header=false, comment='#', all_varchar=true, quote='') GROUP BY 1, 2",
}
_DUCK = """
import duckdb, sys
hosts = [line.strip() for line in open(sys.argv[2])]
con = duckdb.connect()
con.execute("SET threads=2")
con.execute("CREATE TABLE hosts(suffix VARCHAR)")
con.executemany("INSERT INTO hosts VALUES (?)", [[h] for h in hosts])
rows = con.execute("SELECT who, suffix, sum(n) FROM (" + sys.argv[1] + ") JOIN hosts ON host = "
    "suffix OR ends_with(host, '.' || suffix) GROUP BY 1, 2").fetchall()
print(sum(n for _, _, n in rows))
"""


def hosts_file(folder: Path) -> Path:
    """The hosts and domains of the rules, one a line, as one would give them to ripgrep."""
    from scanner.rulebook.load import load

    names = {host.host.removeprefix("*.") for p in load().providers for host in p.hosts}
    names |= {domain for p in load().providers for domain in p.web_domains}
    path = folder / "hosts.txt"
    path.write_text("\n".join(sorted(name for name in names if "*" not in name)) + "\n")
    return path


def rows(folder: Path, shape: str, size: int, duckdb: str) -> Iterator[str]:
    path = folder / f"day.{shape}"
    truth = write(path, shape, size)
    told = found(path)
    hits = sum(min(use.count, told[key].count) for key, use in truth.items() if key in told)
    put = sum(use.count for use in truth.values())
    precision = hits / max(1, sum(use.count for use in told.values()))
    wrong = sum(told.get(key) != use for key, use in truth.items())
    hosts = hosts_file(folder)
    real = path.stat().st_size
    scan = [sys.executable, "-m", "scanner", "scan", "--logs", str(path), "--quiet"]
    ways = {"shadow-ai": scan}
    if shutil.which("rg"):
        ways["ripgrep -i, counting lines"] = ["rg", "-c", "-i", "-F", "-f", str(hosts), str(path)]
        ways["ripgrep, counting lines"] = ["rg", "-c", "-F", "-f", str(hosts), str(path)]
    if duckdb:
        query = _SQL[shape].format(path=path)
        ways["DuckDB, 2 threads"] = [duckdb, "-c", _DUCK, query, str(hosts)]
    ours = 0.0
    for name, command in ways.items():
        took, used, _ = _timed(command)
        ours = ours or took
        yield (f"| {shape} | {name} | {real / took / 1e6:,.0f} | {took:.2f} | {used:.2f} | "
               f"{took / ours:.1f} |")  # fmt: skip
    yield (
        f"{shape}: {put:,} requests put in; precision {precision:.3f}, recall "
        f"{hits / max(1, put):.3f}; bytes, first or last wrong in {wrong} of {len(truth):,}"
    )
    path.unlink()


def main() -> None:
    from bench import log_kinds  # which needs what stands here

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--formats", default="json,squid,zeek")
    parser.add_argument("--duckdb", default="", help="an interpreter that has duckdb")
    given = parser.parse_args()
    print("| logs | who reads | MB/s | seconds | CPU seconds | times as long |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for shape in given.formats.split(","):
            for row in rows(Path(folder), shape, int(given.gib * (1 << 30)), given.duckdb):
                print(row, flush=True)
        print(log_kinds.row(Path(folder), min(int(given.gib * (1 << 30)), _MOST_OF_KINDS)))


if __name__ == "__main__":
    main()
