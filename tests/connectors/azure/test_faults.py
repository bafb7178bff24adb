"""Whatever goes wrong shows: as denied, throttled, unavailable or not enabled, never as less."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.azure import pace
from scanner.model.errors import Denied, LeftOut, NotEnabled, SourceError, Throttled, Unavailable
from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig, error
from tests.connectors.azure.reading import Read, read

SUB = estate.ident(1)
AI = f"azure:{SUB}/ai"
DEPLOYMENTS = r"/accounts/Chat-One/deployments$"


def _read(rig: Rig, **config: Any) -> Read:
    return read(rig, families=("ai",), identities=False, creators=False, **config)


def _chat(rig: Rig) -> None:
    estate.openai(rig, estate.subscription(rig, 1).id)


def test_a_type_that_may_not_be_read_is_denied_though_resource_graph_is_silent(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.CognitiveServices/*",))
    found = read(rig)
    denied = found.errors[AI]
    assert isinstance(denied, Denied)
    assert "Microsoft.CognitiveServices/accounts/read" in str(denied)
    wrong = [key for key, one in found.errors.items() if not isinstance(one, LeftOut)]
    assert wrong == [AI], "the others go on"


def _without_interfaces(page: dict[str, Any]) -> dict[str, Any]:
    told = [str(row.get("type", "")) for row in page["data"]]
    return {**page, "totalRecords": None} if "microsoft.network/networkinterfaces" in told else page


def test_addresses_that_could_not_be_asked_for_cost_no_machine(rig: Rig) -> None:
    estate.whole(rig)
    rig.faults.append(Fault("ResourceGraph", change=_without_interfaces))
    found = read(rig)
    assert "private_address" not in found.one("azure.virtual_machine").tags
    (gap,) = found.gaps[f"azure:{SUB}/compute"]
    assert gap.what == "azure.virtual_machine"
    assert "the answer is malformed" in gap.reason


def test_of_several_types_the_one_that_may_not_be_read_is_a_gap(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.Web/sites/read",))
    found = read(rig)
    gaps = found.gaps[f"azure:{SUB}/workloads"]
    assert [(gap.what, gap.denied) for gap in gaps] == [("azure.web_site", True)]
    assert found.one("azure.container_app")


def test_rights_in_one_group_alone_are_no_rights_in_the_subscription(rig: Rig) -> None:
    _chat(rig)
    rig.subscriptions[SUB].allowed = ("Microsoft.Resources/subscriptions/read",)
    found = _read(rig)
    assert isinstance(found.errors[AI], Denied)


def test_a_list_below_that_is_denied_is_a_gap_that_names_the_action(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.CognitiveServices/accounts/deployments/read",))
    (gap,) = _read(rig).gaps[AI]
    assert gap.denied
    assert "grant Microsoft.CognitiveServices/accounts/deployments/read" in gap.reason


def test_a_subscription_that_resource_graph_leaves_out_is_denied(rig: Rig) -> None:
    _chat(rig)
    estate.subscription(rig, 2, allowed=("Microsoft.Web/*",))
    found = read(rig)
    assert isinstance(found.errors[f"azure:{estate.ident(2)}/account"], Denied)
    assert not [key for key in found.errors if key.startswith(f"azure:{SUB}")]


def test_a_subscription_that_is_not_shown_is_denied(rig: Rig) -> None:
    _chat(rig)
    found = read(rig, subscriptions=(SUB, estate.ident(9)))
    assert list(found.errors) == [f"azure:{estate.ident(9)}/account"]
    assert isinstance(found.errors[f"azure:{estate.ident(9)}/account"], Denied)


def test_a_deleted_subscription_is_not_enabled_and_a_disabled_one_is_read(rig: Rig) -> None:
    estate.openai(rig, estate.subscription(rig, 1, state="Disabled").id)
    estate.subscription(rig, 2, state="Deleted")
    found = read(rig)
    assert isinstance(found.errors.pop(f"azure:{estate.ident(2)}/account"), NotEnabled)
    assert not found.errors
    assert found.one("azure.model_deployment")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "MissingSubscriptionRegistration", NotEnabled),
        (404, "InvalidResourceType", NotEnabled),
        (400, "LocationNotAvailableForResourceType", NotEnabled),
        (404, "SubscriptionNotFound", Unavailable),
        (400, "InvalidApiVersionParameter", Unavailable),
        (404, "ResourceNotFound", Unavailable),
        (404, "ParentResourceNotFound", Unavailable),
        (404, "NotFound", Unavailable),
        (500, "InternalServerError", Unavailable),
    ],
)
def test_what_azure_says(rig: Rig, status: int, code: str, kind: type[SourceError]) -> None:
    _chat(rig)
    rig.faults.append(Fault(DEPLOYMENTS, status, error(code)))
    found = _read(rig)
    gaps = found.gaps.get(AI, [])
    assert not found.errors
    assert bool(gaps) == (kind is Unavailable)
    assert not any(gap.denied for gap in gaps)


def test_what_goes_away_while_it_is_read_is_no_gap_once_resource_graph_says_so(rig: Rig) -> None:
    _chat(rig)
    answer = rig.answer

    def going(method: str, target: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        if target.partition("?")[0].endswith("/Chat-One/deployments"):
            rig.rows["resources"] = [
                one for one in rig.rows["resources"] if not one["id"].endswith("/Chat-One")
            ]
            rig.things = {key: one for key, one in rig.things.items() if "chat-one" not in key}
        return answer(method, target, body)

    rig.answer = going  # type: ignore[method-assign]
    found = _read(rig)
    assert [one.name for one in found.assets.values()] == ["Chat-One"]
    assert not found.errors
    assert not found.gaps


def test_a_version_that_a_provider_does_not_speak_proves_nothing(rig: Rig) -> None:
    _chat(rig)
    said = "No registered resource provider found for location 'x' and API version '2025-09-01'"
    rig.faults.append(Fault(DEPLOYMENTS, 400, error("NoRegisteredProviderFound", said)))
    assert _read(rig).gaps[AI]


def test_throttled_calls_are_asked_again(rig: Rig) -> None:
    _chat(rig)
    wait = {"Retry-After": "0"}
    rig.faults.append(Fault(DEPLOYMENTS, 429, error("TooManyRequests"), wait, times=2))
    found = _read(rig, retries=3)
    assert found.one("azure.model_deployment")
    assert not found.gaps


def test_a_wait_that_is_too_long_is_throttled(rig: Rig) -> None:
    _chat(rig)
    rig.faults.append(Fault(r"ResourceGraph", 429, error("RateLimiting"), {"Retry-After": "9999"}))
    with pytest.raises(Throttled):
        _read(rig, retries=3)


def test_one_subscription_that_throttles_slows_no_other() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    made = pace.by_subscription(clock=lambda: now[0], sleep=sleep)
    made.hold("one", 30)
    made.take("other")
    assert not slept
    made.take("one")
    assert slept == [30]
    for _ in range(pace.BURST):
        made.take("third")
    assert slept == [30], "a burst is free"
    made.take("third")
    assert slept[1:] == [pytest.approx(1 / pace.RATE)]


@pytest.mark.parametrize(
    "change",
    [
        lambda page: {**page, "value": None},
        lambda page: {"unexpected": 1},
        lambda page: {**page, "value": ["text"]},
        lambda page: {**page, "nextLink": "https://elsewhere.example.com/steal"},
        lambda page: {**page, "nextLink": {"a": 1}},
    ],
    ids=["no list", "another answer", "records that are none", "another host", "no link"],
)
def test_a_malformed_answer_is_a_gap(rig: Rig, change: Any) -> None:
    _chat(rig)
    rig.faults.append(Fault(DEPLOYMENTS, change=change))
    (gap,) = _read(rig).gaps[AI]
    assert not gap.denied


def test_a_link_to_another_list_is_not_followed(rig: Rig) -> None:
    _chat(rig)
    link = {"nextLink": f"{rig.url}/subscriptions/{SUB}/keys?a=b"}
    rig.faults.append(Fault(DEPLOYMENTS, change=lambda page: {**page, **link}))
    (gap,) = _read(rig).gaps[AI]
    assert "another list" in gap.reason


def test_a_link_that_repeats_ends(rig: Rig) -> None:
    rig.page_size = 1
    _chat(rig)
    path = next(path for path in rig.lists if path.endswith("/chat-one/deployments"))
    link = {"nextLink": f"{rig.url}{path}?api-version=2025-09-01"}
    rig.faults.append(Fault(DEPLOYMENTS, change=lambda page: {**page, **link}))
    (gap,) = _read(rig).gaps[AI]
    assert "repeats a page link" in gap.reason


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b'{"value": [{"id"'])
def test_an_answer_that_is_none_is_a_gap(rig: Rig, raw: bytes) -> None:
    _chat(rig)
    rig.faults.append(Fault(DEPLOYMENTS, raw=raw))
    assert _read(rig).gaps[AI]


def test_a_connection_that_breaks_is_a_gap(rig: Rig) -> None:
    _chat(rig)
    rig.faults.append(Fault(DEPLOYMENTS, drop=True))
    (gap,) = _read(rig).gaps[AI]
    assert not gap.denied


_ROW = {"id": "/subscriptions/a", "type": "t", "subscriptionId": SUB}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"totalRecords": 2, "data": [_ROW]}, "1 records of 2"),
        ({"totalRecords": 2, "data": [_ROW], "resultTruncated": "true"}, "cut off"),
        ({"totalRecords": 1, "data": {}}, "malformed"),
        ({"totalRecords": 1, "data": [{"name": "no id"}]}, "without an id"),
        ({"totalRecords": 2, "data": [_ROW], "$skipToken": "again"}, "repeats a page token"),
        ({"data": [_ROW]}, "malformed"),
    ],
)
def test_resource_graph_that_is_not_whole_proves_nothing(
    rig: Rig, answer: dict[str, Any], said: str
) -> None:
    _chat(rig)
    rig.faults.append(Fault("ResourceGraph", change=lambda page: page, times=1))
    rig.faults.append(Fault("ResourceGraph", raw=json.dumps(answer).encode()))
    found = _read(rig)
    assert isinstance(found.errors[AI], Unavailable)
    assert said in str(found.errors[AI])


def test_a_record_that_is_listed_twice_is_one(rig: Rig) -> None:
    _chat(rig)
    account = {**rig.rows["resources"][0]}
    raw = json.dumps({"totalRecords": 2, "data": [account, account]}).encode()
    rig.faults.append(Fault("ResourceGraph", change=lambda page: page, times=1))
    rig.faults.append(Fault("ResourceGraph", raw=raw))
    found = _read(rig)
    assert found.one("azure.cognitive_account")
    assert not found.errors


def test_too_many_subscriptions_to_search_are_told(rig: Rig) -> None:
    _chat(rig)
    header = {"x-ms-tenant-subscription-limit-hit": "true"}
    raw = json.dumps({"totalRecords": 0, "data": []}).encode()
    rig.faults.append(Fault("ResourceGraph", raw=raw, headers=header))
    with pytest.raises(Unavailable, match="more subscriptions"):
        _read(rig)


def test_the_activity_log_that_may_not_be_read_is_denied(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.Insights/eventtypes/values/read",))
    found = read(rig)
    assert isinstance(found.errors[f"azure:{SUB}/creators"], Denied)


def test_role_assignments_that_may_not_be_read_are_denied(rig: Rig) -> None:
    estate.whole(rig, refused=("Microsoft.Authorization/roleAssignments/read",))
    found = read(rig)
    assert isinstance(found.errors[f"azure:{SUB}/roles"], Denied)
