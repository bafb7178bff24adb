"""Okta against a loopback server that replays answers of the published schema."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.okta import CONNECTOR, OktaConfig
from connectors.okta.export import read_file
from scanner.detect.activity import Catalogue, facts_of
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.folding import Lately
from scanner.kit.limits import Limits
from scanner.kit.testing import Answer, Recorded, recorded_server
from scanner.model.coverage import Coverage, Outcome
from scanner.model.facts import Asset, Edge, Identity, Relation
from scanner.model.items import Activity, Checkpoint, Gap, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from tests.connectors.kept import run_into

RECORDINGS = Path(__file__).parent / "recordings"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Recorded]:
    with recorded_server(RECORDINGS, authorization="SSWS made-up-token") as recorded:
        yield recorded


def _context(
    server: Recorded, *, token: str = "made-up-token", retries: int = 2, **changes: Any
) -> Context[OktaConfig]:
    return Context(
        config=OktaConfig(**{"org_url": server.url, **changes}),
        examine=lambda *_: (),
        limits=Limits(),
        environ={"OKTA_API_TOKEN": token} if token else {},
        now=lambda: NOW,
        retries=retries,
    )


def _items(context: Context[OktaConfig], part: str, since: Checkpoint | None = None) -> list[Item]:
    shard = next(s for s in CONNECTOR.shards(context) if s.scope["part"] == part)
    return list(CONNECTOR.collect(context, shard, since))


def _activities(items: list[Item]) -> list[Activity]:
    return [item for item in items if isinstance(item, Activity)]


def _run(context: Context[OktaConfig], state: State, rulebook: Rulebook) -> dict[str, Coverage]:
    rows = run_into(state, "okta", CONNECTOR, context, rulebook, now="2026-11-24T12:00:00Z")
    return {row.shard.partition("/")[2] or row.shard: row for row in rows}


def test_every_page_of_applications_with_hosts_and_status(server: Recorded) -> None:
    found = {a.label: a for a in _activities(_items(_context(server), "apps"))}
    assert set(found) == {"ChatGPT Enterprise", "Our assistant (pilot)", "Payroll", "Otter.ai"}
    assert found["ChatGPT Enterprise"].hosts == ("chatgpt.com",)
    assert found["ChatGPT Enterprise"].client_id == "0oachatgpt0000000001"
    assert found["Our assistant (pilot)"].hosts == ("claude.ai",)
    assert found["Payroll"].hosts == ("acme.workday.com",)
    assert found["Otter.ai"].status == "INACTIVE"


def test_the_log_is_read_past_an_empty_page_and_aggregated(server: Recorded) -> None:
    found = _activities(_items(_context(server), "logs"))
    rows = {(a.rule, a.label, a.actor.name if a.actor else ""): a for a in found}
    chat = rows["user.authentication.sso", "ChatGPT Enterprise", "Ada"]
    assert chat.count == 2
    assert (chat.first_at, chat.last_at) == ("2026-11-20T08:15:01Z", "2026-11-20T09:00:00Z")
    assert chat.actor == Identity(
        id=chat.actor.id, kind="okta.user", name="Ada", email="ada@example.com",  # type: ignore[union-attr]
        principal_type=chat.actor.principal_type,  # type: ignore[union-attr]
    )  # fmt: skip
    assert ("user.authentication.sso", "Our assistant (pilot)", "Cleo") not in rows  # it failed


def test_a_consent_names_its_client_by_id_alone(server: Recorded) -> None:
    found = _activities(_items(_context(server), "logs"))
    consent = next(a for a in found if a.rule == "app.oauth2.as.consent.grant")
    assert consent.label == "Otter.ai"  # from the list of applications
    assert consent.scopes == ("calendar.read", "openid")
    assert consent.relation == "grants"


def test_a_tokens_actor_is_the_client_and_its_target_the_person(server: Recorded) -> None:
    found = _activities(_items(_context(server), "logs"))
    token = next(a for a in found if a.rule == "app.oauth2.as.token.grant.access_token")
    assert token.label == "ChatGPT Enterprise"
    assert token.actor is not None
    assert token.actor.email == "ada@example.com"
    assert token.scopes == ("openid", "profile")


def test_only_ai_becomes_facts(server: Recorded, rulebook: Rulebook) -> None:
    state = State("sqlite://")
    rows = _run(_context(server, parts=("apps", "logs")), state, rulebook)
    assert {row.status for row in rows.values()} == {Outcome.COMPLETE}
    facts = [fact for _, fact, _ in state.facts()]
    apps = {f.name: f.provider for f in facts if isinstance(f, Asset)}
    assert apps == {
        "ChatGPT Enterprise": "openai",
        "Our assistant (pilot)": "anthropic",
        "Otter.ai": "otter",
    }
    people = ("used_by", "grants", "created_by")
    edges = [f for f in facts if isinstance(f, Edge) and str(f.relation) in people]
    used = {(_last(f.source), str(f.relation), _last(f.target)) for f in edges}
    assert used == {
        ("0oachatgpt0000000001", "used_by", "00uada"),
        ("0oachatgpt0000000001", "created_by", "00uben"),
        ("0oaclaude00000000002", "used_by", "00uben"),
        ("00ucleo", "grants", "0oaotter000000000004"),
    }


def _last(ident: str) -> str:
    return ident.rpartition("/")[2]


def test_a_second_reading_adds_nothing(server: Recorded) -> None:
    first = _items(_context(server), "logs")
    last = [item for item in first if isinstance(item, Checkpoint)][-1]
    assert _activities(_items(_context(server), "logs", last)) == []


def test_the_query_is_bounded_filtered_and_begins_before_the_cursor(
    server: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str] | None] = []
    from scanner.kit.http import ReadOnlySession

    real = ReadOnlySession.get

    def spy(self: Any, url: str, params: dict[str, str] | None = None) -> Any:
        asked.append(params)
        return real(self, url, params)

    monkeypatch.setattr(ReadOnlySession, "get", spy)
    cursor = Checkpoint(cursor='{"until": "2026-11-24T11:00:00Z", "known": []}')  # a former one
    _items(_context(server), "logs", cursor)
    query = next(p for p in asked if p and "since" in p)
    assert query["since"] == "2026-11-24T10:55:00Z"
    assert query["until"] == "2026-11-24T12:00:00Z"
    assert 'eventType eq "app.oauth2.as.consent.grant"' in query["filter"]
    assert "auth_via_AD_agent" not in query["filter"]


def _granted(server: Recorded, events: list[dict[str, Any]], since: Any, **more: Any) -> Any:
    """How many events are new, and the last checkpoint."""
    _served(server, "/api/v1/logs", events)
    items = _items(_context(server, **more), "logs", since)
    assert not [item for item in items if isinstance(item, Gap)]
    marks = [item for item in items if isinstance(item, Checkpoint)]
    return sum(one.count for one in _activities(items)), marks[-1]


def _happened(ident: int, at: str) -> dict[str, Any]:
    event = next(one for one in _events() if one["eventType"] == "user.authentication.sso")
    return {**event, "uuid": f"made-up-{ident}", "published": at}


def test_what_comes_late_is_counted_once(server: Recorded) -> None:
    events = [_happened(one, f"2026-11-24T11:{one:02}:00.000Z") for one in range(30)]
    first, mark = _granted(server, events, None)
    late = [*events, _happened(99, "2026-11-23T20:00:00.000Z")]
    second, mark = _granted(server, late, mark)
    third, _ = _granted(server, late, mark)
    assert (first, second, third) == (30, 1, 0)
    assert len(mark.cursor) < 300  # rows and not events


def test_how_late_is_set(server: Recorded) -> None:
    events = [_happened(1, "2026-11-24T11:30:00.000Z")]
    _, mark = _granted(server, events, None, overlap_hours=2)
    late = [*events, _happened(2, "2026-11-24T10:10:00.000Z")]
    too_late = [*late, _happened(3, "2026-11-24T09:00:00.000Z")]
    assert _granted(server, too_late, mark, overlap_hours=2)[0] == 1


def test_a_cursor_older_than_what_okta_keeps_is_told(server: Recorded) -> None:
    cursor = Checkpoint(cursor='{"until": "2026-01-01T00:00:00Z", "known": []}')
    gaps = [i for i in _items(_context(server), "logs", cursor) if isinstance(i, Gap)]
    assert "no longer kept" in gaps[0].reason


def test_a_cursor_of_a_clock_that_was_ahead_is_told_and_left(server: Recorded) -> None:
    cursor = Checkpoint(
        cursor='{"until":"2027-01-01T00:00:00Z","settled":"2026-12-31T00:00:00Z","counted":{"x":9}}'
    )
    items = _items(_context(server), "logs", cursor)
    assert ["was ahead" in i.reason for i in items if isinstance(i, Gap)] == [True]
    mark = [i for i in items if isinstance(i, Checkpoint)][-1]
    assert not [i for i in _items(_context(server), "logs", mark) if isinstance(i, Gap)]


def test_429_is_waited_out_as_long_as_okta_says(server: Recorded) -> None:
    reset = str(int(datetime.now(UTC).timestamp()) + 1)
    server.faults["/api/v1/logs"] = [
        Answer(path="", status=429, headers={"X-Rate-Limit-Reset": reset}, body={}),
    ]
    assert _activities(_items(_context(server, retries=3), "logs"))


def test_429_for_too_long_and_500_fail_their_shard_alone(
    server: Recorded, rulebook: Rulebook
) -> None:
    late = str(int(datetime.now(UTC).timestamp()) + 4000)
    server.faults["/api/v1/logs"] = [
        Answer(path="", status=429, headers={"X-Rate-Limit-Reset": late}, body={})
    ]
    rows = _run(_context(server), State("sqlite://"), rulebook)
    assert rows["apps"].status is Outcome.COMPLETE
    assert rows["logs"].status is Outcome.FAILED
    assert "429, told to wait" in rows["logs"].reason
    server.faults["/api/v1/apps"] = [Answer(path="", status=500, body="<h1>oops</h1>")] * 8
    rows = _run(_context(server), State("sqlite://"), rulebook)
    assert rows["apps"].status is Outcome.FAILED
    assert "HTTP 500 after 2 attempts" in rows["apps"].reason
    assert rows["logs"].status is Outcome.COMPLETE  # by the events' own labels


def test_a_500_in_the_middle_keeps_the_pages_before_and_goes_on_there(
    server: Recorded, rulebook: Rulebook
) -> None:
    state = State("sqlite://")
    real = server.faults
    context = _context(server, retries=1)
    calls = [0]

    class Second(dict):  # type: ignore[type-arg]
        """Faults for the second page of the log alone."""

        def get(self, path: str, default: Any = None) -> Any:
            calls[0] += path == "/api/v1/logs"
            return [Answer(path="", status=503)] if calls[0] == 2 else None

        __getitem__ = get

    server.faults = Second()
    rows = _run(context, state, rulebook)
    assert rows["logs"].status is Outcome.PARTIAL
    server.faults = real
    rows = _run(_context(server), state, rulebook)
    assert rows["logs"].status is Outcome.COMPLETE
    counts = {
        f.source.rpartition("/")[2]: f.evidence[0].count
        for _, f, _ in state.facts()
        if isinstance(f, Edge) and str(f.relation) == "used_by" and f.target.endswith("00uben")
    }
    assert counts == {"0oaclaude00000000002": 1}  # not counted twice


ODD: tuple[Any, ...] = (
    None, True, -1, 1.5, 10**30, "", "\ud800", [], {}, [[{}]], "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "http://[::1", {"id": []}, [None, {"type": "AppInstance"}],
)  # fmt: skip


def _odd_ones(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The record with every odd value in every place, one at a time."""
    found = []
    for name, value in record.items():
        found += [{**record, name: odd} for odd in ODD]
        if isinstance(value, dict):
            found += [{**record, name: inner} for inner in _odd_ones(value)]
        if isinstance(value, list):
            inner_ones = [
                one for item in value if isinstance(item, dict) for one in _odd_ones(item)
            ]
            found += [{**record, name: [inner]} for inner in inner_ones]
    return found


