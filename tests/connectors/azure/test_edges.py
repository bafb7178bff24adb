"""Every edge that Azure's answers give: a field that is the id of something else is one, or is left
out for a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.azure.types import TYPES
from scanner.kit.tables import ResourceType
from tests.azure_rig import described
from tests.connectors.azure.test_tables import _model

_NAMES_SOMETHING = re.compile(
    r"(?i)(resourceId|armId|subnetId|subnetUri|keyVaultUr[il]|keyUr[il]|keyIdentifier|keyVaultId"
    r"|vaultBaseUrl|^id$|^subnet$|environmentId|registryId|clusterId|computeId|accountUrl)"
)
_DEEP = 6
"""Models below each other that are looked into."""
_REVIEWED: Mapping[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "reviewed_fields.yaml").read_text()
)


def _texts(file: str, model: str, at: str, above: tuple[str, ...]) -> Iterator[str]:
    """Paths of all texts of a record."""
    models = described.files()[file]["models"]
    if model in above or len(above) > _DEEP:
        return
    for name, shape in models.get(model, {}).items():
        path, inner = f"{at}.{name}".lstrip("."), shape
        while isinstance(inner, (list, dict)):
            path += "[]" if isinstance(inner, list) else ".*"
            inner = inner[0] if isinstance(inner, list) else next(iter(inner.values()), "")
        if inner == "str":
            yield path
        elif inner in models:
            yield from _texts(file, inner, path, (*above, model))


def _unread(kind: ResourceType, reviewed: list[re.Pattern[str]]) -> Iterator[str]:
    whole = kind.detail if kind.detail and not kind.detail.items else None
    known = [_model(call) for call in (kind.list, whole) if call]
    read_as: set[Any] = {
        *(one.path for one in (*kind.edges, *kind.exposure)), *kind.environment,
        *(one.rpartition("=")[2] for one in kind.settings), *kind.facts.values(),
        *kind.models, *kind.aliases,
    }  # fmt: skip
    for path in dict.fromkeys(
        path for one in known if one for path in _texts(*one, "", ())
    ):  # fmt: skip
        leads = _NAMES_SOMETHING.search(path.rpartition(".")[2].removesuffix("[]"))
        if leads and path not in read_as and not any(one.search(path) for one in reviewed):
            yield path


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_what_is_an_id_is_an_edge_or_left_out_for_a_reason(kind: ResourceType) -> None:
    reviewed = [re.compile(one) for found in _REVIEWED.values() for one in found]
    assert not list(_unread(kind, reviewed))


def test_a_field_that_is_in_no_table_is_found() -> None:
    (kind,) = (one for one in TYPES if one.kind == "azure.aks_cluster")
    bare = ResourceType(kind="x", asset_class=kind.asset_class, service="x", id="x", name="x",
                        list=kind.list, describes="", reference="")  # fmt: skip
    assert "properties.agentPoolProfiles[].vnetSubnetID" in set(_unread(bare, []))
