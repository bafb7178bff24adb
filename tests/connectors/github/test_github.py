"""GitHub against a server made of its own description, and real git over HTTP."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.github import CONNECTOR, GitHubConfig, api_url
from connectors.github.api import scopes_lacking
from connectors.github.auth import App, proof
from connectors.github.operations import OPERATIONS
from connectors.github.records import repository_of
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.settings import GitSettings
from scanner.model.base import encode
from scanner.model.errors import Denied, LeftOut, NotEnabled, Throttled, Unavailable
from scanner.model.facts import Account, Asset, AssetClass, Edge, Relation
from scanner.model.items import Activity, Checkpoint, Content, Gap, Remembered, Sighting
from tests.conftest import Repository
from tests.connectors.github.world import (
    APP_TOKEN,
    SPEC,
    GitHub,
    event,
    github,
    private_key,
    repository,
)
from tests.forge_rig.api import Fault, Reply
from tests.forge_rig.seeded import CODE_KEY, SETTING_KEY, TOKEN, Read, context


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHub]:
    with github(tmp_path, etags=True) as made:
        yield made


def _ctx(world: GitHub, detector: Detector, folder: Path, **given: Any) -> Context[Any]:
    given.setdefault("git", GitSettings(cache_folder=str(folder / "cache"), free_disk_gib=0))
    if not {"organizations", "users", "own", "enterprise", "app_id", "audit_files"} & given.keys():
        given["organizations"] = ("acme",)
    given.setdefault("url", world.git.url)
    config = GitHubConfig(api_url=world.forge.url, **given)
    ctx = context(config, detector, {"GITHUB_TOKEN": TOKEN})
    ctx.folder = folder
    return ctx


@pytest.fixture
def found(world: GitHub, detector: Detector, tmp_path: Path) -> Read:
    return Read(CONNECTOR, _ctx(world, detector, tmp_path))


def _host(world: GitHub) -> str:
    return world.git.url.removeprefix("http://")


# --- what is read ------------------------------------------------------------------------------


def test_every_repository_is_planned_and_read(world: GitHub, found: Read) -> None:
    host = _host(world)
    assert set(found.shards) == {
        *(f"github:{host}/acme/{part}" for part in ("listing", "settings", "audit")),
        *(f"github:{host}/acme/{name}/{part}" for name in ("app", "old", "library")
          for part in ("tree", "history", "settings")),
    }  # fmt: skip
    assert {s.listed_by for s in found.shards.values()} == {"", f"github:{host}/acme/listing"}
    assert found.errors == {}
    assert found.gaps() == []
    tree = found.items[f"github:{host}/acme/app/tree"]
    assert any(isinstance(i, Content) and CODE_KEY.encode() in i.data for i in tree)
    history = found.items[f"github:{host}/acme/app/history"]
    assert any(isinstance(i, Sighting) and i.place.path == "app.py" for i in history)
    assert Counter(world.git.packs) == {"acme/app": 1, "acme/old": 1, "acme/library": 1}
    subject = next(i for i in tree if isinstance(i, Asset))
    assert subject.id == "git:127.0.0.1/acme/app", "as local clones call it"
    assert subject.tags["topics"] == "ml"


def test_a_key_that_was_pushed_over_outlives_the_cache_of_clones(
    world: GitHub, found: Read, detector: Detector, tmp_path: Path
) -> None:
    shard = f"github:{_host(world)}/acme/app/history"
    kept = {
        name: item.data
        for name, items in found.items.items()
        for item in items
        if isinstance(item, Remembered)
    }
    bare = tmp_path / "git" / "acme" / "app.git"
    other = Repository(tmp_path / "other")
    other.write("readme", "nothing\n")
    other.commit()
    other.git("push", "-q", "--force", str(bare), "main:main")
    shutil.rmtree(tmp_path / "cache")
    ctx = _ctx(world, detector, tmp_path)
    ctx.recall = lambda asked: kept.get(asked, b"")

    again = Read(CONNECTOR, ctx)

    assert again.errors == {}
    shown = [i.place.path for i in again.items[shard] if isinstance(i, Sighting)]
    assert shown == ["app.py"]
    assert not any(isinstance(i, Gap) for i in again.items[shard])


def test_no_token_and_no_value_leaves(world: GitHub, found: Read, tmp_path: Path) -> None:
    for item in found.all:
        if not isinstance(item, Content):
            text = encode(item).decode()
            assert not [s for s in (TOKEN, SETTING_KEY, CODE_KEY) if s in text]
    kept = [p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert kept
    assert not any(TOKEN.encode() in data or SETTING_KEY.encode() in data for data in kept)
    assert not [c for c in world.forge.calls + world.git.calls if TOKEN in c]


def test_who_answers_for_a_repository(found: Read) -> None:
    assert {
        ("git:127.0.0.1/acme/app", "forge:@acme/ml", "admin"),
        ("git:127.0.0.1/acme/app", "forge:@ada", "admin"),
        ("forge:@acme/ml", "forge:@grace", "maintainer"),
    } <= found.owners()
    assert not [o for o in found.owners() if o[1] == "forge:@reader" or o[2] == "read"]
    members = {(e.source, e.target) for e in found.of(Edge) if e.relation is Relation.CONTAINS}
    assert ("forge:@acme/ml", "forge:@ada") in members
    codeowners = [e for e in found.of(Edge) if e.evidence[0].rule == "codeowners"]
    assert {e.target for e in codeowners} == {"forge:@ada"}


def test_names_of_secrets_go_to_the_detector_and_values_of_variables_too(found: Read) -> None:
    assert {
        "ANTHROPIC_API_KEY", "HF_TOKEN", "MISTRAL_API_KEY", "COPILOT_MCP_OPENAI_API_KEY",
        "OPENAI_API_KEY", "COHERE_API_KEY", "GROQ_API_KEY", "XAI_API_KEY", "OPENAI_SYNC", "COLOUR",
    } <= found.named()  # fmt: skip
    values = found.values()
    assert f"ANTHROPIC_API_KEY={SETTING_KEY}\n".encode() in values
    assert b"MODEL=gpt-4o\n" in values
    assert b"LLM_MODEL=claude-sonnet-4-5\n" in values
    slots = found.assets("github.variable")
    assert slots["COHERE_API_KEY"].tags["secret"] == "true"
    assert "COLOUR" not in slots, "what speaks of no AI is no thing of its own"


def test_copilot_its_policies_and_who_uses_it(world: GitHub, found: Read) -> None:
    ident = f"github:{_host(world)}/acme/copilot"
    said: dict[str, str] = {}
    for asset in found.of(Asset):
        if asset.id == ident:
            assert asset.asset_class is AssetClass.SAAS_APP
            said |= asset.tags
    assert said["public_code_suggestions"] == "allow"
    assert said["seats_total"] == "2"
    assert said["seats_inactive_this_cycle"] == "1"
    assert said["content_exclusions"] == "2"
    assert said["coding_agent"] == "all"
    uses = [e for e in found.of(Edge) if e.source == ident and e.relation is Relation.USED_BY]
    assert [(e.target, e.detail, e.evidence[0].last_at) for e in uses] == [
        ("forge:@grace", "vscode", "2026-11-18T08:00:00Z")
    ], "a seat that was never used is no use"


def test_apps_tokens_and_what_they_may_do(found: Read) -> None:
    installed = next(a for a in found.activities("coderabbitai") if a.relation == "contains")
    assert installed.scopes == ("contents:write", "pull_requests:write")
    token = found.activities("OPENAI_SYNC")[0]
    assert (token.actor and token.actor.id, token.scopes) == ("forge:@grace", ("contents:read",))
    assert found.activities("CodeRabbit")[0].relation == "grants"


def test_runners_with_accelerators_and_where_it_is_deployed(found: Read) -> None:
    runners = found.assets("github.runner")
    assert set(runners) == {"build-5", "trainer"}
    assert runners["build-5"].tags["group"] == "accelerated"
    assert runners["build-5"].tags["public_repositories"] == "true"
    assert runners["trainer"].tags["accelerator"] == "gpu, t4"
    tagged = [a for a in found.of(Asset) if a.tags.get("environments")]
    assert {a.tags["environments"] for a in tagged} == {"production/eu, staging"}
    assert {a.environment for a in tagged} == {"production"}


# --- which are read ----------------------------------------------------------------------------


def test_what_filters_leave_out_is_named(world: GitHub, detector: Detector, tmp_path: Path) -> None:
    filters = Filters(archived=False, exclude=("*/LIB*",))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, filters=filters))
    told = {shard: str(e) for shard, e in found.errors.items() if isinstance(e, LeftOut)}
    assert len(told) == 6
    assert "archived" in told[f"github:{_host(world)}/acme/old/tree"]
    assert "`exclude`" in told[f"github:{_host(world)}/acme/library/history"]
    assert set(world.git.packs) == {"acme/app"}


def test_people_ones_own_and_an_enterprise(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, users=("ada",), own=True))
    assert found.errors == {}
    assert set(world.git.packs) == {"ada/dotfiles", "ada/private"}
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, enterprise="megacorp"))
    assert found.errors == {}
    host = _host(world)
    assert f"github:{host}/acme/app/tree" in found.shards
    assert f"github:{host}/enterprises/megacorp/audit" in found.shards
    assert f"github:{host}/acme/audit" not in found.shards, "the enterprise's log has it"
    accounts = {a.kind for a in found.of(Account)}
    assert accounts == {"github.organization", "github.enterprise"}


def test_an_enterprise_that_may_not_be_listed_is_told(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    world.forge.denied.add("GET /enterprises/{enterprise}/org-properties/values")
    ctx = _ctx(world, detector, tmp_path, enterprise="megacorp", organizations=("acme",))
    found = Read(CONNECTOR, ctx)
    assert [g for g in found.gaps() if g.denied]
    assert f"github:{_host(world)}/acme/app/tree" in found.shards, "what is named is read"


# --- an app ------------------------------------------------------------------------------------


def test_an_app_trades_its_key_for_a_token_of_each_organization(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_text(private_key())
    world.tokens.clear()
    given: dict[str, Any] = {"app_id": "12", "app_key_file": "app.pem"}
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **given))
    assert found.errors == {}
    assert world.leases == [f"{APP_TOKEN}0"], "one for the whole run"
    assert "acme/app" in world.git.packs, "git was let in with it"
    assert found.gaps() == []
    world.is_selected = True
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, **given))
    assert ["selected repositories" in g.reason for g in found.gaps()] == [True]


def test_an_apps_token_is_renewed_before_it_ends(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_text(private_key())
    world.expires_at = "2020-01-01T00:00:00Z"
    ctx = _ctx(world, detector, tmp_path, app_id="12", app_key_file="app.pem")
    list(CONNECTOR.shards(ctx))
    app = ctx.kept("github.app", lambda: None)
    assert isinstance(app, App)
    first, second = app.token("acme"), app.token("acme")
    assert first != second
    assert "ghs_" not in repr(app)
    with pytest.raises(Denied, match="not installed in nobody"):
        app.token("nobody")


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN RSA PRIVATE KEY-----\nx\n"])
def test_a_key_that_signs_nothing_is_denied_without_being_quoted(key: str) -> None:
    with pytest.raises(Denied, match="app_key_file") as caught:
        proof("12", key)
    assert not key or key not in str(caught.value)


def test_the_proof_is_what_github_takes() -> None:
    import jwt
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = private_key()
    made = proof("Iv1.abc", pem, clock=lambda: 1_700_000_000.0)["Authorization"].split()[1]
    public = load_pem_private_key(pem.encode(), None).public_key()
    claims = jwt.decode(
        made, public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims["iss"] == "Iv1.abc"
    assert claims["exp"] - claims["iat"] <= 600


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_refused_detail_names_the_permission_and_the_rest_is_read(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    world.forge.denied.add("GET /orgs/{org}/copilot/billing/seats")
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    (gap,) = found.gaps()
    assert gap.denied
    assert "manage_billing:copilot" in gap.reason
    assert found.activities("coderabbitai")


def test_without_copilot_nothing_is_missing(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    world.forge.faults.append(Fault("/copilot/", reply=Reply({"message": "Not Found"}, 404)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit=False))
    assert found.gaps() == []
    assert "GitHub Copilot" not in found.assets("github.app")


def test_a_404_for_want_of_a_scope_is_a_refusal(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    headers = {"X-OAuth-Scopes": "repo, read:org", "X-Accepted-OAuth-Scopes": "admin:org, x"}
    reply = Reply({"message": "Not Found"}, 404, headers)
    world.forge.faults.append(Fault("/copilot/billing$", reply=reply))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    (gap,) = found.gaps()
    assert gap.denied
    assert "admin:org" in gap.reason
    assert scopes_lacking({"X-OAuth-Scopes": "x", "X-Accepted-OAuth-Scopes": "x, y"}) == ""
    assert scopes_lacking({"X-Accepted-OAuth-Scopes": "x"}) == "", "not a classic token"


def test_a_token_that_dies_in_the_middle_of_the_listing(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    dead = Reply({"message": "Bad credentials"}, 401)
    world.forge.faults.append(Fault("/orgs/acme/repos", reply=dead, after=1))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    host = _host(world)
    assert isinstance(found.errors[f"github:{host}/acme/listing"], Denied)
    read = {s for s in found.shards if s.endswith("/tree")}
    assert len(read) == 2, "what was listed before is read"
    assert not read & found.errors.keys()


@pytest.mark.parametrize(
    ("fault", "family"),
    [
        (Fault("/repos$", kind="cut"), Unavailable),
        (Fault("/repos$", kind="close"), Unavailable),
        (Fault("/repos$"), Unavailable),
        (Fault("/repos$", reply=Reply(raw=b"<html>login</html>")), Unavailable),
        (Fault("/repos$", reply=Reply({"message": "no list"})), Unavailable),
        (Fault("/repos$", reply=Reply({}, 429, {"Retry-After": "900"})), Throttled),
        (Fault("/repos$", reply=Reply({"message": "You have exceeded a secondary rate limit"},
                                      403, {"Retry-After": "900"})), Throttled),
        (Fault("/repos$", reply=Reply({"message": "API rate limit exceeded"}, 403,
                                      {"X-RateLimit-Remaining": "0",
                                       "X-RateLimit-Reset": "99999999999"})), Throttled),
        (Fault("/repos$", reply=Reply({"message": "no"}, 403)), Denied),
        (Fault("/repos$", reply=Reply({"message": "Repository access blocked"}, 451)),
         Unavailable),
        (Fault("/repos$", reply=Reply({"message": "Not Found"}, 404)), Unavailable),
    ],
)  # fmt: skip
def test_a_listing_that_fails_is_told_and_claims_nothing(
    world: GitHub, detector: Detector, tmp_path: Path, fault: Fault, family: type[Exception]
) -> None:
    world.forge.faults.append(fault)
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    error = found.errors[f"github:{_host(world)}/acme/listing"]
    assert isinstance(error, family)
    assert TOKEN not in str(error)
    assert f"github:{_host(world)}/acme/settings" in found.items, "the rest goes on"


def test_a_page_link_that_repeats_is_no_loop(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    link = {"Link": '<https://forge.internal/x?page=1&per_page=100>; rel="next"'}
    same = Reply([repository("acme/app")], 200, link)
    world.forge.faults.append(Fault("/orgs/acme/repos", reply=same))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert isinstance(found.errors[f"github:{_host(world)}/acme/listing"], Unavailable)
    assert len([c for c in world.forge.calls if c == "GET /orgs/acme/repos"]) < 5


def test_renamed_deleted_and_withheld_between_listing_and_clone(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    world.git.answers["acme/app"] = (301, {"Location": "http://elsewhere.example/"}, b"")
    world.git.answers["acme/old"] = (404, {}, b"Repository not found.")
    world.git.answers["acme/library"] = (451, {}, b"DMCA")
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    host = _host(world)
    assert "renamed" in str(found.errors[f"github:{host}/acme/app/tree"])
    assert "deleted" in str(found.errors[f"github:{host}/acme/old/history"])
    assert "legal" in str(found.errors[f"github:{host}/acme/library/tree"])
    assert not found.errors.keys() & {f"github:{host}/acme/settings"}


def test_a_second_scan_asks_for_the_list_and_is_told_that_it_is_the_same(
    world: GitHub, detector: Detector, tmp_path: Path, found: Read
) -> None:
    before, calls = len(world.git.calls), list(world.forge.calls)
    assert calls
    again = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert len(world.git.calls) == before, "nothing was pushed"
    assert world.forge.unchanged >= 2, "both pages of the list"
    assert again.errors == {}
    assert again.gaps() == []


def test_pushed_to_a_moment_ago_is_fetched_again(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    """The same second may see another push: such a time is not relied on."""
    records = [repository("acme/app", pushed_at="2026-11-20T11:59:40Z")]
    world.forge.faults.append(Fault("/orgs/acme/repos", reply=Reply(records)))
    for _ in range(2):
        ctx = _ctx(world, detector, tmp_path, settings=False, audit=False,
                   repository_settings=False)  # fmt: skip
        assert Read(CONNECTOR, ctx).errors == {}
    asked = [c for c in world.git.calls if "info/refs" in c]
    assert len(asked) == 2


def test_an_answer_leads_the_token_nowhere_else() -> None:
    odd = {**repository("acme/app"), "clone_url": "https://evil.example/x.git"}
    made = repository_of(odd, "https://github.com/")
    assert made is not None
    assert made.clone_url == "https://github.com/acme/app.git"
    for name in ("acme/../x", "acme", "a b/c", "acme/x?y", 7, None, "@evil/x:y"):
        assert repository_of({**odd, "full_name": name}, "https://github.com") is None
    assert repository_of("no record", "https://github.com") is None


# --- the audit log -----------------------------------------------------------------------------


def _logs(read: Read) -> Counter[tuple[str, str]]:
    made: Counter[tuple[str, str]] = Counter()
    for shard, items in read.items.items():
        if shard.endswith("/audit") or ":file:" in shard:
            for item in items:
                if isinstance(item, Activity):
                    made[item.rule, item.actor.id if item.actor else ""] += item.count
    return made


EXPECTED = Counter({
    ("copilot.cfb_seat_assignment_created", "forge:@grace"): 45,
    ("copilot.content_exclusion_changed", ""): 1,
    ("integration_installation.create", "forge:@ada"): 1,
    ("integration_installation.destroy", "forge:@ada"): 1,
    ("oauth_authorization.create", "forge:@ada"): 1,
    ("pull_request.create", "forge:@grace"): 2,
})  # fmt: skip


def test_the_log_is_added_up_and_goes_on_where_it_ended(
    world: GitHub, detector: Detector, tmp_path: Path, found: Read
) -> None:
    assert _logs(found) == EXPECTED
    assert "OPENAI_API_KEY" in found.named()
    world.events.append(
        event(200, "2026-11-20T11:59:50", "copilot.cfb_seat_assignment_created", user="hedy")
    )
    more = Read(CONNECTOR, _ctx(world, detector, tmp_path), found.marks())
    assert _logs(more) == Counter({("copilot.cfb_seat_assignment_created", "forge:@hedy"): 1})


def test_a_log_that_breaks_keeps_what_its_checkpoints_cover(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    world.forge.faults.append(Fault("/audit-log", reply=Reply({"message": "x"}, 401), after=27))
    first = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    shard = f"github:{_host(world)}/acme/audit"
    assert isinstance(first.errors[shard], Denied)
    world.forge.faults.clear()
    kept: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    for item in first.items[shard]:
        if isinstance(item, Activity):
            waiting[item.rule, item.actor.id if item.actor else ""] += item.count
        if isinstance(item, Checkpoint):
            kept, waiting = kept + waiting, Counter()
    rest = Read(CONNECTOR, _ctx(world, detector, tmp_path), first.marks())
    assert kept + _logs(rest) == EXPECTED


def test_without_enterprise_cloud_there_is_no_log(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    missing = Reply({"message": "Not Found"}, 404)
    plan = {"plan": {"name": "team", "space": 0, "private_repos": 0}}
    world.forge.faults.append(Fault("/audit-log", reply=missing))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    error = found.errors[f"github:{_host(world)}/acme/audit"]
    assert isinstance(error, Denied), "an enterprise's organization has one"
    world.forge.faults.append(Fault("/orgs/acme$", reply=Reply(plan)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    assert isinstance(found.errors[f"github:{_host(world)}/acme/audit"], NotEnabled)


def _files(world: GitHub, folder: Path) -> dict[str, bytes]:
    lines = b"".join(json.dumps(e).encode() + b"\n" for e in world.events)
    wrapped = [json.dumps({"source": "github", "event": e}) for e in world.events]
    names = sorted({key for e in world.events for key in e} - {"scopes"})
    table = [",".join(names)] + [
        ",".join(str(e.get(name, "")) for name in names) for e in world.events
    ]
    return {
        "stream.jsonl": lines,
        "stream.json.log.gz": gzip.compress(lines),
        "twice.jsonl": lines + lines,
        "export.json": json.dumps(world.events, indent=1).encode(),
        "siem.jsonl": "\n".join(wrapped).encode(),
        "export.csv": "\r\n".join(table).encode(),
        "page.json": json.dumps(
            {"labels": ["x"], "web": world.events[::2], "git": world.events[1::2]}
        ).encode(),
    }


@pytest.mark.parametrize(
    "name", ["stream.jsonl", "stream.json.log.gz", "twice.jsonl", "export.json", "siem.jsonl",
             "export.csv", "page.json"],
)  # fmt: skip
def test_files_of_every_form_say_the_same(
    world: GitHub, detector: Detector, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(_files(world, tmp_path)[name])
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit_files=(name,)))
    assert found.errors == {}
    assert found.gaps() == []
    assert _logs(found) == EXPECTED
    assert found.named() == {"OPENAI_API_KEY"}
    assert world.forge.calls == [], "a file alone needs nobody"


def test_a_log_of_several_organizations_tells_them_apart(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    """As an enterprise's export is; what makes a secret is a type that is known."""
    events: list[dict[str, Any]] = [
        {"action": "org.create_actions_secret", "org": "alpha", "key": "OPENAI_API_KEY"},
        {"action": "org.create_actions_secret", "org": "beta", "key": "OPENAI_API_KEY"},
        {"action": "repo.create_actions_secret", "org": "beta", "repo": "beta/shop",
         "key": "ANTHROPIC_API_KEY"},
        {"action": "integration_installation.create", "org": "alpha", "integration": "CodeRabbit"},
        {"action": "integration_installation.create", "org": "beta", "integration": "CodeRabbit"},
        {"action": "copilot.cfb_seat_assignment_created", "org": "beta", "user": "cleo"},
    ]  # fmt: skip
    lines = [
        json.dumps(
            {**one, "actor": "ann", "_document_id": f"d{n}", "@timestamp": 1795161600000 + n}
        )
        for n, one in enumerate(events)
    ]
    (tmp_path / "all.jsonl").write_text("\n".join(lines))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit_files=("all.jsonl",)))
    assert found.gaps() == []
    (host,) = {one.id.rpartition("/")[0] for one in found.all if isinstance(one, Account)}
    accounts = {one.name for one in found.all if isinstance(one, Account)}
    assert accounts == {"(export)", "alpha", "beta"}
    slots = {(one.place.subject, one.data) for one in found.all if isinstance(one, Content)}
    assert slots == {
        (f"{host}/alpha", b"OPENAI_API_KEY"),
        (f"{host}/beta", b"OPENAI_API_KEY"),
        (f"{host}/beta", b"ANTHROPIC_API_KEY"),
    }
    told = {(one.label, one.account): one.count for one in found.all if isinstance(one, Activity)}
    assert told == {
        ("CodeRabbit", f"{host}/alpha"): 1, ("CodeRabbit", f"{host}/beta"): 1,
        ("GitHub Copilot", f"{host}/beta"): 1,
    }  # fmt: skip


