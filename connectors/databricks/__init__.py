"""Databricks: what a workspace serves, embeds and lets people ask, with whose keys, on what data.

Lists are free; use is asked of system tables by a warehouse, which costs: it is read where one is
named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from connectors.databricks import records, serving, use
from connectors.databricks.names import NAMES
from connectors.databricks.records import KINDS, TABLE
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import json_body
from scanner.kit.oauth import ClientCredentials
from scanner.kit.paged import by_cursor
from scanner.kit.told import gap
from scanner.kit.values import mapping, text
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Item

Part = Literal["serving", "models", "vectors", "genie", "apps", "use"]
TOKEN = read(
    "/oidc/v1/token", "service principal with OAuth secret", "an access token", method="POST"
)
SERVING = read(
    "/api/2.0/serving-endpoints", "CAN VIEW on serving endpoints", "endpoints, models, keys' names"
)
MODELS = read(
    "/api/2.1/unity-catalog/models", "USE CATALOG, USE SCHEMA, EXECUTE on models", "models"
)
ENDPOINTS = read(
    "/api/2.0/vector-search/endpoints", "workspace access", "endpoints of vector search"
)
INDEXES = read("/api/2.0/vector-search/indexes", "SELECT on indexes", "indexes of an endpoint")
INDEX = read(
    "/api/2.0/vector-search/indexes/{index}", "SELECT on indexes", "the table an index is made of"
)
SPACES = read("/api/2.0/genie/spaces", "CAN VIEW on Genie spaces", "Genie spaces")
APPS = read("/api/2.0/apps", "CAN VIEW on apps", "apps that were given AI")
_CALLS = (SERVING, MODELS, ENDPOINTS, INDEXES, INDEX, SPACES, APPS, *use.OPERATIONS)


class DatabricksConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or files exported from its account."""

    token_env: str = "DATABRICKS_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token."""
    client_id_env: str = "DATABRICKS_CLIENT_ID"
    client_secret_env: str = "DATABRICKS_CLIENT_SECRET"  # noqa: S105
    """Environment variables with a service principal's id and OAuth secret, used instead."""
    parts: tuple[Part, ...] = ("serving", "models", "vectors", "genie", "apps")
    """What to read; `use` needs `warehouse_id`."""
    warehouse_id: str = ""
    """SQL warehouse that system tables are asked by, which costs."""
    poll_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    """How long to wait between looks whether a statement is done."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.live and "use" in self.parts and not self.warehouse_id:
            raise ValueError("`use` needs `warehouse_id`")


def _access(ctx: Context[DatabricksConfig]) -> Any:
    config = ctx.config
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "client_credentials", "scope": "all-apis"},
        missing=f"set {config.token_env}, or {config.client_id_env} and "
        f"{config.client_secret_env} of a service principal",
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _listed(reading: Reading, operation: Operation, key: str, **query: str) -> Iterator[Any]:
    """Lists of these APIs leave out what is empty: then nothing but the token is there."""
    asked = {"max_results": "100", **query} if operation is MODELS else query
    yield from by_cursor(
        reading.access, operation.path, asked, items=key, cursor="next_page_token",
        param="page_token", is_left_out=True,
    )  # fmt: skip


Told = Callable[[Any, str, str], list[Item] | None]


def _of(operation: Operation, key: str, told: Told) -> Callable[[Reading], Iterator[Item]]:
    def part(reading: Reading) -> Iterator[Item]:
        odd = 0
        for record in _listed(reading, operation, key):
            found = told(record, reading.org, operation.id)
            odd += found is None
            yield from found or ()
        yield from odd_gap(odd, operation.id)

    return part


def vectors(reading: Reading) -> Iterator[Item]:
    """Endpoints, their indexes, and of each the table. What cannot be read is a gap."""
    odd = 0
    for endpoint in _listed(reading, ENDPOINTS, "endpoints"):
        found = records.vector_endpoint(endpoint, reading.org, ENDPOINTS.id)
        odd += found is None
        yield from found or ()
        name = text(mapping(endpoint).get("name"))
        if not name:
            continue
        try:
            indexes = list(_listed(reading, INDEXES, "vector_indexes", endpoint_name=name))
        except SourceError as error:
            yield gap(f"{INDEXES.id} of {name}", error)
            continue
        for one in indexes:
            yield from _index(reading, mapping(one))
    yield from odd_gap(odd, ENDPOINTS.id)


def _index(reading: Reading, one: Any) -> Iterator[Item]:
    name = text(one.get("name"))
    whole = one
    if name:
        path = INDEX.path.replace("{index}", quote(name, safe=""))
        try:
            whole = json_body(reading.access.get(path))
            if not records.is_index(mapping(whole)):
                raise Unavailable(f"{INDEX.id}: the answer is no index")
        except SourceError as error:
            whole = one
            yield gap(f"{INDEX.id} {name}", error)
    found = records.index(whole, reading.org, INDEX.id)
    yield from found or ()
    yield from odd_gap(found is None, INDEXES.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="databricks",
        title="Databricks serving, models, vector search, Genie and use",
        config=DatabricksConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {TABLE} | {f"databricks.{kind}" for kind in KINDS},
        docs_url="https://docs.databricks.com/api/workspace/introduction",
        exports=("system.access.audit and system.serving.endpoint_usage as tables (CSV, JSON)",),
        rates={"default": 20.0},
    ),
    names=NAMES,
    parts=(
        Listed("serving", SERVING, _of(SERVING, "endpoints", serving.endpoint)),
        Listed("models", MODELS, _of(MODELS, "registered_models", records.model)),
        Listed("vectors", ENDPOINTS, vectors),
        Listed("genie", SPACES, _of(SPACES, "spaces", records.space)),
        Listed("apps", APPS, _of(APPS, "apps", records.app)),
        Listed("use", use.STATEMENT, use.use),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(serving.is_endpoint, serving.endpoint),
        Kind(records.is_model, records.model),
        Kind(records.is_space, records.space),
        Kind(records.is_index, records.index),
        Kind(use.is_call, use.call),
    ),
    access=_access,
    expected="audited events, endpoints, models, indexes or spaces",
)
