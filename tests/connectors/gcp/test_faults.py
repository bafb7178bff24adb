"""Whatever goes wrong on the way shows: as an error or a gap, never as an empty list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connectors.gcp import CONNECTOR
from connectors.gcp.access import Access
from connectors.gcp.answers import BESIDE
from connectors.gcp.types import TYPES
from scanner.kit.pace import Learning, Pace
from scanner.model.errors import Denied, Throttled, Unavailable
from tests.connectors.gcp.estate import (
    AUDITED,
    ENABLED_NAMES,
    ORG,
    Read,
    context,
    endpoint,
    everywhere,
    project,
    read,
)
from tests.google_rig import Fault, Rig, _method, schema, serving

BROKEN = {
    "dropped": {"drop": True},
    "cut": {"cut": True},
    "html": {"body": "<html><title>Sign in</title></html>"},
    "nothing": {"body": ""},
    "null": {"body": "null"},
    "a list": {"body": "[]"},
    "half": {"body": '{"endpoints": [{"name"'},
    "another answer": {"body": '{"status": "ok"}'},
    "an error": {"body": '{"error": {"code": 403}}'},
    "a ring": {"body": '{"nextPageToken": "again"}'},
    "no token": {"body": '{"nextPageToken": {"a": 1}}'},
}
"""Whatever list is asked for."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _fault(how: str) -> Fault:
    return Fault(200, **BROKEN[how])


def _trouble(found: Read, shard: str) -> list[str]:
    error = [str(found.errors[shard])] if shard in found.errors else []
    return error + [gap.reason for gap in found.gaps.get(shard, [])]


PLACES = {
    "vertex": (r"aiplatform.*/us-central1/endpoints$", "gcp:acme-7/vertex"),
    "locations": (r"aiplatform.*/locations$", "gcp:acme-7/vertex"),
    "keys": (r"apikeys.*/keys$", "gcp:acme-7/keys"),
    "services": (r"serviceusage.*/services$", "gcp:acme-7/project"),
    "folders": (r"/v3/folders$", "gcp:units"),
    "inventory": (r":searchAllResources$", f"gcp:{ORG}/inventory"),
    "policies inside": (r":searchAllIamPolicies$", f"gcp:{ORG}/policies"),
    "policy": (r"projects/acme-7:getIamPolicy$", "gcp:acme-7/policy"),
    "role": (r"iam.*/v1/roles/viewer$", "gcp:acme-7/policy"),
    "contacts": (r"/contacts$", "gcp:acme-7/contacts"),
    "creators": (r"entries:list$", "gcp:acme-7/creators"),
    "activity": (r"entries:list$", "gcp:*/activity/acme-7"),
}
"""What is struck -> the shard that is to tell."""
_NO_PAGES = ("policy", "role")


@pytest.mark.parametrize(
    ("place", "how"),
    [(place, how) for place in PLACES for how in BROKEN
     if not (place in _NO_PAGES and how in ("a ring", "no token"))],
)  # fmt: skip
def test_what_breaks_is_never_an_empty_list(rig: Rig, place: str, how: str) -> None:
    endpoint(rig, project(rig, 7), 7)
    binding = {"role": "roles/viewer", "members": ["user:ada@acme.example"]}
    rig.answer("cloudresourcemanager.projects.getIamPolicy", "projects/acme-7",
               {"bindings": [binding], **AUDITED})  # fmt: skip
    rig.answer("iam.roles.get", "roles/viewer", {"name": "roles/viewer"})
    pattern, shard = PLACES[place]
    families = ("vertex",) if "aiplatform" in pattern else ("keys",)
    before = read(rig, families=families, activity=True)
    assert not _trouble(before, shard)
    rig.strike(pattern, _fault(how))
    found = read(rig, families=families, activity=True)
    assert _trouble(found, shard), f"{how}: nothing tells of it"
    assert not any(isinstance(one, Denied) for one in found.errors.values())