def _served(server: Recorded, path: str, body: Any) -> None:
    """To whoever asks; both shards ask for the applications."""
    server.faults[path] = [Answer(path="", body=body)] * (2 if path.endswith("apps") else 1)


def test_an_odd_application_costs_itself_alone(server: Recorded, rulebook: Rulebook) -> None:
    whole = [r for page in json.loads((RECORDINGS / "apps.json").read_text()) for r in page["body"]]
    odd = [one for record in whole for one in _odd_ones(record)]
    assert len(odd) > 500
    _served(server, "/api/v1/apps", [*odd, None, 7, *whole])
    state = State("sqlite://")

    rows = _run(_context(server), state, rulebook)

    assert rows["apps"].status is Outcome.PARTIAL
    assert "are no applications" in rows["apps"].reason
    names = {f.name for _, f, _ in state.facts() if isinstance(f, Asset)}
    assert {"ChatGPT Enterprise", "Our assistant (pilot)", "Otter.ai"} <= names


def test_an_odd_event_costs_itself_alone(server: Recorded, rulebook: Rulebook) -> None:
    odd = [
        {**one, "uuid": f"{event['uuid']}-{n}"} if one.get("uuid") == event["uuid"] else one
        for event in _events()
        for n, one in enumerate(_odd_ones(event))
    ]
    assert len(odd) > 500
    _served(server, "/api/v1/logs", [*odd, *_events()])
    state = State("sqlite://")

    rows = _run(_context(server), state, rulebook)

    told = {gap.partition(": ")[2].partition(": ")[0] for row in rows.values() for gap in row.gaps}
    untimed = {one for one in told if one.endswith("events have no time that can be read")}
    assert len(untimed) == 1
    assert told - untimed == {"schema"}
    assert {name for name, row in rows.items() if row.gaps} == {"logs"}
    found = [f for _, f, _ in state.facts() if isinstance(f, Edge)]
    assert {"00uada", "00uben"} <= {_last(f.target) for f in found}
    times = [at for f in found for e in f.evidence for at in (e.first_at, e.last_at) if at]
    assert times
    assert all(at.endswith("Z") for at in times)


