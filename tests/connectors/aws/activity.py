"""What tests of logs share: made-up events in CloudTrail's form, and access to a made-up AWS."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.aws.access import Access
from connectors.aws.activity import OPERATIONS
from connectors.aws.budget import Budget
from connectors.aws.config import AwsConfig
from scanner.kit.contract import Context, Operation
from scanner.kit.limits import Limits
from scanner.model.facts import Edge, Identity
from scanner.model.items import Activity, Checkpoint, Gap, Item
from tests.aws_rig import Rig
from tests.aws_rig.faults import Fault
from tests.aws_rig.world import Asked, Listed

ACCOUNT, OTHER, REGION = "111122223333", "444455556666", "us-east-1"
NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
BOTO = "Boto3/1.35.0 md/Botocore#1.35.0 ua/2.0 os/linux#6.1 lang/python#3.12.1"
_OWN = ("sts:GetCallerIdentity", "sts:AssumeRole")
T = TypeVar("T")
_numbers = itertools.count(1)


def role(name: str = "app", session: str = "i-0abc", account: str = ACCOUNT) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
    cloudtrail-event-reference-user-identity.html has an assumed role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAMADEUP:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": "ASIAMADEUP",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAMADEUP",
                "arn": f"arn:aws:iam::{account}:role/service/{name}",
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": "2026-05-20T08:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def event(name: str = "InvokeModel", **changes: Any) -> dict[str, Any]:
    """A call of a model, in the form that Bedrock's page on CloudTrail shows; ``None`` takes a
    field away."""
    whole = {
        "eventVersion": "1.11",
        "userIdentity": role(),
        "eventTime": "2026-05-20T10:00:00Z",
        "eventSource": "bedrock.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "54.240.197.1",
        "userAgent": BOTO,
        "requestParameters": {"modelId": HAIKU},
        "responseElements": None,
        "requestID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "eventID": f"e-{next(_numbers):08d}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    whole |= changes
    return {key: value for key, value in whole.items() if value is not None}


def trail_file(*events: Mapping[str, Any], indent: int | None = None) -> bytes:
    separators = (",", ":") if indent is None else None
    return json.dumps({"Records": events}, separators=separators, indent=indent).encode()


def packed(*events: Mapping[str, Any]) -> bytes:
    return gzip.compress(trail_file(*events))


def access(url: str, sleeps: list[float] | None = None, **settings: Any) -> Access:
    """The connector's own access, as the account whose keys the tests' environment has; it waits on
    paper."""
    config = AwsConfig(endpoint_url=url, regions=(REGION,), **settings)
    made = Access(
        Context(config=config, examine=lambda *_: (), limits=Limits(), retries=1),
        tuple(Operation(id=op, permission=op) for op in (*OPERATIONS, *_OWN)),
    )
    now = [0.0]
    waited = sleeps if sleeps is not None else []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    made.budget = Budget(clock=lambda: now[0], sleep=sleep)
    return made


def history(*events: Mapping[str, Any]) -> Any:
    """A handler for LookupEvents: the newest first, by source or name and by time, as AWS has
    it."""
    kept = list(events)

    def lookup(asked: Asked) -> Listed:
        (wanted,) = asked.params["LookupAttributes"]
        key = {"EventSource": "eventSource", "EventName": "eventName"}[wanted["AttributeKey"]]
        first, last = asked.params["StartTime"], asked.params["EndTime"]
        found = [
            one
            for one in kept
            if one[key] == wanted["AttributeValue"]
            and _moment(first) <= _time(one) <= _moment(last)
            and one["awsRegion"] == asked.region
        ]
        found.sort(key=lambda one: str(one["eventTime"]), reverse=True)
        return Listed({"Events": [_outer(one) for one in found]})

    lookup.events = kept  # type: ignore[attr-defined]
    return lookup


def _outer(one: Mapping[str, Any]) -> dict[str, Any]:
    whole = one.get("_whole", json.dumps(one))
    return {
        "EventId": one["eventID"],
        "EventName": one["eventName"],
        "EventTime": _time(one),
        "EventSource": one["eventSource"],
        "Username": one.get("_user", "i-0abc"),
        "Resources": one.get("_resources", []),
        "CloudTrailEvent": whole,
    }


def _time(one: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(one["eventTime"]))


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)


def activities(items: Iterable[Item]) -> list[Activity]:
    return [item for item in items if isinstance(item, Activity)]


def gaps(items: Iterable[Item]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def edges(items: Iterable[Item]) -> list[Edge]:
    return [item for item in items if isinstance(item, Edge)]


def last_mark(items: Iterable[Item]) -> Checkpoint:
    return [item for item in items if isinstance(item, Checkpoint)][-1]


def counted(items: Iterable[Item]) -> int:
    return sum(one.count for one in activities(items) if one.relation)


def actor(one: Activity) -> Identity:
    assert one.actor is not None
    return one.actor


def until_error(items: Iterator[T], error: type[Exception]) -> tuple[list[T], str]:
    """What was given before the error, and its words."""
    found: list[T] = []
    try:
        found.extend(items)
    except error as caught:
        return found, str(caught)
    raise AssertionError(f"no {error.__name__}")


class Store:
    """Objects of one bucket, listed as S3 lists them: in order, behind a key, by folders."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.archived: set[str] = set()
        self.opened: list[str] = []
        self.asked: list[Mapping[str, Any]] = []

    def into(self, rig: Rig) -> Store:
        rig.world.handle("s3:ListObjectsV2", self._list)
        rig.world.handle("s3:GetObject", self._get)
        return self

    def put(self, key: str, *events: Mapping[str, Any]) -> None:
        self.objects[key] = packed(*events)

    def _list(self, asked: Asked) -> Any:
        params = asked.params
        self.asked.append(params)
        if params["Bucket"] != self.name:
            return Fault(code="NoSuchBucket", status=404)
        prefix, after = params.get("Prefix", ""), params.get("StartAfter", "")
        cut = params.get("Delimiter", "")
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        if cut:
            folders = {prefix + key.removeprefix(prefix).partition(cut)[0] + cut for key in keys}
            return Listed({"CommonPrefixes": [{"Prefix": one} for one in sorted(folders)]})
        rows = [
            {
                "Key": key,
                "Size": len(self.objects[key]),
                "StorageClass": "GLACIER" if key in self.archived else "STANDARD",
            }
            for key in keys
        ]
        return Listed({"Contents": rows})

    def _get(self, asked: Asked) -> Any:
        key = asked.params["Key"]
        self.opened.append(key)
        if asked.params["Bucket"] != self.name or key not in self.objects:
            return Fault(code="NoSuchKey", status=404)
        return {"Body": self.objects[key], "ContentLength": len(self.objects[key])}
