"""GitLab's audit events in files: streamed, as its page exports them, and beside the API."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.gitlab import CONNECTOR, GitLabConfig
from scanner.detect.engine import Detector
from scanner.kit.forge.settings import GitSettings
from scanner.model.errors import Unavailable
from scanner.model.facts import Account
from scanner.model.items import Activity
from tests.connectors.gitlab.world import GitLab, gitlab
from tests.forge_rig.seeded import TOKEN, Read, context

_COLUMNS = ("ID", "Author ID", "Author Name", "Entity ID", "Entity Type", "Entity Path",
            "Target ID", "Target Type", "Target Details", "Action", "IP Address",
            "Created At (UTC)")  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLab]:
    with gitlab(tmp_path) as made:
        yield made


def _table(events: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    for one in events:
        told = one["details"]
        rows.writerow((
            one["id"], one["author_id"], told.get("author_name"), one["entity_id"],
            one["entity_type"], told.get("entity_path"), told.get("target_id"),
            told.get("target_type"), told.get("target_details"),
            one.get("event_name"), "192.0.2.1", one["created_at"],
        ))  # fmt: skip
    return text.getvalue()


def _read(world: GitLab, detector: Detector, folder: Path, *names: str, **given: Any) -> Read:
    git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
    files = tuple(str(folder / name) for name in names)
    config = GitLabConfig(url=world.forge.url, git=git, audit_files=files, **given)
    return Read(CONNECTOR, context(config, detector, {"GITLAB_TOKEN": TOKEN}))


def _told(found: Read) -> dict[tuple[str, str, str], int]:
    return {
        (one.rule, one.label, one.account.rpartition("/")[2]): one.count
        for one in found.of(Activity)
    }


@pytest.mark.parametrize("name", ["stream.jsonl", "stream.jsonl.gz", "page.json", "siem.jsonl",
                                  "table.csv"])  # fmt: skip
def test_files_of_every_form_say_the_same(
    world: GitLab, detector: Detector, tmp_path: Path, name: str
) -> None:
    events = world.events
    lines = "".join(json.dumps(one) + "\n" for one in events)
    data = {
        "stream.jsonl": lines.encode(), "stream.jsonl.gz": gzip.compress(lines.encode()),
        "page.json": json.dumps(events, indent=1).encode(),
        "siem.jsonl": "".join(json.dumps({"event": one}) + "\n" for one in events).encode(),
        "table.csv": _table(events).encode(),
    }[name]  # fmt: skip
    (tmp_path / name).write_bytes(data)
    calls = len(world.forge.calls)
    found = _read(world, detector, tmp_path, name)
    assert found.errors == {}
    assert len(world.forge.calls) == calls, "a file alone needs nobody"
    assert _told(found) == {
        ("integration_created", "CodeRabbit", "acme"): 31,
        ("duo_features_enabled_updated", "GitLab Duo", "acme"): 1,
    }
    assert "acme" in {one.name for one in found.of(Account)}


def test_groups_are_told_apart_and_what_is_none_is_a_gap(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    def event(number: int, kind: str, path: str) -> dict[str, Any]:
        return {"id": f"0190-{number}", "author_id": 7, "entity_id": 1, "entity_type": kind,
                "created_at": "2026-11-10T09:00:00Z", "event_type": "oauth_application_created",
                "details": {"author_name": "Ada", "entity_path": path, "target_id": number,
                            "target_type": "Oauth Application",
                            "target_details": "ChatGPT"}}  # fmt: skip

    rows: list[Any] = [event(1, "Group", "alpha"), event(2, "Project", "beta/shop"),
                       event(2, "Project", "beta/shop"), {"no": "event"}]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    found = _read(world, detector, tmp_path, "a.jsonl", "missing.jsonl")
    told = {(one.label, one.account.rpartition("/")[2]): one.count for one in found.of(Activity)}
    assert told == {("ChatGPT", "alpha"): 1, ("ChatGPT", "beta"): 1}
    assert [gap.reason for gap in found.gaps()] == ["1 records are no audit events"]
    (trouble,) = found.errors.values()
    assert isinstance(trouble, Unavailable)


def test_without_a_group_an_instance_or_a_file_there_is_nothing_to_read() -> None:
    with pytest.raises(ValueError, match="audit_files"):
        GitLabConfig()
