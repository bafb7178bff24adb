"""Every kind of server: all pages, refusals that are no emptiness, only changes the second time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from scanner.kit.http import ReadOnlySession
from scanner.kit.limits import Limits
from scanner.model.errors import RegistryError, UndeclaredOperation
from scanner.model.registry import AssessmentStatus, RegistryEntry, Stage
from scanner.reconcile import servers
from scanner.reconcile.inventory import Reading, of_mapped
from scanner.reconcile.mapped import map_records
from scanner.reconcile.servers import Access
from scanner.reconcile.sheets import records_of
from scanner.rulebook.mapping import RegistryMap, bundled_maps, registry_map
from tests.reconcile.registry_world import WORLDS, Answer, Asked, World, ok, serving

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
_KINDS = sorted(WORLDS)


def _access(kind: str, world: World) -> Access:
    return Access(url=world.url, token="made-up", user="ann", settings=WORLDS[kind][1], retries=1)


def _read(kind: str, world: World, kept: bytes = b"", now: datetime = NOW) -> tuple[Reading, bytes]:
    how = registry_map(kind)
    records, kept = servers.read(how, _access(kind, world), kept, now)
    return of_mapped(map_records(records, how, kind)), kept


def _entries(kind: str) -> dict[str, RegistryEntry]:
    with serving(WORLDS[kind][0]) as world:
        reading, _ = _read(kind, world)
    assert not reading.problems
    return {entry.id: entry for entry in reading.entries}


def test_every_kind_of_server_has_a_world() -> None:
    assert {how.id for how in bundled_maps() if how.server} == set(WORLDS)


@pytest.mark.parametrize("kind", _KINDS)
def test_all_pages_are_read_and_who_asks_is_told(kind: str) -> None:
    with serving(WORLDS[kind][0]) as world:
        reading, _ = _read(kind, world)
        assert len(reading.entries) == 3, list(reading.rows)
        assert all(asked.headers.get("authorization") for asked in world.asked)
        assert {asked.method for asked in world.asked} <= {"GET", "POST"}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("code", [401, 403, 500, 404])
def test_a_refusal_is_never_an_empty_registry(kind: str, code: int) -> None:
    said = pytest.raises(RegistryError, match=rf"{code}|attempt")
    with serving(lambda asked: (code, {"message": "no"}, {})) as world, said:
        _read(kind, world)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_refusal_in_the_middle_is_no_end(kind: str) -> None:
    turns: list[Asked] = []

    def routes(asked: Asked) -> Answer:
        turns.append(asked)
        return WORLDS[kind][0](asked) if len(turns) == 1 else (403, {"message": "no"}, {})

    with serving(routes) as world:
        if kind == "confluence":  # one page is all there is
            assert len(_read(kind, world)[0].entries) == 3
            return
        with pytest.raises(RegistryError, match="403"):
            _read(kind, world)


@pytest.mark.parametrize("kind", _KINDS)
def test_nothing_but_the_declared_calls_leaves(kind: str) -> None:
    how = registry_map(kind)
    with serving(WORLDS[kind][0]) as world:
        session = ReadOnlySession(world.url, servers.operations_of(how), Limits({}))
        for call in (session.get, lambda path: session.post(path, {})):
            with pytest.raises(UndeclaredOperation):
                call("/api/something/else")
        assert world.asked == []


def test_the_second_reading_asks_for_changes_and_a_whole_one_comes_in_time() -> None:
    for kind in ("servicenow", "onetrust", "jira-assets", "mlflow", "huggingface", "credo-ai"):
        with serving(WORLDS[kind][0]) as world:
            _, kept = _read(kind, world)
            first = len(world.asked)
            again, kept = _read(kind, world, kept, NOW + timedelta(hours=1))
            assert len(again.entries) == 3, kind
            assert len(world.asked) - first <= first, kind
            before = len(world.asked)
            whole, _ = _read(kind, world, kept, NOW + timedelta(hours=30))
            assert len(world.asked) - before == first, kind
            assert len(whole.entries) == 3


def test_details_are_read_again_only_of_what_changed() -> None:
    with serving(WORLDS["collibra"][0]) as world:
        _, kept = _read("collibra", world)
        details = [asked for asked in world.asked if asked.path.endswith("/attributes")]
        assert len(details) == 3
        reading, _ = _read("collibra", world, kept, NOW + timedelta(hours=30))
        details = [asked for asked in world.asked if asked.path.endswith("/attributes")]
        assert len(details) == 3
        assert {entry.owner for entry in reading.entries} == {"ann@example.com"}


def test_what_was_deleted_goes_with_the_next_whole_reading() -> None:
    rows = [{"id": str(n), "name": f"n{n}"} for n in range(3)]
    with serving(lambda asked: ok({"entries": rows})) as world:
        _, kept = _read("rest", world)
        rows.pop()
        reading, _ = _read("rest", world, kept)
        assert len(reading.entries) == 2


def test_a_list_that_goes_in_a_ring_is_no_end() -> None:
    def ring(asked: Asked) -> Answer:
        return ok({"registered_models": [{"name": "m"}], "next_page_token": "same"})

    with serving(ring) as world, pytest.raises(RegistryError, match="repeats a page"):
        _read("mlflow", world)


def _models(name: str) -> Answer:
    return ok({"registered_models": [{"name": name, "last_updated_timestamp": 1}]})


def test_what_is_kept_says_nothing_of_another_registry() -> None:
    how, soon = registry_map("mlflow"), NOW + timedelta(minutes=30)
    with serving(lambda asked: _models("ours")) as first, serving(
        lambda asked: _models("theirs")
    ) as second:  # fmt: skip
        old = Access(url=first.url, retries=1)
        _, kept = servers.read(how, old, b"", NOW)
        assert [r["name"] for _, r in servers.kept_records(how, old, kept) or ()] == ["ours"]
        moved = replace(old, url=second.url)
        records, _ = servers.read(how, moved, kept, soon)
        assert [record["name"] for _, record in records] == ["theirs"]
        for access, changed in (
            (moved, how), (replace(old, user="bo"), how), (replace(old, settings={"a": "b"}), how),
            (old, msgspec.structs.replace(how, fields={**how.fields, "owner": "user_id"})),
        ):  # fmt: skip
            assert servers.kept_records(changed, access, kept) is None
        assert servers.kept_records(how, replace(old, url=first.url + "/"), kept) is not None


def test_records_of_one_key_are_all_accounted_for(tmp_path: Path) -> None:
    rows = [{"id": "1", "name": "Fraud scoring"}, {"id": "1", "name": "Lunch menu"},
            {"id": "2", "name": "Other"}, {"id": "2", "name": "Other"}]  # fmt: skip
    with serving(lambda asked: ok({"entries": rows})) as world:
        reading, _ = _read("rest", world)
        assert [row.verdict for row in reading.rows] == ["refused", "refused", "imported"]
        assert all("id `1` stands at 2 records" in said for said in reading.problems)

        own = json.loads(msgspec.json.encode(registry_map("rest")))
        (tmp_path / "own.yaml").write_text(
            json.dumps({**own, "identity": {"id": "id", "or_of": ["name"]}})
        )
        how = registry_map("own.yaml", tmp_path)
        access = Access(url=world.url, retries=1)
        records, kept = servers.read(how, access, b"", NOW)
        found = of_mapped(map_records(records, how, "own")).entries
        assert [entry.name for entry in found] == ["Fraud scoring", "Lunch menu", "Other"]
        assert len(servers.kept_records(how, access, kept) or ()) == 3


def test_of_records_of_one_key_no_change_is_guessed() -> None:
    rows = [{"name": "m", "description": said, "last_updated_timestamp": stamp}
            for said, stamp in (("b", 2_000_000_000_001), ("a", 2_000_000_000_000))]  # fmt: skip
    with serving(lambda asked: ok({"registered_models": rows})) as world:
        how, access = registry_map("mlflow"), Access(url=world.url, retries=1)
        _, kept = servers.read(how, access, b"", NOW)
        rows[1]["description"] = "changed"
        records, _ = servers.read(how, access, kept, NOW + timedelta(hours=1))
        assert [record["description"] for _, record in records] == ["b", "changed"]


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(
    "answer",
    [{"error": "maintenance"}, {"message": "use /v2"}, {"error": {"code": 1}}, {"things": [{}]},
     "maintenance"],
)  # fmt: skip
def test_what_holds_no_list_is_no_empty_registry(kind: str, answer: object) -> None:
    with (
        serving(lambda asked: ok(answer)) as world,
        pytest.raises(RegistryError, match=r"answer|no record"),
    ):
        _read(kind, world)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("mlflow", {}), ("unity-catalog", {}), ("rest", {"entries": []}), ("huggingface", [])],
)
def test_an_empty_list_is_one_where_the_server_says_it_so(kind: str, answer: object) -> None:
    with serving(lambda asked: ok(answer)) as world:
        assert _read(kind, world)[0].entries == []
    if kind == "rest":
        with serving(lambda asked: ok({})) as world, pytest.raises(RegistryError, match="nothing"):
            _read(kind, world)


def test_an_answer_of_another_shape_is_no_empty_list() -> None:
    for answer in ({"entries": ["text"]}, {"entries": [1]}):
        said = pytest.raises(RegistryError, match="no record")
        with serving(lambda asked, answer=answer: ok(answer)) as world, said:
            _read("rest", world)


_OWN = {"id": "own", "name": "own", "reference": "x", "identity": {"id": "id"},
        "fields": {"name": "name"}}  # fmt: skip


@pytest.mark.parametrize(
    ("records", "answer", "is_empty"),
    [
        ("$.items[*]", {"items": "maintenance"}, False),
        ("$.items[*]", {"items": {"error": {"code": 1}}}, False),
        ("$.items[*]", {"items": None}, False),
        ("$.items[*]", {"items": 0}, False),
        ("$.items[?@.kind=='ai']", {"items": "maintenance"}, False),
        ("$.items.*", {"items": "maintenance"}, False),
        ("$.groups[*].items[*]", {"groups": [{"items": []}, {"items": "later"}]}, False),
        ("$.items[*]", {"items": []}, True),
        ("$.items[?@.kind=='ai']", {"items": [{"kind": "web"}]}, True),
        ("$.items.*", {"items": {}}, True),
    ],
)
def test_what_stands_in_place_of_a_list_is_no_empty_one(
    tmp_path: Path, records: str, answer: object, is_empty: bool
) -> None:
    """Of a server and of a file alike."""
    calls = [{"name": "list", "path": "/v1", "permission": "read", "records": records}]
    server = {"auth": "none", "calls": calls}
    (tmp_path / "own.yaml").write_text(json.dumps({**_OWN, "server": server}))
    (tmp_path / "own.json").write_text(json.dumps(answer))
    how = registry_map("own.yaml", tmp_path)
    with serving(lambda asked: ok(answer)) as world:
        access = Access(url=world.url, retries=1)
        if is_empty:
            assert list(servers.read(how, access, b"", NOW)[0]) == []
            assert list(records_of(tmp_path / "own.json", records=records)) == []
            return
        with pytest.raises(RegistryError, match="no list"):
            servers.read(how, access, b"", NOW)
    with pytest.raises(RegistryError, match="no list"):
        list(records_of(tmp_path / "own.json", records=records))


def test_settings_are_asked_for_and_unknown_ones_told() -> None:
    how = registry_map("jira-assets")
    with pytest.raises(RegistryError, match="setting `workspace` is needed"):
        servers.read(how, Access(url="http://127.0.0.1:9"), b"", NOW)
    access = Access(url="http://127.0.0.1:9", settings={"workspace": "w", "worksapce": "x"})
    with pytest.raises(RegistryError, match="no setting `worksapce`; known settings: query"):
        servers.read(how, access, b"", NOW)
    with pytest.raises(RegistryError, match="must begin with https"):
        servers.read(how, replace(access, url="ftp://x", settings={"workspace": "w"}), b"", NOW)


def test_a_setting_cannot_leave_its_place() -> None:
    with serving(lambda asked: ok({"values": []})) as world:
        access = Access(url=world.url, settings={
            "workspace": "../../admin?x=", "query": 'a"}, {"b": "',
        }, retries=1)  # fmt: skip
        servers.read(registry_map("jira-assets"), access, b"", NOW)
        (asked,) = world.asked
        assert asked.path == "/jsm/assets/workspace/..%2F..%2Fadmin%3Fx%3D/v1/object/aql"
        assert asked.body == {"qlQuery": 'a"}, {"b": "'}


def test_what_each_says_is_in_our_words() -> None:
    found = _entries("mlflow")
    assert found["mlflow/model-0"].stage is Stage.PRODUCTION
    assert found["mlflow/model-1"].stage is None  # the word None says nothing
    assert found["mlflow/model-2"].stage is Stage.RETIRED
    assert found["mlflow/model-0"].owner == "ann@example.com"
    assert found["mlflow/model-0"].bindings[0].value == "https://ml.example/0"
    backstage = _entries("backstage")["backstage/component/default/bot-0"]
    assert backstage.approved.providers == ("openai", "anthropic")
    assert backstage.assessments[0].status is AssessmentStatus.DONE
    assert _entries("unity-catalog")["unity/ms1/main.ml.m0"].aliases == ("champion-0",)
    service_now = _entries("servicenow")["servicenow/s0"]
    assert (service_now.stage, service_now.owner) == (Stage.PRODUCTION, "Ann Lee")
    assert service_now.bindings[0].value == "arn:aws:lambda:eu-west-1:1:function:b0"
    datahub = next(iter(_entries("datahub").values()))
    assert datahub.owners[0].role == "technical"
    assert _entries("openmetadata")["openmetadata/u0"].business_unit == "payments"
    assert _entries("jira-assets")["assets/AI-0"].owner == "ann@example.com"
    assert _entries("onetrust")["onetrust/i0"].assessments[0].at == "2026-02-01"
    credo = _entries("credo-ai")["credo/c0"]
    assert (credo.risk_tier, credo.assessments[0].status) == ("high", "in_progress")
    assert _entries("huggingface")["hf/acme/m0"].bindings[1].value == "huggingface.co/acme/m0"
    table = {entry.name: entry for entry in _entries("confluence").values()}
    assert table["Bot & Co"].owner == "ann@example.com"
    assert table["Drafter"].stage is Stage.PILOT
    assert table["Old"].stage is Stage.RETIRED


def test_a_mapping_of_ones_own_reads_any_json(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "own.yaml").write_text(json.dumps({
        "id": "own", "name": "own", "reference": "x", "identity": {"id": "$.key"},
        "fields": {"name": "$.labels[?@.lang=='en'].text"},
        "server": {"auth": "header", "auth_header": "X-Key", "calls": [{
            "name": "list", "path": "/v1/list", "permission": "read", "method": "POST",
            "body": '{"filter": {"kind": "ai"}}', "records": "$.data.items",
            "paging": {"style": "token", "parameter": "body.page.cursor", "next": "$.data.next"},
        }]},
    }))  # fmt: skip
    how: RegistryMap = registry_map("own.yaml", tmp_path)

    def routes(asked: Asked) -> Answer:
        cursor = (asked.body.get("page") or {}).get("cursor", "")
        labels = [{"lang": "de", "text": "x"}, {"lang": "en", "text": f"Bot {cursor}"}]
        item = {"key": f"k{cursor}", "labels": labels}
        return ok({"data": {"items": [item], "next": "" if cursor else "c1"}})

    with serving(routes) as world:
        records, _ = servers.read(how, Access(url=world.url, token="t"), b"", NOW)
        assert {asked.headers["x-key"] for asked in world.asked} == {"t"}
        assert world.asked[1].body == {"filter": {"kind": "ai"}, "page": {"cursor": "c1"}}
    assert [e.name for e in map_records(records, how, "own").entries] == ["Bot", "Bot c1"]
