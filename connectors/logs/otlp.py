"""Spans of generative AI in OTLP JSON, as OpenTelemetry's conventions name them
(https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Prompts are never looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.logs.pods import of_attributes
from connectors.logs.records import number, of_address
from connectors.logs.times import moment
from scanner.kit.values import items, mapping, text

_PROVIDER = ("gen_ai.provider.name", "gen_ai.system")
_MODEL = ("gen_ai.response.model", "gen_ai.request.model")
_VERSION = re.compile(r"(?<=:function:)([\w-]{1,140}):[\w$-]{1,128}$")
"""Of a Lambda function (https://opentelemetry.io/docs/specs/semconv/resource/cloud/)."""
_STATUS = ("http.response.status_code", "http.status_code")
_ERROR = ("2", "STATUS_CODE_ERROR")
"""A span's status that says so (https://github.com/open-telemetry/opentelemetry-proto/blob/main/
opentelemetry/proto/trace/v1/trace.proto)."""
_USER = ("enduser.id", "user.email", "user.id", "user.name")


def spans(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Fields of a record for every span that calls a model."""
    for resource in items(document.get("resourceSpans")):
        whole = mapping(resource)
        around = _attributes(mapping(whole.get("resource")))
        for scope in (*items(whole.get("scopeSpans")), *items(whole.get("ilSpans"))):
            for raw in items(mapping(scope).get("spans")):
                span = _whole(raw) if isinstance(raw, msgspec.Raw) else raw
                own = _attributes(mapping(span))
                told = {**around, **own}
                provider = _first(told, _PROVIDER)
                if not provider and not _first(told, _MODEL):
                    continue
                yield {
                    "time": moment(text(mapping(span).get("startTimeUnixNano"))),
                    "provider": provider,
                    "model": _first(told, _MODEL),
                    "user": _first(told, _USER),
                    "device": _workload(told),
                    "pod": of_attributes(told),
                    **_called(own),
                    "path": _first(told, ("gen_ai.operation.name",)),
                    "status": number(_first(own, _STATUS)),
                    "is_failed": _is_failed(mapping(span), own),
                }


class _Scope(msgspec.Struct):
    spans: list[msgspec.Raw] = []


class _Resource(msgspec.Struct):
    resource: Any = None
    scopeSpans: list[_Scope] = []


class _Document(msgspec.Struct):
    resourceSpans: list[_Resource]


_DECODER = msgspec.json.Decoder(_Document)


def batch(raw: bytes) -> dict[str, Any] | None:
    """A document with many spans, each of which is taken apart when it is looked at: as values of
    Python they are ten times as large. None: it is none."""
    try:
        told = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return {
        "resourceSpans": [
            {"resource": one.resource, "scopeSpans": [{"spans": s.spans} for s in one.scopeSpans]}
            for one in told.resourceSpans
        ]
    }


def _whole(span: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(span)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_failed(span: Mapping[str, Any], own: Mapping[str, str]) -> bool:
    """``error.type`` is set where an operation failed, and nowhere else."""
    return text(mapping(span.get("status")).get("code")) in _ERROR or bool(own.get("error.type"))


def _workload(told: Mapping[str, str]) -> str:
    """By the cloud's own id of the resource, which may have a version behind it; else by name."""
    ident = _VERSION.sub(r"\1", told.get("cloud.resource_id", ""))
    return ident or _first(told, ("service.name", "k8s.pod.name", "host.name"))


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for one in items(holder.get("attributes")):
        pair = mapping(one)
        value = mapping(pair.get("value"))
        found[text(pair.get("key"))] = text(next(iter(value.values()), ""))
    return found


def _called(own: Mapping[str, str]) -> dict[str, Any]:
    """Of a span, not of what it is in: a resource's ``server.address`` is the program's own."""
    host, port = of_address(own.get("server.address", ""))
    return {"host": host, "port": number(own.get("server.port", "")) or port}


def _first(told: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((told[name] for name in names if told.get(name)), "")
