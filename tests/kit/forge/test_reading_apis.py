"""What all forges' connectors read their APIs with: pages, details, windows of a log, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.detect.engine import Detector
from scanner.kit import values
from scanner.kit.contract import Operation
from scanner.kit.forge import paging, saying
from scanner.kit.forge.details import Detail, Where, filled, read_details
from scanner.kit.forge.events import Event, Log, read_events, spans
from scanner.kit.forge.place import only_to, place_of
from scanner.kit.forge.repository import Repository
from scanner.kit.http import Missing
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable
from scanner.model.facts import Asset, Edge
from scanner.model.items import Activity, Checkpoint, Content, Gap

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class _Source:
    """Answers by what it is asked; remembers it."""

    def __init__(self, give: Callable[[dict[str, str]], tuple[Any, dict[str, str]]]) -> None:
        self.give = give
        self.asked: list[dict[str, str]] = []

    def get(self, url: str, params: dict[str, str] | None = None) -> requests.Response:
        self.asked.append(dict(params or {}))
        body, headers = self.give(dict(params or {}))
        answer = requests.Response()
        answer.status_code = 200
        answer.url = f"https://forge.example{url}"
        answer._content = msgspec.json.encode(body)
        answer.headers.update(headers)
        return answer


@pytest.fixture
def where(detector: Detector) -> Where:
    node = NodeId("forge:host/acme")
    return Where("forge", "host", node, node, "acme", {"id": "acme/app x"}, detector.examine)


# --- pages -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 23), st.integers(1, 5))
def test_every_way_of_paging_gives_each_record_once(count: int, size: int) -> None:
    every = [{"n": n} for n in range(count)]

    def cut(start: int) -> tuple[list[Any], bool]:
        return every[start : start + size], start + size < count

    def link(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        part, more = cut(int(asked.get("page", "0")))
        url = f"https://other.example/x?page={int(asked.get('page', '0')) + size}&kept=a%26b"
        return part, {"Link": f'<{url}>; rel="next"'} if more else {}

    def following(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        part, more = cut(int(asked.get("at", "0")))
        url = f"https://other.example/x?at={int(asked.get('at', '0')) + size}"
        return {"values": part, **({"next": url} if more else {})}, {}

    def start(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        at = int(asked.get("start", "0"))
        part, more = cut(at)
        return {"values": part, "isLastPage": not more, "nextPageStart": at + size}, {}

    def token(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        at = int(asked.get("continuationToken", "0"))
        part, more = cut(at)
        return {"value": part}, {"x-ms-continuationtoken": str(at + size)} if more else {}

    def skip(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        return {"value": every[int(asked["$skip"]) :][: int(asked["$top"])]}, {}

    def number(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        return cut((int(asked["page"]) - 1) * size)[0], {"X-Total-Count": str(count)}

    def unsaid(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        return cut((int(asked["page"]) - 1) * size)[0], {}

    for read, give in (
        (paging.by_link, link), (paging.by_next, following), (paging.by_start, start),
        (paging.by_token, token), (paging.by_page, number), (paging.by_page, unsaid),
    ):  # fmt: skip
        assert list(read(_Source(give), "/x")) == every, read.__name__
    assert list(paging.by_skip(_Source(skip), "/x", top=size)) == every


def test_of_a_link_only_the_query_is_taken() -> None:
    pages = {"": '<https://evil.example/steal?page=2&q=a%20b>; rel="next"', "2": ""}
    source = _Source(
        lambda asked: ([asked.get("page", "1")], {"Link": pages[asked.get("page", "")]})
    )
    assert list(paging.by_link(source, "/x", {"q": "a b"})) == ["1", "2"]
    assert source.asked == [{"q": "a b"}, {"page": "2", "q": "a b"}]


def test_a_source_that_goes_in_circles_ends() -> None:
    turn = iter(range(100))
    link = {"Link": '<https://forge.example/x?page=2>; rel="next"'}
    with pytest.raises(Unavailable, match="repeats a page link"):
        list(paging.by_link(_Source(lambda asked: ([next(turn)], link)), "/x"))
    with pytest.raises(Unavailable, match="same page again"):
        list(paging.by_page(_Source(lambda asked: ([1], {})), "/x"))
    body = {"values": [], "isLastPage": False, "nextPageStart": True}
    with pytest.raises(Unavailable, match="not where"):
        list(paging.by_start(_Source(lambda asked: (body, {})), "/x"))


@pytest.mark.parametrize("body", [None, 3, "x", {"values": 1}, {}, {"values": {"a": 1}}])
def test_a_body_that_is_no_list_is_told(body: Any) -> None:
    for read in (paging.by_next, paging.by_start, paging.by_token, paging.by_skip, paging.whole):
        with pytest.raises(Unavailable, match="expected a list"):
            list(read(_Source(lambda asked: (body, {})), "/x"))


# --- details -----------------------------------------------------------------------------------

_OPERATIONS = tuple(
    Operation(id=f"GET /{name}", permission=f"read:{name}", is_optional=name == "optional")
    for name in ("a", "b", "optional")
)


def _details(*names: str, is_feature: bool = False) -> list[Detail]:
    return [
        Detail(f"GET /{name}", lambda where, record: [Gap(what="made", reason=str(record["n"]))],
               is_feature=is_feature)
        for name in names
    ]  # fmt: skip


def _reader(given: dict[str, Any]) -> Callable[[Detail, Where], Iterator[Any]]:
    def read(detail: Detail, where: Where) -> Iterator[Any]:
        for found in given[detail.operation[-1]]:
            if isinstance(found, Exception):
                raise found
            yield found

    return read


def test_a_refused_detail_is_a_gap_with_what_to_grant(where: Where) -> None:
    read = _reader({"a": [{"n": 1}, Denied("GET /a: HTTP 403")], "b": [{"n": 2}, 7, None]})
    found = list(read_details(_details("a", "b"), where, read, _OPERATIONS))
    assert [g.reason for g in found if isinstance(g, Gap) and g.what == "made"] == ["1", "2"]
    denied = [g for g in found if isinstance(g, Gap) and g.denied]
    assert [(g.what, g.reason) for g in denied] == [
        ("GET /a of acme", "GET /a: HTTP 403; grant read:a")
    ]
    assert [g.reason for g in found if isinstance(g, Gap)][-2] == "2 odd records"


def test_when_nothing_can_be_read_it_is_an_error(where: Where) -> None:
    read = _reader({"a": [Unavailable("down")], "b": [Denied("no")]})
    with pytest.raises(Denied):
        list(read_details(_details("a", "b"), where, read, _OPERATIONS))
    read = _reader({"b": [{"n": 1}], "a": [Throttled("wait", 9)]})
    with pytest.raises(Throttled):
        list(read_details(_details("b", "a"), where, read, _OPERATIONS))


def test_what_is_not_there_is_a_gap_or_a_feature_that_is_off(where: Where) -> None:
    read = _reader({"a": [Missing("404")], "b": [{"n": 1}], "l": [Denied("no")]})
    found = list(read_details(_details("a", "b"), where, read, _OPERATIONS))
    assert [g.denied for g in found if isinstance(g, Gap) and g.what != "made"] == [False]
    found = list(read_details(_details("a", "b", is_feature=True), where, read, _OPERATIONS))
    assert [g.what for g in found if isinstance(g, Gap)] == ["made"]
    found = list(read_details(_details("b", "optional"), where, read, _OPERATIONS))
    assert [g.what for g in found if isinstance(g, Gap)] == ["made"]
    off = _reader({"a": [NotEnabled("off")], "b": [{"n": 1}]})
    found = list(read_details(_details("a", "b"), where, off, _OPERATIONS))
    assert [g.what for g in found if isinstance(g, Gap)] == ["made"]


def test_holes_of_a_path_are_quoted(where: Where) -> None:
    assert filled("GET /p/{id}/x/{id}", where.path) == "/p/acme%2Fapp%20x/x/acme%2Fapp%20x"
    assert filled("GET /p/{id}", {"id": "../../admin"}) == "/p/..%2F..%2Fadmin"


# --- windows of a log --------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 400), st.integers(1, 60))
def test_windows_follow_each_other_without_a_hole(hours: int, most: int) -> None:
    start = NOW - timedelta(hours=hours)
    found = list(spans(start, NOW, timedelta(hours=most)))
    assert found[0][0] == start
    assert found[-1][1] == NOW
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert all(end - begin <= timedelta(hours=most) for begin, end in found)


LOG = Log(kept=timedelta(days=90), first=timedelta(days=30), span=timedelta(days=7))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 30 * 24 * 60), min_size=0, max_size=60),
    st.lists(st.integers(1, 40 * 24 * 60), min_size=0, max_size=3),
)
def test_however_a_log_is_read_each_event_counts_once(
    minutes: list[int], pauses: list[int]
) -> None:
    node = NodeId("forge:host/acme")
    where = Where("forge", "host", node, node, "acme", {}, lambda *a: ())
    log = [
        (NOW - timedelta(days=30) + timedelta(minutes=m), f"e{n}") for n, m in enumerate(minutes)
    ]
    reads: list[datetime] = []

    def events(begin: datetime, end: datetime) -> Iterator[Event | None]:
        known = [(at, key) for at, key in log if at <= reads[-1]]
        for at, key in known:
            if begin <= at <= end:
                yield Event(key=key, at=values.iso(at), action="x", thing=NodeId("t"))

    since: Checkpoint | None = None
    total = 0
    for now in [NOW, *(NOW + timedelta(minutes=sum(pauses[: n + 1])) for n in range(len(pauses)))]:
        reads.append(now)
        for item in read_events(where, events, LOG, now, since):
            if isinstance(item, Activity):
                total += item.count
            if isinstance(item, Checkpoint):
                since = item
    assert total == len(log)


def test_what_a_log_no_longer_keeps_is_a_gap(where: Where) -> None:
    old = Checkpoint(cursor='{"until":"2026-01-01T00:00:00Z","known":[]}')
    found = list(read_events(where, lambda b, e: [None], LOG, NOW, old))
    gaps = [g.reason for g in found if isinstance(g, Gap)]
    assert "no longer kept" in gaps[0]
    assert gaps[1].endswith("records are no events")
    broken = list(read_events(where, lambda b, e: [], LOG, NOW, Checkpoint(cursor="{")))
    assert "unreadable" in next(g.reason for g in broken if isinstance(g, Gap))


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        (["gpu"], "gpu"), (["linux", "nvidia-a100"], "a100, nvidia"), (["L40S"], "l40s"),
        (["gpu-t4"], "gpu, t4"), (["mi300x"], "mi300x"), (["cuda12"], "cuda12"),
        (["tpu"], "tpu"), (["rtx-4090"], "rtx-4090"), (["saas-linux-medium-gpu-standard"], "gpu"),
    ],
)  # fmt: skip
def test_labels_that_tell_of_an_accelerator(where: Where, labels: list[str], kinds: str) -> None:
    made = list(saying.runner(where, "GET /a", key="1", name="r", labels=labels))
    assert [m.tags["accelerator"] for m in made if isinstance(m, Asset)] == [kinds]


@pytest.mark.parametrize(
    "labels", [["linux"], ["x64", "ubuntu-22.04"], ["agpup"], ["m4", "t3.large"], [""], ["sh100p"]]
)
def test_labels_that_do_not(where: Where, labels: list[str]) -> None:
    assert list(saying.runner(where, "GET /a", key="1", name="r", labels=labels)) == []


@pytest.mark.parametrize(
    ("name", "tier", "environment"),
    [
        ("production", "", "production"), ("eu-prod-1", "", "production"),
        ("live", "", "production"),
        ("staging", "", "staging"), ("reproduction", "", "reproduction"),
        ("anything", "Production", "production"), ("prod", "staging", "staging"),
    ],
)  # fmt: skip
def test_environments(where: Where, name: str, tier: str, environment: str) -> None:
    (made, _) = saying.environment(where, "GET /a", name, tier)
    assert isinstance(made, Asset)
    assert made.environment == environment


def test_a_variable_of_no_ais_is_nobodys_slot(where: Where) -> None:
    made = list(saying.variable(where, "GET /a", "COLOUR", "blue"))
    assert all(isinstance(item, Content) for item in made)
    slot = list(saying.variable(where, "GET /a", "OPENAI_API_KEY", is_secret=True))
    assert [type(item) for item in slot] == [Content, Asset, Edge]
    assert list(saying.variable(where, "GET /a", "")) == []


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_whatever_a_source_says_is_text_or_nothing(value: Any) -> None:
    assert isinstance(values.text(value), str)
    assert isinstance(values.stamp(value), str)
    assert isinstance(saying.host_in(value), str)


# --- where a token goes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clone", "is_sent"),
    [
        ("https://git.example/a/b.git", True), ("https://git.example:8443/a/b.git", True),
        ("http://git.example/a/b.git", False), ("https://git.example.evil.test/a.git", False),
        ("https://evil.test/git.example", False), ("ssh://git.example/a/b.git", False),
    ],
)  # fmt: skip
def test_a_token_goes_to_the_forge_alone(clone: str, is_sent: bool) -> None:
    repository = Repository(full_name="a/b", clone_url=clone)
    header = only_to("https://git.example", header=lambda: "Bearer t")
    if is_sent:
        assert header(repository) == "Bearer t"
    else:
        with pytest.raises(Unavailable, match="not sent"):
            header(repository)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://git.example/path", "git.example"),
        ("https://git.example:8443", "git.example:8443"),
        ("http://127.0.0.1:80", "127.0.0.1:80"), ("http://[::1]:9/x", "[::1]:9"),
    ],
)  # fmt: skip
def test_places(url: str, place: str) -> None:
    assert place_of(url, "url") == place
