"""botocore's service models, loaded when they are first asked for.

Owns what is known of an operation before a request comes: protocol, shapes, paging, errors. Which
services share a signing name is read from the head of every model file, so that none has to be
loaded for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from moto.core.model import OperationModel, ServiceModel

_LOADER = Loader()
TOKENS = (
    "nextToken", "NextToken", "nextPageToken", "NextPageToken", "Marker", "marker", "NextMarker",
    "nextMarker", "PaginationToken", "paginationToken", "position",
)  # fmt: skip
TROUBLE = re.compile("error|fail|unprocessed", re.I)
"""Fields that say that something went wrong."""
_LIMITS = re.compile(r"max_?(results|items|records|keys|buckets)|limit|page_?size", re.I)


class UnknownOperation(LookupError):
    """botocore has no such service or operation."""


@dataclass(frozen=True)
class Paging:
    """How a list is cut. ``lists``: dotted paths of the fields that the pages fill."""

    token_in: tuple[str, ...] = ()
    token_out: tuple[str, ...] = ()
    limit: str = ""
    lists: tuple[str, ...] = ()
    more: str = ""
    """A field that says whether more follows."""


@dataclass(frozen=True, eq=False)
class Operation:
    id: str
    """``service:Operation``, botocore's name of the service."""
    service: str
    model: OperationModel
    paging: Paging
    errors: Mapping[str, tuple[str, int]]
    """Name of each modelled error -> its code on the wire, its status (0: the model says none)."""

    @property
    def name(self) -> str:
        return str(self.model.name)

    @property
    def input(self) -> Any:
        """The shape, or None."""
        return self.model.input_shape

    @property
    def output(self) -> Any:
        return self.model.output_shape

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(self.input.required_members) if self.input else ()


@cache
def service(name: str) -> ServiceModel:
    try:
        found = _LOADER.load_service_model(name, "service-2")
    except DataNotFoundError as error:
        raise UnknownOperation(f"botocore knows no service {name!r}") from error
    return ServiceModel(found, name)


@cache
def operation(ident: str) -> Operation:
    """Facts about ``service:Operation``. Raises :class:`UnknownOperation`."""
    name, _, op = ident.partition(":")
    described = service(name)
    if op not in described.operation_names:
        near = [o for o in described.operation_names if o.lower()[:8] == op.lower()[:8]]
        raise UnknownOperation(f"botocore knows no {ident}; it has {near[:8] or 'nothing like it'}")
    model = described.operation_model(op)
    errors = {
        shape.name: (str(shape.error_code), int(shape.metadata.get("error", {}).get(
            "httpStatusCode", 0)))
        for shape in model.error_shapes
    }  # fmt: skip
    return Operation(ident, name, model, _paging(name, model), errors)


def operations(name: str) -> list[Operation]:
    return [operation(f"{name}:{op}") for op in service(name).operation_names]


@cache
def _paginators(name: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = _LOADER.load_service_model(name, "paginators-1")["pagination"]
    except DataNotFoundError:
        return {}
    return found


def _paging(name: str, model: OperationModel) -> Paging:
    """As botocore's paginator says; where there is none, as the fields' names say."""
    told = _paginators(name).get(str(model.name))
    if told:
        outs = tuple(out.split("||")[0].strip() for out in _several(told["output_token"]))
        return Paging(
            token_in=_several(told["input_token"]),
            token_out=outs,
            limit=told.get("limit_key", ""),
            lists=tuple(p for p in _several(told.get("result_key", ())) if _is_list(model, p)),
            more=told.get("more_results", ""),
        )
    inputs = model.input_shape.members if model.input_shape else {}
    outputs = model.output_shape.members if model.output_shape else {}
    lists = tuple(
        key
        for key, shape in outputs.items()
        if shape.type_name == "list" and not TROUBLE.search(key)
    )
    token_in = next((key for key in TOKENS if key in inputs), "")
    token_out = next((key for key in (f"Next{token_in}", *TOKENS) if key in outputs), "")
    if not token_in or not token_out:
        return Paging(lists=lists)
    limit = next((k for k, s in inputs.items() if _LIMITS.fullmatch(k) and _is_number(s)), "")
    return Paging((token_in,), (token_out,), limit, lists)


def _is_list(model: OperationModel, path: str) -> bool:
    shape: Any = model.output_shape
    for step in path.split("."):
        shape = getattr(shape, "members", {}).get(step)
    return getattr(shape, "type_name", "") == "list"


def _is_number(shape: Any) -> bool:
    return shape.type_name in ("integer", "long")


def _several(told: Any) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else tuple(told)


@cache
def global_services() -> frozenset[str]:
    """Services with one endpoint for all regions, by botocore's endpoints."""
    partition = _LOADER.load_data("endpoints")["partitions"][0]["services"]
    prefixes = {name for name, told in partition.items() if told.get("isRegionalized") is False}
    return frozenset(prefixes) | {"organizations", "iam", "ce", "account"}
