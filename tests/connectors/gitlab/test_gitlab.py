"""GitLab against a server made of its own description, and real git over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.gitlab import CONNECTOR, GitLabConfig
from connectors.gitlab import operations as op
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, Throttled, Unavailable
from scanner.model.facts import Account
from scanner.model.items import Activity, Content, Sighting
from tests.connectors.gitlab.world import GitLab, event, gitlab
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import CODE_KEY, SETTING_KEY, TOKEN, Read, context


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLab]:
    with gitlab(tmp_path) as made:
        yield made


def _ctx(world: GitLab, detector: Detector, folder: Path, **given: Any) -> Context[Any]:
    git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
    if not given.get("instance"):
        given.setdefault("groups", ("acme",))
    config = GitLabConfig(url=world.forge.url, git=git, **given)
    return context(config, detector, {"GITLAB_TOKEN": TOKEN})


@pytest.fixture
def found(world: GitLab, detector: Detector, tmp_path: Path) -> Read:
    return Read(CONNECTOR, _ctx(world, detector, tmp_path))


def _host(world: GitLab) -> str:
    return world.forge.url.removeprefix("http://")


def test_every_project_of_a_group_and_below_is_planned(world: GitLab, found: Read) -> None:
    host = _host(world)
    assert set(found.shards) == {
        *(f"gitlab:{host}/acme/{part}" for part in ("listing", "settings", "audit")),
        f"gitlab:{host}/acme/platform/settings",
        *(f"gitlab:{host}/{name}/{part}"
          for name in ("acme/app", "acme/platform/old", "acme/platform/empty")
          for part in ("tree", "history", "settings")),
    }  # fmt: skip
    assert found.errors == {}
    assert found.gaps() == []
    settings = found.shards[f"gitlab:{host}/acme/platform/settings"]
    assert settings.listed_by == "", "a group without projects may still be there"


def test_a_clone_over_http_is_read_as_a_local_one_is(world: GitLab, found: Read) -> None:
    host = _host(world)
    tree = found.items[f"gitlab:{host}/acme/app/tree"]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    history = found.items[f"gitlab:{host}/acme/app/history"]
    assert any(isinstance(i, Sighting) and i.place.path == "app.py" for i in history)
    assert world.git.packs.count("acme/app") == 1, "one clone for both shards"
    assert "acme/platform/empty" not in world.git.packs
    kept = [p.read_bytes() for p in world.git.root.parent.joinpath("cache").rglob("*")
            if p.is_file()]  # fmt: skip
    assert not any(TOKEN.encode() in data for data in kept)


def test_what_the_listing_says_of_a_project(found: Read) -> None:
    old = found.assets("code.repository")["127.0.0.1/acme/platform/old"]
    assert old.tags["fork"] == "true"
    assert old.status == "archived"
    assert old.tags["visibility"] == "internal"
    assert old.id == "git:127.0.0.1/acme/platform/old"
    accounts = {a.id: a for a in found.of(Account)}
    assert accounts.keys() == {f"gitlab:{h}" for h in _accounts(found)}
    below = next(a for a in accounts.values() if a.name == "acme/platform")
    assert below.parent == next(a.id for a in accounts.values() if a.name == "acme")


def _accounts(found: Read) -> set[str]:
    host = next(iter(found.shards.values())).scope["host"]
    return {f"{host}/acme", f"{host}/acme/platform"}


def test_owners_are_owners_and_maintainers_and_approvers(found: Read) -> None:
    said = {(who, role) for subject, who, role in found.owners() if subject.endswith("acme/app")}
    assert said == {
        ("forge:@ada", "Owner"), ("forge:@grace", "Maintainer"), ("forge:@left", "Owner"),
        ("forge:@grace", "approver: Security"), ("forge:@acme/platform", "approver: Security"),
    }  # fmt: skip
    assert found.people()["forge:@left"].is_active is False
    assert found.people()["forge:@acme/platform"].principal_type == "team"


def test_variables_are_names_and_their_values_end_in_the_detector(found: Read) -> None:
    assert {"GROUP_OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COLOUR"} <= found.named()
    assert any(SETTING_KEY.encode() in data for data in found.values())
    slots = found.assets("gitlab.variable")
    assert slots.keys() == {
        "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GROUP_ANTHROPIC_API_KEY", "GROUP_OPENAI_API_KEY",
    }  # fmt: skip
    tags = slots["ANTHROPIC_API_KEY"].tags
    assert tags == {"secret": "true", "masked": "true", "protected": "true",
                    "environment_scope": "production"}  # fmt: skip
    kept = [i for i in found.all if not isinstance(i, Content)]
    assert not any(SETTING_KEY in encode(i).decode() for i in kept if not isinstance(i, Sighting))


def test_runners_environments_integrations_and_duo(found: Read) -> None:
    runners = found.assets("gitlab.runner")
    assert runners.keys() == {"a100 box"}, "the others have no accelerator"
    assert runners["a100 box"].tags["accelerator"] == "a100"
    places = found.assets("gitlab.environment")
    assert places["production/eu"].environment == "production"
    assert places["review/1"].environment == "development"
    assert {a.status for a in found.activities("CodeRabbit") if a.relation == "contains"} == {
        "active"
    }
    assert found.activities("Jira") == []
    hooks = found.activities("Review")
    assert {(a.hosts, a.scopes) for a in hooks} == {
        (("coderabbit.ai",), ("merge_requests_events", "note_events"))
    }
    assert not any(SETTING_KEY in encode(a).decode() for a in hooks)
    duo = [a for a in found.activities("GitLab Duo") if a.relation == "contains"]
    assert [(a.status, a.hosts) for a in duo] == [("on for all below", ("cloud.gitlab.com",))]


def test_the_instance_itself(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, instance=True))
    assert found.errors == {}
    names = {shard.rpartition("/")[0] for shard in found.shards if shard.endswith("/tree")}
    assert len(names) == 4, "keyset paging, two a page, links to another host than ours"
    assert "INSTANCE_OPENAI_API_KEY" in found.named()
    (assistant,) = found.activities("Assistant")
    assert (assistant.client_id, assistant.hosts) == ("c0ffee", ("chatgpt.com",))
    assert found.assets("gitlab.runner")["big"].tags["accelerator"] == "cuda12, gpu"
    assert op.INSTANCE_AUDIT in world.forge.operations


def test_the_log_is_added_up_and_goes_on_where_it_ended(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(world, detector, tmp_path)
    first = Read(CONNECTOR, ctx)
    rows = [a for a in first.activities("CodeRabbit") if a.relation == "grants"]
    assert sum(a.count for a in rows) == 31
    assert all(a.actor and a.actor.email == "ada@example.com" for a in rows)
    assert not first.activities("acme"), "a Duo event is Duo's, a rename is nobody's"
    world.events.append(event(100, "2026-11-20T11:57:00.000Z", "integration_created",
                              target_type="Integration", target_id=5,
                              target_details="CodeRabbit"))  # fmt: skip
    again = Read(CONNECTOR, ctx, first.marks())
    (late,) = [a for a in again.activities("CodeRabbit") if a.relation == "grants"]
    assert late.count == 1, "what came late is read, what is known is not"


def test_offset_paging_ends_at_50000_and_the_rest_is_read_group_by_group(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    message = "Offset pagination has a maximum allowed offset of 50000 for requests"
    path = r"GET /api/v4/groups/acme/projects"
    world.forge.faults.append(Fault(path, reply=Reply({"message": message}, 405), times=1))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, settings=False, audit=False))
    names = {shard.rpartition("/")[0] for shard in found.shards if shard.endswith("/tree")}
    assert len(names) == 3
    assert found.errors == {}


def test_a_group_below_another_is_not_read_twice(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    groups = ("acme/platform", "acme", "ACME/")
    ctx = _ctx(world, detector, tmp_path, groups=groups, settings=False)
    shards = [shard.id for shard in CONNECTOR.shards(ctx)]
    assert len(shards) == len(set(shards)) == 8


def test_filters_leave_out_and_name(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    filters = Filters(archived=False, pushed_since_days=60, topics=("ml",))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, filters=filters, audit=False))
    host = _host(world)
    assert isinstance(found.errors[f"gitlab:{host}/acme/platform/old/tree"], LeftOut)
    assert isinstance(found.errors[f"gitlab:{host}/acme/platform/empty/settings"], LeftOut)
    assert f"gitlab:{host}/acme/app/tree" not in found.errors
    assert world.git.packs == ["acme/app"]


@pytest.mark.parametrize("operation", [op.PROJECT_VARIABLES, op.GROUP_RUNNERS, op.RUNNER])
def test_what_is_refused_is_a_gap_with_the_permission_and_the_rest_is_read(
    world: GitLab, detector: Detector, tmp_path: Path, operation: str
) -> None:
    world.forge.denied.add(operation)
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert found.errors == {}
    gaps = found.gaps()
    assert gaps
    assert all(gap.denied and "; grant read_api; " in gap.reason for gap in gaps)
    assert found.assets("gitlab.environment").keys() == {"production/eu", "review/1"}


def test_a_token_that_dies_midway(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    dead = Reply({"message": "401 Unauthorized"}, 401)
    world.forge.faults.append(Fault(r"GET /api/v4/(?!groups/acme/projects)", reply=dead, after=3))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    host = _host(world)
    assert isinstance(found.errors[f"gitlab:{host}/acme/audit"], Denied)
    denied = [e for e in found.errors.values() if isinstance(e, Denied)]
    assert len(denied) >= 3
    assert not [e for e in found.errors.values() if not isinstance(e, Denied)]


def test_no_premium_features_are_no_gap(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    absent = Reply({"message": "404 Not Found"}, 404)
    world.forge.faults.append(Fault(r"approval_rules|groups/[^/]+/hooks", reply=absent))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit=False))
    assert found.gaps() == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(raw=b"<html>sign in", headers={"Content-Type": "text/html"}), Unavailable),
        (Reply({"message": "Retry later"}, 429, {"Retry-After": "3600"}), Throttled),
        (Reply({"not": "a list"}), Unavailable),
        (Reply({"message": "500"}, 500), Unavailable),
        (Reply(None, 301, {"Location": "https://elsewhere.example/"}), Unavailable),
    ],
)
def test_a_listing_that_fails_is_told_and_nothing_is_claimed(
    world: GitLab, detector: Detector, tmp_path: Path, reply: Reply, error: type[Exception]
) -> None:
    world.forge.faults.append(Fault(r"GET /api/v4/groups/acme/projects", reply=reply))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, settings=False, audit=False))
    assert list(found.shards) == [f"gitlab:{_host(world)}/acme/listing"]
    assert isinstance(found.errors[f"gitlab:{_host(world)}/acme/listing"], error)


def test_renamed_or_deleted_since_it_was_listed(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    world.git.answers[r"/acme/app\.git/"] = (404, {}, b"The project you were looking for")
    moved = (301, {"Location": f"{world.git.url}/acme/new.git/info/refs"}, b"")
    world.git.answers[r"/acme/platform/old\.git/"] = moved
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, settings=False, audit=False))
    host = _host(world)
    assert isinstance(found.errors[f"gitlab:{host}/acme/app/tree"], Denied)
    renamed = found.errors[f"gitlab:{host}/acme/platform/old/tree"]
    assert "renamed or moved" in str(renamed)
    assert not any(TOKEN in str(e) for e in found.errors.values())


def test_a_clone_url_elsewhere_gets_no_token(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    stolen = [{"id": 1, "path_with_namespace": "acme/app", "default_branch": "main",
               "http_url_to_repo": "http://localhost:1/acme/app.git"}]  # fmt: skip
    world.forge.faults.append(Fault(r"GET /api/v4/groups/acme/projects", reply=Reply(stolen)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, settings=False, audit=False))
    assert "the token is not sent" in str(found.errors[f"gitlab:{_host(world)}/acme/app/tree"])
    assert world.git.calls == []


@pytest.mark.parametrize(
    "record",
    [None, 7, [], {}, {"id": 1}, {"path_with_namespace": 3, "http_url_to_repo": []}],
)
def test_records_that_name_no_project_are_counted(
    world: GitLab, detector: Detector, tmp_path: Path, record: Any
) -> None:
    world.forge.faults.append(Fault(r"GET /api/v4/groups/acme/projects", reply=Reply([record])))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, settings=False, audit=False))
    assert [g.reason for g in found.gaps()] == ["1 records name no repository"]


def test_odd_records_cost_themselves_alone(
    world: GitLab, detector: Detector, tmp_path: Path
) -> None:
    odd = [None, [1], {"key": ["x"]}, {"key": "OPENAI_API_KEY", "value": {"deep": 1}, "masked": 3}]
    world.forge.faults.append(Fault(r"/variables", reply=Reply(odd)))
    members = [{"username": "ada", "access_level": "50"}, {"access_level": 50}, 3]
    world.forge.faults.append(Fault(r"/members", reply=Reply(members)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit=False))
    assert found.errors == {}
    assert "OPENAI_API_KEY" in found.named()
    assert {gap.reason for gap in found.gaps()} == {"2 odd records", "1 odd records"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "groups"),
        ({"groups": ["a"], "instance": True}, "groups"),
        ({"groups": ["a"], "url": "http://gitlab.example.org"}, "https"),
        ({"groups": ["a"], "url": "https://u:p@gitlab.example.org"}, "no user"),
        ({"groups": ["a"], "url": "gitlab"}, "host"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        msgspec.convert(given, GitLabConfig)


def test_without_a_token(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    config = GitLabConfig(url=world.forge.url, groups=("acme",))
    ctx = context(config, detector, {})
    with pytest.raises(Denied, match="GITLAB_TOKEN"):
        list(CONNECTOR.shards(ctx))
    assert world.forge.calls == []


def test_doctor(world: GitLab, detector: Detector, tmp_path: Path) -> None:
    ctx = _ctx(world, detector, tmp_path)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [True]
    world.forge.denied.add(op.GROUP_PROJECTS)
    (probe,) = CONNECTOR.probe(ctx)
    assert not probe.ok
    assert "read_api" in probe.remedy


def test_nothing_but_activities_tells_of_applications(found: Read) -> None:
    assert all(a.app_id.startswith("gitlab:127.0.0.1:") for a in found.of(Activity))
