"""A request on the wire -> an operation and its parameters, as the model reads them.

The service is told from the signature's scope, then from target, action or path. Botocore's own
serializers are the measure: what they would not have written is a complaint.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import create_serializer
from botocore.utils import parse_timestamp
from moto.core.parse import EC2QueryParser, QueryParser, RestXMLParser

from scanner.demo.required import signed_as
from tests.aws_rig.models import Operation, operation, service
from tests.aws_rig.shapes import complaints

_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_SAME_SIGNER = {"s3express": "s3", "s3-outposts": "s3"}
_FIRST = ("rds", "qconnect", "lexv2-models", "sesv2", "resiliencehub")
"""Asked before others that have the same operation at the same place."""
_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")
_CBOR = re.compile(r"/service/([^/]+)/operation/([^/]+)")


class Unroutable(LookupError):
    """No operation of AWS is asked like this."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """As it stood on the wire, still quoted."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True)
class Scope:
    """Who signed, for where and what."""

    key: str
    region: str
    signer: str


@dataclass(frozen=True)
class Route:
    operation: Operation
    protocol: str
    labels: Mapping[str, str] = field(default_factory=dict)


def scope(request: Request) -> Scope | None:
    found = _SCOPE.search(request.headers.get("authorization", ""))
    return Scope(found[1], found[2], found[3]) if found else None


def routes(request: Request, signer: str) -> list[Route]:
    """The operation that is asked; where services that sign alike have it at the same place, or S3
    tells operations apart by their parameters, several. Raises :class:`Unroutable`."""
    services = _candidates(signer)
    if not services:
        raise Unroutable(f"no service of AWS signs as {signer!r}")
    target = request.headers.get("x-amz-target", "")
    if target:
        prefix, _, name = target.rpartition(".")
        return [Route(_called(services, name, prefix), "json")]
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        asked = _CBOR.fullmatch(request.path)
        if asked is None:
            raise Unroutable(f"{request.path}: /service/<name>/operation/<name> expected")
        return [Route(_called(services, asked[2], asked[1]), "smithy-rpc-v2-cbor")]
    form = _form(request)
    if "Action" in form:
        return [_by_action(services, form)]
    return _by_path(services, request)


@cache
def _candidates(signer: str) -> tuple[str, ...]:
    found = signed_as().get(_SAME_SIGNER.get(signer, signer), ())
    return tuple(sorted(found, key=lambda name: (name not in _FIRST, name)))


@cache
def _called(services: tuple[str, ...], name: str, prefix: str) -> Operation:
    for one in services:
        described = service(one)
        if described.metadata.get("targetPrefix") == prefix and name in described.operation_names:
            return operation(f"{one}:{name}")
    raise Unroutable(f"{prefix}.{name} is no operation of {', '.join(services)}")


def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    if "Action=" in request.query:
        return dict(parse_qsl(request.query, keep_blank_values=True))
    return {}


def _by_action(services: tuple[str, ...], form: Mapping[str, str]) -> Route:
    for one in services:
        described = service(one)
        protocols = [p for p in ("ec2", "query") if p in _protocols(one)]
        is_it = form.get("Version", described.api_version) == described.api_version
        if protocols and is_it and form["Action"] in described.operation_names:
            return Route(operation(f"{one}:{form['Action']}"), protocols[0])
    raise Unroutable(
        f"action {form['Action']} of version {form.get('Version')} is none of {', '.join(services)}"
    )


def _protocols(name: str) -> tuple[str, ...]:
    metadata = service(name).metadata
    return tuple(metadata.get("protocols") or (metadata["protocol"],))


@dataclass(frozen=True)
class _Path:
    """``literals``: how much of it is fixed; the most literal path that matches is meant."""

    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    literals: int
    operation: Operation


