"""Files of a Workspace: the API's own answers, SIEMs, GAM and the console."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.google_workspace import CONNECTOR
from connectors.google_workspace.events import happened
from scanner.detect.activity import Catalogue, facts_of
from scanner.model.base import encode
from scanner.model.errors import Unavailable
from scanner.model.facts import Edge, Identity, Relation
from scanner.model.items import Activity, Gap, Item
from scanner.rulebook.load import Rulebook
from tests.connectors.google_workspace.estate import AUTH, CHATGPT, context, planted
from tests.connectors.google_workspace.workspace import Workspace
from tests.connectors.hostile import bent


def _read(folder: Path, text: str | bytes, name: str = "export.json") -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    ctx = context(Workspace(url="http://127.0.0.1:1"), live=False, files=(name,))
    ctx.folder = folder
    (shard,) = CONNECTOR.shards(ctx)
    return list(CONNECTOR.collect(ctx, shard, None))


def _activities(items: list[Item]) -> dict[tuple[str, str], Activity]:
    return {(a.rule, a.label): a for a in items if isinstance(a, Activity)}


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


@pytest.fixture
def events() -> list[dict[str, Any]]:
    return planted(Workspace()).activities["token"]


def _shapes(events: list[dict[str, Any]]) -> dict[str, str | bytes]:
    lines = "\n".join(map(json.dumps, events))
    return {
        "lines": lines,
        "packed": gzip.compress(lines.encode()),
        "array": json.dumps(events),
        "page": json.dumps({"kind": "admin#reports#activities", "items": events}),
        "pages": "\n".join(json.dumps({"kind": "x", "items": [one]}) for one in events),
        "pretty": json.dumps({"kind": "admin#reports#activities", "items": events}, indent=2),
        "wrapped": "\n".join(json.dumps({"log_type": "GSuite", "event": one}) for one in events),
        "in a text": "\n".join(json.dumps({"message": json.dumps(one)}) for one in events),
        "twice": f"{lines}\n{lines}",
        "with a mark": b"\xef\xbb\xbf" + lines.encode(),
    }


@pytest.mark.parametrize("shape", _shapes([]))
def test_every_shape_tells_the_same(tmp_path: Path, events: list[Any], shape: str) -> None:
    items = _read(tmp_path, _shapes(events)[shape])
    found = _activities(items)
    assert found["token.activity", "ChatGPT"].count == 3
    assert found["token.authorize", "ChatGPT"].scopes == (f"{AUTH}drive.readonly", "openid")
    assert found["token.revoke", "Otter.ai"].relation == ""
    assert not _gaps(items)


def test_one_bad_line_costs_itself(tmp_path: Path, events: list[Any]) -> None:
    good = list(map(json.dumps, events))
    items = _read(tmp_path, "\n".join([good[0], '{"id": {"time": ', *good[1:], "[1]", '{"a": 1}']))
    (gap,) = _gaps(items)
    assert gap.what == "export.json:2"
    assert gap.reason.startswith("3 records")
    assert _activities(items)["token.activity", "ChatGPT"].count == 3


def test_a_file_that_is_cut_short_gives_what_was_before(tmp_path: Path, events: list[Any]) -> None:
    many = "\n".join(json.dumps({**one, "etag": str(n) * 200}) for n in range(50) for one in events)
    whole = gzip.compress(many.encode(), compresslevel=0)
    found: list[Item] = []
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    ctx = context(Workspace(url="http://127.0.0.1:1"), live=False, files=("cut.gz",))
    ctx.folder = tmp_path
    (shard,) = CONNECTOR.shards(ctx)
    with pytest.raises(Unavailable, match="cut short"):
        found.extend(CONNECTOR.collect(ctx, shard, None))
    assert _activities(found)["token.activity", "ChatGPT"].count == 3


@pytest.mark.parametrize("text", ["[" + '{"id": 1}, ', '{\n"items": ['])
def test_a_cut_document_is_no_empty_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unavailable, match="ends too early"):
        _read(tmp_path, text)


def test_a_file_that_is_away_says_so(tmp_path: Path) -> None:
    ctx = context(Workspace(url="http://127.0.0.1:1"), live=False, files=("gone.json",))
    ctx.folder = tmp_path
    (shard,) = CONNECTOR.shards(ctx)
    with pytest.raises(Unavailable, match="no such file"):
        list(CONNECTOR.collect(ctx, shard, None))
    assert not next(iter(CONNECTOR.probe(ctx))).ok


LOG = f"""Date,App ID,App name,OAuth event,User,Scope,Description
2026-11-01T08:00:00Z,{CHATGPT},ChatGPT,Authorize,ada@acme.com,"{AUTH}drive, openid",x
"Nov 3, 2026, 9:15:00 AM UTC",{CHATGPT},ChatGPT,,ada@acme.com,,"a line
that goes on"
2026-11-04T08:00:00Z,{CHATGPT},ChatGPT,Revoke,ada@acme.com,,
2026-11-04T08:00:00Z,too,few
"""


def test_the_consoles_log_of_oauth_events(tmp_path: Path) -> None:
    items = _read(tmp_path, LOG, "oauth.csv")
    found = _activities(items)
    consent = found["token.authorize", "ChatGPT"]
    assert consent.scopes == (f"{AUTH}drive", "openid")
    assert [one.store_class for one in consent.writes] == ["files"]
    assert consent.actor is not None
    assert consent.actor.email == "ada@acme.com"
    assert found["token.activity", "ChatGPT"].first_at == "2026-11-03T09:15:00Z"
    assert found["token.revoke", "ChatGPT"].relation == ""
    (gap,) = _gaps(items)
    assert gap.what == "oauth.csv:6"


def test_the_consoles_list_of_accessed_apps(tmp_path: Path) -> None:
    services = f"[Drive : [{AUTH}drive.readonly] | Gmail : [https://mail.google.com/]]"
    text = (
        "App Name,Type,Id,Verification Status,Users,Access,Requested Services,"
        "Requested Services with Scopes,Ownership\n"
        f'ChatGPT,Web,{CHATGPT},Verified,12,Unrestricted,[Drive],"{services}",External\n'
    )
    (app,) = _activities(_read(tmp_path, text, "apps.csv")).values()
    assert app.client_id == CHATGPT
    assert app.status == "12 users, Unrestricted"
    assert {one.store_class for one in app.reads} == {"files", "mail"}
    assert app.actor is None


def test_lists_of_gam_and_the_directory(tmp_path: Path) -> None:
    gam = "user,clientId,displayText,anonymous,scopes\n"
    gam += f"ada@acme.com,{CHATGPT},ChatGPT,False,{AUTH}drive {AUTH}calendar\n"
    (grant,) = _activities(_read(tmp_path, gam, "gam.csv")).values()
    assert grant.relation == "grants"
    assert {one.store_class for one in grant.reads} == {"files", "calendar"}
    users = [{"primaryEmail": "cleo@acme.com", "suspended": True}, {"primaryEmail": 7}]
    person = json.dumps({"kind": "admin#directory#users", "users": users})
    assert _gaps(_read(tmp_path, person))[0].reason.startswith("1 records")
    (who,) = [i for i in _read(tmp_path, person) if isinstance(i, Identity)]
    assert not who.is_active


def test_a_table_of_unknown_columns_is_told(tmp_path: Path) -> None:
    (gap,) = _gaps(_read(tmp_path, "Name,Colour\na,b\nc,d\n", "x.csv"))
    assert gap.reason.startswith("2 records are neither")


def test_what_has_no_time_counts_in_a_file(tmp_path: Path) -> None:
    flat = {"id": {"applicationName": "saml"}, "actor": {"email": "ada@acme.com"},
            "name": "login_success", "parameters": {"application_name": "ChatGPT"}}  # fmt: skip
    items = _read(tmp_path, json.dumps(flat))
    (used,) = _activities(items).values()
    assert (used.relation, used.first_at) == ("used_by", "")
    (gap,) = _gaps(items)
    assert "no time that can be read" in gap.reason


def test_what_is_typed_into_a_setting_is_not_kept(tmp_path: Path) -> None:
    told = {"APPLICATION_NAME": "Gemini app", "SETTING_NAME": "Instructions"}
    record = {
        "id": {"time": "2026-11-20T09:00:00Z", "uniqueQualifier": "5", "applicationName": "admin"},
        "events": [{"name": "CHANGE_APPLICATION_SETTING", "parameters": [
            {"name": name, "value": value}
            for name, value in {**told, "NEW_VALUE": "Answer for Project Falcon"}.items()]}],
    }  # fmt: skip

    (used,) = [one for one in _read(tmp_path, json.dumps(record)) if isinstance(one, Activity)]

    assert used.where == "Instructions set to what was typed"


def _happened(number: int, report: str, name: str, **given: str | int) -> str:
    parameters = [
        {"name": key, "intValue" if isinstance(value, int) else "value": str(value)}
        for key, value in given.items()
    ]
    return json.dumps({
        "id": {"time": "2026-11-20T09:00:00Z", "uniqueQualifier": str(number),
               "applicationName": report},
        "actor": {"email": "ada@acme.com"},
        "events": [{"name": name, "parameters": parameters}],
    })  # fmt: skip


def test_bytes_that_applications_fetched_and_browsers_sent_are_added_up(
    tmp_path: Path, rulebook: Rulebook
) -> None:
    app = {"client_id": "1-x.apps.googleusercontent.com", "app_name": "ChatGPT"}
    page = {"URL": "https://claude.ai/chat"}
    lines = [
        _happened(1, "token", "activity", **app, num_response_bytes=1000),
        _happened(2, "token", "activity", **app, num_response_bytes=234),
        _happened(2, "token", "activity", **app, num_response_bytes=234),
        _happened(3, "token", "activity", **app, num_response_bytes="no number"),
        _happened(4, "chrome", "CONTENT_TRANSFER", **page, CONTENT_SIZE="700"),
        _happened(5, "chrome", "CONTENT_TRANSFER", **page, CONTENT_SIZE=30,
                  TRIGGER_TYPE="FILE_DOWNLOAD"),
        _happened(6, "chrome", "CONTENT_TRANSFER", **page, CONTENT_SIZE=9, EVENT_RESULT="BLOCKED"),
    ]  # fmt: skip
    found = _activities(_read(tmp_path, "\n".join(lines)))
    sizes = {key: (one.count, one.bytes_up, one.bytes_down) for key, one in found.items()}
    assert sizes == {
        ("token.activity", "ChatGPT"): (3, 1234, 0),
        ("chrome.CONTENT_TRANSFER", "claude.ai"): (2, 700, 30),
        ("chrome.CONTENT_TRANSFER (failed)", "claude.ai"): (1, 0, 0),
    }
    used = found["token.activity", "ChatGPT"]
    facts = [fact for fact in facts_of(used, Catalogue(rulebook), "google_workspace")
             if isinstance(fact, Edge) and fact.relation is Relation.USED_BY]  # fmt: skip
    assert [row.bytes_up for fact in facts for row in fact.evidence] == [1234]


def test_bytes_of_the_consoles_export(tmp_path: Path) -> None:
    text = (
        "Date,Application ID,Application name,Event,User,Number of response bytes\n"
        "2026-11-10T11:00:00+01:00,1-x,ChatGPT,Activity,ann@acme.com,4567\n"
        "2026-11-10T12:00:00+01:00,1-x,ChatGPT,API call,ann@acme.com,\n"
    )
    (one,) = _activities(_read(tmp_path, text, "oauth.csv")).values()
    assert (one.count, one.bytes_up, one.bytes_down) == (2, 4567, 0)


def test_what_chrome_saw(tmp_path: Path) -> None:
    def happened(number: int, name: str, **given: str) -> str:
        parameters = [{"name": key, "value": value} for key, value in given.items()]
        return json.dumps({
            "id": {"time": "2026-11-20T09:00:00Z", "uniqueQualifier": str(number),
                   "applicationName": "chrome"},
            "actor": {"email": "ada@acme.com"},
            "events": [{"name": name, "parameters": parameters}],
        })  # fmt: skip

    lines = [
        happened(1, "CONTENT_TRANSFER", URL="https://chatgpt.com/c/1?q=layoffs"),
        happened(2, "BROWSER_EXTENSION_INSTALL", APP_ID="abc", APP_NAME="Sider: Chat with all AI"),
        happened(3, "URL_FILTERING_INTERSTITIAL", URL="https://claude.ai/"),
        happened(4, "SENSITIVE_DATA_TRANSFER", URL="https://gemini.google.com/",
                 EVENT_RESULT="BLOCKED"),
        happened(5, "LOGIN_EVENT", LOGIN_USER_NAME="ada"),
    ]  # fmt: skip
    found = [one for one in _read(tmp_path, "\n".join(lines)) if isinstance(one, Activity)]

    assert [(one.rule, one.label, one.hosts, one.relation) for one in found] == [
        ("chrome.CONTENT_TRANSFER", "chatgpt.com", ("chatgpt.com",), "used_by"),
        ("chrome.BROWSER_EXTENSION_INSTALL", "Sider: Chat with all AI", (), "used_by"),
        ("chrome.URL_FILTERING_INTERSTITIAL (failed)", "claude.ai", ("claude.ai",), ""),
        ("chrome.SENSITIVE_DATA_TRANSFER (failed)", "gemini.google.com", ("gemini.google.com",),
         ""),
    ]  # fmt: skip
    assert "layoffs" not in repr(found)


def test_what_failed_is_no_use(tmp_path: Path, events: list[Any]) -> None:
    event = {**events[1]["events"][0], "status": {"eventStatus": "FAILED"}}
    (tried,) = _activities(_read(tmp_path, json.dumps({**events[1], "events": [event]}))).values()
    assert (tried.rule, tried.relation) == ("token.activity (failed)", "")


def test_no_record_ends_a_reading(tmp_path: Path) -> None:
    made = planted(Workspace())
    good: list[Any] = [one for told in made.activities.values() for one in told]
    good += [*made.users, *(one for told in made.tokens.values() for one in told)]
    text = "\n".join(json.dumps(one) for one in bent(good, 3000))
    items = _read(tmp_path, text)
    assert len(_activities(items)) > 10
    for one in items:
        if isinstance(one, Activity):
            assert encode(one)


@pytest.mark.slow
def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path, events: list[Any]) -> None:
    import tracemalloc

    def lines(count: int) -> bytes:
        return b"\n".join(
            json.dumps(
                {**events[1], "id": {**events[1]["id"], "uniqueQualifier": str(n % 1000)}}
            ).encode()
            for n in range(count)
        )

    peaks = []
    for count in (2_000, 8_000):
        data = lines(count)
        tracemalloc.start()
        items = _read(tmp_path, data, "big.jsonl")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sum(a.count for a in items if isinstance(a, Activity)) == 1000
    assert peaks[1] < peaks[0] * 1.5, peaks


def test_tables_and_warehouses_tell_a_grant(tmp_path: Path) -> None:
    """Of a log workspace, and of the Workspace logs in BigQuery."""
    table = {
        "TimeGenerated": "2026-11-20T09:00:00Z", "id_applicationName_s": "token",
        "id_uniqueQualifier_s": "-1", "actor_email_s": "ada@acme.com",
        "event_name_s": "authorize", "client_id_s": "77-a", "app_name_s": "Otter.ai",
        "scope_s": f"{AUTH}drive",
    }  # fmt: skip
    row = {
        "time_usec": 1795165200000000, "email": "ada@acme.com", "event_name": "authorize",
        "record_type": "token",
        "token": {"client_id": "77-a", "app_name": "Otter.ai", "scope": [f"{AUTH}drive"]},
    }  # fmt: skip
    for shape in (table, row):
        items = _read(tmp_path, json.dumps(shape))
        assert not _gaps(items)
        one = _activities(items)["token.authorize", "Otter.ai"]
        assert (one.relation, one.scopes, one.client_id) == ("grants", (f"{AUTH}drive",), "77-a")
        assert one.actor is not None
        assert one.actor.email == "ada@acme.com"
        assert one.first_at.startswith("2026-11-20")


def test_one_event_is_a_list_of_one(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    alone = [one for one in events if len(one["events"]) == 1]
    plain = _activities(_read(tmp_path, "\n".join(map(json.dumps, alone))))
    texts = [{**one, "events": one["events"][0]} for one in alone]
    assert plain
    assert _activities(_read(tmp_path, "\n".join(map(json.dumps, texts)))) == plain


def test_the_consoles_tables_of_geminis_use(tmp_path: Path) -> None:
    log = (
        "Date,Event,Description,Actor,App name,Action,Event category,Feature source\n"
        "2026-11-20T09:00:00Z,Feature utilization,x,ada@acme.com,gmail,summarize,active,panel\n"
    )
    report = "Email,Overall usage,Active days,Gmail,Docs,Gemini app\nada@acme.com,10,3,4,0,6\n"
    found = _read(tmp_path, log, "log.csv")
    (one,) = (item for item in found if isinstance(item, Activity))
    assert (one.relation, one.first_at) == ("used_by", "2026-11-20T09:00:00Z")
    assert {store.store_class for store in one.reads} == {"mail"}
    used = _read(tmp_path, report, "use.csv")
    rows = [item for item in used if isinstance(item, Activity)]
    assert sorted(row.count for row in rows) == [4, 6]
    assert {row.actor.email for row in rows if row.actor} == {"ada@acme.com"}
    assert not _gaps(found)
    assert not _gaps(used)


def test_the_consoles_newer_log_of_oauth_events(tmp_path: Path) -> None:
    text = (
        "Event,Description,User,Scope,Application ID,Application name,Date\n"
        f'Grant,x,ada@acme.com,"{AUTH}drive",{CHATGPT},ChatGPT,2026-11-20T09:00:00Z\n'
        f"Revoke,x,ada@acme.com,,{CHATGPT},ChatGPT,2026-11-21T09:00:00Z\n"
    )
    items = _read(tmp_path, text, "oauth.csv")
    assert not _gaps(items)
    found = _activities(items)
    assert found["token.authorize", "ChatGPT"].scopes == (f"{AUTH}drive",)
    assert found["token.authorize", "ChatGPT"].client_id == CHATGPT
    assert found["token.revoke", "ChatGPT"].relation == ""


def test_a_token_that_an_administrator_revokes_ends_for_whose_it_was(tmp_path: Path) -> None:
    told = {
        "id": {"time": "2026-11-05T08:00:00Z", "applicationName": "admin", "uniqueQualifier": "9"},
        "actor": {"email": "root@acme.com"},
        "events": [{"name": "REVOKE_3LO_TOKEN", "parameters": [
            {"name": "APP_ID", "value": CHATGPT}, {"name": "USER_EMAIL", "value": "Ada@acme.com"},
        ]}],
    }  # fmt: skip
    (one,) = _activities(_read(tmp_path, json.dumps(told))).values()
    assert one.actor is not None
    assert (one.actor.email, one.relation) == ("ada@acme.com", "")
    assert (one.rule, one.client_id) == ("admin.REVOKE_3LO_TOKEN", CHATGPT)


def _authorized(name: str, app: str, time: str) -> dict[str, object]:
    return {
        "id": {"time": time, "uniqueQualifier": "1", "applicationName": "token"},
        "actor": {"email": "ada@acme.com"}, "name": name,
        "parameters": {"client_id": app.casefold(), "app_name": app},
    }  # fmt: skip


@pytest.mark.parametrize("time", ["2026-11-20T09:00:00Z", "soon"])
def test_each_event_of_an_activity_counts_however_it_is_divided(tmp_path: Path, time: str) -> None:
    """Some SIEMs write each event of an activity as a record of its own, with its id."""
    parts = [_authorized("authorize", app, time) for app in ("Claude", "ChatGPT")]
    lines = "".join(json.dumps(one) + "\n" for one in [*parts, *parts])
    rows = [one for one in _read(tmp_path, lines) if isinstance(one, Activity)]
    assert sorted((one.label, one.count) for one in rows) == [("ChatGPT", 1), ("Claude", 1)]


@pytest.mark.parametrize("time", ["2026-11-20T09:00:00Z", "soon"])
def test_an_event_of_an_unknown_type_is_told_beside_a_known_one(tmp_path: Path, time: str) -> None:
    known = _authorized("authorize", "Claude", time)
    events = [{key: known.pop(key) for key in ("name", "parameters")}]
    events.append({"name": "copilot_granted", "parameters": {"note": "x"}})
    gaps = [one.reason for one in _gaps(_read(tmp_path, json.dumps({**known, "events": events})))]
    assert any("token.copilot_granted, which is not known here and names AI" in one for one in gaps)


@pytest.mark.parametrize(
    ("actor", "given", "who"),
    [
        ({"email": "ann@acme.com"}, {"PROFILE_USER_NAME": "bob@acme.com"}, "user/ann@acme.com"),
        ({}, {"PROFILE_USER_NAME": "bob@acme.com", "DEVICE_NAME": "MAC-7"}, "user/bob@acme.com"),
        ({}, {"DEVICE_NAME": "MAC-7", "VIRTUAL_DEVICE_ID": "V1"}, "device/v1"),
        ({}, {"DEVICE_NAME": "MAC-7"}, "device/mac-7"),
    ],
)
def test_a_page_that_was_blocked_names_who_or_which_machine_has_tried(
    rulebook: Rulebook, actor: dict[str, str], given: dict[str, str], who: str
) -> None:
    told = {"URL": "https://claude.ai/new", "EVENT_RESULT": "EVENT_RESULT_BLOCKED", **given}
    record = {
        "id": {"time": "2026-11-20T08:00:00Z", "uniqueQualifier": "1",
               "applicationName": "chrome"},
        "actor": actor,
        "events": [{"name": "CONTENT_TRANSFER", "parameters": [
            {"name": name, "value": value} for name, value in told.items()]}],
    }  # fmt: skip
    ((_, _, (one,)),) = happened(record, "acme.com") or ()
    facts = list(facts_of(one, Catalogue(rulebook), "google_workspace"))  # type: ignore[arg-type]
    (edge,) = (fact for fact in facts if isinstance(fact, Edge) and fact.relation == "tried_by")
    assert edge.target == f"google_workspace:acme.com/{who}"
    (person,) = (fact for fact in facts if isinstance(fact, Identity))
    assert person.id == edge.target