def test_a_record_that_cannot_be_decoded_costs_itself_alone(
    server: Recorded, rulebook: Rulebook
) -> None:
    digits = "1" * 5000
    events = json.dumps(_events())[1:-1]
    _served(server, "/api/v1/logs", f'[{{"eventType": {digits}}}, {events}, 7, "event"]')
    state = State("sqlite://")

    rows = _run(_context(server), state, rulebook)

    assert rows["logs"].status is Outcome.PARTIAL
    assert rows["logs"].gaps == ("GET /api/v1/logs: 3 records are no events",)
    assert [f for _, f, _ in state.facts() if isinstance(f, Edge)]
    _served(server, "/api/v1/logs", [])
    assert _run(_context(server), state, rulebook)["logs"].status is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[" * 200_000 + "]" * 200_000, "nested too deeply"),
        ('[{"a":' * 100_000 + "1" + "}]" * 100_000, "nested too deeply"),
        ("[1, 2", "not JSON"),
        ("{}", "expected a JSON array, got dict"),
        ("<html>", "not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_with_its_path(
    server: Recorded, rulebook: Rulebook, body: str, reason: str
) -> None:
    for part in ("apps", "logs"):
        server.faults[f"/api/v1/{part}"] = [Answer(path="", body=body)] * 2

    rows = _run(_context(server), State("sqlite://"), rulebook)

    for part in ("apps", "logs"):
        assert rows[part].status is Outcome.FAILED
        assert f"GET /api/v1/{part}" in rows[part].reason
        assert reason in rows[part].reason


