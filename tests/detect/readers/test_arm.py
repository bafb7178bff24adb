"""Bicep and ARM templates: accounts by kind, deployments by model, roles by id."""

from __future__ import annotations

import json

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags

BICEP = """\
param location string = 'swedencentral'
param modelName string = 'gpt-4o'
// resource old 'Microsoft.ZzAi/accounts@2023-05-01' = {}
resource account 'Microsoft.ZzAi/accounts@2023-05-01' = {
  name: 'acc'
  location: location
  kind: 'OpenAI'
  sku: { name: 'S0' }

  resource gpt 'deployments' = {
    name: 'chat'
    properties: {
      model: {
        format: 'OpenAI'
        name: modelName
        version: '2024-08-06'
      }
    }
  }
}
resource known 'Microsoft.ZzAi/workspaces@2023-05-01' existing = {
  name: 'w'
}
resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  kind: 'StorageV2'
}
var more = [
  {
    model: {
      format: 'OpenAI'
      name: 'text-embedding-3-large'
      version: '1'
    }
  }
]
resource vm 'Microsoft.Compute/virtualMachines@2023-01-01' = {
  properties: { hardwareProfile: { vmSize: 'Standard_NC24ads_A100_v4' } }
}
"""


def test_bicep() -> None:
    hits = examined(BICEP, "infra/main.bicep")

    account, child, existing = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (account.part, account.line) == ("resource/Microsoft.ZzAi/accounts:account", 4)
    assert tags(account)["region"] == "swedencentral"
    assert tags(account)["kind"] == "OpenAI"
    assert (child.part, child.line) == ("resource/Microsoft.ZzAi/accounts/deployments:gpt", 10)
    assert child.models == ("gpt-4o-2024-08-06",)
    assert (existing.part, existing.provider, existing.line) == ("", "zz_test_cloud", 21)
    (loose,) = [h for h in hits if h.kind is HitKind.MODEL and h.label.startswith("text-embed")
                and h.label.endswith("-1")]  # fmt: skip
    assert (loose.provider, loose.line) == ("azure_openai", 29)
    (gpu,) = [hit for hit in hits if hit.kind is HitKind.COMPUTE]
    assert (gpu.label, gpu.line) == ("Standard_NC24ads_A100_v4", 37)


def test_verified_modules() -> None:
    text = """\
module ai 'br/public:avm/res/zz-ai/account:0.7.1' = {
  params: {
    kind: 'AIServices'
  }
}
module other 'br/public:avm/res/storage/storage-account:0.9.0' = {
}
"""
    (hit,) = examined(text, "main.bicep", HitKind.RESOURCE)

    assert (hit.part, hit.line) == ("resource/Microsoft.ZzAi/accounts:ai", 1)


@pytest.mark.parametrize(
    ("text", "label", "line"),
    [
        ("resource r 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  properties: {\n"
         "    roleDefinitionId: resourceId('Microsoft.Authorization/roleDefinitions', "
         "'5e0bd9bd-7b93-4f28-af87-19fc36ad61bd')\n    principalId: p\n  }\n}\n",
         "Cognitive Services OpenAI User", 3),
        ("var openAiRole = 'a001fd3d-188f-4b5d-821b-7da978bf7442'\n"
         "resource r 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  properties: {\n"
         "    roleDefinitionId: subscriptionResourceId(\n"
         "      'Microsoft.Authorization/roleDefinitions',\n      openAiRole\n    )\n  }\n}\n",
         "Cognitive Services OpenAI Contributor", 4),
        ("  roleDefinitionIdOrName: 'Cognitive Services OpenAI User'\n",
         "Cognitive Services OpenAI User", 1),
    ],
)  # fmt: skip
def test_role_assignments(text: str, label: str, line: int) -> None:
    (hit,) = examined(text, "roles.bicep", HitKind.GRANT)

    assert (hit.part, hit.label, hit.line) == ("grant/azure_openai", label, line)


@pytest.mark.parametrize(
    "text",
    [
        "var roles = {\n  'Cognitive Services OpenAI User': subscriptionResourceId("
        "'Microsoft.Authorization/roleDefinitions', '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd')\n}\n",
        "roleDefinitionId: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'\n",
        "// roleDefinitionId: '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'\n",
        "resource s 'Microsoft.Storage/storageAccounts@2024-01-01' = {\n}\n",
        "param model string = 'x'\nvar y = { model: { name: 'x' } }\n",
    ],
)
def test_a_table_of_roles_grants_nothing(text: str) -> None:
    hits = examined(text, "roles.bicep")

    assert [hit for hit in hits if hit.part or hit.kind is HitKind.MODEL] == []


def test_an_arm_template() -> None:
    document = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {"model": {"type": "string", "defaultValue": "gpt-4o-mini"}},
        "variables": {"role": "[resourceId('x', '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd')]"},
        "resources": [
            {
                "type": "Microsoft.ZzAi/accounts",
                "apiVersion": "2023-05-01",
                "name": "[parameters('account')]",
                "kind": "OpenAI",
                "location": "westeurope",
                "resources": [
                    {
                        "type": "deployments",
                        "name": "chat",
                        "properties": {
                            "model": {"format": "OpenAI", "name": "[parameters('model')]",
                                      "version": "2024-07-18"}
                        },
                    }
                ],
            },
            {
                "type": "Microsoft.Authorization/roleAssignments",
                "properties": {"roleDefinitionId": "[variables('role')]", "principalId": "x"},
            },
        ],
    }  # fmt: skip
    hits = examined(json.dumps(document, indent=1), "azuredeploy.json")

    account, child = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (account.part, account.line) == ("resource/Microsoft.ZzAi/accounts:account", 14)
    assert tags(account) == {"kind": "OpenAI", "region": "westeurope"}
    assert (child.part, child.models) == (
        "resource/Microsoft.ZzAi/accounts/deployments:chat", ("gpt-4o-mini-2024-07-18",),
    )  # fmt: skip
    (grant,) = [hit for hit in hits if hit.kind is HitKind.GRANT]
    assert grant.part == "grant/azure_openai"


def test_a_template_that_bicep_wrote_is_generated() -> None:
    document = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "metadata": {"_generator": {"name": "bicep"}},
        "resources": [
            {"type": "Microsoft.ZzAi/accounts",
             "name": "[format('{0}/{1}', variables('account'), parameters('deployment'))]"},
        ],
    }  # fmt: skip
    (hit,) = examined(json.dumps(document, indent=1), "infra/main.json", HitKind.RESOURCE)

    assert (hit.part, str(hit.context)) == (
        "resource/Microsoft.ZzAi/accounts:deployment", "generated",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.bicep", "resource x 'Microsoft.ZzAi/accounts@2023' = " * 3000),
        ("a.bicep", "resource x 'deployments' = {\n" * 5000),
        ("a.bicep", "'''" + "model: {" * 20_000),
        ("a.bicep", "model: {\nformat: 'x'\nname: 'y'\n" * 3000),
        ("a.bicep", "roleDefinitionId: " * 5000),
        ("a.json", '{"resources": [{"type": 1}, {"type": "a"}, [], null], '
         '"x": "deploymentTemplate.json"}'),
        ("a.json", '{"resources": {"a": {"type": "Microsoft.ZzAi/accounts", "properties": 3, '
         '"sku": [], "name": {}}}, "variables": [], "parameters": 1, '
         '"x": "deploymentTemplate.json"}'),
    ],
)  # fmt: skip
def test_hostile_templates(path: str, text: str) -> None:
    examined(text, path)
