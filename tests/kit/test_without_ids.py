"""Events of a file that carry no id."""

from __future__ import annotations

from pathlib import Path

from connectors.slack.events import entry
from scanner.kit.administered import Kind, read_file
from scanner.kit.overlooked import Happened
from scanner.model.items import Activity


def _told(record: object, org: str) -> Happened:
    given = {
        "date_create": 1763629200, "action": "app_installed", "context": {},
        "actor": {"type": "user", "user": {"id": "W1"}},
        "entity": {"type": "app", "app": {"id": "A1", "name": "Claude"}},
    }  # fmt: skip
    found = entry(given, org)
    assert isinstance(found, tuple)
    return "", found[1], found[2]


def test_they_are_no_repetitions_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    kinds = (Kind(lambda record: "n" in record, _told),)
    found = read_file(path, path.name, "acme", kinds, "events")
    assert [one.count for one in found if isinstance(one, Activity)] == [3]
