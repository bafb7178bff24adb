"""Gitea and Forgejo against servers made of their own descriptions, and real git over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.gitea import CONNECTOR, GiteaConfig
from connectors.gitea import operations as op
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, Throttled, Unavailable
from scanner.model.items import Content, Sighting
from tests.connectors.gitea.world import Gitea, gitea
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import CODE_KEY, SETTING_KEY, TOKEN, Read, context

BY_ITSELF = {"settings": False}


@pytest.fixture(params=["gitea", "forgejo"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gitea]:
    with gitea(tmp_path, request.param) as made:
        yield made


def _ctx(world: Gitea, detector: Detector, folder: Path, **given: Any) -> Context[Any]:
    git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
    if not given.get("instance"):
        given.setdefault("organizations", ("acme",))
    config = GiteaConfig(url=world.forge.url, git=git, **given)
    return context(config, detector, {"GITEA_TOKEN": TOKEN})


@pytest.fixture
def found(world: Gitea, detector: Detector, tmp_path: Path) -> Read:
    return Read(CONNECTOR, _ctx(world, detector, tmp_path))


def _host(world: Gitea) -> str:
    return world.forge.url.removeprefix("http://")


def test_every_repository_of_an_organization(world: Gitea, found: Read) -> None:
    host = _host(world)
    assert set(found.shards) == {
        f"gitea:{host}/acme/listing", f"gitea:{host}/acme/settings",
        *(f"gitea:{host}/acme/{name}/{part}" for name in ("app", "old", "empty", "wiki")
          for part in ("tree", "history", "settings")),
    }  # fmt: skip
    wiki = {shard for shard in found.errors if "/wiki/" in shard}
    assert found.errors.keys() == wiki
    assert all("switched off" in str(error) for error in found.errors.values())
    assert found.gaps() == []


def test_a_clone_over_http_is_read_as_a_local_one_is(world: Gitea, found: Read) -> None:
    host = _host(world)
    tree = found.items[f"gitea:{host}/acme/app/tree"]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    history = found.items[f"gitea:{host}/acme/app/history"]
    assert any(isinstance(i, Sighting) and i.place.path == "app.py" for i in history)
    assert sorted(world.git.packs) == ["acme/app", "acme/old"]


def test_what_the_listing_says_of_a_repository(found: Read) -> None:
    old = found.assets("code.repository")["127.0.0.1/acme/old"]
    assert old.status == "archived"
    assert old.tags["fork"] == "true"
    assert old.tags["visibility"] == "internal"
    assert old.tags["pushed_at"] == "2019-12-31T23:00:00Z"


def test_owners_are_teams_and_collaborators_that_administer(found: Read) -> None:
    said = {(who, role) for subject, who, role in found.owners() if subject.endswith("acme/app")}
    assert said == {
        ("forge:@acme/owners", "Owners (owner)"),
        ("forge:@ada", "collaborator (owner)"),
        ("forge:@eve", "collaborator (admin)"),
    }
    host = found.shards[next(iter(found.shards))].scope["host"]
    of_org = {(who, role) for subject, who, role in found.owners() if subject.endswith("/acme")}
    assert of_org == {
        ("forge:@acme/owners", "Owners (owner)"), ("mailto:ada@acme.example", "in Owners (owner)"),
        ("forge:@acme/leads", "leads (admin)"), ("forge:@grace", "in leads (admin)"),
    }, host  # fmt: skip


def test_names_of_secrets_and_variables(found: Read) -> None:
    assert {"OPENAI_API_KEY", "COLOUR", "DATABASE_URL", "ANTHROPIC_KEY"} <= found.named()
    assert any(SETTING_KEY.encode() in data for data in found.values())
    slots = found.assets("gitea.variable")
    assert slots.keys() == {"OPENAI_API_KEY", "ANTHROPIC_KEY"}
    assert slots["OPENAI_API_KEY"].tags == {"secret": "true"}
    kept = [i for i in found.all if not isinstance(i, (Content, Sighting))]
    assert not any(SETTING_KEY in encode(item).decode() for item in kept)


def test_runners_and_hooks(found: Read) -> None:
    assert found.assets("gitea.runner").keys() == {"box"}
    assert found.assets("gitea.runner")["box"].tags["accelerator"] == "a100, gpu"
    hooks = found.activities("gitea hook")
    assert {hook.hosts for hook in hooks} == {("coderabbit.ai",)}
    assert found.activities("slack hook") == [], "a place that nobody can visit"


def test_the_instance_itself(world: Gitea, detector: Detector, tmp_path: Path) -> None:
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, instance=True))
    trees = {shard for shard in found.shards if shard.endswith("/tree")}
    assert len(trees) == 5, "more pages than were asked for: the instance gives two a page"
    (chat,) = found.activities("Chat")
    assert (chat.client_id, chat.hosts) == ("c0ffee", ("chatgpt.com",))
    assert f"gitea:{_host(world)}/acme/settings" in found.shards
    assert f"gitea:{_host(world)}/(instance)/settings" in found.shards


def test_filters_leave_out_and_name(world: Gitea, detector: Detector, tmp_path: Path) -> None:
    filters = Filters(forks=False, topics=("ml",))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, filters=filters))
    left = {s for s, error in found.errors.items() if isinstance(error, LeftOut)}
    assert {s.split("/")[2] for s in left} == {"old", "empty", "wiki"}
    assert world.git.packs == ["acme/app"]


@pytest.mark.parametrize("operation", [op.REPO_SECRETS, op.TEAM_MEMBERS, op.PERMISSION])
def test_what_is_refused_is_a_gap_with_the_permission_and_the_rest_is_read(
    world: Gitea, detector: Detector, tmp_path: Path, operation: str
) -> None:
    world.forge.denied.add(operation)
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert found.gaps()
    assert all(gap.denied and "; grant read:" in gap.reason for gap in found.gaps())
    assert "ANTHROPIC_KEY" in found.named()


def test_an_older_version_without_actions_has_no_gap(
    world: Gitea, detector: Detector, tmp_path: Path
) -> None:
    world.forge.faults.append(Fault(r"/actions/", reply=Reply({"message": "Not Found"}, 404)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert found.gaps() == []


def test_a_token_that_dies_midway(world: Gitea, detector: Detector, tmp_path: Path) -> None:
    dead = Reply({"message": "invalid token"}, 401)
    world.forge.faults.append(Fault(r"GET /api/v1/(?!orgs/acme/repos)", reply=dead, after=7))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    read = [e for s, e in found.errors.items() if s.endswith("/settings") and "/wiki/" not in s]
    assert len(read) >= 2
    assert all(isinstance(error, Denied) for error in read)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(raw=b"<html>sign in", headers={"Content-Type": "text/html"}), Unavailable),
        (Reply({"message": "later"}, 429, {"Retry-After": "3600"}), Throttled),
        (Reply({"not": "a list"}), Unavailable),
        (Reply({"message": "broken"}, 502), Unavailable),
        (Reply({"message": "no such organization"}, 404), Unavailable),
        (Reply({"message": "forbidden"}, 403), Denied),
    ],
)
def test_a_listing_that_fails_is_told_and_nothing_is_claimed(
    world: Gitea, detector: Detector, tmp_path: Path, reply: Reply, error: type[Exception]
) -> None:
    world.forge.faults.append(Fault(r"orgs/acme/repos", reply=reply))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **BY_ITSELF))
    assert list(found.shards) == [f"gitea:{_host(world)}/acme/listing"]
    assert isinstance(found.errors[f"gitea:{_host(world)}/acme/listing"], error)


def test_a_listing_that_fails_midway_keeps_what_it_has(
    world: Gitea, detector: Detector, tmp_path: Path
) -> None:
    world.forge.faults.append(Fault(r"orgs/acme/repos", kind="close", after=1))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **BY_ITSELF))
    host = _host(world)
    assert isinstance(found.errors.pop(f"gitea:{host}/acme/listing"), Unavailable)
    assert {s.split("/")[2] for s in found.shards if s.endswith("/tree")} == {"app", "old"}
    assert found.errors == {}


def test_a_server_that_repeats_its_pages_ends(
    world: Gitea, detector: Detector, tmp_path: Path
) -> None:
    same = Reply([{"full_name": "acme/app", "clone_url": f"{world.git.url}/acme/app.git"}])
    world.forge.faults.append(Fault(r"orgs/acme/repos", reply=same))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **BY_ITSELF))
    assert "same page again" in str(found.errors[f"gitea:{_host(world)}/acme/listing"])


def test_deleted_since_it_was_listed(world: Gitea, detector: Detector, tmp_path: Path) -> None:
    world.git.answers[r"/acme/app\.git/"] = (404, {}, b"Not found.")
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **BY_ITSELF))
    assert isinstance(found.errors[f"gitea:{_host(world)}/acme/app/tree"], Denied)
    assert f"gitea:{_host(world)}/acme/old/tree" not in found.errors


@pytest.mark.parametrize("record", [None, 7, {}, {"full_name": 3}, {"clone_url": "x"}])
def test_records_that_name_no_repository_are_counted(
    world: Gitea, detector: Detector, tmp_path: Path, record: Any
) -> None:
    reply = Reply([record], headers={"X-Total-Count": "1"})
    world.forge.faults.append(Fault(r"orgs/acme/repos", reply=reply))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **BY_ITSELF))
    assert [g.reason for g in found.gaps()] == ["1 records name no repository"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "url"),
        ({"url": "https://git.example"}, "organizations"),
        ({"url": "https://git.example", "organizations": ["a"], "instance": True}, "organizations"),
        ({"url": "http://git.example", "organizations": ["a"]}, "https"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        msgspec.convert(given, GiteaConfig)


def test_doctor(world: Gitea, detector: Detector, tmp_path: Path) -> None:
    ctx = _ctx(world, detector, tmp_path)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [True]
    world.forge.denied.add(op.ORG_REPOS)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [False]
    with pytest.raises(Denied, match="GITEA_TOKEN"):
        list(CONNECTOR.shards(context(ctx.config, detector, {})))