def test_events_without_a_time_are_a_gap(world: GitHub, detector: Detector, tmp_path: Path) -> None:
    events = [{**one, "@timestamp": "soon", "created_at": None} for one in world.events]
    (tmp_path / "page.json").write_text(json.dumps({"a": events}))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit_files=("page.json",)))
    (gap,) = found.gaps()
    assert "events have no time that can be read" in gap.reason


def test_files_that_are_damaged_or_are_none(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    whole = _files(world, tmp_path)
    (tmp_path / "cut.gz").write_bytes(whole["stream.json.log.gz"][:-40])
    (tmp_path / "odd.jsonl").write_bytes(b'{"no": "event"}\nnot json\n' + whole["stream.jsonl"])
    (tmp_path / "empty.jsonl").write_bytes(b"")
    files = ("cut.gz", "odd.jsonl", "empty.jsonl", "missing.jsonl")
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path, audit_files=files))
    assert isinstance(found.errors["github:file:cut.gz"], Unavailable)
    assert isinstance(found.errors["github:file:missing.jsonl"], Unavailable)
    assert [g.reason for g in found.gaps()] == ["2 records are no audit events"]
    assert "github:file:empty.jsonl" not in found.errors


# --- configuration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "organizations"),
        ({"organizations": ("a",), "url": "http://github.example"}, "https"),
        ({"organizations": ("a",), "url": "https://me:pw@github.com"}, "password"),
        ({"app_id": "1"}, "app_key_file"),
        ({"app_id": "1", "app_key_file": "a", "app_key_env": "b"}, "app_key_file"),
        ({"app_id": "1", "app_key_env": "b", "own": True}, "own"),
    ],
)
def test_a_configuration_that_cannot_work_is_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        GitHubConfig(**given)
    assert "me:pw" not in str(caught.value)


