"""What AWS gives in every answer: the required fields of botocore's models, empty.

The service is told from the signature's scope, the operation from target or path
(https://smithy.io/2.0/aws/protocols/). Owns nothing of what an answer holds.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

LOADER = Loader()
_SIGNER = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_HEAD = 4000
"""Bytes of a model that hold its metadata."""
_FIELD = re.compile(r'"(endpointPrefix|signingName)"\s*:\s*"([^"]*)"')
_LABEL = re.compile(r"\\\{[^}+]+?(\\\+)?\\\}")
_EMPTY: Mapping[str, Any] = {
    "list": [], "map": {}, "string": "", "blob": "", "boolean": False, "timestamp": 0,
}  # fmt: skip


def required_fields(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Of the answer to a request of JSON; none where no model knows it."""
    shape = next((one.output_shape for one in _operations(environ)), None)
    return {} if shape is None else _structure(shape)


def _operations(environ: Mapping[str, Any]) -> Iterator[OperationModel]:
    signer = _SIGNER.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    prefix, _, name = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")
    for service in signed_as().get(signer[1], ()) if signer else ():
        if name:
            model = _model(service)
            if model.metadata.get("targetPrefix") == prefix and name in model.operation_names:
                yield model.operation_model(name)
            continue
        path = str(environ.get("PATH_INFO", ""))
        for pattern, operation in _paths(service, str(environ["REQUEST_METHOD"])):
            if pattern.fullmatch(path):
                yield _model(service).operation_model(operation)


def _structure(shape: Any) -> dict[str, Any]:
    members = ((name, shape.members[name]) for name in shape.required_members)
    return {
        member.serialization.get("name", name): _empty(member)
        for name, member in members
        if "location" not in member.serialization
    }


def _empty(shape: Any) -> Any:
    if shape.type_name == "structure":
        return _structure(shape)
    return _EMPTY.get(shape.type_name, 0)


@cache
def signed_as() -> Mapping[str, tuple[str, ...]]:
    """Signing name -> services that sign with it, in the order of their names."""
    found: dict[str, list[str]] = {}
    for folder in sorted(Path(LOADER.BUILTIN_DATA_PATH).iterdir()):
        files = sorted(folder.glob("*/service-2.json*")) if folder.is_dir() else []
        if not files:
            continue
        file = files[-1]  # the newest version
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            head = stream.read(_HEAD).decode(errors="replace").partition('"operations"')[0]
        told = dict(reversed(_FIELD.findall(head)))
        name = told.get("signingName") or told.get("endpointPrefix", folder.name)
        found.setdefault(name, []).append(folder.name)
    return {name: tuple(services) for name, services in found.items()}


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service)


@cache
def _paths(service: str, method: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Paths without a label first: the more exact one is meant."""
    model = _model(service)
    found = []
    for name in model.operation_names:
        told = model.operation_model(name).http
        if told.get("method") != method:
            continue
        path = urlsplit(told.get("requestUri", "/")).path
        labels = path.count("{")
        pattern = _LABEL.sub(lambda hit: ".+" if hit[1] else "[^/]+", re.escape(path))
        found.append((labels, re.compile(pattern), name))
    return tuple((pattern, name) for _, pattern, name in sorted(found, key=lambda one: one[0]))
