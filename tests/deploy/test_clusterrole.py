"""The ClusterRole grants what the connector declares, the groups of the catalogue, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from connectors.kubernetes import CONNECTOR
from scanner.kit import cluster_role
from scanner.kit.permissions import notes, permissions, render
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import ResourceForm

MANIFEST = Path(__file__).parents[2] / "deploy/kubernetes/clusterrole.yaml"


def _role() -> dict[str, Any]:
    found: dict[str, Any] = next(yaml.safe_load_all(MANIFEST.read_text()))
    return found


def test_it_is_what_the_connector_and_the_catalogue_say(rulebook: Rulebook) -> None:
    groups = {
        resource.type.partition("/")[0]
        for provider in rulebook.providers
        for resource in provider.resources
        if resource.form is ResourceForm.KUBERNETES
    }

    role, binding = yaml.safe_load_all(MANIFEST.read_text())

    assert role == cluster_role.role(permissions(CONNECTOR.spec), groups), (
        "write deploy/kubernetes/clusterrole.yaml anew by scanner.kit.cluster_role.as_yaml"
    )
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"][0]["kind"] == "ServiceAccount"


def test_nothing_is_changed_and_no_secret_is_read() -> None:
    for rule in _role()["rules"]:
        assert rule["verbs"] == (["get"] if "nonResourceURLs" in rule else ["list"])
        assert "secrets" not in rule.get("resources", [])
        # Of the core and of what is not AI nothing is granted as a whole.
        if "*" in rule.get("resources", []):
            assert not {"", "apps", "batch", "*"} & set(rule["apiGroups"])


def test_what_is_printed_is_a_manifest_and_says_where_the_rest_is() -> None:
    printed = yaml.safe_load(render(CONNECTOR.spec))

    assert printed["kind"] == "ClusterRole"
    assert {"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": ["list"]} in (
        printed["rules"]
    )
    assert any("clusterrole.yaml" in note for note in notes(CONNECTOR.spec))
