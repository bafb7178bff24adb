"""Every edge that Google's answers give: a field that names something is one, or is left out for a
reason; and what they lead to is the node that lists show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.gcp.types import TYPES
from scanner.kit.tables import ResourceType
from tests.connectors.gcp.estate import ENABLED_NAMES, everywhere, project, read
from tests.google_rig import Rig, _method, schema, serving, step

_NAMES_SOMETHING = re.compile(
    r"(?i)(serviceAccount|kmsKey|cryptoKey|network|subnet|bucket|gcs|uris?(\[\])?$|secret|dataset"
    r"|topic|bigquery|connector|cluster|artifact|repository|repo$|email|creator|owner|model$"
    r"|endpoint$|index$|agent$|table|psc|attachment|image$|url$)"
)
_DEEP = 7
"""Structures below each other that are looked into."""
_REVIEWED: Mapping[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "reviewed_fields.yaml").read_text()
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _texts(name: str, shape: Mapping[str, Any], at: str, above: tuple[str, ...]) -> Iterator[str]:
    """Paths of all texts of a record."""
    if "$ref" in shape:
        ref = shape["$ref"]
        if ref not in above and len(above) <= _DEEP:
            yield from _texts(name, schema(name, ref), at, (*above, ref))
    elif shape.get("type") == "array":
        yield from _texts(name, shape["items"], f"{at}[]", above)
    elif shape.get("type") == "string":
        yield at
    for key, inner in shape.get("properties", {}).items():
        yield from _texts(name, inner, f"{at}.{key}".lstrip("."), above)
    if "additionalProperties" in shape:
        yield from _texts(name, shape["additionalProperties"], f"{at}.*", above)


def _unread(kind: ResourceType, reviewed: list[re.Pattern[str]]) -> Iterator[str]:
    known = _method((kind.detail or kind.list).op)
    shape = schema(known.document, known.response)
    for key in filter(None, () if kind.detail else kind.list.items.split(".")):
        shape = step(known.document, shape, key) or {}
    read_as = {
        *(one.path for one in kind.edges), *(one.path for one in kind.exposure),
        *kind.environment, *(one.rpartition("=")[2] for one in kind.settings),
        *(document.path for document in kind.documents),
        *kind.facts.values(), *kind.models, *kind.aliases, kind.id, kind.name, kind.status,
    }  # fmt: skip
    for path in _texts(known.document, shape, "", ()):
        leads = _NAMES_SOMETHING.search(path.rpartition(".")[2])
        if leads and path not in read_as and not any(one.search(path) for one in reviewed):
            yield path


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_what_names_something_is_an_edge_or_left_out_for_a_reason(kind: ResourceType) -> None:
    reviewed = [re.compile(one) for found in _REVIEWED.values() for one in found]
    assert not list(_unread(kind, reviewed))


def test_a_field_that_is_in_no_table_is_found() -> None:
    (kind,) = (one for one in TYPES if one.kind == "gcp.run_service")
    bare = kind.__class__(kind="x", asset_class=kind.asset_class, service="x", id="x", name="x",
                          list=kind.list, describes="", reference="")  # fmt: skip
    found = set(_unread(bare, []))
    assert "template.containers[].env[].valueSource.secretKeyRef.secret" in found
    assert "template.vpcAccess.connector" in found


LEAD = "projects/acme-7/locations/us-central1"
RUN, FUNCTION = f"//run.googleapis.com/{LEAD}/services/chat", "//cloudfunctions.googleapis.com"
SECRET = "//secretmanager.googleapis.com/projects/acme-7/secrets/openai"


def test_a_secret_is_the_same_by_its_name_and_by_any_version(rig: Rig) -> None:
    project(rig, 7, enabled=ENABLED_NAMES)
    everywhere(rig, "acme-7", 7)
    reference = {"secretKeyRef": {"secret": "openai", "version": "latest"}}
    volumes = [
        {"name": "s", "secret": {"secret": "projects/7/secrets/openai"}},
        {"name": "b", "gcs": {"bucket": "weights"}},
        {"name": "d", "cloudSqlInstance": {"instances": ["acme-7:us-central1:db"]}},
    ]
    network = {"connector": f"{LEAD}/connectors/c"}
    container = {"image": "chat:1", "env": [{"name": "KEY", "valueSource": reference}]}
    rig.plant(
        "run.projects.locations.services.list", LEAD,
        {"name": f"{LEAD}/services/chat",
         "template": {"containers": [container], "volumes": volumes, "vpcAccess": network}},
    )  # fmt: skip
    slots = [{"key": "KEY", "projectId": "acme-7", "secret": "openai", "version": "3"}]
    rig.plant(
        "cloudfunctions.projects.locations.functions.list", "projects/acme-7/locations/-",
        {"name": f"{LEAD}/functions/f", "serviceConfig": {"secretEnvironmentVariables": slots}},
    )  # fmt: skip
    rig.plant(
        "dialogflow.projects.locations.agents.webhooks.list", f"{LEAD}/agents/a",
        {"name": f"{LEAD}/agents/a/webhooks/w", "genericWebService": {
            "secretVersionForUsernamePassword": "projects/7/secrets/openai/versions/9"}},
    )  # fmt: skip
    rig.plant("secretmanager.projects.secrets.list", "projects/acme-7",
              {"name": "projects/7/secrets/openai"})  # fmt: skip
    found = read(rig, creators=False, asset_inventory=False, identities=False)
    assert SECRET in found.assets
    assert {
        (RUN, "authenticates_with", SECRET),
        (RUN, "reads_from", "//storage.googleapis.com/weights"),
        (RUN, "reads_from", "//cloudsql.googleapis.com/projects/acme-7/instances/db"),
        (RUN, "configured_by", f"//vpcaccess.googleapis.com/{LEAD}/connectors/c"),
        (f"{FUNCTION}/{LEAD}/functions/f", "authenticates_with", SECRET),
        (f"//dialogflow.googleapis.com/{LEAD}/agents/a/webhooks/w", "authenticates_with", SECRET),
    } <= found.edges


def test_a_key_is_the_same_in_every_version(rig: Rig) -> None:
    project(rig, 7, enabled=("aiplatform",))
    key = f"{LEAD}/keyRings/r/cryptoKeys/k"
    rig.plant(
        "aiplatform.projects.locations.models.list", LEAD,
        {"name": f"{LEAD}/models/m",
         "encryptionSpec": {"kmsKeyName": f"{key}/cryptoKeyVersions/4"}},
    )  # fmt: skip
    found = read(rig, creators=False, asset_inventory=False, identities=False)
    model = f"//aiplatform.googleapis.com/{LEAD}/models/m"
    assert (model, "configured_by", f"//cloudkms.googleapis.com/{key}") in found.edges
