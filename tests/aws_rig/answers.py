"""Answers and errors on the wire. Moto's model-driven serializer writes all but CBOR, which
botocore's own does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.serialize import RpcV2CBORSerializer
from moto.core.serialize import get_serializer_class

from tests.aws_rig.models import Operation

_TYPES = {
    "json": "application/x-amz-json-1.1",
    "rest-json": "application/json",
    "smithy-rpc-v2-cbor": "application/cbor",
    "query": "text/xml",
    "ec2": "text/xml",
    "rest-xml": "application/xml",
}
_ROOTS = {"s3:ListBuckets": b"ListAllMyBucketsResult", "s3:ListObjectsV2": b"ListBucketResult"}
"""Of S3's answers; the model does not name them
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html)."""
_CBOR = "smithy-rpc-v2-cbor"


@dataclass(frozen=True)
class Answer:
    """``how``: ``whole``, ``cut`` (the connection ends in the middle), ``close`` (at once)."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    how: str = "whole"


def written(known: Operation, protocol: str, output: Mapping[str, Any]) -> Answer:
    """``output`` as the protocol has it."""
    if protocol == _CBOR:
        body = bytearray()
        writer: Any = RpcV2CBORSerializer()
        writer._serialize_data_item(body, output, known.output)
        return Answer(200, _headers(protocol), bytes(body))
    plain = protocol == "rest-json" and known.output is not None and _is_plain(known)
    kind = get_serializer_class(known.service, "json" if plain else protocol)
    made = kind(known.model).serialize(output)
    raw = made["body"]
    body_bytes = raw if isinstance(raw, bytes) else str(raw).encode()
    root = _ROOTS.get(known.id)
    if root:
        body_bytes = body_bytes.replace(f"{known.name}Response".encode(), root)
    told = made["headers"].items()  # the length is the transport's matter
    kept = {name: str(value) for name, value in told if name.lower() != "content-length"}
    return Answer(int(made["status_code"]), {**kept, **_headers(protocol)}, body_bytes)


@cache
def _is_plain(known: Operation) -> bool:
    """All of the answer is JSON in the body. Moto's writer of REST takes a field of the name
    ``body`` for its own, at any depth; the plain one does not."""
    places = (member.serialization.get("location") for member in known.output.members.values())
    return "payload" not in known.output.serialization and not any(places)


def _headers(protocol: str) -> dict[str, str]:
    made = {"Content-Type": _TYPES[protocol]}
    if protocol == _CBOR:
        made["smithy-protocol"] = "rpc-v2-cbor"
    return made


def refused(
    protocol: str, code: str, status: int, message: str, *, is_query_compatible: bool = False
) -> Answer:
    """An error in the protocol's form."""
    headers = _headers(protocol)
    if is_query_compatible:
        headers["x-amzn-query-error"] = f"{code};{'Sender' if status < 500 else 'Receiver'}"
    if protocol == _CBOR:
        # Text keys and values alone: a map of two, each string with its length in two bytes.
        body = b"\xa2" + b"".join(
            b"\x79" + len(text.encode()).to_bytes(2, "big") + text.encode()
            for text in ("__type", code, "message", message)
        )
        return Answer(status, headers, body)
    if protocol in ("json", "rest-json"):
        headers["x-amzn-ErrorType"] = code
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(status, headers, body)
    side = "Sender" if status < 500 else "Receiver"
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    form = {
        "query": f"<ErrorResponse><Error><Type>{side}</Type>{inner}</Error>"
        "<RequestId>made-up</RequestId></ErrorResponse>",
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors>"
        "<RequestID>made-up</RequestID></Response>",
        "rest-xml": f"<Error>{inner}<RequestId>made-up</RequestId></Error>",
    }[protocol]
    return Answer(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>{form}'.encode())