@pytest.mark.parametrize(
    "value", ["null", "{}", '"none"', "7", "true", '{"a": [{}]}', "[[]]", "[7]"]
)
def test_another_type_in_place_of_a_list_is_a_gap(rig: Rig, value: str) -> None:
    project(rig, 7)
    rig.strike("us-central1/endpoints", Fault(200, body=f'{{"endpoints": {value}}}'))
    (gap,) = read(rig, families=("vertex",)).gaps["gcp:acme-7/vertex"]
    assert "us-central1" in gap.what


def test_projects_that_cannot_be_listed_are_no_empty_organization(rig: Rig) -> None:
    project(rig, 7)
    for how in BROKEN:
        rig.strikes.clear()
        rig.strike(r"/v3/projects$", _fault(how))
        with pytest.raises(Unavailable):
            list(CONNECTOR.shards(context(rig)))


def test_a_second_page_that_breaks_off_keeps_the_first(rig: Rig) -> None:
    ident = project(rig, 7)
    lead = f"projects/{ident}/locations/us-central1"
    rig.plant("aiplatform.projects.locations.models.list", lead,
              *({"name": f"{lead}/models/{number}"} for number in range(5)))  # fmt: skip
    rig.strike("us-central1/models", Fault(200, cut=True, after=1))
    found = read(rig, families=("vertex",))
    assert sum(one.kind == "gcp.vertex_model" for one in found.assets.values()) == 2
    assert found.gaps["gcp:acme-7/vertex"]


def test_what_breaks_off_once_is_asked_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "pause", lambda self, seconds: None)
    endpoint(rig, project(rig, 7), 7)
    for pattern in ("/v3/projects$", "/v3/folders$", "us-central1/endpoints$"):
        rig.strike(pattern, Fault(200, drop=True, times=1))
        rig.strike(pattern, Fault(503, times=1))
        rig.strike(pattern, Fault(200, cut=True, times=1))
    found = read(rig, families=("vertex",), retries=4)
    assert not found.errors
    assert not found.gaps
    assert any(one.name == "scoring" for one in found.assets.values())


GONE = "Project #7 has been deleted."


@pytest.mark.parametrize(
    "fault",
    [
        Fault(403, GONE, "PERMISSION_DENIED"),
        Fault(403, "Consumer 'project_number:7' has been suspended.", "PERMISSION_DENIED"),
        Fault(404, "The project acme-7 has been deleted", "NOT_FOUND"),
        Fault(400, "Project is marked for deletion: acme-7", "FAILED_PRECONDITION"),
    ],
)
def test_a_project_that_is_deleted_while_it_is_read_is_neither_empty_nor_denied(
    rig: Rig, fault: Fault
) -> None:
    for number in (7, 8):
        endpoint(rig, project(rig, number, enabled=("aiplatform", "bigquery")), number)
    fault.after = 4
    rig.strike("aiplatform.*/projects/acme-7/", fault)
    rig.strike("(bigquery|contacts|logging|manager).*acme-7", Fault(fault.status, fault.message))
    found = read(rig, families=("vertex", "bigquery"))
    told = [text for shard in found.shards if "acme-7/" in shard for text in _trouble(found, shard)]
    assert told
    assert all("went away while it was read" in text for text in told), told
    assert not any("grant" in text for text in told)
    assert _trouble(found, "gcp:acme-7/bigquery")
    assert not [shard for shard in found.errors if "acme-8" in shard], "the others go on"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(404, "Method not found.", "NOT_FOUND"),
        Fault(404, "Location us-central1 does not exist", "NOT_FOUND"),
        Fault(404, body="<html>not found</html>"),
        Fault(410, "gone", "NOT_FOUND"),
    ],
)
@pytest.mark.parametrize(
    ("where", "family"),
    [
        (r"us-central1/endpoints$", "vertex"),
        (r"global/collections$", "search"),
        (r"collections/c/dataStores$", "search"),
        (r"/datasets/sales/models$", "bigquery"),
        (r"acme-7:testIamPermissions$", "bigquery"),
        (r"processors/a/processorVersions$", "documents"),
        (r"us-central1/agent$", "dialogflow"),
    ],
)
def test_a_list_that_is_not_found_is_a_gap(rig: Rig, fault: Fault, where: str, family: str) -> None:
    ident = project(rig, 7, enabled=ENABLED_NAMES)
    everywhere(rig, ident, 7)
    assert not _trouble(read(rig, families=(family,)), f"gcp:acme-7/{family}")
    rig.strike(where, fault)
    assert _trouble(read(rig, families=(family,)), f"gcp:acme-7/{family}")


