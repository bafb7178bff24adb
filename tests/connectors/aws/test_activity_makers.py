"""Who made what the lists show of carriers and of AI whose use no log tells."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest

from connectors.aws import TYPES
from connectors.aws.activity import makers, records
from connectors.aws.activity.events import decoded
from connectors.aws.activity.services import MADE, Maker
from connectors.aws.activity.things import Place
from connectors.aws.activity.totals import Totals
from scanner.model.facts import Asset
from tests.connectors.aws import activity as made

HERE = Place(made.ACCOUNT, made.REGION)
_SERVICES = {
    "aoss": "opensearchserverless", "es": "opensearch", "states": "stepfunctions",
}  # fmt: skip
"""Event source -> botocore's service, where they differ."""
_SINCE_GONE = {"CreateElasticsearchDomain": "es"}
_KINDS = {kind.kind: kind for kind in TYPES}


def _made(source: str, name: str, **told: Any) -> list[Asset]:
    one = made.event(name, eventSource=f"{source}.amazonaws.com", **told)
    event = decoded(json.dumps(one).encode())
    assert event is not None
    return list(makers.made(event, HERE))


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{made.REGION}:{made.ACCOUNT}:{resource}"


@pytest.mark.parametrize(("source", "name", "told", "ident", "kind"), [
    ("lambda", "CreateFunction20150331",
     {"responseElements": {"functionArn": _arn("lambda", "function:chat"),
                           "functionName": "chat", "role": "arn:aws:iam::1:role/x"}},
     _arn("lambda", "function:chat"), "aws.lambda_function"),
    ("ecs", "RegisterTaskDefinition",
     {"responseElements": {"taskDefinition": {
         "taskDefinitionArn": _arn("ecs", "task-definition/chat:7"), "family": "chat"}}},
     _arn("ecs", "task-definition/chat"), "aws.ecs_task_definition"),
    ("eks", "CreateNodegroup",
     {"responseElements": {"nodegroup": {"clusterName": "ml", "nodegroupName": "gpu"}}},
     _arn("eks", "cluster/ml/nodegroup/gpu"), "aws.eks_node_group"),
    ("es", "CreateDomain",
     {"responseElements": {"domainStatus": {"domainName": "docs"}}},
     _arn("es", "domain/docs"), "aws.opensearch_domain"),
    ("batch", "RegisterJobDefinition",
     {"responseElements": {"jobDefinitionArn": _arn("batch", "job-definition/train:3"),
                           "jobDefinitionName": "train"}},
     _arn("batch", "job-definition/train"), "aws.batch_job_definition"),
    ("frauddetector", "PutDetector", {"requestParameters": {"detectorId": "d1"}},
     _arn("frauddetector", "detector/d1"), "aws.fraud_detector"),
])  # fmt: skip
def test_what_was_made_is_what_the_list_shows(
    source: str, name: str, told: dict[str, Any], ident: str, kind: str
) -> None:
    (asset,) = _made(source, name, **told)
    assert (asset.id, asset.kind) == (ident, kind)
    assert asset.asset_class is _KINDS[kind].asset_class
    assert asset.created_at == "2026-05-20T10:00:00Z"


def test_of_machines_those_with_accelerators_have_a_maker() -> None:
    """In the form of a recorded event of RunInstances."""
    machines = [{"instanceId": "i-1", "instanceType": "p5.48xlarge"},
                {"instanceId": "i-2", "instanceType": "m7i.large"}, "odd"]  # fmt: skip
    told = {"instancesSet": {"items": machines}}
    (asset,) = _made("ec2", "RunInstances", responseElements=told)
    assert asset.id == _arn("ec2", "instance/i-1")
    assert asset.is_ai
    assert _made("ec2", "RunInstances", responseElements=None) == []
    assert _made("ec2", "RunInstances", responseElements={"instancesSet": "odd"}) == []


def test_who_made_it_and_that_what_failed_made_nothing() -> None:
    arn = _arn("lambda", "function:chat")
    totals = Totals(place=HERE)
    for more in ({}, {"errorCode": "AccessDenied"}):
        one = made.event("CreateFunction20150331", eventSource="lambda.amazonaws.com",
                         responseElements={"functionArn": arn}, **more)  # fmt: skip
        totals.add(decoded(json.dumps(one).encode()))
    (row,) = made.activities(totals.drain("the log"))
    assert (row.app_id, row.relation, row.count) == (arn, "created_by", 1)
    assert made.actor(row).name == "app"
    assert row.thing is not None
    assert not row.thing.is_ai  # a carrier


@pytest.mark.parametrize("ident", ["", "no arn", "arn:aws:lambda", "arn:aws:x:y:1:a\nb", 7, None,
                                   "arn:aws:lambda:us-east-1:1:" + "x" * 5000])  # fmt: skip
def test_what_is_no_name_is_nothing(ident: Any) -> None:
    told = {"functionArn": ident, "functionName": "x"}
    assert _made("lambda", "CreateFunction20150331", responseElements=told) == []


def test_of_a_trails_file_only_these_events_are_read() -> None:
    wanted = made.event("RunInstances", eventSource="ec2.amazonaws.com")
    others = [made.event("DescribeInstances", eventSource="ec2.amazonaws.com"),
              made.event("CreateCluster", eventSource="redshift.amazonaws.com")]  # fmt: skip
    whole = json.dumps({"Records": [others[0], wanted, others[1]]}).encode()
    lines = b"\n".join(json.dumps(one).encode() for one in (*others, wanted))
    for data in (whole, lines):
        found = [one.eventName for one in records.read(iter([data])) if one is not None]  # type: ignore[union-attr]
        assert found == ["RunInstances"]


@pytest.mark.parametrize(("key", "maker"), MADE.items(), ids=lambda value: str(value)[:60])
def test_every_entry_is_what_the_vendors_models_say(key: tuple[str, str], maker: Maker) -> None:
    source, name = key[0].partition(".")[0], key[1]
    assert maker.kind in _KINDS
    if source == "ec2":
        pytest.skip("EC2's events have its own XML's names; a recorded one is above")
    service = _SINCE_GONE.get(name) or _SERVICES.get(source, source)
    operation = name.removesuffix("20150331")
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    part, _, path = maker.items.partition(".")
    shape = model.input_shape if part == "requestParameters" else model.output_shape
    for step in filter(None, path.split(".")):
        shape = _small(shape)[step]
    assert set(_holes(maker.id)) <= _small(shape).keys()
    of_request = maker.name.removeprefix("requestParameters.")
    named = shape if of_request == maker.name else model.input_shape
    assert of_request in _small(named)


def _holes(text: str) -> list[str]:
    """The fields of the record that an id is made of."""
    found = re.findall(r"\{(\w+)\}", text) if "{" in text else [text]
    return [name for name in found if name not in ("partition", "region", "account")]


def _small(shape: Any) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: inner for name, inner in shape.members.items()}
