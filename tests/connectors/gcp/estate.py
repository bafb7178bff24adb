"""A made-up organization of Google Cloud, and what reading it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.gcp import CONNECTOR, GcpConfig
from connectors.gcp.operations import SERVICES, api, operation_id
from connectors.gcp.types import TYPES
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.tables import ResourceType
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, Edge
from scanner.model.items import Gap, Item
from tests.google_rig import Rig, methods

ORG = "organizations/1"
ENABLED = ("aiplatform", "run", "apikeys", "secretmanager")
ENABLED_NAMES = tuple(api(f"{one}.x").partition(".")[0] for one in SERVICES)
"""Of every service, as it is called where it is enabled."""
NOW = datetime(2026, 11, 28, tzinfo=UTC)
AUDITED = {"auditConfigs": [{"service": "allServices", "auditLogConfigs": [
    {"logType": "DATA_READ"}]}]}  # fmt: skip
_LIST = "serviceusage.services.list"


def project(
    rig: Rig, number: int, parent: str = ORG, *, state: str = "ACTIVE",
    enabled: tuple[str, ...] = ENABLED,
) -> str:  # fmt: skip
    ident = f"acme-{number}"
    record = {
        "name": f"projects/{number}", "projectId": ident, "displayName": f"Acme {number}",
        "parent": parent, "state": state, "createTime": "2026-01-01T00:00:00Z",
        "labels": {"environment": "production", "team": "ml"},
    }  # fmt: skip
    rig.plant("cloudresourcemanager.projects.list", parent, record)
    rig.plant(
        _LIST, f"projects/{ident}",
        *({"name": f"projects/{number}/services/{one}.googleapis.com", "state": "ENABLED",
           "config": {"name": f"{one}.googleapis.com"}} for one in enabled),
    )  # fmt: skip
    for service in ("aiplatform", "run"):
        rig.plant(
            f"{service}.projects.locations.list", f"projects/{ident}",
            *({"name": f"projects/{number}/locations/{one}", "locationId": one}
              for one in ("us-central1", "europe-west4")),
        )  # fmt: skip
    return ident


def everywhere(rig: Rig, ident: str, number: int) -> None:
    """Each service has a location, and what has lists below it exists."""
    place = {"name": f"projects/{number}/locations/us-central1", "locationId": "us-central1"}
    known = {one.id for found in methods().values() for one in found}
    for service in SERVICES.keys() - {"aiplatform", "ml", "run"}:
        if f"{service}.projects.locations.list" in known:
            rig.plant(f"{service}.projects.locations.list", f"projects/{ident}", place)
    rig.plant("compute.regions.list", f"projects/{ident}", {"name": "us-central1"})
    lead = f"projects/{ident}/locations/us-central1"
    search = f"projects/{ident}/locations/global/collections/default_collection"
    for op, parent, ident_of in (
        ("dialogflow.projects.locations.agents.list", lead, "agents/a"),
        ("dialogflow.projects.locations.knowledgeBases.list", lead, "knowledgeBases/a"),
        ("documentai.projects.locations.processors.list", lead, "processors/a"),
        ("ces.projects.locations.apps.list", lead, "apps/a"),
        (
            "cloudaicompanion.projects.locations.codeRepositoryIndexes.list",
            lead,
            "codeRepositoryIndexes/a",
        ),
        ("discoveryengine.projects.locations.collections.engines.list", search, "engines/a"),
        ("aiplatform.projects.locations.ragCorpora.list", lead, "ragCorpora/a"),
        ("aiplatform.projects.locations.reasoningEngines.list", lead, "reasoningEngines/a"),
        ("aiplatform.projects.locations.featureOnlineStores.list", lead, "featureOnlineStores/a"),
    ):
        rig.plant(op, parent, {"name": f"{parent}/{ident_of}"})
    for role in ("roles/viewer", f"projects/{ident}/roles/own", f"{ORG}/roles/own"):
        family = role.partition("/")[0]
        op = "iam.roles.get" if family == "roles" else f"iam.{family}.roles.get"
        rig.answer(op, role, {"name": role, "includedPermissions": []})
    for unit in (f"projects/{ident}", ORG):
        kind = unit.partition("/")[0]
        bindings = [
            {"role": role, "members": ["user:ada@acme.example"]}
            for role in ("roles/viewer", f"projects/{ident}/roles/own", f"{ORG}/roles/own")
        ]
        rig.answer(f"cloudresourcemanager.{kind}.getIamPolicy", unit,
                   {"bindings": bindings, **AUDITED})  # fmt: skip
    _connector(rig, ident)
    rig.plant("alloydb.projects.locations.clusters.list", f"projects/{ident}/locations/-",
              {"name": f"{lead}/clusters/a"})  # fmt: skip
    job = {"id": "j", "projectId": ident, "location": "us-central1", "name": "j"}
    rig.plant("dataflow.projects.jobs.aggregated", f"projects/{ident}", job)
    rig.answer("dataflow.projects.locations.jobs.get", f"{lead}/jobs/j", job)
    for minute in range(5):
        rig.plant("logging.entries.list", f"projects/{ident}", call(ident, minute=minute))
    if not rig.records.get(("accesscontextmanager.accessPolicies.list", ORG)):
        rig.plant("accesscontextmanager.accessPolicies.list", ORG, {"name": "accessPolicies/9"})
    rig.plant("bigquery.datasets.list", f"projects/{ident}", {"id": f"{ident}:sales"})
    rig.plant(
        "bigquery.models.list", f"projects/{ident}/datasets/sales",
        {"modelReference": {"projectId": ident, "datasetId": "sales", "modelId": "churn"}},
    )  # fmt: skip


def _connector(rig: Rig, ident: str) -> None:
    name = f"projects/{ident}/locations/global/collections/c"
    op, connector = "discoveryengine.projects.locations.collections", {"name": f"{name}/x"}
    rig.plant(f"{op}.list", f"projects/{ident}/locations/global",
              {"name": name, "displayName": "c", "dataConnector": connector})  # fmt: skip
    rig.answer(f"{op}.getDataConnector", name, connector)


def endpoint(rig: Rig, ident: str, number: int, place: str = "us-central1") -> None:
    lead = f"projects/{number}/locations/{place}"
    key = f"projects/{ident}/locations/{place}/keyRings/r/cryptoKeys/k"
    rig.plant(
        "aiplatform.projects.locations.endpoints.list", f"projects/{ident}/locations/{place}",
        {
            "name": f"{lead}/endpoints/7", "displayName": "scoring",
            "createTime": "2026-02-01T00:00:00Z", "labels": {"owner": "ada"},
            "network": f"projects/{number}/global/networks/private",
            "encryptionSpec": {"kmsKeyName": key},
            "deployedModels": [{
                "model": f"{lead}/models/3@2",
                "serviceAccount": f"runner@{ident}.iam.gserviceaccount.com",
            }],
        },
    )  # fmt: skip


def call(
    ident: str, who: str = "ada@acme.example", *, method: str = "PredictionService.GenerateContent",
    name: str = "locations/us-central1/publishers/google/models/gemini-3-pro", minute: int = 0,
    at: str = "", service: str = "aiplatform", **payload: Any,
) -> dict[str, Any]:  # fmt: skip
    """An entry of a data access log."""
    return {
        "logName": f"projects/{ident}/logs/cloudaudit.googleapis.com%2Fdata_access",
        "insertId": f"{who}{minute}{at}{method}{name}",
        "timestamp": at or f"2026-11-20T10:{minute:02}:00Z",
        "protoPayload": {
            "serviceName": f"{service}.googleapis.com",
            "methodName": f"google.cloud.{service}.v1.{method}",
            "resourceName": f"projects/{ident}/{name}" if name.startswith("loc") else name,
            "authenticationInfo": {"principalEmail": who},
            "requestMetadata": {"callerIp": "34.1.2.3",
                                "callerSuppliedUserAgent": "google-genai-sdk/1.9 gl-python/3.12"},
            **payload,
        },
    }  # fmt: skip


def families_of(operation: str) -> tuple[str, ...]:
    """Of the types that call it, or its host."""

    def calls(kind: ResourceType, *, is_same: bool) -> bool:
        made = [operation_id(op) for op, _ in kind.operations]
        lead = operation.partition("googleapis.com")[0]
        return operation in made if is_same else any(one.startswith(lead) for one in made)

    if operation.endswith(("/regions", ":testIamPermissions")):
        return ("bigquery", "composer")  # asked on behalf of others
    for is_same in (True, False):
        found = {kind.service for kind in TYPES if calls(kind, is_same=is_same)}
        if found:
            return tuple(sorted(found))
    return ("keys",)


@dataclass
class Read:
    items: list[Item] = field(default_factory=list)
    errors: dict[str, SourceError] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    shards: list[str] = field(default_factory=list)

    @property
    def assets(self) -> dict[str, Asset]:
        return {item.id: item for item in self.items if isinstance(item, Asset)}

    @property
    def edges(self) -> set[tuple[str, str, str]]:
        found = (item for item in self.items if isinstance(item, Edge))
        return {(item.source, str(item.relation), item.target) for item in found}


def context(rig: Rig, *, retries: int = 1, **config: Any) -> Context[Any]:
    """Without activity and counts: few of these projects have any."""
    told = {"organizations": ("1",), "activity": False, "metrics": False, **config}
    return Context(
        config=GcpConfig(endpoint_url=rig.url, **told),
        examine=lambda data, path, rule_sets: (),
        limits=Limits(),
        now=lambda: NOW,
        retries=retries,
    )


def read(rig: Rig, *, retries: int = 1, **config: Any) -> Read:
    ctx = context(rig, retries=retries, **config)
    found = Read()
    for shard in CONNECTOR.shards(ctx):
        found.shards.append(shard.id)
        try:
            for item in CONNECTOR.collect(ctx, shard, None):
                found.items.append(item)
                if isinstance(item, Gap):
                    found.gaps.setdefault(shard.id, []).append(item)
        except SourceError as error:
            found.errors[shard.id] = error
    return found
