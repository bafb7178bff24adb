"""What goes wrong at AWS, and what a scan says of it: never less than there is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.aws import _access
from connectors.aws.errors import is_not_offered
from connectors.aws.organization import UNIT_KIND, AccountTags
from scanner.model.coverage import Outcome
from scanner.model.errors import Throttled
from tests.aws_rig import (
    EVERYWHERE,
    Fault,
    Organization,
    Rig,
    cut,
    denied,
    denied_by_policy,
    dropped,
    garbled,
    not_offered,
    region_disabled,
    repeated_token,
    serving,
    throttled,
    verbatim,
)
from tests.connectors.aws.reading import HOME, scan
from tests.connectors.aws.reading import of_one_family as context

ACCOUNT = "111111111111"
THEN = datetime(2026, 1, 1, tzinfo=UTC)
SAGEMAKER = f"aws:{ACCOUNT}/{HOME}/sagemaker"


@pytest.fixture
def rig() -> Rig:
    made = Rig(page_size=2)
    Organization.of(1).into(made)
    for number in range(5):
        made.world.plant(EVERYWHERE, HOME, "sagemaker:ListModels", "Models", _model(number))
        made.world.answer(
            EVERYWHERE, HOME, "sagemaker:DescribeModel", {"ModelName": f"m{number}"}, _model(number)
        )
    return made


def _model(number: int) -> dict[str, Any]:
    return {
        "ModelName": f"m{number}",
        "ModelArn": f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:model/m{number}",
        "CreationTime": THEN,
    }


@pytest.fixture
def url(rig: Rig) -> Iterator[str]:
    with serving(rig) as served:
        yield served


def _models(rig: Rig, url: str, **changes: Any) -> tuple[set[str], Any]:
    done = scan(context(url, **changes))
    found = {asset.name for asset in done.assets("aws.sagemaker_model")}
    return found, done.rows[SAGEMAKER]


ALL = {f"m{number}" for number in range(5)}


def test_every_page_is_read(rig: Rig, url: str) -> None:
    found, row = _models(rig, url)
    assert found == ALL
    assert row.status is Outcome.COMPLETE
    assert rig.called("sagemaker:ListModels") == 3
    assert rig.rejected == rig.wrong == []


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (denied(), "grant sagemaker:ListModels"),
        (denied_by_policy(), "a policy of the organization denies it"),
    ],
)
def test_one_action_that_is_denied_is_a_gap_with_what_to_do(
    rig: Rig, url: str, fault: Any, remedy: str
) -> None:
    rig.strike("sagemaker:ListModels", fault)
    found, row = _models(rig, url)
    assert found == set()
    assert row.status is Outcome.PARTIAL
    assert any("sagemaker:ListModels" in gap and remedy in gap for gap in row.gaps)


def test_a_page_in_the_middle_that_is_denied_keeps_what_was_read_and_says_so(
    rig: Rig, url: str
) -> None:
    rig.strike("sagemaker:ListModels", denied(), after=1)
    found, row = _models(rig, url)
    assert found == {"m0", "m1"}
    assert row.status is Outcome.PARTIAL


@pytest.mark.parametrize("fault", [cut(), garbled()])
def test_an_answer_that_is_cut_off_is_no_empty_list(rig: Rig, url: str, fault: Any) -> None:
    rig.strike("sagemaker:ListModels", fault)
    found, row = _models(rig, url)
    assert found == set()
    assert row.status is not Outcome.COMPLETE
    assert any("sagemaker:ListModels" in gap for gap in row.gaps)


def test_an_answer_that_was_cut_off_once_is_read_by_the_next_attempt(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:DescribeModel", cut(), times=1)
    done = scan(context(url, retries=3))
    row = done.rows[SAGEMAKER]
    assert row.status is Outcome.PARTIAL
    assert {a.name for a in done.assets("aws.sagemaker_model")} == ALL


def test_a_page_token_that_repeats_ends_the_list_with_a_gap(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:ListModels", repeated_token(), after=1)
    found, row = _models(rig, url)
    assert found <= ALL
    assert row.status is Outcome.PARTIAL
    assert any("token" in gap for gap in row.gaps)


def test_throttling_is_waited_out_and_slows_that_list_alone(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:ListModels", throttled(), times=2)
    ctx = context(url, retries=5)
    done = scan(ctx)
    assert {a.name for a in done.assets("aws.sagemaker_model")} == ALL
    assert done.rows[SAGEMAKER].status is Outcome.COMPLETE
    access = ctx.kept("aws", lambda: pytest.fail("no session was kept"))
    slowed = [key for key, count in access.budget.throttled.items() if count]
    assert slowed == [(ACCOUNT, HOME, "sagemaker:ListModels")]


def test_a_disabled_region_is_told_and_the_others_are_read(rig: Rig, url: str) -> None:
    rig.strike("*", region_disabled(), region="eu-west-1")
    done = scan(context(url, regions=(HOME, "eu-west-1")))
    assert done.rows[f"aws:{ACCOUNT}/eu-west-1/sagemaker"].status is Outcome.DENIED
    assert done.rows[SAGEMAKER].status is Outcome.COMPLETE


def test_a_service_that_is_absent_is_not_enabled_and_is_not_a_gap(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:*", not_offered())
    row = scan(context(url)).rows[SAGEMAKER]
    assert row.status is Outcome.NOT_ENABLED


def test_a_connection_that_is_hung_up_on_is_unavailable(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:ListModels", dropped())
    found, row = _models(rig, url)
    assert found == set()
    assert row.status is Outcome.PARTIAL


def test_a_budget_that_is_spent_says_what_is_left(rig: Rig, url: str) -> None:
    _, row = _models(rig, url, most_calls=8)
    assert row.status is not Outcome.COMPLETE
    assert any("`most_calls`" in text for text in (row.reason, *row.gaps))


@pytest.mark.slow
def test_five_thousand_endpoints_of_one_account(rig: Rig, url: str) -> None:
    rig.page_size = 100
    names = [f"endpoint-{number:04d}" for number in range(5000)]
    for name in names:
        arn = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:endpoint/{name}"
        told = {"EndpointName": name, "EndpointArn": arn, "CreationTime": THEN,
                "LastModifiedTime": THEN, "EndpointStatus": "InService"}  # fmt: skip
        rig.world.plant(ACCOUNT, HOME, "sagemaker:ListEndpoints", "Endpoints", told)
        rig.world.answer(
            ACCOUNT, HOME, "sagemaker:DescribeEndpoint", {"EndpointName": name},
            {**told, "EndpointConfigName": "one"},
        )  # fmt: skip
    before = threading.active_count()
    done = scan(context(url))
    assert {asset.name for asset in done.assets("aws.sagemaker_endpoint")} == set(names)
    assert done.rows[SAGEMAKER].status is Outcome.COMPLETE
    assert threading.active_count() < before + 80


@pytest.mark.parametrize(
    ("code", "message"),
    [("UnsupportedOperation", "no"), ("ValidationException", "not supported in this region")],
)
def test_an_odd_refusal_of_one_record_ends_no_list(
    rig: Rig, url: str, code: str, message: str
) -> None:
    rig.strike("sagemaker:DescribeModel", Fault(code=code, status=400, message=message), times=1)
    found, row = _models(rig, url)
    assert found == ALL
    assert row.status is Outcome.PARTIAL


def test_a_denial_is_no_deletion_whatever_the_thing_is_called(rig: Rig, url: str) -> None:
    name = "ResourceNotFoundClassifier"
    arn = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:model/{name}"
    told = {"ModelName": name, "ModelArn": arn, "CreationTime": THEN}
    rig.world.plant(EVERYWHERE, HOME, "sagemaker:ListModels", "Models", told)
    rig.strike("sagemaker:DescribeModel", denied())
    _, row = _models(rig, url)
    assert row.status is Outcome.PARTIAL
    assert any(name in gap for gap in row.gaps)


@pytest.mark.parametrize("body", [
    b"", b"{}", b'{"Models": null}', b'{"Models": {}}', b'{"Models": ""}', b"[]", b'"text"',
])  # fmt: skip
def test_an_answer_without_its_list_proves_nothing(rig: Rig, url: str, body: bytes) -> None:
    rig.strike("sagemaker:ListModels", verbatim(body))
    found, row = _models(rig, url)
    assert found == set()
    assert row.status is Outcome.PARTIAL


@pytest.mark.parametrize(
    "models",
    ['[null, {"ModelName": null, "ModelArn": null}]', '[{"ModelName": 5, "ModelArn": {"a": 1}}]',
     '[{"ModelName": "x", "ModelArn": "arn:\\u0000\\u001b[31m"}]', '"none"', '[["x"]]',
     '[{"ModelName": "x", "ModelArn": "arn:x", "CreationTime": "not a time"}]'],
)  # fmt: skip
def test_malformed_records_are_gaps_and_cost_themselves(rig: Rig, url: str, models: str) -> None:
    rig.strike("sagemaker:ListModels", verbatim(f'{{"Models": {models}}}'.encode()))
    done = scan(context(url))
    assert done.assets("aws.sagemaker_model") == []
    assert done.rows[SAGEMAKER].status is Outcome.PARTIAL
    assert not [row for row in done.rows.values() if "internal error" in row.reason]


def test_tokens_that_go_in_a_ring_end(rig: Rig, url: str) -> None:
    for number in range(6):
        body = b'{"Models": [], "NextToken": "%s"}' % (b"A", b"B")[number % 2 : number % 2 + 1][0]
        rig.strike("sagemaker:ListModels", verbatim(body), after=number, times=1)
    row = scan(context(url)).rows[SAGEMAKER]
    assert row.status is Outcome.PARTIAL
    assert any("repeats a page token" in gap for gap in row.gaps)
    assert rig.called("sagemaker:ListModels") <= 6


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"<DescribeRegionsResponse/>"])
def test_an_answer_without_regions_is_no_empty_account(rig: Rig, url: str, body: bytes) -> None:
    rig.strike("ec2:DescribeRegions", verbatim(body))
    rows = scan(context(url, regions=())).rows
    assert rows[f"aws:{ACCOUNT}/account"].status is Outcome.FAILED


@pytest.mark.parametrize("rows", [b"[{}]", b"[null]"])
def test_a_malformed_row_of_tags_costs_no_list(rig: Rig, url: str, rows: bytes) -> None:
    rig.strike("resourcegroupstaggingapi:GetResources",
               verbatim(b'{"ResourceTagMappingList": %s}' % rows))  # fmt: skip
    done = scan(context(url))
    assert {a.name for a in done.assets("aws.sagemaker_model")} == ALL


def test_a_resolver_that_does_not_answer_proves_no_absence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    assert not is_not_offered({"endpoint_url": "https://kendra.eu-west-3.amazonaws.com"})


def test_an_organization_without_accounts_is_no_answer(rig: Rig, url: str) -> None:
    rig.strike("organizations:ListAccounts", verbatim(b"{}"))
    rows = scan(context(url, organization=True, role_name="ShadowAIReadOnly")).rows
    assert rows["aws:listing"].status is Outcome.FAILED


def test_what_a_batch_does_not_tell_is_a_gap(rig: Rig, url: str) -> None:
    rig.world.plant(ACCOUNT, HOME, "codebuild:ListProjects", "projects", "trainer")
    rig.strike("codebuild:BatchGetProjects",
               verbatim(b'{"projects": [], "projectsNotFound": ["trainer"]}'))  # fmt: skip
    row = scan(context(url, families=("delivery",))).rows[f"aws:{ACCOUNT}/{HOME}/delivery"]
    assert row.status is Outcome.PARTIAL
    assert any("BatchGetProjects of trainer" in gap for gap in row.gaps)


@pytest.mark.parametrize(
    "body", [b"", b"<a/>", b"<!DOCTYPE html><html/>", b"<?xml version='1.0'?><Error/>"]
)
def test_xml_that_is_not_the_operations_own_proves_nothing(rig: Rig, url: str, body: bytes) -> None:
    rig.strike("ec2:DescribeVpcEndpoints", verbatim(body))
    row = scan(context(url, families=("network",))).rows[f"aws:{ACCOUNT}/{HOME}/network"]
    assert row.status is not Outcome.COMPLETE
    assert "not AWS's XML" in " ".join((row.reason, *row.gaps))


def test_lists_that_aws_gives_though_its_models_do_not_say_so(rig: Rig, url: str) -> None:
    """Without them tags are asked for one by one, rather than taken for none."""
    rig.strike("resourcegroupstaggingapi:GetResources", verbatim(b"{}"))
    rig.world.answer(EVERYWHERE, HOME, "sagemaker:ListTags", {},
                     {"Tags": [{"Key": "owner", "Value": "anna"}]})  # fmt: skip
    done = scan(context(url))
    assert {a.tags.get("owner") for a in done.assets("aws.sagemaker_model")} == {"anna"}


def test_arns_that_differ_by_letter_case_alone_have_tags_of_their_own(url: str, rig: Rig) -> None:
    upper = {**_model(0), "ModelName": "M0", "ModelArn": _model(0)["ModelArn"].upper()}
    upper["ModelArn"] = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:model/M0"
    rig.world.plant(EVERYWHERE, HOME, "sagemaker:ListModels", "Models", upper)
    rig.world.answer(EVERYWHERE, HOME, "sagemaker:DescribeModel", {"ModelName": "M0"}, upper)
    for arn, owner in ((upper["ModelArn"], "ben"), (_model(0)["ModelArn"], "anna")):
        rig.world.plant(
            EVERYWHERE, HOME, "resourcegroupstaggingapi:GetResources", "ResourceTagMappingList",
            {"ResourceARN": arn, "Tags": [{"Key": "owner", "Value": owner}]},
        )  # fmt: skip
    owners = {a.name: a.tags.get("owner") for a in scan(context(url)).assets("aws.sagemaker_model")}
    assert (owners["m0"], owners["M0"]) == ("anna", "ben")


def test_a_detail_that_tells_nothing_is_a_gap_and_costs_no_record(rig: Rig, url: str) -> None:
    rig.strike("sagemaker:DescribeNotebookInstance", verbatim(b"{}"))
    told = {
        "NotebookInstanceName": "n",
        "NotebookInstanceArn": f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:notebook-instance/n",
    }
    rig.world.plant(EVERYWHERE, HOME, "sagemaker:ListNotebookInstances", "NotebookInstances", told)
    done = scan(context(url))
    assert [a.name for a in done.assets("aws.sagemaker_notebook_instance")] == ["n"]
    assert any("nothing was told" in gap for gap in done.rows[SAGEMAKER].gaps)


def test_what_a_bounded_list_leaves_out_is_a_gap(rig: Rig, url: str) -> None:
    for number in range(21):
        told = {"TranscriptionJobName": f"j{number}", "TranscriptionJobStatus": "COMPLETED",
                "CreationTime": THEN}  # fmt: skip
        rig.world.plant(EVERYWHERE, HOME, "transcribe:ListTranscriptionJobs",
                        "TranscriptionJobSummaries", told)  # fmt: skip
        rig.world.answer(EVERYWHERE, HOME, "transcribe:GetTranscriptionJob",
                         {"TranscriptionJobName": f"j{number}"},
                         {"TranscriptionJob": told})  # fmt: skip
    row = scan(context(url, families=("language",))).rows[f"aws:{ACCOUNT}/{HOME}/language"]
    assert [gap for gap in row.gaps if "ListTranscriptionJobs" in gap and "there are more" in gap]


@pytest.mark.slow
def test_accounts_that_were_listed_before_the_list_broke_are_read(url: str, rig: Rig) -> None:
    Organization.of(5).into(rig)
    rig.strike("organizations:ListAccounts", throttled(), after=2)
    rows = scan(context(url, organization=True, role_name="ShadowAIReadOnly")).rows
    assert rows["aws:listing"].status is Outcome.FAILED
    accounts = [row for name, row in rows.items() if name.endswith("/account")]
    assert [row.status for row in accounts].count(Outcome.COMPLETE) >= 2


def test_a_row_that_is_no_account_costs_no_other(url: str, rig: Rig) -> None:
    body = b'{"Accounts": [{"Name": "nameless"}, null, {"Id": "%s"}]}' % ACCOUNT.encode()
    rig.strike("organizations:ListAccounts", verbatim(body))
    rows = scan(context(url, organization=True, role_name="ShadowAIReadOnly")).rows
    assert "2 records are no accounts" in rows["aws:listing"].reason
    assert rows[f"aws:{ACCOUNT}/account"].status is Outcome.COMPLETE


def test_a_unit_without_an_id_costs_no_other(url: str, rig: Rig) -> None:
    body = b'{"OrganizationalUnits": [{"Name": "x"}, {"Id": "ou-abcd-12345678", "Name": "y"}]}'
    rig.strike("organizations:ListOrganizationalUnitsForParent", verbatim(body), times=1)
    done = scan(context(url, organization=True, role_name="ShadowAIReadOnly"))
    assert "y" in {item.name for item in done.facts if getattr(item, "kind", "") == UNIT_KIND}
    row = done.rows["aws:organization/units"]
    assert row.status is Outcome.PARTIAL
    assert any("1 records without an id" in gap for gap in row.gaps)


def test_a_profile_that_has_ended_costs_no_other(
    url: str, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "config"
    settings.write_text(
        "[profile good]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        "[profile ended]\nsso_session = s\nsso_account_id = 222222222222\nsso_role_name = r\n"
        "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    rows = scan(context(url, profiles=("ended", "good", "never-there"))).rows
    assert rows[f"aws:{ACCOUNT}/account"].status is Outcome.COMPLETE
    assert rows["aws:listing"].status is Outcome.DENIED
    assert "never-there" in rows["aws:listing"].reason


def test_tags_of_an_account_that_were_throttled_are_asked_for_again(url: str, rig: Rig) -> None:
    rig.strike("organizations:ListTagsForResource", throttled(), times=1)
    known = AccountTags(_access(context(url, retries=1)))
    with pytest.raises(Throttled):
        known.of(ACCOUNT)
    assert known.of(ACCOUNT)["environment"] == "production"
    known.of(ACCOUNT)
    assert rig.called("organizations:ListTagsForResource") == 2


def test_what_is_sent_again_is_counted_as_a_call(url: str, rig: Rig) -> None:
    rig.strike("sagemaker:ListModels", throttled(), times=2)
    access = _access(context(url, retries=5))
    access.call(ACCOUNT, HOME, "sagemaker:ListModels", {})
    assert access.budget.calls[ACCOUNT, HOME, "sagemaker"] == 3


@pytest.mark.parametrize(
    "body",
    [b'{"message": "Internal server error"}', b'{"Functions": null}', b'{"Functions": {}}',
     b'{"Output": {"__type": "com.amazon.coral.service#InternalFailure"}, "Version": "1.0"}'],
)  # fmt: skip
def test_a_list_that_models_call_optional_is_missed_where_something_else_came(
    rig: Rig, url: str, body: bytes
) -> None:
    rig.strike("lambda:ListFunctions", verbatim(body))
    row = scan(context(url, families=("lambda",))).rows[f"aws:{ACCOUNT}/{HOME}/lambda"]
    assert row.status is Outcome.PARTIAL


def test_whatever_is_off_is_told_as_left_out(rig: Rig, url: str) -> None:
    """Also with nothing configured at all: who reads coverage need not know the defaults."""
    from connectors.aws.types import OPTIONS

    row = scan(context(url, regions=())).rows["aws:configuration"]
    assert row.status is Outcome.LEFT_OUT
    for option in OPTIONS:
        assert f"(`{option}`)" in row.reason
    assert "trail_bucket" in row.reason
    everything = dict.fromkeys(OPTIONS, True)
    row = scan(context(url, regions=(), **everything)).rows["aws:configuration"]
    assert not any(f"(`{option}`)" in row.reason for option in OPTIONS)


def test_what_the_configuration_leaves_out_is_told(rig: Rig, url: str) -> None:
    row = scan(context(url)).rows["aws:configuration"]
    assert row.status is Outcome.LEFT_OUT
    assert f"all regions but {HOME}" in row.reason
    assert "bedrock" in row.reason