def test_what_goes_away_while_it_is_read_is_no_gap_once_its_list_says_so(rig: Rig) -> None:
    ident = project(rig, 7, enabled=("documentai",))
    everywhere(rig, ident, 7)
    listed = ("documentai.projects.locations.processors.list",
              f"projects/{ident}/locations/us-central1")  # fmt: skip
    respond = rig.respond

    def going(target: str, body: bytes | None = None) -> tuple[int, Mapping[str, str], str]:
        if target.partition("?")[0].endswith("/processors/a/processorVersions"):
            rig.records.pop(listed, None)
        return respond(target, body)

    rig.strike("processorVersions", Fault(404, "Requested entity was not found.", "NOT_FOUND"))
    assert _trouble(read(rig, families=("documents",)), "gcp:acme-7/documents"), "it is still there"
    rig.respond = going  # type: ignore[method-assign]
    found = read(rig, families=("documents",))
    assert not _trouble(found, "gcp:acme-7/documents")
    assert [one for one in found.assets.values() if one.kind == "gcp.document_processor"]


SPOOFED = '{"error": {"code": 403, "message": "403 SERVICE_DISABLED of projects/7: x"}}'
UNPAID = """{"error": {"code": 403, "message": "This API method requires billing to be enabled.",
"details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "BILLING_DISABLED",
"metadata": {"consumer": "projects/7"}}]}}"""


@pytest.mark.parametrize(
    "fault",
    [
        Fault(403, "Context-Aware Access is not enabled for project acme-7", "PERMISSION_DENIED"),
        Fault(403, "X API has not been used in project 7 before or it is disabled", "DENIED"),
        Fault(403, "This API method requires billing to be enabled.", "PERMISSION_DENIED"),
        Fault(403, body=SPOOFED),
        Fault(403, body=UNPAID),
        Fault(400, "CMEK: key rotation is not enabled in project acme-7", "FAILED_PRECONDITION"),
        Fault(400, "HTTP 501: the operation is UNIMPLEMENTED", "INVALID_ARGUMENT"),
    ],
)
def test_words_do_not_say_that_an_api_is_off(rig: Rig, fault: Fault) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("aiplatform", fault)
    error = read(rig, families=("vertex",)).errors["gcp:acme-7/vertex"]
    assert isinstance(error, Denied if fault.status == 403 else Unavailable)


def test_an_unreadable_paying_project_is_told_as_that(rig: Rig) -> None:
    project(rig, 7)
    said = "Caller does not have required permission to use project billing. USER_PROJECT_DENIED"
    rig.strike("apikeys", Fault(403, said, "PERMISSION_DENIED"))
    error = read(rig, families=("keys",)).errors["gcp:acme-7/keys"]
    assert isinstance(error, Denied)
    assert "grant serviceusage.services.use" in str(error)
    assert "grant apikeys" not in str(error)


def test_the_project_that_pays_is_named_in_every_call(rig: Rig) -> None:
    ident = project(rig, 7)
    everywhere(rig, ident, 7)
    read(rig, quota_project="billing", families=("vertex", "keys"))
    assert len(rig.headers) > 20
    assert {one.get("x-goog-user-project") for one in rig.headers} == {"billing"}


