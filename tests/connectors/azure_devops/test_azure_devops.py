"""Azure DevOps against a server made of Microsoft's descriptions, and real git over HTTP."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.azure_devops import CONNECTOR, AzureDevOpsConfig
from connectors.azure_devops import operations as op
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.kit.limits import Limits
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, Throttled, Unavailable
from scanner.model.items import Content, Sighting
from tests.connectors.azure_devops.world import SIGN_IN, AzureDevOps, azure_devops, event
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import CODE_KEY, SETTING_KEY, TOKEN, Read, context

PLAIN = {"settings": False, "audit": False}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AzureDevOps]:
    with azure_devops(tmp_path) as made:
        yield made


def _ctx(world: AzureDevOps, detector: Detector, folder: Path, **given: Any) -> Context[Any]:
    git = GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0)
    given = {"organizations": ("acme",), "audit_url": world.forge.url, **given}
    config = AzureDevOpsConfig(url=world.forge.url, git=git, **given)
    return context(config, detector, {"AZURE_DEVOPS_TOKEN": TOKEN})


@pytest.fixture
def found(world: AzureDevOps, detector: Detector, tmp_path: Path) -> Read:
    return Read(CONNECTOR, _ctx(world, detector, tmp_path))


def _id(world: AzureDevOps, rest: str) -> str:
    return f"azure_devops:{world.forge.url.removeprefix('http://')}/acme{rest}"


def test_every_repository_of_every_project(world: AzureDevOps, found: Read) -> None:
    expected = {"/listing", "/settings", "/audit"}
    expected |= {
        f"/{p}/{part}" for p in ("Shop", "Lab", "Void") for part in ("listing", "settings")
    }
    expected |= {f"/Shop/{name}/{part}" for name in ("app", "old", "empty")
                 for part in ("tree", "history", "settings")}  # fmt: skip
    assert set(found.shards) == {_id(world, rest) for rest in expected}
    assert found.errors == {}
    assert found.gaps() == []
    assert found.shards[_id(world, "/Shop/listing")].listed_by == _id(world, "/listing")


def test_a_clone_over_http_is_read_as_a_local_one_is(world: AzureDevOps, found: Read) -> None:
    tree = found.items[_id(world, "/Shop/app/tree")]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    assert any(isinstance(i, Sighting) for i in found.items[_id(world, "/Shop/app/history")])
    assert len(world.git.packs) == 2, "the empty one is not cloned"
    old = found.assets("code.repository")["127.0.0.1/acme/Shop/_git/old"]
    assert (old.tags["fork"], old.tags["visibility"]) == ("true", "public")


def test_teams_their_administrators_and_required_reviewers(world: AzureDevOps, found: Read) -> None:
    host = world.forge.url.removeprefix("http://")
    user = f"azure_devops:{host}/user"
    said = {(who, role) for subject, who, role in found.owners() if subject.endswith("/acme/Shop")}
    assert said == {
        (f"{user}/team/t1", "team of the project"),
        ("mailto:ada@acme.example", "administrator of Shop Team"),
        (f"{user}/g1", "administrator of Shop Team"),
    }
    reviewers = {(w, r) for subject, w, r in found.owners() if subject.endswith("/_git/app")}
    assert reviewers == {(f"{user}/u9", "required reviewer")}


def test_variables_and_service_connections(found: Read) -> None:
    slots = found.assets("azure_devops.variable")
    assert slots.keys() == {"OPENAI_API_KEY", "CLAUDE", "MISTRAL-API-KEY"}
    assert slots["MISTRAL-API-KEY"].tags["secret"] == "true"
    assert slots["CLAUDE"].tags == {"group": "prod", "environment_scope": "prod"}
    links = found.assets("azure_devops.service_connection")
    assert links.keys() == {"llm", "azure"}
    assert links["llm"].tags == {"type": "generic", "scheme": "UsernamePassword", "shared": "true"}
    texts = [c.data for c in found.of(Content) if c.place.path == "service connection"]
    assert b"url=https://api.openai.com/v1\ndeployment=gpt-4o\n" in texts
    kept = [i for i in found.all if not isinstance(i, (Content, Sighting))]
    assert not any(SETTING_KEY in encode(item).decode() for item in kept)
    assert [a.hosts for a in found.activities("generic")] == [("api.openai.com",)]


def test_agents_environments_and_extensions(found: Read) -> None:
    boxes = found.assets("azure_devops.runner")
    assert boxes.keys() == {"box"}
    assert "a100" in boxes["box"].tags["accelerator"]
    assert "token" not in boxes["box"].tags["labels"]
    places = {a.name: a.environment for a in found.assets("azure_devops.environment").values()}
    assert places == {"shop-prod": "production", "qa": "qa"}
    (rabbit,) = [a for a in found.activities("CodeRabbit") if a.relation == "contains"]
    assert (rabbit.hosts, rabbit.scopes, rabbit.status) == (
        ("coderabbit.ai",), ("vso.code",), "installed",
    )  # fmt: skip
    assert found.activities("Boards") == []


def test_the_log_goes_on_where_it_ended(
    world: AzureDevOps, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(world, detector, tmp_path, settings=False)
    first = Read(CONNECTOR, ctx)
    rows = first.activities("CodeRabbit")
    assert sum(row.count for row in rows) == 10
    assert {row.actor.email for row in rows if row.actor} == {"ada@acme.example"}
    world.events.append(event(60, "2026-11-20T11:57:00Z", "Extension.Installed",
                              ExtensionName="CodeRabbit"))  # fmt: skip
    again = Read(CONNECTOR, ctx, first.marks())
    assert [row.count for row in again.activities("CodeRabbit")] == [1]


def test_a_page_to_sign_in_is_a_refusal(
    world: AzureDevOps, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(world, detector, tmp_path)
    wrong = context(ctx.config, detector, {"AZURE_DEVOPS_TOKEN": "another"})
    found = Read(CONNECTOR, wrong)
    assert isinstance(found.errors[_id(world, "/listing")], Denied)
    moved = Reply(None, 302, {"Location": "https://spsprodweu.example/_signin"})
    world.forge.faults.append(Fault(r"/_apis/projects$", reply=moved))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **PLAIN))
    assert isinstance(found.errors[_id(world, "/listing")], Denied)


def test_an_answer_that_asks_to_slow_down_is_heeded(
    world: AzureDevOps, detector: Detector, tmp_path: Path
) -> None:
    slept: list[float] = []
    ctx = _ctx(world, detector, tmp_path, **PLAIN)
    ctx.limits = Limits(clock=lambda: 0.0, sleep=slept.append)
    body = {"count": 1, "value": [{"id": "p1", "name": "Shop"}]}
    slow = Reply(body, headers={"Retry-After": "7", "X-RateLimit-Remaining": "0"})
    world.forge.faults.append(Fault(r"/_apis/projects$", reply=slow, times=1))
    assert list(CONNECTOR.shards(ctx))
    assert slept[0] == 7.0


def test_filters_ask_for_the_last_push_only_when_they_need_it(
    world: AzureDevOps, detector: Detector, tmp_path: Path
) -> None:
    list(CONNECTOR.shards(_ctx(world, detector, tmp_path)))
    assert op.PUSHES not in world.forge.operations
    filters = Filters(pushed_since_days=60, visibility=("private",))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, filters=filters, **PLAIN))
    left = {s for s, error in found.errors.items() if isinstance(error, LeftOut)}
    assert left == {_id(world, f"/Shop/old/{part}") for part in ("tree", "history")}


@pytest.mark.parametrize("operation", [op.VARIABLE_GROUPS, op.AGENTS, op.MEMBERS, op.EXTENSIONS])
def test_what_is_refused_is_a_gap_with_the_permission(
    world: AzureDevOps, detector: Detector, tmp_path: Path, operation: str
) -> None:
    world.forge.denied.add(operation)
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert found.errors == {}
    assert found.gaps()
    assert all(gap.denied and "; grant vso." in gap.reason for gap in found.gaps())


def test_a_token_that_dies_midway(world: AzureDevOps, detector: Detector, tmp_path: Path) -> None:
    again = Fault(r"GET /acme/(?!_apis/projects$|\w+/_apis/git/repositories$)", reply=SIGN_IN)
    again.after = 3
    world.forge.faults.append(again)
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert len(found.errors) >= 2
    assert all(isinstance(error, Denied) for error in found.errors.values())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(raw=b"<html>", headers={"Content-Type": "text/html"}), Unavailable),
        (Reply({"message": "TF400733"}, 429, {"Retry-After": "3600"}), Throttled),
        (Reply({"value": {}}), Unavailable),
        (Reply({"message": "gone"}, 404), Unavailable),
        (Reply({"message": "TF"}, 500), Unavailable),
    ],
)
def test_one_projects_listing_that_fails_leaves_the_others(
    world: AzureDevOps, detector: Detector, tmp_path: Path, reply: Reply, error: type[Exception]
) -> None:
    world.forge.faults.append(Fault(r"/Lab/_apis/git/repositories$", reply=reply))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **PLAIN))
    assert found.errors.keys() == {_id(world, "/Lab/listing")}
    assert isinstance(found.errors[_id(world, "/Lab/listing")], error)


def test_projects_that_are_named(world: AzureDevOps, detector: Detector, tmp_path: Path) -> None:
    ctx = _ctx(world, detector, tmp_path, projects=("Lab",), **PLAIN)
    found = {shard.id: shard.listed_by for shard in CONNECTOR.shards(ctx)}
    assert found == {_id(world, "/listing"): "", _id(world, "/Lab/listing"): ""}
    assert op.PROJECTS not in world.forge.operations


def test_disabled_and_deleted_repositories(
    world: AzureDevOps, detector: Detector, tmp_path: Path
) -> None:
    record = {"id": "x", "name": "off", "isDisabled": True, "project": {"name": "Shop"},
              "remoteUrl": f"{world.git.url}/acme/Shop/_git/off"}  # fmt: skip
    gone = {**record, "name": "gone", "isDisabled": False, "defaultBranch": "refs/heads/main",
            "remoteUrl": f"{world.git.url}/acme/Shop/_git/gone"}  # fmt: skip
    odd: list[Any] = [None, {"name": "nothing else"}]
    body = {"count": 4, "value": [record, gone, *odd]}
    world.forge.faults.append(Fault(r"/Shop/_apis/git/repositories$", reply=Reply(body)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **PLAIN))
    assert "disabled" in str(found.errors[_id(world, "/Shop/off/tree")])
    assert isinstance(found.errors[_id(world, "/Shop/gone/tree")], Denied)
    assert [g.reason for g in found.gaps()] == ["2 records name no repository"]


def test_a_token_of_entra_is_asked_for_at_each_call(
    world: AzureDevOps, detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Credential:
        def get_token(self, scope: str) -> Any:
            asked.append(scope)
            return types.SimpleNamespace(token=f"entra-{len(asked)}")

    identity = types.ModuleType("azure.identity")
    identity.DefaultAzureCredential = Credential  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azure.identity", identity)
    ctx = _ctx(world, detector, tmp_path, auth="entra", **PLAIN)
    found = Read(CONNECTOR, ctx)
    assert isinstance(found.errors[_id(world, "/listing")], Denied), "this world takes no bearer"
    assert asked == ["499b84ac-1321-427f-aa17-5742ca67607b/.default"]


def test_services_have_hosts_of_their_own_and_a_server_has_no_audit_log() -> None:
    services = AzureDevOpsConfig(organizations=("acme",))
    assert services.audit_at == "https://auditservice.dev.azure.com"
    assert services.extensions_at == "https://extmgmt.dev.azure.com"
    server = AzureDevOpsConfig(organizations=("Default",), url="https://tfs.acme.example/tfs")
    assert (server.audit_at, server.extensions_at) == ("", server.url)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "organizations"),
        ({"organizations": []}, "organizations"),
        ({"organizations": ["a"], "url": "http://tfs.example"}, "https"),
        ({"organizations": ["a"], "audit_url": "http://tfs.example"}, "audit_url"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        msgspec.convert(given, AzureDevOpsConfig)


def test_doctor(world: AzureDevOps, detector: Detector, tmp_path: Path) -> None:
    ctx = _ctx(world, detector, tmp_path)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [True]
    world.forge.denied.add(op.PROJECTS)
    assert [p.ok for p in CONNECTOR.probe(ctx)] == [False]
