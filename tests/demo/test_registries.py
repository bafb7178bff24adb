"""The demo company against registries as companies keep them: a workbook, Backstage and MLflow at
once. The same AI is registered, whoever says so, and each word counts where it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from scanner.app.config import load
from scanner.app.pipeline import Result, Settings, scan
from scanner.demo.run import company, environment
from tests.reconcile.registry_world import Answer, Asked, ok, serving

_FRAUD = "arn:aws:sagemaker:us-east-1:{account}:endpoint/fraud-scoring"


def _workbook(path: Path, account: str) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["Nr", "System", "Contact", "Phase", "Vendor", "Resource", "Code"])
    page.append([1, "Fraud scoring", "fraud-team@example.com", "Live", "aws_sagemaker",
                 _FRAUD.format(account=account), None])  # fmt: skip
    page.append([2, "Support reply drafter", "support@example.com", "Live", "openai", None,
                 "github.com/example-corp/support-portal"])  # fmt: skip
    page.append([3, "Nobody's bot", None, "Trial", "", None, None])
    book.save(path)


_MAPPING = """\
id: office
name: The workbook of the risk office
reference: https://wiki.example/inventory
identity: {id: Nr, prefix: "RO/"}
fields:
  name: System
  owner: Contact
  stage: {from: Phase, values: {Live: production, Trial: pilot}}
  approved.providers: Vendor
bindings:
  - {type: arn, value: Resource}
  - {type: repo, value: Code}
"""


def _backstage(asked: Asked) -> Answer:
    return ok({"items": [{
        "kind": "Component", "metadata": {"name": "policy-search", "namespace": "default",
            "annotations": {"ai-registry/providers": "aws_bedrock",
                            "ai-registry/bindings": _AGENTS[0]}},
        "spec": {"type": "ai-agent", "lifecycle": "production", "owner": "group:default/legal"},
    }], "pageInfo": {}})  # fmt: skip


def _mlflow(asked: Asked) -> Answer:
    tags = [{"key": "arn", "value": _FRAUD.format(account=_ACCOUNTS[0])},
            {"key": "owner", "value": "ml-platform@example.com"}]  # fmt: skip
    return ok({"registered_models": [{"name": "fraud-scoring", "tags": tags,
                                      "last_updated_timestamp": 1}]})  # fmt: skip


_AGENTS, _ACCOUNTS = [""], [""]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    root = tmp_path_factory.mktemp("registries")
    with company(root) as file:
        text = (root / "registry.yaml").read_text()
        _ACCOUNTS[0] = text.partition(":us-east-1:")[2].partition(":")[0]
        first = scan(load(file), settings=Settings(environ=environment()), url="sqlite://")
        _AGENTS[0] = next(str(a.id) for a in first.situation.graph.assets()
                          if a.name == "policy-handbook")  # fmt: skip
        _workbook(root / "inventory.xlsx", _ACCOUNTS[0])
        (root / "office.yaml").write_text(_MAPPING)
        with serving(_backstage) as backstage, serving(_mlflow) as mlflow:
            file.write_text(
                file.read_text().replace('files = ["registry.yaml"]', 'files = []\n'
                'precedence = {owner = ["models"]}\n'
                f'[registry.origins.office]\nkind = "office.yaml"\npath = "inventory.xlsx"\n'
                f'[registry.origins.catalog]\nkind = "backstage"\nurl = "{backstage.url}"\n'
                f'[registry.origins.models]\nkind = "mlflow"\nurl = "{mlflow.url}"\n')
            )  # fmt: skip
            yield scan(load(file), settings=Settings(environ=environment()))


def _rows(result: Result) -> dict[str, Any]:
    return {row.name: row.registry for row in result.document.assets}


def test_a_workbook_a_catalog_and_a_model_registry_register_what_is_there(result: Result) -> None:
    rows = _rows(result)
    fraud = rows["fraud-scoring"]
    assert (fraud.status, fraud.entry) == ("drifted", "RO/1")  # MLflow names another owner
    assert [row.partition(":")[0] for row in fraud.drift] == ["owner"]
    portal = rows["OpenAI in example-corp/support-portal"]
    assert (portal.status, portal.entry) == ("registered", "RO/2")
    assert rows["policy-handbook"].entry == "backstage/component/default/policy-search"
    assert rows["Anthropic in example-corp/support-portal"].status == "unregistered"


def test_one_system_of_two_registries_is_one_entry_with_each_word_where_it_counts(
    result: Result,
) -> None:
    entries = {row.entry.id: row.entry for row in result.situation.reconciliation.entries}
    assert set(entries) == {"RO/1", "RO/2", "RO/3", "backstage/component/default/policy-search"}
    fraud = entries["RO/1"]
    assert (fraud.owner, fraud.provenance["owner"]) == ("ml-platform@example.com", "models")
    assert fraud.provenance["stage"] == "office"
    assert {s.id for s in fraud.source_ids} >= {"1", "mlflow/fraud-scoring"}
    assert any("owner: office says fraud-team@example.com" in w for w in result.document.warnings)


def test_what_is_registered_and_not_there_is_told_with_why(result: Result) -> None:
    row = next(r for r in result.document.registry if r.id == "RO/3")
    assert "not_verifiable" in row.outcomes
    assert "ownerless" in row.outcomes
