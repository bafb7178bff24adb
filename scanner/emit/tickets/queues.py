"""Events to queues: Amazon SNS topics and SQS queues, and Kafka.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html. AWS is
signed for with whatever credentials boto3 finds. FIFO topics and queues get one group a ticket and
the event's id as what is dropped when it comes twice; a Kafka message bears the ticket's key, so
that the events of one ticket keep their order.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.events import Event, Events
from scanner.emit.tickets.sink import Busy, Refused
from scanner.model.base import digest

_MOST_AWS = 250_000
"""SNS takes 262,144 bytes with the attributes."""
_MOST_KAFKA = 900_000
"""A broker takes 1,048,588 bytes unless it is told otherwise."""
_KAFKA_SECONDS = 30.0
_SILENT = logging.getLogger(f"{__name__}.kafka")
"""What librdkafka says of connections; what matters of it is told as trouble."""
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_LATER = ("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
          "InternalError", "InternalErrorException", "ServiceUnavailable", "KMSThrottling",
          "RequestLimitExceeded", "KmsThrottled")  # fmt: skip


class SNSConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    topic: str
    """ARN."""
    endpoint: str = ""
    """In place of AWS's own address."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", self.topic):
            raise ValueError("`topic` is the ARN of a topic")


class SQSConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    queue: str
    """URL."""
    region: str
    endpoint: str = ""


class KafkaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    servers: str
    """``host:port``, several with commas."""
    topic: str
    security_protocol: str = "SSL"
    sasl_mechanism: str = ""
    """With ``user_env`` and ``token_env``; such as SCRAM-SHA-512."""
    settings: Mapping[str, str | int] = msgspec.field(default_factory=dict)
    """Further settings of librdkafka, such as ``ssl.ca.location``. No credentials."""

    def __post_init__(self) -> None:
        for name in self.settings:
            if re.search("password|secret|username|token|key.pem|jaas", name):
                raise ValueError(f"`settings.{name}`: credentials are named by `token_env`")


class SNSSink(Events):
    most = _MOST_AWS

    def __init__(self, config: SNSConfig, routing: Routing) -> None:
        self._topic = config.topic
        self._client = _client("sns", config.topic.split(":")[3], config.endpoint)

    def _put(self, event: Event) -> None:
        more = _fifo(event) if self._topic.endswith(".fifo") else {}
        _sent(
            self._client.publish, TopicArn=self._topic, Message=event.body.decode(),
            MessageAttributes=_attributes(event), **more,
        )  # fmt: skip


class SQSSink(Events):
    most = _MOST_AWS

    def __init__(self, config: SQSConfig, routing: Routing) -> None:
        self._queue = config.queue
        self._client = _client("sqs", config.region, config.endpoint)

    def _put(self, event: Event) -> None:
        more = _fifo(event) if self._queue.endswith(".fifo") else {}
        _sent(
            self._client.send_message, QueueUrl=self._queue, MessageBody=event.body.decode(),
            MessageAttributes=_attributes(event), **more,
        )  # fmt: skip


def _client(service: str, region: str, endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 5}
    config = Config(retries=retries, connect_timeout=10, read_timeout=30)
    session: Any = boto3.session.Session()
    return session.client(service, region_name=region, endpoint_url=endpoint or None, config=config)


def _attributes(event: Event) -> dict[str, Any]:
    return {"event": {"DataType": "String", "StringValue": event.what}}


def _fifo(event: Event) -> dict[str, str]:
    return {"MessageGroupId": digest([event.key]), "MessageDeduplicationId": event.ident}


def _sent(call: Any, **arguments: Any) -> None:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        call(**arguments)
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = Busy if code in _LATER or status >= 500 else Refused
        raise kind(f"{error.operation_name}: {code}: {told.get('Message', '')}"[:300]) from error
    except HTTPClientError as error:
        raise Busy(f"{type(error).__name__}: no answer; it is sent again") from error
    except BotoCoreError as error:
        raise Refused(f"{type(error).__name__}: {error}"[:300]) from error


class KafkaSink(Events):
    """By confluent-kafka (extra ``kafka``), acknowledged by all replicas in sync."""

    most = _MOST_KAFKA

    def __init__(
        self, config: KafkaConfig, routing: Routing, user: str = "", secret: str = ""
    ) -> None:
        self._topic = config.topic
        self._settings: dict[str, Any] = {
            "client.id": "shadow-ai-scanner",
            "message.timeout.ms": int(_KAFKA_SECONDS * 1000) - 5000,
            **config.settings,
            "bootstrap.servers": config.servers,
            "security.protocol": config.security_protocol,
            "acks": "all",
            "enable.idempotence": True,
        }
        if config.sasl_mechanism:
            self._settings |= {
                "sasl.mechanism": config.sasl_mechanism, "sasl.username": user,
                "sasl.password": secret,
            }  # fmt: skip
        self._producer: Any = None

    def _put(self, event: Event) -> None:
        producer = self._connected()
        trouble: list[Any] = []
        headers = [("id", event.ident.encode()), ("event", event.what.encode())]
        producer.produce(
            self._topic, key=event.key.encode(), value=event.body, headers=headers,
            on_delivery=lambda error, message: trouble.append(error),
        )  # fmt: skip
        producer.flush(_KAFKA_SECONDS)
        if not trouble:
            producer.purge()
            raise Busy("kafka: no acknowledgement; it is sent again")
        if trouble[0] is not None:
            kind = Busy if _passes(trouble[0]) else Refused
            raise kind(f"kafka: {trouble[0].str()}")

    def _connected(self) -> Any:
        if self._producer is None:
            try:
                from confluent_kafka import KafkaException, Producer
            except ImportError as error:
                raise Refused(
                    "kafka needs confluent-kafka: pip install 'shadow-ai-scanner[kafka]'"
                ) from error
            try:
                self._producer = Producer(self._settings, logger=_SILENT)
            except KafkaException as error:
                raise Refused(f"kafka: {error.args[0].str()}") from error
        return self._producer


def _passes(error: Any) -> bool:
    from confluent_kafka import KafkaError

    lasting = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
               KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.TOPIC_EXCEPTION,
               KafkaError.INVALID_RECORD, KafkaError._UNKNOWN_TOPIC,
               KafkaError.UNKNOWN_TOPIC_OR_PART)  # fmt: skip
    return error.code() not in lasting
