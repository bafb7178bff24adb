"""A made-up organization of Google Cloud, and what reading it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.gcp import CONNECTOR, GcpConfig
from connectors.gcp.operations import SERVICES
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, Edge
from scanner.model.items import Gap, Item
from tests.google_rig import Rig, methods

ORG = "organizations/1"
ENABLED = ("aiplatform", "run", "apikeys", "secretmanager")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
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
    for service in SERVICES.keys() - {"aiplatform", "run", "compute", "serviceusage", "bigquery"}:
        if any(one.id == f"{service}.projects.locations.list" for one in methods()[service]):
            rig.plant(f"{service}.projects.locations.list", f"projects/{ident}", place)
    lead = f"projects/{ident}/locations/us-central1"
    rig.plant("dialogflow.projects.locations.agents.list", lead,
              {"name": f"{lead}/agents/a", "displayName": "help"})  # fmt: skip


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


def context(rig: Rig, **config: Any) -> Context[Any]:
    return Context(
        config=GcpConfig(endpoint_url=rig.url, **{"organizations": ("1",), **config}),
        examine=lambda data, path, rule_sets: (),
        limits=Limits(),
        now=lambda: NOW,
        retries=1,
    )


def read(rig: Rig, **config: Any) -> Read:
    ctx = context(rig, **config)
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
