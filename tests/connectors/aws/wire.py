"""A WSGI layer that recognises AWS operations on the wire and answers some of them with faults.

moto can neither deny nor throttle; the routes and error shapes come from botocore's own models.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import botocore.session

from connectors.aws import AwsConnector

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Fault:
    status: int
    code: str
    message: str = "made up by a test"


DENIED = Fault(400, "AccessDeniedException", "User is not authorized to perform this action")
THROTTLED = Fault(400, "ThrottlingException", "Rate exceeded")
BROKEN = Fault(500, "InternalServerError")


class Wire:
    """``fault(operation, region, access key)`` decides; ``calls`` counts what came over the
    wire."""

    def __init__(self) -> None:
        self.fault: Callable[[str, str, str], Fault | None] = lambda op, region, key: None
        self.calls: Counter[str] = Counter()
        self.inner: Any = None
        self._routes, self._targets, self._protocols = _known()

    def __call__(self, app: Any) -> Any:
        self.inner = app
        return self.answer

    def answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, region, service = found.groups() if found else ("", "", "")
        op = self._operation(environ, service)
        self.calls[f"{op} {region}"] += 1
        fault = self.fault(op, region, key)
        if fault is None:
            return self.inner(environ, start)
        body, kind, status = _error(fault, self._protocols.get(op.partition(":")[0], "json"))
        headers = [("Content-Type", kind), ("x-amzn-ErrorType", fault.code)]
        start(f"{status} Fault", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _operation(self, environ: dict[str, Any], service: str) -> str:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target:
            return self._targets.get(target, target)
        if environ["REQUEST_METHOD"] == "POST" and service in ("sts", "ec2", "iam"):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            data = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(data)
            return f"{service}:{parse_qs(data.decode())['Action'][0]}"
        for name, method, pattern in self._routes.get(service, ()):
            if environ["REQUEST_METHOD"] == method and pattern.fullmatch(environ["PATH_INFO"]):
                return name
        if service == "s3" and "tagging" in environ.get("QUERY_STRING", ""):
            return "s3:GetBucketTagging"
        return f"{service}:?"


def _known() -> tuple[dict[str, list[Any]], dict[str, str], dict[str, str]]:
    session = botocore.session.get_session()
    routes: dict[str, list[Any]] = {}
    targets: dict[str, str] = {}
    protocols: dict[str, str] = {}
    for operation in AwsConnector.spec.operations:
        service, _, name = operation.id.partition(":")
        model = session.get_service_model(service)
        protocols[service] = model.protocol
        prefix = model.metadata.get("targetPrefix")
        if prefix:
            targets[f"{prefix}.{name}"] = operation.id
            continue
        http = model.operation_model(name).http
        path = re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(http["requestUri"].partition("?")[0]))
        signing = model.metadata.get("signingName") or model.endpoint_prefix
        if service not in ("sts", "ec2", "s3"):
            routes.setdefault(signing, []).append((operation.id, http["method"], re.compile(path)))
    return routes, targets, protocols


def _error(fault: Fault, protocol: str) -> tuple[bytes, str, int]:
    if protocol in ("query", "ec2", "rest-xml"):
        detail = f"<Code>{fault.code}</Code><Message>{fault.message}</Message>"
        form = {
            "query": f"<ErrorResponse><Error>{detail}</Error></ErrorResponse>",
            "ec2": f"<Response><Errors><Error>{detail}</Error></Errors></Response>",
            "rest-xml": f"<Error>{detail}</Error>",
        }[protocol]
        return form.encode(), "text/xml", 403 if fault.status == 400 else fault.status
    body = {"__type": fault.code, "message": fault.message}
    return json.dumps(body).encode(), "application/x-amz-json-1.1", fault.status