def test_a_link_that_is_none_is_told(server: Recorded, rulebook: Rulebook) -> None:
    link = {"Link": '<https://[half/api/v1/apps>; rel="next"'}
    server.faults["/api/v1/apps"] = [Answer(path="", headers=link, body=[])] * 2
    rows = _run(_context(server), State("sqlite://"), rulebook)
    assert rows["apps"].reason == "the source names a page by what is no URL"


def test_an_event_of_a_time_to_come_moves_no_cursor_there(server: Recorded) -> None:
    event = {**_events()[0], "published": "9000-01-01T00:00:00Z"}
    _served(server, "/api/v1/logs", [event])
    marks = [i for i in _items(_context(server), "logs") if isinstance(i, Checkpoint)]
    assert {json.loads(mark.cursor)["until"] for mark in marks} == {"2026-11-24T12:00:00Z"}


@pytest.mark.parametrize("token", ["", "wrong"])
def test_missing_and_wrong_tokens_are_denied(
    server: Recorded, rulebook: Rulebook, token: str
) -> None:
    rows = _run(_context(server, token=token), State("sqlite://"), rulebook)
    assert {row.status for row in rows.values()} == {Outcome.DENIED}
    expected = "OKTA_API_TOKEN" if not token else "HTTP 401 Invalid token"
    assert all(expected in row.reason for row in rows.values())


def test_the_token_goes_nowhere_else(server: Recorded) -> None:
    server.faults["/api/v1/apps"] = [
        Answer(
            path="",
            headers={"Link": '<https://evil.example.com/api/v1/apps?after=1>; rel="next"'},
            body=[],
        )
    ]
    with pytest.raises(Exception, match="refused a call to https://evil"):
        _items(_context(server), "apps")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"org_url": "http://acme.okta.com"}, "https"),
        ({}, "org_url"),
        ({"org_url": "https://"}, "no host"),
        ({"org_url": "https://acme.okta.com", "page_size": 5000}, "1000"),
        ({"org_url": "http://u:s3cret@127.0.0.1:1/"}, "no user, password"),
        ({"org_url": "https://s3cret@acme.okta.com"}, "no user, password"),
        ({"org_url": "https://acme.okta.com/?token=s3cret"}, "no user, password"),
        ({"org_url": "https://acme.okta.com:s3cret"}, "no URL"),
        ({"org_url": "https://[s3cret"}, "no URL"),
    ],
)
def test_wrong_settings_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message) as told:
        msgspec.convert(config, OktaConfig)
    assert "s3cret" not in str(told.value)


