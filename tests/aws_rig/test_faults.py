"""Trouble as boto3 sees it: each service's own codes, and answers that do not arrive."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    PaginationError,
)
from botocore.parsers import ResponseParserError

from tests.aws_rig import (
    Fault,
    Rig,
    broken,
    cut,
    denied,
    denied_by_policy,
    dropped,
    expired,
    garbled,
    not_offered,
    region_disabled,
    repeated_token,
    slow,
    throttled,
    verbatim,
)
from tests.aws_rig.conftest import HOME, Clients

CALLS = {
    "sagemaker": "list_models",
    "bedrock": "list_custom_models",
    "iam": "list_users",
    "ec2": "describe_vpcs",
    "s3": "list_buckets",
    "lambda": "list_functions",
    "eventbridgev2": "list_event_buses",
}
USERS = [{"UserName": f"u{n}"} for n in range(9)]
CODES: list[tuple[Fault, dict[str, tuple[str, int]]]] = [
    (denied(), {
        "sagemaker": ("AccessDeniedException", 400), "bedrock": ("AccessDeniedException", 403),
        "iam": ("AccessDenied", 403), "ec2": ("UnauthorizedOperation", 403),
        "s3": ("AccessDenied", 403), "lambda": ("AccessDeniedException", 403),
        "eventbridgev2": ("AccessDeniedException", 403)}),
    (throttled(), {
        "sagemaker": ("ThrottlingException", 400), "bedrock": ("ThrottlingException", 429),
        "iam": ("Throttling", 400), "ec2": ("RequestLimitExceeded", 503),
        "s3": ("SlowDown", 503), "lambda": ("TooManyRequestsException", 429),
        "eventbridgev2": ("ThrottlingException", 429)}),
    (expired(), {
        "sagemaker": ("ExpiredTokenException", 400), "bedrock": ("ExpiredTokenException", 403),
        "iam": ("ExpiredToken", 403), "ec2": ("RequestExpired", 400),
        "s3": ("ExpiredToken", 400), "lambda": ("ExpiredTokenException", 403),
        "eventbridgev2": ("ExpiredTokenException", 400)}),
    (region_disabled(), {
        "sagemaker": ("UnrecognizedClientException", 400),
        "bedrock": ("UnrecognizedClientException", 403), "iam": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401), "s3": ("InvalidAccessKeyId", 403),
        "lambda": ("UnrecognizedClientException", 403),
        "eventbridgev2": ("UnrecognizedClientException", 400)}),
    (broken(), {
        "sagemaker": ("InternalFailure", 500), "bedrock": ("InternalServerException", 500),
        "iam": ("InternalFailure", 500), "ec2": ("InternalError", 500),
        "s3": ("InternalError", 500), "lambda": ("ServiceException", 500),
        "eventbridgev2": ("InternalFailure", 500)}),
    (not_offered(), {
        "sagemaker": ("UnknownOperationException", 400),
        "bedrock": ("UnknownOperationException", 404), "iam": ("InvalidAction", 400),
        "ec2": ("UnsupportedOperation", 400), "s3": ("UnsupportedOperation", 400),
        "lambda": ("UnknownOperationException", 404),
        "eventbridgev2": ("UnknownOperationException", 400)}),
]  # fmt: skip


def _said(client: Clients, service: str) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        getattr(client(service), CALLS[service])()
    told = error.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(("fault", "codes"), CODES, ids=[fault.meaning for fault, _ in CODES])
def test_every_service_says_it_in_its_own_words(
    rig: Rig, client: Clients, fault: Fault, codes: dict[str, tuple[str, int]]
) -> None:
    rig.strike("*", fault)
    assert {service: _said(client, service) for service in CALLS} == codes


def test_who_may_not_do_what_is_said(rig: Rig, client: Clients) -> None:
    rig.strike("sagemaker:List*", denied(), region="eu-west-1")
    rig.strike("bedrock:*", denied_by_policy())
    assert client("sagemaker").list_models()["Models"] == []
    with pytest.raises(ClientError, match=f"{rig.account}:.* perform: sagemaker:ListModels"):
        client("sagemaker", "eu-west-1").list_models()
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        client("bedrock").list_guardrails()


def test_what_is_modelled_arrives_as_the_clients_own_exception(rig: Rig, client: Clients) -> None:
    rig.strike("bedrock:*", throttled(retry_after=7))
    bedrock = client("bedrock")
    with pytest.raises(bedrock.exceptions.ThrottlingException) as error:
        bedrock.list_guardrails()
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_faults_are_counted_as_they_are_told(rig: Rig, client: Clients) -> None:
    rig.world.plant(rig.account, HOME, "iam:ListUsers", "Users", *USERS)
    rig.strike("*", expired(), after=2, counts="key")
    first = client("iam", key="first").get_paginator("list_users").paginate()
    pages = iter(first)
    assert [len(next(pages)["Users"]) for _ in range(2)] == [2, 2]
    with pytest.raises(ClientError, match="ExpiredToken"):
        next(pages)
    assert len(client("iam", key="second").list_users()["Users"]) == 2
    rig.forget()
    rig.strike("iam:ListUsers", broken(), after=1, times=1)
    answers = []
    for _ in range(3):
        try:
            answers.append(len(client("iam").list_users()["Users"]))
        except ClientError as error:
            answers.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert answers == [2, 500, 2]


def test_a_function_may_decide(rig: Rig, client: Clients) -> None:
    asked: list[tuple[str, str, str, int]] = []

    def decide(operation: str, region: str, account: str, number: int) -> Fault | None:
        asked.append((operation, region, account, number))
        return throttled() if number == 2 else None

    rig.fault = decide
    client("sagemaker").list_models()
    with pytest.raises(ClientError, match="ThrottlingException"):
        client("sagemaker").list_models()
    assert asked[1] == ("sagemaker:ListModels", HOME, rig.account, 2)
    assert rig.calls == {f"sagemaker:ListModels {HOME} {rig.account}": 2}


def test_exactly_these_bytes(rig: Rig, client: Clients) -> None:
    """What no model tells: a null where a list should be, a state that is newer than botocore."""
    rig.strike("sagemaker:ListModels", verbatim(b'{"Models": null}'))
    rig.strike("sagemaker:ListEndpoints", verbatim(b'{"Endpoints": [{"EndpointStatus": "New"}]}'))
    assert client("sagemaker").list_models().get("Models") is None
    assert client("sagemaker").list_endpoints()["Endpoints"][0]["EndpointStatus"] == "New"


def test_a_connection_that_ends_without_a_word(rig: Rig, client: Clients) -> None:
    rig.strike("*", dropped())
    with pytest.raises(ConnectionClosedError):
        client("sagemaker").list_models()


@pytest.mark.parametrize("fault", [cut(), garbled()], ids=["cut", "garbled"])
def test_half_an_answer(rig: Rig, client: Clients, fault: Fault) -> None:
    """XML that ends too early is an error of botocore's. JSON that does, it takes for an answer
    without fields: the caller has to see that the list itself is missing."""
    rig.strike("*", fault)
    with pytest.raises((ResponseParserError, HTTPClientError)):
        client("iam").list_users()
    try:
        found = client("sagemaker").list_models()
    except (ResponseParserError, HTTPClientError):
        return
    assert "Models" not in found


def test_a_cut_answer_is_cut_on_the_wire(rig: Rig, client: Clients) -> None:
    rig.strike("*", cut())
    address = urlsplit(client("sagemaker").meta.endpoint_url).netloc
    wire = http.client.HTTPConnection(address, timeout=10)
    scope = f"AWS4-HMAC-SHA256 Credential=made-up/20260101/{HOME}/sagemaker/aws4_request"
    wire.request(
        "POST", "/", "{}", {"Authorization": scope, "X-Amz-Target": "SageMaker.ListModels"}
    )
    with pytest.raises(http.client.IncompleteRead):
        wire.getresponse().read()


def test_a_token_that_leads_to_itself(rig: Rig, client: Clients) -> None:
    rig.world.plant(rig.account, HOME, "iam:ListUsers", "Users", *USERS)
    rig.strike("iam:ListUsers", repeated_token(), after=1)
    with pytest.raises(PaginationError, match="same next token"):
        list(client("iam").get_paginator("list_users").paginate())
    assert rig.called("iam:ListUsers") == 2


def test_slow_answers_hold_nobody_up(rig: Rig, client: Clients) -> None:
    """The second call is answered while the first one waits."""
    rig.strike("sagemaker:ListModels", slow(30.0))
    done = threading.Event()

    def wait() -> None:
        with pytest.raises(HTTPClientError):
            client("sagemaker", "eu-west-1").list_models()
        done.set()

    sagemaker: Any = client("sagemaker")
    client("sagemaker", "eu-west-1")
    threading.Thread(target=wait, daemon=True).start()
    for _ in range(1000):
        if rig.called("sagemaker:ListModels"):
            break
        time.sleep(0.01)
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert not done.is_set()
    assert rig.max_in_flight == 2
