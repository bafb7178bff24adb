"""Folders that may not be listed, object stores, and times that lack a year or can not be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.logs.listing import listed
from connectors.logs.times import moment
from scanner.model.facts import Asset
from tests.connectors.logs.conftest import Read, Told, squid

CALLS = "OpenAI: API calls"
_AS_NOBODY = """
import os, sys
from pathlib import Path
from connectors.logs.listing import listed
if os.geteuid() == 0:  # who may list everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
files, gaps = listed(Path(sys.argv[1]), ".", ())
print([Path(file.path).name for file in files])
print([(Path(gap.what).name, gap.denied) for gap in gaps])
"""


def test_a_folder_that_may_not_be_listed_is_a_gap() -> None:
    with tempfile.TemporaryDirectory() as made:  # where everybody may go
        folder = Path(made)
        folder.chmod(0o755)
        secret = folder / "secret"
        secret.mkdir()
        (secret / "b.log").write_text(squid("claude.ai"))
        (folder / "a.log").write_text(squid("api.openai.com"))
        secret.chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, made], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        secret.chmod(0o700)
    assert done.stdout.split("\n")[:2] == ["['a.log']", "[('secret', True)]"]


def test_a_folder_that_goes_away_is_a_gap_and_the_rest_is_read(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    scandir = os.scandir

    def going(path: str) -> object:
        if str(path).endswith("gone"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", going)
    told = read(".")
    assert told.use == {("anna", CALLS): 1}
    assert [gap.what for gap in told.gaps] == [str(tmp_path / "gone")]


def test_what_is_excluded_in_an_object_store_is_not_read(tmp_path: Path, read: Read) -> None:
    pytest.importorskip("fsspec")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text(squid("api.openai.com"))
    (tmp_path / "logs/b.tmp").write_text(squid("claude.ai"))
    place = f"file://{tmp_path}/logs"
    assert len(read(place).use) == 2
    assert read(place, exclude=("*.tmp",)).use == {("anna", CALLS): 1}
    assert read(f"{place}/*", exclude=("*.tmp",)).use == {("anna", CALLS): 1}


def test_an_object_knows_when_it_was_changed(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    log = tmp_path / "a.log"
    log.write_text("x\n")
    os.utime(log, (1_767_225_600, 1_767_225_600))
    ((file,), _) = listed(tmp_path, f"file://{tmp_path}", ())
    assert file.day == 20260101
    ((plain,), _) = listed(tmp_path, "a.log", ())
    assert plain.day == 20260101


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("Dec 31 23:59:00", 20270105, "2026-12-31T23:59:00Z"),
        ("Jan  5 10:00:00", 20270105, "2027-01-05T10:00:00Z"),
        ("Jan  6 10:00:00", 20270105, "2027-01-06T10:00:00Z"),
        ("Jan  7 10:00:00", 20270105, "2026-01-07T10:00:00Z"),
        ("Jan  1 01:00:00", 20261231, "2027-01-01T01:00:00Z"),
        ("Feb 29 10:00:00", 20270105, "2024-02-29T10:00:00Z"),
        ("Feb 30 10:00:00", 20270105, ""),
        ("Dec 31 23:59:00 2025", 20270105, "2025-12-31T23:59:00Z"),
        ("Dec 31 23:59:00", 0, ""),
    ],
)
def test_a_time_without_a_year_is_the_latest_that_can_be(
    text: str, day: int, expected: str
) -> None:
    assert moment(text, day) == expected


def test_a_line_of_december_in_a_file_of_january(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text("Dec 31 23:59:00 dnsmasq[1]: query[A] api.openai.com from 10.0.0.5\n")
    january = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    os.utime(log, (january, january))
    assert _seen(read("a.log")) == ["2025-12-31T23:59:00Z"]


def test_a_machine_whose_clock_is_ahead_writes_files_that_are(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    ahead = int(time.time()) + 40 * 86_400
    log.write_text(squid("api.openai.com", at=ahead) + squid("api.openai.com", at=ahead * 2))
    os.utime(log, (ahead, ahead))
    told = read("a.log")
    assert _seen(told) == [datetime.fromtimestamp(ahead, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")]
    assert told.gaps[0].reason.startswith("1 lines of a time")


def _seen(told: Told) -> list[str]:
    things = (item for item in told.items if isinstance(item, Asset))
    return [row.first_at for thing in things for row in thing.evidence]


def test_times_that_can_not_be_are_said_and_set_no_limits(tmp_path: Path, read: Read) -> None:
    now = int(time.time())
    (tmp_path / "a.log").write_text(
        squid("api.openai.com", at=4_102_444_800) + squid("api.openai.com", at=now - 60)
        + squid("api.openai.com", at=1_000_000_000) + squid("api.openai.com", at=now + 3600)
        + squid("www.example.org", at=4_102_444_800)
    )  # fmt: skip
    told = read("a.log")
    assert told.use == {("anna", CALLS): 4}
    (row,) = told.assets[CALLS].evidence
    assert row.first_at == datetime.fromtimestamp(now - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert row.last_at == datetime.fromtimestamp(now + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    (gap,) = told.gaps
    assert gap.reason.startswith(
        "2 lines of a time that can not be (2001-09-09T01:46:40Z to 2100-01-01T00:00:00Z)"
    )


def test_links_in_a_folder_lead_to_files_once(tmp_path: Path, read: Read) -> None:
    """As `/var/log/containers` of a node of Kubernetes."""
    pods, containers = tmp_path / "pods", tmp_path / "containers"
    pods.mkdir()
    containers.mkdir()
    (pods / "0.log").write_text(squid("api.openai.com") * 2)
    (pods / "1.log").write_text(squid("claude.ai"))
    (containers / "chain.log").symlink_to(pods / "link.log")
    (pods / "link.log").symlink_to(pods / "0.log")
    (containers / "again.log").symlink_to(pods / "0.log")
    (containers / "other.log").symlink_to("../pods/1.log")
    (containers / "own.log").write_text(squid("www.example.org"))
    (containers / "mine.log").symlink_to("own.log")
    (containers / "back").symlink_to(containers)
    found, gaps = listed(tmp_path, "containers", ())
    assert sorted(Path(one.path).name for one in found) == ["again.log", "other.log", "own.log"]
    assert gaps == []
    told = read("containers")
    assert sum(told.use.values()) == 3
    assert read("pods", since=told.cursor).use == {}


def test_a_link_that_leads_nowhere_or_out_is_told_and_costs_no_other(
    tmp_path: Path, read: Read
) -> None:
    logs, other = tmp_path / "logs", tmp_path / "other"
    logs.mkdir()
    other.mkdir()
    (other / "b.log").write_text(squid("claude.ai"))
    (logs / "a.log").write_text(squid("api.openai.com"))
    (logs / "gone.log").symlink_to(tmp_path / "nothing")
    (logs / "loop.log").symlink_to("loop.log")
    (logs / "out").symlink_to(other)
    os.mkfifo(tmp_path / "pipe")
    (logs / "pipe.log").symlink_to(tmp_path / "pipe")
    told = read("logs")
    assert [*told.use.values()] == [1]
    said = {Path(one.what).name: one.reason for one in told.gaps}
    assert {*said} == {"gone.log", "loop.log", "out"}
    assert "a link to what is not there" in said["gone.log"]
    assert "name the folder in `files`" in said["out"]
