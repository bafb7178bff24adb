"""A few seeds of each fault; `python -m bench.faults --seeds 200` tries many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app import faults
from tests.app.faults import Rig
from tests.store.postgres import programs, server

_SEEDS = {"killed": 5, "disk full": 3, "database restarted": 3, "two at once": 4, "clock set": 2,
          "out of memory": 4, "network lost": 2, "credentials expired": 2}  # fmt: skip


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("faults")
    if programs() is None:
        with faults.rig(folder) as made:
            yield made
        return
    with server() as running, faults.rig(Path(folder), running) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name, count in _SEEDS.items() for seed in range(count)]
)
def test_nothing_stored_is_lost_or_doubled(rig: Rig, name: str, seed: int) -> None:
    if name == "disk full" and not faults.can_mount():
        pytest.skip("no small file system can be made here")
    if name == "database restarted" and rig.server is None:
        pytest.skip("PostgreSQL is not installed")
    if name == "clock set" and not faults.can_set_clock():
        pytest.skip("libfaketime is not installed")
    faults.FAULTS[name](rig, seed)


@pytest.mark.slow
def test_a_scan_that_was_overtaken_stores_no_more(rig: Rig) -> None:
    """Its lock ended with the server; the one that came after it holds the state, and it ends."""
    if rig.server is None:
        pytest.skip("PostgreSQL is not installed")
    codes = faults.overtaken(rig, 0)
    assert codes == (4, 0)
