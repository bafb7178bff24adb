"""`--verify` with processes: each key is asked about once in the scan, whoever finds it, and the
providers stay as unhurried as they are asked to be. The provider is a stand-in on this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scanner.app.config import Config, DaskConfig, LoadedConfig, ScanConfig
from scanner.app.pipeline import Settings, scan
from scanner.app.verifying import verifier_of
from scanner.detect.asked import Page, SharedBook
from scanner.model.errors import ConfigError
from scanner.rulebook.examples import expand
from tests.app.scans import command, configured, image, installed
from tests.conftest import Repository
from tests.detect import test_verify
from tests.detect.test_verify import RULES, Server

server = test_verify.server

_STAND_IN = """
from scanner.detect.verify import Verifier
Verifier.__init__.__kwdefaults__.update(base="http://127.0.0.1:{port}", pause_seconds=0.01)
"""
"""Where every process sends its requests, as a test of one process says by arguments."""


def _key(name: str) -> str:
    return expand("acme-{hex:40}", name)


@pytest.fixture
def env(tmp_path: Path, server: Server) -> dict[str, str]:
    found = installed(tmp_path)
    site = tmp_path / "site"
    port = server.server_address[1]
    (site / "sitecustomize.py").write_text(_STAND_IN.format(port=port))
    (tmp_path / "rules" / "providers").mkdir(parents=True)
    (tmp_path / "rules" / "providers" / "acme_ai.yaml").write_text(RULES)
    (tmp_path / "asked").mkdir()
    return {**found, "TMPDIR": str(tmp_path / "asked")}


def _config(tmp_path: Path, name: str, scan_lines: str = "") -> tuple[Path, str]:
    code = f'[sources.code]\npaths = ["{tmp_path}/repositories"]\n[rules]\nfolders = ["rules"]'
    url = f"sqlite:///{tmp_path}/{name}.sqlite"
    return configured(tmp_path, name, url, scan_lines, code, shards=1), url


def _processes(count: int = 3) -> str:
    return f'executor = "processes"\nworkers = {count}'


def _repositories(tmp_path: Path, count: int) -> list[str]:
    names = [f"r{number}" for number in range(count)]
    for name in names:
        repository = Repository(tmp_path / "repositories" / name)
        repository.write("app.py", f"one = '{_key('shared')}'\nown = '{_key(name)}'\n")
        repository.commit()
    return ["shared", *names]


@pytest.mark.slow
def test_a_key_in_many_places_is_asked_about_once_by_all_processes(
    tmp_path: Path, env: dict[str, str], server: Server
) -> None:
    names = _repositories(tmp_path, 6)
    urls = []
    for name, lines in (("threads", ""), ("processes", _processes())):
        server.asked.clear()
        config, url = _config(tmp_path, name, lines)
        done = subprocess.run(command(config, "--verify"), env=env, capture_output=True,
                              text=True, check=False, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stderr
        counts = Counter(headers["X-Api-Key"] for _, headers in server.asked)
        assert counts == {_key(one): 1 for one in names}
        urls.append(url)
    ours = [row.replace(b"/processes", b"/threads") for row in image(urls[1])]
    assert ours == image(urls[0])
    assert sum(b'"verify","live"' in row or b'"verify":"live"' in row for row in ours) >= 7
    assert list((tmp_path / "asked").iterdir()) == [], "the notes went with the scan"


_ASKS = """
import sys, time
from scanner.app.verifying import verifier_of
from scanner.detect.engine import Detector
from scanner.rulebook.load import load
from pathlib import Path
verifier = verifier_of(sys.argv[1], b"a-key-of-the-scan-of-this-test")
if sys.argv[3] == "hang":
    verifier._send = lambda *_: (print("sent", flush=True), time.sleep(60))
detector = Detector(load(Path(sys.argv[2])), b"k" * 20, "re", verifier=verifier)
(hit,) = detector.examine(sys.stdin.read().encode(), "a.py", ("credentials",))
print(dict(hit.tags)["verify"], flush=True)
"""


def _asking(tmp_path: Path, env: dict[str, str], how: str = "") -> subprocess.Popen[str]:
    folder = tmp_path / "notes"
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", _ASKS, str(folder), str(tmp_path / "rules"), how], env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"K = '{_key('shared')}'")
    process.stdin.close()
    process.stdin = None
    return process


def test_a_process_that_dies_over_a_key_has_asked_and_holds_up_nobody(
    tmp_path: Path, env: dict[str, str], server: Server
) -> None:
    first = _asking(tmp_path, env, "hang")
    assert first.stdout is not None
    assert first.stdout.readline() == "sent\n"
    others = [_asking(tmp_path, env) for _ in range(2)]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert [one.communicate(timeout=60)[0] for one in others] == ["unknown\n"] * 2
    assert server.asked == []


def test_the_notes_hold_no_key_and_nothing_that_one_can_be_tried_on(
    tmp_path: Path, env: dict[str, str], server: Server
) -> None:
    answers = [_asking(tmp_path, env) for _ in range(3)]
    assert [one.communicate(timeout=60)[0] for one in answers] == ["live\n"] * 3
    assert len(server.asked) == 1
    notes = b"".join(one.read_bytes() for one in (tmp_path / "notes").iterdir())
    assert b"live" in notes
    assert _key("shared").encode() not in notes
    one, other = (verifier_of(str(tmp_path / "notes"), word.encode()) for word in ("a", "b"))
    assert one is not None and other is not None  # noqa: PT018
    assert one._salt != other._salt, "who has not the key of the scan has not its marks"


def test_calls_to_a_host_are_counted_over_all_processes(tmp_path: Path) -> None:
    one, other = SharedBook(tmp_path), SharedBook(tmp_path)
    with one.page("api.acme.test") as page:
        page.calls, page.next_at = 7, 12.5
    with other.page("api.acme.test") as page:
        assert page == Page({}, 7, 12.5)
    with other.page("api.other.test") as page:
        assert page.calls == 0


def test_a_cluster_is_refused_with_what_to_do() -> None:
    config = Config(
        scan=ScanConfig(executor="dask", dask=DaskConfig(address="tcp://127.0.0.1:1")),
        sources={"code": {"paths": ["."]}},
    )
    with pytest.raises(ConfigError, match=r'"processes" or "threads"'):
        scan(LoadedConfig(config=config), url="sqlite://", settings=Settings(verify=True))
