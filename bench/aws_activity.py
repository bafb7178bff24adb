"""How fast a trail is read: a made-up one on disk, through the connector's own reader.

``python -m bench.aws_activity [--mib 200] [--share 0.05] [--folder DIR]`` writes the trail once
(gz files as CloudTrail delivers them) and prints events and unpacked megabytes a second of three
readings; ``--share`` of the events are calls of AI.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from connectors.aws.activity.records import read
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.unpacking import pieces

_A_FILE = 4000
_OTHERS = (
    ("s3.amazonaws.com", "GetObject", {"bucketName": "logs-111122223333", "key": "a/b/c.parquet"}),
    ("ec2.amazonaws.com", "DescribeInstances", {"instancesSet": {}, "filterSet": {}}),
    ("sts.amazonaws.com", "AssumeRole", {"roleArn": "arn:aws:iam::111122223333:role/worker",
                                         "roleSessionName": "worker", "durationSeconds": 3600}),
    ("kms.amazonaws.com", "Decrypt", {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::logs"},
                                      "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    ("dynamodb.amazonaws.com", "DescribeTable", {"tableName": "orders"}),
)  # fmt: skip
_MODELS = ("anthropic.claude-3-haiku-20240307-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0",
           "amazon.nova-pro-v1:0", "meta.llama3-70b-instruct-v1:0")  # fmt: skip


def event(random_: random.Random, share: float) -> dict[str, Any]:
    role = f"role-{random_.randrange(40)}"
    if random_.random() < share:
        source, name, asked = "bedrock.amazonaws.com", "InvokeModel", {
            "modelId": random_.choice(_MODELS)}  # fmt: skip
    else:
        source, name, asked = random_.choice(_OTHERS)
    account = "111122223333"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAMADEUPMADEUP{role}:{role}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/session-{random_.randrange(500)}",
            "accountId": account,
            "accessKeyId": "ASIAMADEUP",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": f"AROAMADEUPMADEUP{role}",
                    "arn": f"arn:aws:iam::{account}:role/{role}",
                    "accountId": account,
                    "userName": role,
                },
                "attributes": {"creationDate": "2026-05-01T08:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2026-05-01T{random_.randrange(24):02d}:{random_.randrange(60):02d}:07Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": f"10.0.{random_.randrange(8)}.{random_.randrange(250)}",
        "userAgent": "Boto3/1.35.0 md/Botocore#1.35.0 ua/2.0 os/linux#6.1 lang/python#3.12.1",
        "requestParameters": asked,
        "responseElements": None,
        "requestID": str(uuid.UUID(int=random_.getrandbits(128))),
        "eventID": str(uuid.UUID(int=random_.getrandbits(128))),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "bedrock-runtime.eu-west-1.amazonaws.com",
        },
    }


def write(folder: Path, mib: int, share: float) -> tuple[int, int]:
    """Events and unpacked bytes."""
    random_ = random.Random(7)
    events = size = number = 0
    while size < mib << 20:
        found = [event(random_, share) for _ in range(_A_FILE)]
        data = json.dumps({"Records": found}, separators=(",", ":")).encode()
        with gzip.open(folder / f"{number:05d}.json.gz", "wb", compresslevel=6) as stream:
            stream.write(data)
        events, size, number = events + len(found), size + len(data), number + 1
    return events, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.folder or Path(made)
        folder.mkdir(exist_ok=True)
        events, size = write(folder, args.mib, args.share)
        for _ in range(3):
            totals = Totals()
            start = time.perf_counter()
            for path in sorted(folder.glob("*.json.gz")):
                with path.open("rb") as stream:
                    for found in read(pieces(stream)):
                        totals.add(found)  # type: ignore[arg-type]
            took = time.perf_counter() - start
            print(
                f"{events} events, {size / 1e6:.0f} MB in {took:.2f} s: "
                f"{events / took:,.0f} events/s, {size / took / 1e6:.0f} MB/s unpacked; "
                f"{totals.counted} counted in {len(totals.rows)} rows"
            )


if __name__ == "__main__":
    main()
