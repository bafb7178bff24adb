"""A graph that will not fit into memory is not begun, and costs nothing that was read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scanner.app.fitting import available_mib
from tests.app.faults import can_mount
from tests.app.scans import command, configured, image, installed, readings, scanned

_MEMORY = "MemTotal: 4096000 kB\nMemAvailable: {kb} kB\nSwapFree: 0 kB\n"


def _short(config: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """On a machine that has 16 KiB left, as far as its kernel tells."""
    told = config.parent / "meminfo"
    told.write_text(_MEMORY.format(kb=16))
    script = f"mount --bind '{told}' /proc/meminfo && exec \"$@\""
    return subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", *words], env=env,
                          capture_output=True, text=True, check=False, timeout=120)  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="needs a name space of its own")
def test_what_does_not_fit_is_told_and_the_next_scan_reads_nothing_again(tmp_path: Path) -> None:
    env = installed(tmp_path)
    urls = {name: f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("calm", "short")}
    settings = {"shards": 6, "logs": 2}
    assert scanned(configured(tmp_path, "calm", urls["calm"], **settings), env).returncode == 0
    config = configured(tmp_path, "short", urls["short"], **settings)
    done = _short(config, env, *command(config))
    assert done.returncode == 4, done.stderr
    for word in ("facts takes about", "are left", "all that was read is stored", "check_memory"):
        assert word in done.stderr
    before = readings(config)
    assert len(before) == 8
    again = scanned(config, env)
    assert again.returncode == 0, again.stderr
    assert readings(config) == before, "nothing was read again"
    assert image(urls["short"]) == image(urls["calm"])
    # Questions are answered from the same graph.
    asked = [sys.executable, "-m", "scanner", "graph", "owners", "--config", str(config)]
    assert subprocess.run(asked, env=env, check=False, capture_output=True).returncode == 0
    told = _short(config, env, *asked)
    assert (told.returncode, "are left" in told.stderr) == (4, True), told.stderr
    # Who knows better may say so.
    config.write_text(config.read_text().replace("[scan]", "[scan]\ncheck_memory = false"))
    assert _short(config, env, *asked).returncode == 0


def test_a_soft_limit_that_the_graph_goes_beyond_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    config = configured(tmp_path, "soft", url, "memory_mib = 1", shards=2)
    done = scanned(config, installed(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "memory_mib = 1 does not bound" in done.stderr


def _tree(root: Path, groups: str, files: dict[str, str], kb: int = 1 << 20) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(_MEMORY.format(kb=kb))
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


_MIB = 1 << 20
_CACHE = f"anon 5\ninactive_file {30 * _MIB}\nactive_file {20 * _MIB}\n"


@pytest.mark.parametrize(
    ("groups", "files", "room"),
    [
        ("0::/\n", {}, 1024),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/b/memory.current": "7"}, 1024),
        # The tightest on the way up, with what it holds of files, which it gives back.
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/b/memory.current": "7\n",
                       "a/memory.max": str(512 * _MIB), "a/memory.current": str(400 * _MIB),
                       "a/memory.stat": _CACHE}, 162),
        # A container sees its own group as the root, and is told a path that is not there.
        ("0::/host/pod\n", {"memory.max": str(100 * _MIB), "memory.current": str(40 * _MIB)}, 60),
        ("3:cpu:/c\n4:memory:/a\n", {
            "memory/a/memory.limit_in_bytes": str(300 * _MIB),
            "memory/a/memory.usage_in_bytes": str(290 * _MIB),
            "memory/a/memory.stat": f"inactive_file 9\ntotal_inactive_file {50 * _MIB}\n"}, 60),
        ("0::/\n", {"memory.max": "1000", "memory.current": "5000"}, 0),
    ],
)  # fmt: skip
def test_what_is_left_is_what_the_tightest_group_has(
    tmp_path: Path, groups: str, files: dict[str, str], room: float
) -> None:
    assert available_mib(_tree(tmp_path, groups, files)) == room


def test_a_system_that_does_not_tell_is_not_judged(tmp_path: Path) -> None:
    assert available_mib(tmp_path) is None