def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[sources.okta]\norg_url = "http://u:s3cret@127.0.0.1:1/"\n')
    command = [sys.executable, "-m", "scanner", "scan", "--config", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no user, password" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Acme.Okta.com/", "acme.okta.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_shards_are_named_by_host_and_port_alone(url: str, host: str) -> None:
    context = Context(config=OktaConfig(org_url=url), examine=lambda *_: (), limits=Limits())
    parts = ("apps", "logs", "people", "grants", "tokens")
    assert [s.id for s in CONNECTOR.shards(context)] == [f"okta:{host}/{part}" for part in parts]


def test_doctor_tries_both_permissions(server: Recorded) -> None:
    assert all(probe.ok for probe in CONNECTOR.probe(_context(server)))
    server.denied.add("/api/v1/logs")
    bad = [probe for probe in CONNECTOR.probe(_context(server)) if not probe.ok]
    assert [probe.check for probe in bad] == ["GET /api/v1/logs"]
    assert "okta.logs.read" in bad[0].remedy


# --- exports -----------------------------------------------------------------------------------


def _events() -> list[dict[str, Any]]:
    pages = json.loads((RECORDINGS / "logs.json").read_text())
    return [event for page in pages for event in page["body"]]


def _read(tmp_path: Path, name: str, data: bytes) -> list[Item]:
    (tmp_path / name).write_bytes(data)
    context = Context(
        config=OktaConfig(files=(name,)), examine=lambda *_: (), limits=Limits(), folder=tmp_path
    )
    shard = next(iter(CONNECTOR.shards(context)))
    return list(CONNECTOR.collect(context, shard, None))


def _lines(records: list[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _as_texts(event: dict[str, Any]) -> dict[str, Any]:
    return {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in event.items()}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("array.json", lambda events: json.dumps(events, indent=2).encode()),
        ("object.json", lambda events: json.dumps({"events": events}, indent=1).encode()),
        ("lines.jsonl", _lines),
        ("lines.jsonl.gz", lambda events: gzip.compress(_lines(events))),
        ("bom.jsonl", lambda events: b"\xef\xbb\xbf" + _lines(events)),
        ("splunk.json", lambda events: _lines([{"_raw": json.dumps(e)} for e in events])),
        ("hec.json", lambda events: _lines([{"event": e, "sourcetype": "okta"} for e in events])),
        ("bus.json", lambda events: _lines([{"detail-type": "x", "detail": e} for e in events])),
        ("twice.jsonl", lambda events: _lines([*events, *events])),
        (
            "lower.jsonl",
            lambda events: _lines([{k.lower(): v for k, v in e.items()} for e in events]),
        ),
        ("texts.jsonl", lambda events: _lines([_as_texts(e) for e in events])),
        (
            "elastic.jsonl",
            lambda events: _lines([{"event": {"original": json.dumps(e)}} for e in events]),
        ),
        (
            "search.jsonl",
            lambda events: _lines([{"result": {"_raw": json.dumps(e)}} for e in events]),
        ),
    ],
)
def test_exports_give_the_same_in_every_form(tmp_path: Path, name: str, write: Any) -> None:
    items = _read(tmp_path, name, write(_events()))
    assert not [item for item in items if isinstance(item, Gap)]
    rows = {(a.rule, a.label): a.count for a in _activities(items)}
    assert rows["user.authentication.sso", "ChatGPT Enterprise"] == 2
    assert sum(a.count for a in _activities(items)) == 7


_FLAT = {
    "console.csv": b"timestamp,actor.id,actor.type,actor.alternate_id,actor.display_name,"
    b"event_type,outcome.result,target0.id,target0.type,target0.display_name,uuid\n"
    b"2026-11-20T10:00:00Z,00u1,User,ada@acme.com,Ada,user.authentication.sso,SUCCESS,0oa1,"
    b"AppInstance,ChatGPT,u1\n",
    "table.jsonl": _lines([{
        "TimeGenerated": "2026-11-20T10:00:00Z", "eventType_s": "user.authentication.sso",
        "actor_id_s": "00u1", "actor_alternateId_s": "ada@acme.com", "uuid_g": "u1",
        "target_s": '[{"id": "0oa1", "type": "AppInstance", "displayName": "ChatGPT"}]',
        "outcome_result_s": "SUCCESS", "published_t": "2026-11-20T10:00:00Z",
    }]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(_FLAT))
def test_tables_spell_the_fields_otherwise(tmp_path: Path, name: str) -> None:
    items = _read(tmp_path, name, _FLAT[name])
    assert not [item for item in items if isinstance(item, Gap)]
    (one,) = _activities(items)
    assert (one.label, one.first_at) == ("ChatGPT", "2026-11-20T10:00:00Z")
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"


def test_what_has_no_type_is_no_event_and_told(tmp_path: Path) -> None:
    event = _events()[0]
    items = _read(tmp_path, "log.jsonl", _lines([{k: event[k] for k in ("actor", "published")}]))
    assert [item.what for item in items if isinstance(item, Gap)] == ["log.jsonl:1"]


def test_only_the_newest_ids_of_a_file_are_held(tmp_path: Path) -> None:
    event = next(one for one in _events() if one["eventType"] == "user.authentication.sso")
    data = _lines([{**event, "uuid": f"u{at}"} for at in (1, 2, 2, 3, 1)])
    (tmp_path / "log.jsonl").write_bytes(data)
    counted = Counted(lately=Lately(2))
    rows = list(read_file(tmp_path / "log.jsonl", "log.jsonl", "acme.okta.com", NOW, counted))
    assert sum(one.count for one in rows if isinstance(one, Activity)) == 4


def test_a_broken_line_is_a_gap_and_the_rest_is_read(tmp_path: Path) -> None:
    data = _lines(_events()[:1]) + b'{"eventType": "user.auth\n[1, 2]\n' + _lines(_events()[1:])
    items = _read(tmp_path, "log.jsonl", data)
    gaps = [item.what for item in items if isinstance(item, Gap)]
    assert gaps == ["log.jsonl:2", "log.jsonl:3"]
    assert sum(a.count for a in _activities(items)) == 7


def test_odd_records_of_a_file_cost_themselves_alone(tmp_path: Path, rulebook: Rulebook) -> None:
    odd = [one for event in _events() for one in _odd_ones(event)]
    deep = b'{"eventType":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    (tmp_path / "log.jsonl").write_bytes(_lines(odd) + deep + _lines(_events()))
    (tmp_path / "array.json").write_bytes(json.dumps([*odd, *_events()]).encode())
    context = Context(
        config=OktaConfig(files=("log.jsonl", "array.json")),
        examine=lambda *_: (),
        limits=Limits(),
        folder=tmp_path,
    )
    state = State("sqlite://")

    rows = _run(context, state, rulebook)

    assert not [row.reason for row in rows.values() if "internal error" in row.reason]
    assert {row.status for row in rows.values()} == {Outcome.PARTIAL}
    for name in ("log.jsonl", "array.json"):
        shown = {f.name for s, f, _ in state.facts() if isinstance(f, Asset) and s.endswith(name)}
        assert "ChatGPT Enterprise" in shown


def test_a_file_cut_short_keeps_what_came_before(tmp_path: Path, rulebook: Rulebook) -> None:
    whole = gzip.compress(_lines(_events() * 400))
    (tmp_path / "log.gz").write_bytes(whole[: len(whole) // 2])
    context = Context(
        config=OktaConfig(files=("log.gz", "gone.json")),
        examine=lambda *_: (),
        limits=Limits(),
        folder=tmp_path,
    )
    state = State("sqlite://")
    rows = _run(context, state, rulebook)
    assert rows["okta:file:log.gz"].status is Outcome.PARTIAL
    assert "cut short" in rows["okta:file:log.gz"].reason
    assert "no such file" in rows["okta:file:gone.json"].reason
    assert [f for _, f, _ in state.facts() if isinstance(f, Asset)]


def test_an_agent_of_a_directory_is_no_ai(tmp_path: Path) -> None:
    agent = {"id": "a1", "type": "AgentInstance", "displayName": "dc1.acme.com"}
    kind = "user.authentication.auth_via_AD_agent"
    event = {**_events()[0], "eventType": kind, "target": [agent], "debugContext": {}}
    assert _activities(_read(tmp_path, "ad.jsonl", _lines([event]))) == []


_ADMIN = {"id": "00uroot", "type": "User", "alternateId": "root@acme.com", "displayName": "Root"}
_ADA = {"id": "00uada", "type": "User", "alternateId": "ada@acme.com", "displayName": "Ada"}
_CHAT = {"id": "0oa1", "type": "AppInstance", "displayName": "ChatGPT"}


def _event(number: int, kind: str, *targets: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "uuid": f"n{number}", "eventType": kind, "published": "2026-11-20T10:00:00.000Z",
        "outcome": {"result": "SUCCESS"}, "actor": _ADMIN, "target": list(targets), **more,
    }  # fmt: skip


def test_assignments_let_in_and_use_nothing(tmp_path: Path) -> None:
    group = {"id": "00g1", "type": "UserGroup", "displayName": "Everyone"}
    events = [
        _event(1, "application.user_membership.add", _ADA, _CHAT),
        _event(2, "group.application_assignment.add", group, _CHAT),
        _event(3, "application.user_membership.remove", _ADA, _CHAT),
    ]
    rows = {a.rule: a for a in _activities(_read(tmp_path, "a.jsonl", _lines(events)))}
    assert [(rule, a.relation, a.actor.email if a.actor else "") for rule, a in rows.items()] == [
        ("application.user_membership.add", "grants", ""),
        ("group.application_assignment.add", "grants", ""),
        ("application.user_membership.remove", "", "ada@acme.com"),
    ]
    assert {a.label for a in rows.values()} == {"ChatGPT"}


@pytest.mark.parametrize(
    ("shown", "own", "label"),
    [
        ("OpenID Connect Client", "ChatGPT", "ChatGPT"), ("ChatGPT", "", "ChatGPT"),
        ("ChatGPT", "unknown", "ChatGPT"), ("ChatGPT", "0oa1", "ChatGPT"),
        ("ChatGPT", "ada@acme.com", "ChatGPT"), ("SAML 2.0 App", "Otter.ai", "Otter.ai"),
    ],
)  # fmt: skip
def test_an_application_made_from_a_template_goes_by_its_own_name(
    tmp_path: Path, shown: str, own: str, label: str
) -> None:
    app = {"id": "0oa1", "type": "AppInstance", "displayName": shown, "alternateId": own}
    event = _event(1, "user.authentication.sso", app, actor=_ADA)
    (found,) = _activities(_read(tmp_path, "a.jsonl", _lines([event])))
    assert found.label == label


def test_consents_end_for_whose_they_were(tmp_path: Path) -> None:
    client = {"debugContext": {"debugData": {"clientId": "0oa1", "grantedScopes": "mail.read"}}}
    events = [
        _event(1, "app.oauth2.consent.grant", actor=_ADA, **client),
        _event(2, "app.oauth2.admin.consent.grant", _CHAT),
        _event(3, "app.oauth2.as.consent.revoke.user.client", _ADA, **client),
        _event(4, "app.oauth2.as.consent.revoke", _ADA),  # of everything: no application
        _event(5, "application.lifecycle.delete", _CHAT),
    ]
    items = _read(tmp_path, "a.jsonl", _lines(events))
    assert not [one for one in items if isinstance(one, Gap)]
    rows = {a.rule: (a.relation, a.actor.email if a.actor else "") for a in _activities(items)}
    assert rows == {
        "app.oauth2.consent.grant": ("grants", "ada@acme.com"),
        "app.oauth2.admin.consent.grant": ("grants", "root@acme.com"),
        "app.oauth2.as.consent.revoke.user.client": ("", "ada@acme.com"),
        "application.lifecycle.delete": ("", "root@acme.com"),
    }


def test_scopes_of_okta_in_its_log_open_data(tmp_path: Path, rulebook: Rulebook) -> None:
    def asked(scopes: str) -> dict[str, Any]:
        return {"debugContext": {"debugData": {"requestedScopes": scopes}}}

    client = {"id": "0oa7", "type": "PublicClientApp", "displayName": "Claude"}
    token = "app.oauth2.token.grant.access_token"
    events = [
        _event(1, "app.oauth2.consent.grant", _CHAT, actor=_ADA,
               **asked("openid okta.users.read okta.groups.manage")),
        _event(2, token, _ADA, actor=client, **asked("okta.users.read")),
        _event(3, token, _ADA, actor=client, **asked("okta.logs.read")),
        _event(5, "app.oauth2.as.consent.revoke", _CHAT, actor=_ADA, **asked("okta.users.read")),
        _event(6, "app.oauth2.consent.grant", _CHAT, actor=_ADMIN, **asked("openid profile")),
    ]  # fmt: skip
    rows = _activities(_read(tmp_path, "a.jsonl", _lines(events)))
    ways = {
        (a.rule, a.actor.name if a.actor else ""): tuple(
            "+".join(one.id.rpartition("/")[2] for one in side) for side in (a.reads, a.writes)
        )
        for a in rows
    }
    assert ways["app.oauth2.consent.grant", "Ada"] == ("directory", "directory")
    assert ways[token, "Ada"] == ("audit+directory", "")
    assert [ways[key] for key in ways if "revoke" in key[0]] == [("", "")]
    assert sum(a.relation == "grants" and not a.reads for a in rows) == 1
    facts = [f for a in rows for f in facts_of(a, Catalogue(rulebook), "okta")]
    read = {(f.source.rpartition("/")[2], f.target.rpartition("/")[2]) for f in facts
            if isinstance(f, Edge) and f.relation is Relation.READS_FROM}  # fmt: skip
    assert read == {("0oa1", "directory"), ("0oa7", "directory"), ("0oa7", "audit")}


def test_a_token_that_was_made_for_an_agent(tmp_path: Path, rulebook: Rulebook) -> None:
    token = {"id": "00T1", "type": "Token", "displayName": "Claude agent"}
    old = {"id": "00T2", "type": "Token", "displayName": "unknown"}
    events = [
        _event(1, "system.api_token.create", token), _event(2, "system.api_token.create", old),
        _event(3, "system.api_token.revoke", token),
    ]  # fmt: skip
    rows = _activities(_read(tmp_path, "a.jsonl", _lines(events)))
    assert {(a.rule, a.app_id.rpartition("/")[2], a.label, a.relation) for a in rows} == {
        ("system.api_token.create", "00T1", "Claude agent", "created_by"),
        ("system.api_token.create", "00T2", "", "created_by"),
        ("system.api_token.revoke", "00T1", "Claude agent", ""),
    }
    facts = [f for a in rows for f in facts_of(a, Catalogue(rulebook), "okta")]
    made = {f.id for f in facts if isinstance(f, Asset)}
    assert made == {f"{rows[0].account}/token/00T1"}  # one without a name says nothing


def test_people_with_those_who_have_left(server: Recorded) -> None:
    found = [i for i in _items(_context(server), "people") if isinstance(i, Identity)]
    assert {(one.name, one.email, one.is_active) for one in found} == {
        ("Ada Day", "ada@example.com", True),
        ("Ben Bay", "ben@example.com", False),
        ("Cleo Cay", "cleo@example.com", False),
    }


def test_what_an_application_may_do_with_okta_itself(server: Recorded) -> None:
    (granted,) = _activities(_items(_context(server), "grants"))
    assert granted.label == "ChatGPT Enterprise"
    assert granted.scopes == ("okta.groups.manage", "okta.users.read")  # one was revoked
    assert [one.store_class for one in granted.reads] == ["directory"]
    assert [one.store_class for one in granted.writes] == ["directory"]
    assert (granted.first_at, granted.last_at) == ("2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z")
    asked = {call for call in server.calls if call.endswith("/grants")}
    assert not [call for call in asked if "0oapayroll" in call], "it speaks SAML"


def test_a_token_that_is_called_as_an_ai_product_is(server: Recorded, rulebook: Rulebook) -> None:
    state = State("sqlite://")
    rows = _run(_context(server), state, rulebook)
    assert rows["tokens"].status is Outcome.COMPLETE
    facts = [fact for _, fact, _ in state.facts()]
    (token,) = [f for f in facts if isinstance(f, Asset) and "/token/" in f.id]
    assert token.name == "ChatGPT"
    made = [f for f in facts if isinstance(f, Edge) and f.source == token.id]
    assert ("created_by", "00uada") in {(str(e.relation), _last(e.target)) for e in made}


def test_records_that_are_none_are_counted_in_every_list(server: Recorded) -> None:
    for part, path in (("people", "users"), ("tokens", "api-tokens")):
        server.faults[f"/api/v1/{path}"] = [Answer(path="", body=[None, {"id": None}, "x"])]
        gaps = [i for i in _items(_context(server), part) if isinstance(i, Gap)]
        assert gaps[0].reason.startswith("3 records")


def test_files_are_read_under_the_organizations_name_alone(
    server: Recorded, tmp_path: Path
) -> None:
    (tmp_path / "log.json").write_text("[]")
    context = _context(server, live=False, files=("log.json",))
    context.folder = tmp_path
    assert [shard.id for shard in CONNECTOR.shards(context)] == ["okta:file:log.json"]
    with pytest.raises(ValueError, match="org_url"):
        OktaConfig(org_url="https://acme.okta.com", live=False)


def test_events_of_a_file_whose_times_cannot_be_read_are_a_gap(tmp_path: Path) -> None:
    event = next(one for one in _events() if one["eventType"] == "user.authentication.sso")
    odd = [{**event, "uuid": f"u{at}", "published": at} for at in ("soon", None)]
    items = _read(tmp_path, "log.jsonl", _lines([*_events(), *odd]))
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert gap.what == f"log.jsonl:{len(_events()) + 1}"
    assert gap.reason.startswith("2 events have no time that can be read")
    assert not [
        one for one in _read(tmp_path, "a.jsonl", _lines(_events())) if isinstance(one, Gap)
    ]