def test_where_the_api_is() -> None:
    def of(url: str) -> str:
        return api_url(GitHubConfig(url=url, own=True))

    assert of("https://github.com") == "https://api.github.com"
    assert of("https://acme.ghe.com") == "https://api.acme.ghe.com"
    assert of("https://github.example.com/") == "https://github.example.com/api/v3"


def test_every_operation_is_one_of_the_vendors() -> None:
    assert {o.id for o in OPERATIONS} <= set(SPEC["operations"])
    writing = [o.id for o in OPERATIONS if not o.id.startswith("GET ")]
    assert writing == ["POST /app/installations/{installation_id}/access_tokens"]


def test_a_missing_token_is_denied_with_the_variables_name(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    ctx = _ctx(world, detector, tmp_path, token_env="NO_SUCH")
    found = Read(CONNECTOR, ctx)
    assert found.all == []
    assert found.errors.keys() == found.shards.keys()
    for error in found.errors.values():
        assert isinstance(error, Denied)
        assert "NO_SUCH" in str(error)


def test_odd_records_cost_themselves_alone(
    world: GitHub, detector: Detector, tmp_path: Path
) -> None:
    records: list[Any] = [repository("acme/app"), 7, {"full_name": None}, []]
    world.forge.faults.append(Fault("/orgs/acme/repos", reply=Reply(records)))
    odd = {"total_count": 3, "secrets": [{"name": 5}, "x", {"name": "OPENAI_API_KEY"}]}
    world.forge.faults.append(Fault("/orgs/acme/actions/secrets", reply=Reply(odd)))
    found = Read(CONNECTOR, _ctx(world, detector, tmp_path))
    said = {g.what: g.reason for g in found.of(Gap)}
    assert said["listing"] == "3 records name no repository"
    assert said["GET /orgs/{org}/actions/secrets of acme"] == "1 odd records"
    assert msgspec.json.encode([i for i in found.all if not isinstance(i, Content)])
