"""Okta against a loopback server that replays answers of the published schema."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.okta import CONNECTOR, OktaConfig
from scanner.collect.runner import Options, Source, run
from scanner.detect.activity import Catalogue, facts_of
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.testing import Answer, Recorded, recorded_server
from scanner.model.coverage import Coverage, Outcome
from scanner.model.facts import Asset, Edge, Fact, Identity
from scanner.model.items import Activity, Checkpoint, Gap, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink

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
    catalogue = Catalogue(rulebook)

    def interpret(item: Item, source: str) -> Iterator[Fact]:
        if isinstance(item, Activity):
            yield from facts_of(item, catalogue, source)
        else:
            yield item  # type: ignore[misc]

    with ThreadPoolExecutor(2) as pool:
        rows = run(
            [Source("okta", CONNECTOR, context)],
            sink=StateSink(state, "scan", "2026-11-24T12:00:00Z"),
            interpret=interpret,
            executor=pool,
            options=Options(attempts=1),
        )
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
    rows = _run(_context(server), state, rulebook)
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
    cursor = Checkpoint(cursor='{"until": "2026-11-24T11:00:00Z", "known": []}')
    _items(_context(server), "logs", cursor)
    query = next(p for p in asked if p and "since" in p)
    assert query["since"] == "2026-11-24T10:55:00Z"
    assert query["until"] == "2026-11-24T12:00:00Z"
    assert 'eventType eq "app.oauth2.as.consent.grant"' in query["filter"]
    assert "auth_via_AD_agent" not in query["filter"]


def test_a_cursor_older_than_what_okta_keeps_is_told(server: Recorded) -> None:
    cursor = Checkpoint(cursor='{"until": "2026-01-01T00:00:00Z", "known": []}')
    gaps = [i for i in _items(_context(server), "logs", cursor) if isinstance(i, Gap)]
    assert "no longer kept" in gaps[0].reason


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
    ],
)
def test_wrong_settings_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(config, OktaConfig)


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
    ],
)
def test_exports_give_the_same_in_every_form(tmp_path: Path, name: str, write: Any) -> None:
    items = _read(tmp_path, name, write(_events()))
    assert not [item for item in items if isinstance(item, Gap)]
    rows = {(a.rule, a.label): a.count for a in _activities(items)}
    assert rows["user.authentication.sso", "ChatGPT Enterprise"] == 2
    assert sum(a.count for a in _activities(items)) == 7


def test_a_broken_line_is_a_gap_and_the_rest_is_read(tmp_path: Path) -> None:
    data = _lines(_events()[:1]) + b'{"eventType": "user.auth\n[1, 2]\n' + _lines(_events()[1:])
    items = _read(tmp_path, "log.jsonl", data)
    gaps = [item.what for item in items if isinstance(item, Gap)]
    assert gaps == ["log.jsonl:2", "log.jsonl:3"]
    assert sum(a.count for a in _activities(items)) == 7


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
    event = {**_events()[0], "eventType": "user.authentication.auth_via_AD_agent"}
    assert _activities(_read(tmp_path, "ad.jsonl", _lines([event]))) == []