@cache
def _paths(name: str) -> Mapping[str, tuple[_Path, ...]]:
    """Method -> paths of a service that is spoken to by paths."""
    if not {"rest-json", "rest-xml"} & set(_protocols(name)):
        return {}
    found: dict[str, list[_Path]] = {}
    described = service(name)
    for op in described.operation_names:
        http = described.operation_model(op).http
        path, _, query = http.get("requestUri", "/").partition("?")
        literals = tuple(parse_qsl(query, keep_blank_values=True))
        parts = _LABEL.split(path)
        pattern = "".join(
            re.escape(parts[n]) + (("(.+)" if parts[n + 2] else "([^/]+)") if n + 2 < len(parts)
                                   else "")
            for n in range(0, len(parts), 3)
        )  # fmt: skip
        fixed = sum(len(parts[n]) for n in range(0, len(parts), 3))
        weight = fixed + 100 * sum(1 for key, _ in literals if key != "x-id")
        made = _Path(
            re.compile(pattern), tuple(parts[1::3]), literals, weight, operation(f"{name}:{op}")
        )
        found.setdefault(http["method"], []).append(made)
    return {m: tuple(sorted(p, key=lambda p: -p.literals)) for m, p in found.items()}


def _by_path(services: tuple[str, ...], request: Request) -> list[Route]:
    asked = dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}
    best = -1
    found: list[tuple[_Path, re.Match[str]]] = []
    for one in services:
        for path in _paths(one).get(request.method, ()):
            if path.literals < best:
                break
            match = path.pattern.fullmatch(request.path)
            if match and all(
                asked.get(key) == value or (key == "x-id" and key not in asked)
                for key, value in path.query
            ):
                found = [*found, (path, match)] if path.literals == best else [(path, match)]
                best = path.literals
    if not found:
        raise Unroutable(f"{request.method} {request.path} is no path of {', '.join(services)}")
    return [_labelled(path, match) for path, match in found]


def _labelled(path: _Path, match: re.Match[str]) -> Route:
    labels = {name: unquote(v) for name, v in zip(path.labels, match.groups(), strict=True)}
    kinds = _protocols(path.operation.service)
    return Route(path.operation, "rest-xml" if "rest-xml" in kinds else "rest-json", labels)


def understood(request: Request, signer: str) -> tuple[Route, dict[str, Any], list[str]]:
    """The operation, its parameters, and what is wrong with them. Of several operations the first
    is meant that the parameters fit. Raises :class:`Unroutable`."""
    asked = [(found, *_parameters(found, request)) for found in routes(request, signer)]
    return next((one for one in asked if not one[2]), asked[0])


def _parameters(found: Route, request: Request) -> tuple[dict[str, Any], list[str]]:
    shape = found.operation.input
    reader = _READERS[found.protocol]
    try:
        params, wrong = reader(found, request, shape)
    except (ValueError, LookupError, AttributeError, TypeError, msgspec.DecodeError) as error:
        return {}, [f"the request cannot be read: {type(error).__name__}: {error}"]
    if shape is not None:
        wrong += complaints(shape, params)
    return params, wrong


Read = tuple[dict[str, Any], list[str]]


def _json(found: Route, request: Request, shape: Any) -> Read:
    raw = msgspec.json.decode(request.body) if request.body else {}
    return (dict(_typed(shape, raw)) if shape is not None else {}), []


def _cbor(found: Route, request: Request, shape: Any) -> Read:
    if not request.body or shape is None:
        return {}, []
    stream: Any = io.BufferedReader(io.BytesIO(request.body))
    return dict(RpcV2CBORParser().parse_data_item(stream)), []


def _query(found: Route, request: Request, shape: Any) -> Read:
    """Read by moto, written again by botocore: what is not there again nobody knows."""
    form = _form(request)
    kind: Any = EC2QueryParser if found.protocol == "ec2" else QueryParser
    params = kind(found.operation.model, timestamp_parser=parse_timestamp).parse({"values": form})
    writer = create_serializer(found.protocol, include_validation=False)
    known = writer.serialize_to_request(params, found.operation.model)["body"]
    unknown = [key for key in form if key not in known and form[key] != ""]
    return params, [f"{key}: no such parameter" for key in unknown]


