"""PagerDuty by its description, SNS and SQS on moto's server, Kafka on the broker that librdkafka
carries: the protocol itself, in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from scanner.app.ticketing import Target, sync
from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.events import Event
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.pagerduty import PagerDutyConfig, PagerDutySink
from scanner.emit.tickets.queues import (
    KafkaConfig,
    KafkaSink,
    SNSConfig,
    SNSSink,
    SQSConfig,
    SQSSink,
)
from scanner.emit.tickets.sink import Refused
from scanner.store.state import State
from tests.emit.tickets.findings import NOW, finding, put, resolved
from tests.forge_rig.api import Fault, Reply, Request, forge_api

REGION = "eu-west-1"


def _sync(state: State, sink: Any, routing: Routing | None = None) -> Any:
    return sync(state, Target("made", sink, routing or Routing()), now=lambda: NOW)


# --- PagerDuty -----------------------------------------------------------------------------------


class Alerts:
    def __init__(self) -> None:
        self.open: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []

    def enqueue(self, request: Request) -> Reply:
        event = request.body
        self.sent.append(event)
        assert event["routing_key"] == "made-up-routing-key"
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            assert len(event["payload"]["summary"]) <= 1024
            self.open[key] = event["payload"]
        else:
            self.open.pop(key, None)
        return Reply({"status": "success", "message": "ok", "dedup_key": key}, 202)


def test_one_alert_a_finding_that_goes_when_it_is_gone() -> None:
    alerts, waits, state = Alerts(), [], State("sqlite://")
    with forge_api("pagerduty_events", {"POST /enqueue": alerts.enqueue}) as forge:
        api = Api(forge.url.removesuffix("/v2"), {}, wait=waits.append)
        sink = PagerDutySink(PagerDutyConfig(), Routing(), "made-up-routing-key", api)
        found = [finding(name) for name in "abc"]
        put(state, *found)
        forge.faults += [
            Fault("enqueue", "cut", times=1),
            Fault("enqueue", "refuse", Reply({"status": "throttled"}, 429), times=1),
        ]
        assert len(_sync(state, sink).troubles) == 1
        assert _sync(state, sink).troubles == []
        assert len(alerts.open) == 3
        assert {one["severity"] for one in alerts.open.values()} == {"error"}
        put(state, finding("a", severity="critical"))
        _sync(state, sink)
        assert sorted(one["severity"] for one in alerts.open.values()) == [
            "critical", "error", "error"]  # fmt: skip
        count = len(alerts.sent)
        _sync(state, sink)
        assert len(alerts.sent) == count, "nothing changed, so nothing is sent"
        put(state, *resolved(found))
        _sync(state, sink)
        assert alerts.open == {}
        put(state, finding("b"))
        _sync(state, sink)
        assert len(alerts.open) == 1
    assert waits == [1.0]


# --- SNS and SQS ---------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up",
                        "AWS_EC2_METADATA_DISABLED": "true"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _queue(url: str, name: str) -> tuple[Any, str]:
    client = boto3.client("sqs", region_name=REGION, endpoint_url=url)
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    return client, client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def _taken(client: Any, queue: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10,
                                        MessageAttributeNames=["All"])  # fmt: skip
        messages = answer.get("Messages", [])
        if not messages:
            return found
        found += messages
        for one in messages:
            client.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])


@pytest.mark.parametrize("name", ["findings", "findings.fifo"])
def test_sqs_gets_each_event_once(aws: str, name: str) -> None:
    client, queue = _queue(aws, name)
    state = State("sqlite://")
    sink = SQSSink(SQSConfig(queue=queue, region=REGION, endpoint=aws), Routing())
    put(state, finding("a"), finding("b"))
    assert _sync(state, sink).troubles == []
    _sync(state, sink)
    put(state, *resolved([finding("a")]))
    _sync(state, sink)
    if name.endswith(".fifo"):  # the same again is dropped there
        again = Event("ident", "create", "a", b"{}")
        sink._put(again)
        sink._put(again)
    messages = _taken(client, queue)
    told = [json.loads(one["Body"]) for one in messages]
    events = [one.get("event") for one in told]
    assert events == ["create", "create", "close", *([None] if name.endswith(".fifo") else [])]
    assert messages[0]["MessageAttributes"]["event"]["StringValue"] == "create"


def test_sns_gets_each_event_and_hands_it_on(aws: str) -> None:
    client, queue = _queue(aws, "subscriber")
    sns = boto3.client("sns", region_name=REGION, endpoint_url=aws)
    topic = sns.create_topic(Name="findings")["TopicArn"]
    arn = client.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"],
                  Attributes={"RawMessageDelivery": "true"})  # fmt: skip
    state = State("sqlite://")
    put(state, finding("a"))
    sink = SNSSink(SNSConfig(topic=topic, endpoint=aws), Routing())
    assert _sync(state, sink).troubles == []
    (message,) = _taken(client, queue)
    assert json.loads(message["Body"])["ticket"]["findings"][0]["asset"] == "a"


def test_a_queue_that_is_not_there_is_told(aws: str) -> None:
    state = State("sqlite://")
    put(state, finding("a"))
    config = SQSConfig(queue=f"{aws}/123456789012/nowhere", region=REGION, endpoint=aws)
    ((_, trouble),) = _sync(state, SQSSink(config, Routing())).troubles
    assert "NonExistentQueue" in trouble or "QueueDoesNotExist" in trouble


def test_an_event_that_is_too_long_says_what_it_leaves_out(aws: str) -> None:
    client, queue = _queue(aws, "findings")
    state = State("sqlite://")
    put(state, *(finding(f"n{number:04}", remedy="x" * 2000) for number in range(300)))
    routing = Routing(group_by=("policy",))
    sink = SQSSink(SQSConfig(queue=queue, region=REGION, endpoint=aws), routing)
    assert _sync(state, sink, routing).troubles == []
    (message,) = _taken(client, queue)
    told = json.loads(message["Body"])
    assert len(message["Body"]) <= 262_144
    assert len(told["ticket"]["findings"]) + told["findings_left_out"] == 300
    assert told["findings_left_out"] > 0


# --- Kafka ---------------------------------------------------------------------------------------


@pytest.fixture
def broker() -> Iterator[str]:
    kafka = pytest.importorskip("confluent_kafka")
    holder = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "x", "log_level": 0})
    (one,) = holder.list_topics(timeout=10).brokers.values()
    yield f"{one.host}:{one.port}"
    del holder


def _consumed(servers: str, topic: str, count: int) -> list[Any]:
    import confluent_kafka as kafka

    consumer = kafka.Consumer({"bootstrap.servers": servers, "group.id": "test", "log_level": 0,
                               "auto.offset.reset": "earliest"})  # fmt: skip
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([kafka.TopicPartition(topic, number, 0) for number in partitions])
    found, end = [], time.monotonic() + 20
    while len(found) < count and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found.append(message)
    extra = consumer.poll(1)
    assert extra is None or extra.error() is not None
    consumer.close()
    return found


def test_kafka_gets_each_event_under_its_tickets_key(broker: str) -> None:
    state = State("sqlite://")
    config = KafkaConfig(servers=broker, topic="findings", security_protocol="PLAINTEXT")
    put(state, finding("a"), finding("b"))
    sink = KafkaSink(config, Routing())
    assert _sync(state, sink).troubles == []
    put(state, *resolved([finding("a")]))
    assert _sync(state, sink).troubles == []
    messages = _consumed(broker, "findings", 3)
    a = str(finding("a").fingerprint).encode()
    assert [dict(one.headers())["event"] for one in messages if one.key() == a] == [
        b"create", b"close"]  # fmt: skip
    told = [json.loads(one.value()) for one in messages]
    assert {one["id"].encode() for one in told} == {dict(one.headers())["id"] for one in messages}


def test_a_broker_that_does_not_answer_is_told_and_asked_again(broker: str) -> None:
    state = State("sqlite://")
    put(state, finding("a"))
    settings = {"message.timeout.ms": 800, "socket.timeout.ms": 500}
    nobody = KafkaConfig(servers="127.0.0.1:1", topic="findings", settings=settings,
                         security_protocol="PLAINTEXT")  # fmt: skip
    ((_, trouble),) = _sync(state, KafkaSink(nobody, Routing())).troubles
    assert trouble.startswith("kafka: ")
    config = KafkaConfig(servers=broker, topic="findings", security_protocol="PLAINTEXT")
    assert _sync(state, KafkaSink(config, Routing())).troubles == []
    assert len(_consumed(broker, "findings", 1)) == 1


def test_credentials_stand_in_no_setting_and_a_wrong_setting_is_told() -> None:
    with pytest.raises(ValueError, match="token_env"):
        KafkaConfig(servers="x", topic="t", settings={"sasl.password": "made-up"})
    pytest.importorskip("confluent_kafka")
    sink = KafkaSink(KafkaConfig(servers="x", topic="t", settings={"no.such": 1}), Routing())
    with pytest.raises(Refused, match=r"no\.such"):
        sink._put(Event("i", "create", "k", b"{}"))