# --- pace -----------------------------------------------------------------------------------


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def pace(self) -> Pace:
        return Pace(Learning, clock=lambda: self.now, sleep=self.sleep)


def test_one_api_of_one_project_that_throttles_slows_no_other() -> None:
    clock = _Clock()
    pace = clock.pace
    for _ in range(1000):
        pace.take("acme-1 run")
    assert not clock.slept, "nobody is slowed before Google says so"
    pace.hold("acme-1 run", 30)
    pace.take("acme-2 run")
    pace.take("acme-1 logging")
    assert not clock.slept
    pace.take("acme-1 run")
    assert clock.slept == [30]


def test_what_a_quota_allows_is_learned_from_a_refusal() -> None:
    clock = _Clock()
    pace = clock.pace
    for _ in range(301):
        pace.take("p")  # the last one is refused
    pace.hold("p", 20)
    pace.hold("p", 20)
    start = clock.now
    for _ in range(100):
        pace.take("p")
    took = clock.now - start - 20
    assert took == pytest.approx(99 / (0.9 * 300 / 60))
    clock.now += 301
    start = clock.now
    for _ in range(1000):
        pace.take("p")
    assert clock.now == start, "after minutes of peace it is tried again"


def _access(rig: Rig, clock: _Clock, retries: int = 4, **config: Any) -> Access:
    ctx = context(rig, retries=retries, **config)
    return Access(ctx, CONNECTOR.spec.operations, clock.pace)


def _keys(access: Access, ident: str = "acme-7") -> list[Any]:
    op = "apikeys.projects.locations.keys.list"
    of = f"projects/{ident}/locations/global"
    return list(access.pages(op, of, "global", ident, {}, "keys[]"))


RETRY = '{"error": {"code": 429, "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}]}}'  # noqa: E501


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (Fault(429, headers={"Retry-After": "9"}, times=1), [9]),
        (Fault(429, body=RETRY, times=1), [17.5]),
        (Fault(429, "Quota exceeded for quota metric 'Reads'", times=3), [2, 4, 8]),
        (Fault(403, "Rate Limit Exceeded", headers={"Retry-After": "5"}, times=1), [5]),
    ],
    ids=["header", "body", "unsaid", "older"],
)
def test_a_quota_is_waited_out_as_long_as_google_says(
    rig: Rig, fault: Fault, waits: list[float]
) -> None:
    project(rig, 7)
    clock = _Clock()
    access = _access(rig, clock)
    rig.strike("apikeys", fault)
    assert _keys(access) == [{"keys": []}]
    assert clock.slept == waits


def test_a_wait_that_is_too_long_is_throttled_at_once(rig: Rig) -> None:
    clock = _Clock()
    rig.strike("apikeys", Fault(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Throttled) as caught:
        _keys(_access(rig, clock))
    assert caught.value.retry_after == 3600
    assert not clock.slept


def test_who_pays_is_who_is_slowed(rig: Rig) -> None:
    clock = _Clock()
    shared = _access(rig, clock, quota_project="billing")
    assert shared.payer("acme-7") == shared.payer("acme-8") == "billing"
    assert _access(rig, clock).payer("acme-7") == "acme-7"


def test_a_list_of_projects_waits_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Pace, "hold", lambda self, key, seconds: slept.append(seconds))
    project(rig, 7)
    rig.strike("/v3/folders", Fault(429, headers={"Retry-After": "11"}, times=2))
    found = read(rig, families=("keys",), retries=3)
    assert slept == [11, 11]
    assert "gcp:units" not in found.gaps


def test_what_lists_say_besides_their_records_is_known() -> None:
    for kind in TYPES:
        if not kind.list.items:
            continue
        known = _method(kind.list.op)
        told = schema(known.document, known.response)["properties"]
        name = kind.list.items.partition(".")[0].removesuffix("[]")
        assert not told.keys() - BESIDE - {name}, kind.list.op
