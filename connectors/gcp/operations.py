"""Names of methods as Google's discovery documents have them -> hosts, paths and permissions.

``aiplatform.projects.locations.endpoints.list`` is a list below a location, and
``...endpoints.get`` one of its records (https://developers.google.com/discovery/v1/reference).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from scanner.kit.contract import Operation
from scanner.model.errors import Unavailable


@dataclass(frozen=True)
class Service:
    """``locations``: the service's own list of them can be asked. ``regional``: a location has a
    host of its own, with its name before the service's."""

    version: str
    regional: bool = False
    permission: str = ""
    """The first word of its IAM permissions where that is not its own name."""


SERVICES = {
    "aiplatform": Service("v1", regional=True),
    "apikeys": Service("v2"),
    "bigquery": Service("bigquery/v2"),
    "bigqueryconnection": Service("v1", permission="bigquery"),
    "cloudfunctions": Service("v2"),
    "compute": Service("compute/v1"),
    "container": Service("v1"),
    "dialogflow": Service("v3", regional=True),
    "discoveryengine": Service("v1", regional=True),
    "documentai": Service("v1", regional=True),
    "notebooks": Service("v2"),
    "run": Service("v2"),
    "secretmanager": Service("v1"),
    "serviceusage": Service("v1"),
    "agentregistry": Service("v1"),
}
_PATHS = {
    "compute.instances.aggregatedList": "projects/{project}/aggregated/instances",
    "serviceusage.services.list": "projects/{project}/services",
    "bigquery.datasets.list": "projects/{project}/datasets",
    "bigquery.models.list": "projects/{project}/datasets/{dataset}/models",
    "run.projects.locations.list": "projects/{project}/locations",
}
"""Where the path is not the method's name."""
_VERSIONS = {"run.projects.locations.list": "v1"}
_PERMISSIONS = {
    "compute.instances.aggregatedList": "compute.instances.list",
    "discoveryengine.projects.locations.collections.engines.list": "discoveryengine.engines.list",
    "container.projects.locations.clusters.list": "container.clusters.list",
}


def host(op: str, location: str = "") -> str:
    """``location``: empty, or where a regional service is asked."""
    service = op.partition(".")[0]
    is_apart = SERVICES[service].regional and location not in ("", "-", "global")
    return f"{location}-{service}.googleapis.com" if is_apart else f"{service}.googleapis.com"


def template(op: str) -> str:
    """``/v1/projects/{projects}/locations/{locations}/endpoints``."""
    service, _, rest = op.partition(".")
    version = _VERSIONS.get(op, SERVICES[service].version)
    if op in _PATHS:
        return f"/{version}/{_PATHS[op]}"
    *names, verb = rest.split(".")
    holders = names if verb == "get" else names[:-1]
    path = "".join(f"/{name}/{{{name}}}" for name in holders)
    return f"/{version}{path}" + ("" if verb == "get" else f"/{names[-1]}")


def operation_id(op: str) -> str:
    """With the host: services of one version have paths in common."""
    return f"GET //{op.partition('.')[0]}.googleapis.com{template(op)}"


def of_host(declared: tuple[Operation, ...], host: str) -> tuple[Operation, ...]:
    """The operations of a host, as paths below it; a location's host is its service's."""
    service = host.removesuffix(".googleapis.com").rpartition("-")[2]
    lead = f"GET //{service}.googleapis.com/"
    return tuple(
        msgspec.structs.replace(one, id=f"GET /{one.id.removeprefix(lead)}")
        for one in declared
        if one.id.startswith(lead)
    )


def permission(op: str) -> str:
    """https://cloud.google.com/iam/docs/permissions-reference: the last collection and the verb."""
    if op in _PERMISSIONS:
        return _PERMISSIONS[op]
    service, *names, verb = op.split(".")
    named = SERVICES[service].permission or service
    return f"{named}.{names[-1]}.{verb}"


def path(op: str, of: str) -> str:
    """The path of ``op`` below (or of) what is called ``of`` (``projects/p/locations/l``). Raises
    ``Unavailable`` for a name that does not fit."""
    wanted = template(op).strip("/").split("/")
    lead = _lead(op)
    given = of.strip("/").split("/")
    made = list(wanted[:lead])
    for place, step in enumerate(wanted[lead:]):
        told = given[place] if place < len(given) else ""
        if step.startswith("{"):
            if told in ("", ".", ".."):
                raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
            made.append(quote(told, safe="-._~:@"))
        elif told and told != step:
            raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
        else:
            made.append(step)
    if len(given) > len(wanted) - lead:
        raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
    return "/" + "/".join(made)


def _lead(op: str) -> int:
    """Steps of a path that are the version."""
    service = op.partition(".")[0]
    return len(_VERSIONS.get(op, SERVICES[service].version).split("/"))
