"""A forge of 200 repositories, killed in the middle and resumed: nothing twice, nothing missed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanner.rulebook.examples import expand
from tests.connectors.github.world import repository
from tests.forge_rig.api import Forge, Paged, Reply, Request, forge_api
from tests.forge_rig.githost import GitHost, git_host
from tests.forge_rig.seeded import TOKEN

pytestmark = pytest.mark.slow

MANY = 200
WORKERS = 4
NAMES = [f"acme/service-{n:03d}" for n in range(MANY)]


def _stream(number: int) -> bytes:
    """Two commits: a key that is taken back in every fifth, an import in every third."""
    key = expand("sk-ant-api03-{b64url:93}AA", f"service {number}") if number % 5 == 0 else "none"
    use = "import anthropic\n" if number % 3 == 0 else "import os\n"
    first = f"# service {number}\n{use}key = '{key}'\n"
    second = f"# service {number}\n{use}key = None\n"
    made = []
    for mark, text in enumerate((first, second), start=1):
        parent = "from :1\n" if mark == 2 else ""
        made.append(
            f"commit refs/heads/main\nmark :{mark}\n"
            f"committer Ada <ada@example.com> {1_700_000_000 + mark} +0000\n"
            f"data 4\nstep\n{parent}M 100644 inline app.py\ndata {len(text)}\n{text}\n"
        )
    return "".join(made).encode()


@dataclass
class Whole:
    forge: Forge
    git: GitHost
    folder: Path

    def config(self, name: str) -> Path:
        """A state and a cache of its own for each ``name``."""
        place = self.folder / name
        place.mkdir()
        path = place / "shadow-ai.toml"
        path.write_text(
            f'[scan]\nworkers = {WORKERS}\nhonour_suppressions = false\nfail_on = ""\n'
            f'[store]\nurl = "sqlite:///{place}/state.sqlite"\n'
            f'[sources.github]\nurl = "{self.git.url}"\napi_url = "{self.forge.url}"\n'
            'organizations = ["acme"]\nsettings = false\nrepository_settings = false\n'
            'audit = false\ngit.free_disk_gib = 0\ngit.cache_folder = "cache"\n'
        )
        return path

    def start(self, config: Path) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ, "GITHUB_TOKEN": TOKEN,
            "SHADOW_AI_FINGERPRINT_KEY": "a-fixed-fingerprint-key-for-tests",
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=config.parent,
        )  # fmt: skip

    def scan(self, config: Path) -> dict[str, Any]:
        child = self.start(config)
        out, err = child.communicate(timeout=300)
        assert child.returncode == 0, err.decode()[-2000:]
        assert TOKEN.encode() not in out + err
        document: dict[str, Any] = json.loads(out)
        return document

    def forget(self) -> None:
        self.git.calls.clear()
        self.git.packs.clear()
        self.forge.calls.clear()
        self.forge.unchanged = 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("forge")
    template = folder / "template.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(template)], check=True)
    shutil.rmtree(template / "hooks", ignore_errors=True)
    for number, name in enumerate(NAMES):
        bare = folder / "git" / f"{name}.git"
        shutil.copytree(template, bare)
        subprocess.run(
            ["git", "-C", str(bare), "fast-import", "--quiet"], input=_stream(number), check=True
        )
    records = [repository(name) for name in NAMES]
    world = {"GET /orgs/{org}/repos": lambda request: Paged(records)}

    def let_in(request: Request) -> Reply | None:
        return None if request.token == TOKEN else Reply({"message": "Bad credentials"}, 401)

    with (
        git_host(folder / "git", lambda given, name: given.startswith("Basic ")) as git,
        forge_api("github", world, authorized=let_in, etags=True) as forge,
    ):
        yield Whole(forge, git, folder)


def _findings(document: dict[str, Any]) -> dict[str, str]:
    return {row["fingerprint"]: row["status"] for row in document["findings"]}


def _done(config: Path) -> dict[str, int]:
    """Shard -> the row that tells of it; a shard that is read again gets another."""
    with sqlite3.connect(f"file:{config.parent}/state.sqlite?mode=ro", uri=True) as db:
        return dict(db.execute("select shard, rowid from coverage").fetchall())


def _asked(git: GitHost) -> Counter[str]:
    """How often each repository's refs were asked for."""
    return Counter(c.split()[1].split(".git")[0][1:] for c in git.calls if "info/refs" in c)


def test_killed_in_the_middle_and_resumed(whole: Whole) -> None:
    plain = whole.config("plain")
    expected = whole.scan(plain)
    assert len(expected["coverage"]) == 2 * MANY + 1, "two a repository, and the listing"
    assert {row["status"] for row in expected["coverage"]} == {"complete"}
    assert Counter(whole.git.packs) == Counter(NAMES), "one pack each, for both shards"
    held = Counter(row["asset"].partition(":")[0] for row in expected["findings"])
    assert held["credential"] == MANY // 5, "each key that was taken back, out of its history"
    assert held["git"] == -(-MANY // 3), "each use in code"

    whole.forget()
    config = whole.config("killed")
    child = whole.start(config)
    until = time.monotonic() + 120
    while len(whole.git.packs) < MANY // 2 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL, "it was in the middle"
    before = _done(config)
    fetched = set(whole.git.packs)
    assert MANY // 4 < len(before) < 2 * MANY
    assert len(fetched) < MANY

    resumed = whole.scan(config)
    after = _done(config)
    again = [shard for shard, row in before.items() if after[shard] != row]
    assert again == [], "what was stored is not read again"
    assert {row["status"] for row in resumed["coverage"]} == {"complete"}
    packs = Counter(whole.git.packs)
    assert set(packs) == set(NAMES), "nothing is missed"
    twice = [name for name, count in packs.items() if count > 1]
    assert len(twice) <= WORKERS, f"only what was on its way when it was killed: {twice}"
    asked = _asked(whole.git)
    assert sum(asked.values()) <= MANY + WORKERS
    assert whole.forge.unchanged == 2, "both pages of the listing, which had not changed"
    assert _findings(resumed) == _findings(expected)

    whole.forget()
    second = whole.scan(config)
    assert whole.git.calls == [], "nothing was pushed: nothing is fetched"
    assert whole.forge.calls == ["GET /orgs/acme/repos"] * 2
    assert whole.forge.unchanged == 2
    assert _findings(second) == dict.fromkeys(_findings(expected), "open"), "none is new any more"
