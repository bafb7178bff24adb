"""Bitbucket Cloud and Data Center against servers made of their descriptions, and real git."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.bitbucket import CONNECTOR, BitbucketConfig
from connectors.bitbucket import operations as op
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, Throttled, Unavailable
from scanner.model.items import Content, Sighting
from tests.connectors.bitbucket.world import USER, Bitbucket, cloud, data_center, event
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import CODE_KEY, SETTING_KEY, TOKEN, Read, context


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Bitbucket]:
    with cloud(tmp_path) as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Bitbucket]:
    with data_center(tmp_path) as made:
        yield made


def _ctx(
    detector: Detector, folder: Path, *, space: Bitbucket | None = None,
    server: Bitbucket | None = None, **given: Any,
) -> Context[Any]:  # fmt: skip
    git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
    if space:
        given |= {"workspaces": ("acme",), "api_url": space.forge.url}
    if server:
        given |= {"server_url": server.forge.url}
    config = BitbucketConfig(git=git, **given)
    return context(config, detector, {"BITBUCKET_TOKEN": TOKEN})


def _host(world: Bitbucket) -> str:
    return world.forge.url.removeprefix("http://")


@pytest.mark.parametrize("user", ["", USER])
def test_a_workspace(space: Bitbucket, detector: Detector, tmp_path: Path, user: str) -> None:
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space, user=user))
    host = _host(space)
    assert set(found.shards) == {
        f"bitbucket:{host}/acme/listing", f"bitbucket:{host}/acme/settings",
        *(f"bitbucket:{host}/acme/{name}/{part}" for name in ("app", "old", "empty")
          for part in ("tree", "history", "settings")),
    }  # fmt: skip
    assert found.errors == {}
    assert found.gaps() == []
    tree = found.items[f"bitbucket:{host}/acme/app/tree"]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    history = found.items[f"bitbucket:{host}/acme/app/history"]
    assert any(isinstance(i, Sighting) for i in history)
    assert sorted(space.git.packs) == ["acme/app", "acme/old"], "an empty one is not cloned"
    old = found.assets("code.repository")["127.0.0.1/acme/old"]
    assert (old.tags["fork"], old.tags["visibility"]) == ("true", "public")


def test_what_the_workspace_says(space: Bitbucket, detector: Detector, tmp_path: Path) -> None:
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space))
    host = _host(space)
    who = f"bitbucket:{host}/user/557058"
    said = {(person, role) for subject, person, role in found.owners() if "app" in subject}
    assert said == {
        (f"{who}:ada", "admin"), (f"{who}:eve", "admin"), ("forge:@acme:leads", "admin"),
        (f"{who}:bob", "default reviewer"),
    }  # fmt: skip
    assert (f"bitbucket:{host}/acme", f"{who}:grace", "owner") in found.owners()
    slots = found.assets("bitbucket.variable")
    assert slots.keys() == {"OPENAI_API_KEY", "CLAUDE", "MISTRAL_API_KEY"}
    assert slots["MISTRAL_API_KEY"].tags == {"secret": "true", "environment_scope": "Live EU"}
    assert any(SETTING_KEY.encode() in data for data in found.values())
    kept = [i for i in found.all if not isinstance(i, (Content, Sighting))]
    assert not any(SETTING_KEY in encode(item).decode() for item in kept)
    assert found.assets("bitbucket.runner").keys() == {"box"}
    assert found.assets("bitbucket.environment")["Live EU"].environment == "production"
    assert found.assets("bitbucket.environment")["Test"].environment == "Test"
    assert {a.hosts for a in found.activities("Review bot")} == {("coderabbit.ai",)}


def test_a_server(server: Bitbucket, detector: Detector, tmp_path: Path) -> None:
    found = Read(CONNECTOR, _ctx(detector, tmp_path, server=server))
    host = _host(server)
    names = {s.split("/")[2] for s in found.shards if s.endswith("/tree")}
    assert names == {"app", "old", "broken"}, "the next page begins where the server says"
    assert {s.split("/")[2] for s in found.errors} == {"broken"}
    assert all("OFFLINE" in str(error) for error in found.errors.values())
    tree = found.items[f"bitbucket:{host}/ACME/app/tree"]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    old = found.assets("code.repository")["127.0.0.1/scm/ACME/old"]
    assert (old.status, old.tags["fork"], old.tags["visibility"]) == ("archived", "true", "public")
    said = {(person, role) for subject, person, role in found.owners() if "app" in subject}
    assert said == {
        ("mailto:ada@acme.example", "REPO_ADMIN"), ("forge:@grace", "default reviewer"),
    }, "services and readers answer for nothing"  # fmt: skip
    project = {(p, role) for subject, p, role in found.owners() if subject.endswith("/ACME")}
    assert (f"bitbucket:{host}/user/group/leads", "PROJECT_ADMIN") in project
    assert {a.hosts for a in found.activities("Review bot")} == {("coderabbit.ai",)}


def test_the_log_goes_on_where_it_ended(
    server: Bitbucket, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(detector, tmp_path, server=server, settings=False)
    first = Read(CONNECTOR, ctx)
    rows = first.activities("CodeRabbit")
    assert sum(row.count for row in rows) == 8
    assert {row.actor.name for row in rows if row.actor} == {"ada"}
    assert first.activities("app") == []
    server.events.append(event("2026-11-20T11:57:00.1Z", "Plugin enabled", "CodeRabbit"))
    again = Read(CONNECTOR, ctx, first.marks())
    assert [row.count for row in again.activities("CodeRabbit")] == [1]


def test_a_server_tells_labels_and_commits_only_when_they_are_asked_for(
    server: Bitbucket, detector: Detector, tmp_path: Path
) -> None:
    plain = {"settings": False, "audit": False}
    Read(CONNECTOR, _ctx(detector, tmp_path, server=server, **plain))
    assert not {op.LABELS, op.COMMITS} & set(server.forge.operations)
    filters = Filters(topics=("ML",), pushed_since_days=60)
    found = Read(CONNECTOR, _ctx(detector, tmp_path, server=server, filters=filters, **plain))
    left = {s.split("/")[2] for s, e in found.errors.items() if isinstance(e, LeftOut)}
    assert left == {"old", "broken"}


@pytest.mark.parametrize("operation", [op.REPO_VARIABLES, op.DEPLOYMENT_VARIABLES, op.SPACE_HOOKS])
def test_what_is_refused_is_a_gap_with_the_permission(
    space: Bitbucket, detector: Detector, tmp_path: Path, operation: str
) -> None:
    space.forge.denied.add(operation)
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space))
    assert found.gaps()
    assert all(gap.denied and "; grant read:" in gap.reason for gap in found.gaps())
    assert found.assets("bitbucket.environment").keys() == {"Live EU", "Test"}


def test_a_token_that_dies_midway(space: Bitbucket, detector: Detector, tmp_path: Path) -> None:
    dead = Reply({"error": {"message": "expired"}}, 401)
    space.forge.faults.append(Fault(r"GET /2.0/(?!repositories/acme$)", reply=dead, after=4))
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space))
    assert len(found.errors) >= 2
    assert all(isinstance(error, Denied) for error in found.errors.values())


_FAILURES = [
    (Reply(raw=b"<html>", headers={"Content-Type": "text/html"}), Unavailable),
    (Reply({"error": {"message": "later"}}, 429, {"Retry-After": "3600"}), Throttled),
    (Reply({"values": {"not": "a list"}}), Unavailable),
    (Reply({"error": {}}, 503), Unavailable),
    (Reply({"error": {}}, 403), Denied),
]


@pytest.mark.parametrize(("reply", "error"), _FAILURES)
def test_a_listing_that_fails_is_told(
    space: Bitbucket, server: Bitbucket, detector: Detector, tmp_path: Path, reply: Reply,
    error: type[Exception],
) -> None:  # fmt: skip
    for world in (space, server):
        world.forge.faults.append(Fault(r"(?:repositories/acme|/repos)$", reply=reply))
    plain = {"settings": False, "audit": False}
    for ctx in (
        _ctx(detector, tmp_path, space=space, **plain),
        _ctx(detector, tmp_path, server=server, **plain),
    ):
        found = Read(CONNECTOR, ctx)
        assert len(found.shards) == (2 if ctx.config.server_url else 1)
        (told,) = found.errors.values()
        assert isinstance(told, error)


@pytest.mark.parametrize(
    "body",
    [
        {"values": [], "isLastPage": False, "nextPageStart": None},
        {"values": [1], "isLastPage": False, "nextPageStart": 10},
    ],
)
def test_pages_that_lead_nowhere_end(
    server: Bitbucket, detector: Detector, tmp_path: Path, body: dict[str, Any]
) -> None:
    server.forge.faults.append(Fault(r"/repos$", reply=Reply(body)))
    found = Read(CONNECTOR, _ctx(detector, tmp_path, server=server, settings=False, audit=False))
    (told,) = found.errors.values()
    assert isinstance(told, Unavailable)


def test_the_servers_projects_cannot_be_listed(
    server: Bitbucket, detector: Detector, tmp_path: Path
) -> None:
    server.forge.denied.add(op.PROJECTS)
    found = Read(CONNECTOR, _ctx(detector, tmp_path, server=server, audit=False))
    whole = f"bitbucket:{_host(server)}/(instance)/listing"
    assert list(found.shards) == [whole], "and nothing is claimed of what it used to name"
    assert isinstance(found.errors[whole], Denied)


def test_a_project_that_a_server_no_longer_lists_is_gone(
    server: Bitbucket, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(detector, tmp_path, server=server)
    shards = {shard.id: shard for shard in CONNECTOR.shards(ctx)}
    whole = f"bitbucket:{_host(server)}/(instance)/listing"
    for part in ("listing", "settings"):
        assert shards[f"bitbucket:{_host(server)}/ACME/{part}"].listed_by == whole
    named = _ctx(detector, tmp_path, server=server, projects=("ACME",))
    listings = {shard.listed_by for shard in CONNECTOR.shards(named)}
    assert listings == {"", f"bitbucket:{_host(server)}/ACME/listing"}


def test_renamed_since_it_was_listed(space: Bitbucket, detector: Detector, tmp_path: Path) -> None:
    space.git.answers[r"/acme/app\.git/"] = (404, {}, b"Repository not found")
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space, settings=False))
    told = found.errors[f"bitbucket:{_host(space)}/acme/app/tree"]
    assert isinstance(told, Denied)
    assert TOKEN not in str(told)
    assert f"bitbucket:{_host(space)}/acme/old/tree" not in found.errors


@pytest.mark.parametrize("record", [None, 3, {}, {"full_name": "a/b", "links": {"clone": [1]}}])
def test_records_that_name_no_repository_are_counted(
    space: Bitbucket, detector: Detector, tmp_path: Path, record: Any
) -> None:
    space.forge.faults.append(Fault(r"repositories/acme$", reply=Reply({"values": [record]})))
    found = Read(CONNECTOR, _ctx(detector, tmp_path, space=space, settings=False))
    assert [g.reason for g in found.gaps()] == ["1 records name no repository"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "workspaces"),
        ({"workspaces": ["a"], "server_url": "https://b.example"}, "workspaces"),
        ({"workspaces": ["a"], "projects": ["B"]}, "projects"),
        ({"server_url": "https://b.example", "user": "ada@b.example"}, "user"),
        ({"server_url": "http://b.example"}, "https"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        msgspec.convert(given, BitbucketConfig)


def test_doctor(space: Bitbucket, detector: Detector, tmp_path: Path) -> None:
    ctx = _ctx(detector, tmp_path, space=space)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [True]
    space.forge.denied.add(op.REPOSITORIES)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [False]