def _rest(found: Route, request: Request, shape: Any) -> Read:
    given = parse_qsl(request.query, keep_blank_values=True) if request.query else []
    fixed = found.operation.model.http["requestUri"].partition("?")[2]
    known = {key for key, _ in parse_qsl(fixed, keep_blank_values=True)}
    params: dict[str, Any] = {}
    if shape is None:
        return params, [f"{key}: no such parameter" for key, _ in given if key not in known]
    rest: tuple[str, Any] | None = None
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if place == "uri":
            params[name] = _from_text(member, found.labels[wire])
        elif place == "querystring" and member.type_name == "map":
            rest = name, member
        elif place == "querystring":
            values = [value for key, value in given if key == wire]
            if values:
                known.add(wire)
                is_list = member.type_name == "list"
                params[name] = (
                    [_from_text(member.member, v) for v in values]
                    if is_list else _from_text(member, values[-1])
                )  # fmt: skip
        elif place == "header" and wire.lower() in request.headers:
            params[name] = _from_text(member, request.headers[wire.lower()])
        elif place == "headers":
            start = wire.lower()
            params[name] = {
                key[len(start):]: v for key, v in request.headers.items() if key.startswith(start)
            }  # fmt: skip
    others = [(key, value) for key, value in given if key not in known]
    if rest and others:
        params[rest[0]] = dict(others)
        others = []
    params.update(_body(found, request, shape))
    return params, [f"{key}: no such parameter" for key, _ in others]


def _body(found: Route, request: Request, shape: Any) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if not request.body:
        return {}
    if payload and shape.members[payload].type_name in ("blob", "string"):
        raw = request.body
        return {payload: raw if shape.members[payload].type_name == "blob" else raw.decode()}
    if found.protocol == "rest-xml":
        parser: Any = RestXMLParser(found.operation.model, timestamp_parser=parse_timestamp)
        made: dict[str, Any] = {}
        parser._parse_payload({"body": request.body}, shape, shape.members, made)
        return made
    raw_json = msgspec.json.decode(request.body)
    if payload:
        return {payload: _typed(shape.members[payload], raw_json)}
    return dict(_typed(shape, raw_json))


_READERS: Mapping[str, Any] = {
    "json": _json,
    "smithy-rpc-v2-cbor": _cbor,
    "query": _query,
    "ec2": _query,
    "rest-json": _rest,
    "rest-xml": _rest,
}


def _typed(shape: Any, raw: Any) -> Any:
    """JSON's values as the shape's; what does not fit is left as it is, for the complaint."""
    if raw is None or getattr(shape, "is_document_type", False):
        return raw
    kind = shape.type_name
    if kind == "structure" and isinstance(raw, dict):
        names = {m.serialization.get("name", name): name for name, m in shape.members.items()}
        return {
            names.get(key, key): _typed(shape.members[names[key]], v) if key in names else v
            for key, v in raw.items()
        }
    if kind == "list" and isinstance(raw, list):
        return [_typed(shape.member, element) for element in raw]
    if kind == "map" and isinstance(raw, dict):
        return {key: _typed(shape.value, element) for key, element in raw.items()}
    if kind == "timestamp":
        return _time(raw)
    if kind == "blob" and isinstance(raw, str):
        return base64.b64decode(raw)
    return raw


def _from_text(shape: Any, text: str) -> Any:
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "timestamp":
        return _time(text)
    if kind == "list":
        return [_from_text(shape.member, part.strip()) for part in text.split(",")]
    return text


def _time(raw: Any) -> datetime | Any:
    try:
        return parse_timestamp(raw)
    except (ValueError, TypeError, OverflowError):
        return raw
