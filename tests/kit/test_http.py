"""Read-only HTTP: what is not declared never leaves, what fails says why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from scanner.kit.contract import Operation
from scanner.kit.http import Missing, ReadOnlySession, json_body, link_pages, retry_after
from scanner.kit.http_memory import Memory
from scanner.kit.limits import Limits
from scanner.kit.testing import Answer, Recorded, recorded_server
from scanner.model.errors import Denied, Throttled, Unavailable, UndeclaredOperation

OPERATIONS = (
    Operation(id="GET /v1/things", permission="things.read"),
    Operation(id="GET /v1/things/{id}", permission="things.read", bucket="one"),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Recorded]:
    pages = [
        {"path": "/v1/things", "headers": {"Link": '<{base}/v1/things?page=2>; rel="next"'},
         "body": [1, 2]},
        {"path": "/v1/things", "query": {"page": "2"}, "body": [3]},
        {"path": "/v1/things/a", "body": {"id": "a"}},
    ]  # fmt: skip
    (tmp_path / "things.json").write_text(json.dumps(pages))
    with recorded_server(tmp_path) as recorded:
        yield recorded


def _session(server: Recorded, waits: list[float] | None = None) -> ReadOnlySession:
    sink = waits if waits is not None else []
    return ReadOnlySession(server.url, OPERATIONS, Limits(), retries=3, sleep=sink.append)


def test_pages_joined_by_links(server: Recorded) -> None:
    bodies = [json_body(answer) for answer in link_pages(_session(server), "/v1/things")]
    assert bodies == [[1, 2], [3]]


@pytest.mark.parametrize("path", ["/v1/secrets", "/v1/things/a/b", "/v1/things/", "/v1"])
def test_undeclared_paths_are_refused_before_they_leave(server: Recorded, path: str) -> None:
    with pytest.raises(UndeclaredOperation, match="not a declared operation"):
        _session(server).get(path)
    assert server.calls == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writing_is_refused_before_it_leaves(server: Recorded, method: str) -> None:
    session = _session(server)._session
    with pytest.raises(UndeclaredOperation):
        session.request(method, f"{server.url}/v1/things")
    assert server.calls == []


def test_another_host_is_refused(server: Recorded) -> None:
    with pytest.raises(UndeclaredOperation, match="configured"):
        _session(server).get("http://127.0.0.1:1/v1/things")


def test_a_link_that_repeats_ends(server: Recorded) -> None:
    server.faults["/v1/things"] = [
        Answer(path="", headers={"Link": '<{base}/v1/things?x=1>; rel="next"'}, body=[])
    ] * 5
    with pytest.raises(Unavailable, match="repeats a page link"):
        list(link_pages(_session(server), "/v1/things"))


def test_retry_after_is_obeyed(server: Recorded) -> None:
    waits: list[float] = []
    server.faults["/v1/things/a"] = [
        Answer(path="", status=429, headers={"Retry-After": "7"}),
        Answer(path="", status=503),
    ]
    assert json_body(_session(server, waits).get("/v1/things/a")) == {"id": "a"}
    assert waits[0] == 7.0
    assert len(waits) == 2


def test_the_end_of_a_window_is_read_in_all_spellings(server: Recorded) -> None:
    path = "/v1/things/a"
    for name in ("X-Rate-Limit-Reset", "X-RateLimit-Reset", "RateLimit-Reset"):
        waits: list[float] = []
        ends = str(int(time.time()) + 60)
        server.faults[path] = [Answer(path="", status=429, headers={name: ends})]
        _session(server, waits).get(path)
        assert 55 < waits[0] <= 61, name
    assert retry_after(_session(server).get(path)) is None


def test_an_answer_that_asks_to_slow_down_is_heeded(server: Recorded) -> None:
    slept: list[float] = []
    limits = Limits(clock=lambda: 0.0, sleep=slept.append)
    session = ReadOnlySession(server.url, OPERATIONS, limits)
    server.faults["/v1/things/a"] = [
        Answer(path="", headers={"Retry-After": "9"}, body={"id": "a"})
    ]
    assert json_body(session.get("/v1/things/a")) == {"id": "a"}
    assert slept == []
    session.get("/v1/things")
    assert slept == [], "another bucket goes on"
    session.get("/v1/things/a")
    assert slept == [9.0]


def test_a_source_may_have_words_of_its_own_for_a_refusal(server: Recorded) -> None:
    denials = frozenset({203, 302})
    session = ReadOnlySession(server.url, OPERATIONS, Limits(), retries=1, denials=denials)
    for status in denials:
        page = Answer(path="", status=status, body="<html>", headers={"Location": "/_signin"})
        server.faults["/v1/things/a"] = [page]
        with pytest.raises(Denied, match=f"HTTP {status}"):
            session.get("/v1/things/a")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Denied),
        (403, Denied),
        (404, Missing),
        (410, Missing),
        (302, Unavailable),
        (429, Throttled),
        (500, Unavailable),
    ],
)
def test_statuses_become_the_error_families(
    server: Recorded, status: int, error: type[Exception]
) -> None:
    server.faults["/v1/things/a"] = [
        Answer(path="", status=status, body={"message": "because"}, headers={"Location": "/"})
    ] * 3
    with pytest.raises(error, match="GET /v1/things/a"):
        _session(server).get("/v1/things/a?token=hidden")


def test_no_error_shows_the_query(server: Recorded) -> None:
    server.faults["/v1/things/a"] = [Answer(path="", status=500)] * 3
    with pytest.raises(Unavailable) as caught:
        _session(server).get("/v1/things/a", {"token": "hidden"})
    assert "hidden" not in str(caught.value)


def test_a_page_instead_of_json_is_unavailable(server: Recorded) -> None:
    server.faults["/v1/things/a"] = [
        Answer(path="", headers={"Content-Type": "text/html"}, body="<html>log in</html>")
    ]
    with pytest.raises(Unavailable, match="text/html"):
        json_body(_session(server).get("/v1/things/a"))


def test_nobody_there() -> None:
    session = ReadOnlySession(
        "http://127.0.0.1:9", OPERATIONS, Limits(), retries=2, sleep=lambda seconds: None
    )
    with pytest.raises(Unavailable, match="GET /v1/things"):
        session.get("/v1/things")


# --- what forges ask for -----------------------------------------------------------------------


def _answers(server: Recorded, *answers: Answer) -> None:
    server.faults["/v1/things"] = list(answers)


def test_a_rate_limit_may_come_as_a_403(server: Recorded) -> None:
    said = {"message": "You have exceeded a secondary rate limit"}
    waits: list[float] = []
    _answers(
        server,
        Answer(path="", status=403, headers={"Retry-After": "7"}, body={"message": "x"}),
        Answer(path="", status=403, body=said),
    )
    assert json_body(_session(server, waits).get("/v1/things")) == [1, 2]
    assert waits == [7.0, 60.0], "as told, and a minute where it is not told"


def test_the_end_of_a_window_that_is_far_is_not_waited_for(server: Recorded) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    _answers(server, Answer(path="", status=403, headers=headers, body={"message": "x"}))
    waits: list[float] = []
    with pytest.raises(Throttled) as caught:
        _session(server, waits).get("/v1/things")
    assert waits == []
    assert 2900 < (caught.value.retry_after or 0) < 3010


def test_retry_after_may_be_a_date(server: Recorded) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    _answers(server, Answer(path="", status=429, headers={"Retry-After": at}, body={}))
    waits: list[float] = []
    _session(server, waits).get("/v1/things")
    assert 27 < waits[0] < 31


def test_an_unchanged_answer_is_taken_from_memory_and_never_another_askers(
    server: Recorded, tmp_path: Path
) -> None:
    def session(who: str, paths: tuple[str, ...] = ("/things",)) -> ReadOnlySession:
        memory = Memory(tmp_path / "answers", paths, who=who)
        return ReadOnlySession(server.url, OPERATIONS, Limits(), retries=1, memory=memory)

    first = Answer(path="", headers={"ETag": '"one"', "Link": '<{base}/x>; rel="next"'}, body=[9])
    _answers(server, first)
    assert json_body(session("ada").get("/v1/things")) == [9]
    _answers(server, Answer(path="", status=304, body=""))
    again = session("ada").get("/v1/things")
    assert (json_body(again), again.links["next"]["url"]) == ([9], f"{server.url}/x")
    assert json_body(session("grace").get("/v1/things")) == [1, 2]
    kept = list((tmp_path / "answers").iterdir())
    assert [file.stat().st_mode & 0o077 for file in kept] == [0]
    _answers(server, first)
    session("hedy", ("/other",)).get("/v1/things")
    assert list((tmp_path / "answers").iterdir()) == kept, "only what may be kept is"


def test_a_netrc_does_not_take_the_tokens_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    (tmp_path / "x.json").write_text(json.dumps([{"path": "/v1/things", "body": [1]}]))
    with recorded_server(tmp_path, authorization="Bearer ours") as server:
        session = ReadOnlySession(
            server.url, OPERATIONS, Limits(), retries=1,
            authorize=lambda: {"Authorization": "Bearer ours"},
        )  # fmt: skip
        assert json_body(session.get("/v1/things")) == [1]


def test_googles_delay_is_told_in_the_body(server: Recorded) -> None:
    details: list[object] = [7, {"retryDelay": "soon"}, {"retryDelay": "4.5s"}]
    waits: list[float] = []
    server.faults["/v1/things/a"] = [
        Answer(path="", status=429, body={"error": {"code": 429, "details": details}})
    ]
    _session(server, waits).get("/v1/things/a")
    assert waits == [4.5]


def test_a_link_that_is_no_url_is_the_source_s_trouble() -> None:
    reading = ReadOnlySession("http://127.0.0.1:1", (), Limits(), retries=1)
    with pytest.raises(Unavailable, match="no URL"):
        reading.get("http://[")


@pytest.mark.parametrize("value", ["made-up\nsecret-4711", " made-up-secret-4711",
                                   "made-up-secret-4711\u2019"])  # fmt: skip
@pytest.mark.parametrize("is_late", [True, False])
def test_a_secret_that_fits_no_header_is_not_quoted(
    server: Recorded, value: str, is_late: bool
) -> None:
    """As one that was pasted with a line break, or with an apostrophe of a word processor."""
    headers = {"X-Token": value}
    session = ReadOnlySession(
        server.url, OPERATIONS, Limits(), retries=3, sleep=lambda _: None,
        headers={} if is_late else headers, authorize=(lambda: headers) if is_late else None,
    )  # fmt: skip
    with pytest.raises(Denied, match="in one line") as refused:
        session.get("/v1/things")
    told = f"{refused.value!r} {refused.value.__cause__!r}"
    assert "4711" not in told
    assert "made-up" not in told
    assert server.calls == []
