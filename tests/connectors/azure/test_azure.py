"""What is read of a subscription with one of everything."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from connectors.azure import TYPES, relations
from connectors.azure.config import AzureConfig, Cloud
from connectors.azure.types import OPTIONS
from scanner.model.errors import ConfigError
from scanner.model.facts import Account, Identity
from tests.azure_rig import estate
from tests.azure_rig.rig import Rig
from tests.connectors.azure.reading import read

SUB = estate.ident(1)
_IN = f"/subscriptions/{SUB}/resourcegroups/rg-one/providers"
CHAT = f"{_IN}/microsoft.cognitiveservices/accounts/chat-one"


def test_every_type_is_found_and_nothing_is_missing(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig, **dict.fromkeys(OPTIONS, True))
    assert not found.errors
    assert not found.gaps
    assert {asset.kind for asset in found.assets.values()} == {kind.kind for kind in TYPES}
    names = {asset.name for asset in found.assets.values()}
    assert not names & {"orders", "plain", "web-1"}, "no vectors, no accelerator"
    assert all(asset.id == asset.id.casefold() for asset in found.assets.values())


def test_an_account_tells_how_it_is_reached_and_by_whom_it_was_made(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig)
    account = found.assets[CHAT]
    assert account.provider == "azure_openai"
    assert account.region == "westeurope"
    assert account.environment == "prod"
    assert account.account == f"/subscriptions/{SUB}"
    assert account.tags["team"] == "support"
    assert set(account.exposure) == {"public", "network rules", "key authentication", "logged"}
    assert found.edges(CHAT) >= {
        ("calls", "provider:azure_openai"),
        ("runs_as", f"azure:principal/{estate.MACHINE}"),
        ("created_by", "azure:person/anna@example.com"),
        ("created_by", "azure:person/ben@example.com"),
        ("writes_to", f"{_IN}/microsoft.operationalinsights/workspaces/logs"),
        ("contains", f"{CHAT}/deployments/reply"),
    }


def test_a_deployment_tells_its_model_and_its_filter(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig)
    reply = found.assets[f"{CHAT}/deployments/reply"]
    assert (reply.models, reply.provider) == (("gpt-4o",), "azure_openai")
    assert reply.tags["model_version"] == "2024-11-20"
    assert "no guardrail" not in reply.exposure
    assert found.edges(reply.id) >= {
        ("derived_from", "provider:openai"),
        ("configured_by", f"{CHAT}/raipolicies/strict"),
    }
    llama = next(a for a in found.assets.values() if a.models == ("Llama-3.3-70B-Instruct",))
    assert llama.provider == "azure_ai"
    assert "no guardrail" in llama.exposure
    assert ("derived_from", "provider:meta_llama") in found.edges(llama.id)


def test_what_a_workspace_reads_and_serves(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig)
    lab = f"{_IN}/microsoft.machinelearningservices/workspaces/lab"
    assert found.edges(lab) >= {
        ("stored_in", f"{_IN}/microsoft.storage/storageaccounts/labdata"),
        ("runs_as", f"azure:principal/{estate.MACHINE}"),
    }
    assert ("serves", f"{lab}/models/fraud") in found.edges(
        f"{lab}/onlineendpoints/score/deployments/blue"
    )
    stored = f"{_IN}/microsoft.storage/storageaccounts/labdata"
    assert ("reads_from", stored) in found.edges(f"{lab}/datastores/raw")
    assert ("reads_from", "https://labdata.blob.core.windows.net/raw") in found.edges(
        f"{lab}/jobs/tune-1"
    )
    assert "key authentication" in found.assets[f"{lab}/onlineendpoints/score"].exposure


def test_only_accounts_that_can_have_them_are_asked_for_deployments(rig: Rig) -> None:
    sub = estate.subscription(rig, 1).id
    rig.show(sub, "Microsoft.CognitiveServices/accounts", "speak", kind="SpeechServices",
             location="westeurope", properties={})  # fmt: skip
    found = read(rig)
    assert found.one("azure.cognitive_account").provider == "azure_speech"
    assert not [call for call in rig.calls if call.endswith(("/deployments", "/projects"))]


def test_hierarchy(rig: Rig) -> None:
    estate.subscription(rig, 1)
    found = read(rig)
    accounts = {item.id: item for item in found.items if isinstance(item, Account)}
    group = "/providers/microsoft.management/managementgroups/unit-1"
    assert accounts[f"/subscriptions/{SUB}"].parent == group  # type: ignore[index]
    assert accounts[f"/subscriptions/{SUB}"].tags == {"env": "prod"}  # type: ignore[index]
    assert {one.kind for one in accounts.values()} == {
        "azure.tenant", "azure.management_group", "azure.subscription",
    }  # fmt: skip


def test_who_may_call_ai_and_what_programs_read(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig)
    machine, person = f"azure:principal/{estate.MACHINE}", f"azure:principal/{estate.PERSON}"
    assert found.edges(machine) == {
        ("reads_from", f"{_IN}/microsoft.storage/storageaccounts/docs"),
    }
    assert found.edges(person) == {("calls", f"/subscriptions/{SUB}#AI")}
    people = [item for item in found.items if isinstance(item, Identity) and item.id == person]
    assert people[0].principal_type == "human"


def test_values_are_read_only_where_it_is_wanted(rig: Rig) -> None:
    estate.whole(rig)
    without = read(rig)
    assert not [call for call in rig.calls if call.endswith("appsettings/list")]
    assert not [one for one in without.contents if one.place.path == "appsettings.json"]
    found = read(rig, read_values=True)
    told = [one for one in found.contents if one.place.path == "appsettings.json"]
    settings, _, slot = told
    assert slot.place.subject.endswith("/slots/staging")
    assert b"OPENAI_BASE_URL" in settings.data


def test_names_of_secrets_may_be_left_out(rig: Rig) -> None:
    estate.whole(rig)
    found = read(rig, secret_names=False)
    assert not [asset for asset in found.assets.values() if asset.kind.startswith("azure.key_v")]
    assert not [call for call in rig.calls if "KeyVault" in call]


def test_pages_are_followed_to_their_end(rig: Rig) -> None:
    rig.page_size = 2
    sub = estate.subscription(rig, 1).id
    for number in range(5):
        account = estate.openai(rig, sub, f"chat-{number}")
        for more in range(4):
            rig.below(account, "deployments", f"more-{more}", properties={})
    found = read(rig, families=("ai",))
    kinds = [asset.kind for asset in found.assets.values()]
    assert kinds.count("azure.cognitive_account") == 5
    assert kinds.count("azure.model_deployment") == 25


def test_a_management_group_chooses_subscriptions(rig: Rig) -> None:
    for number in (1, 2, 6):
        estate.subscription(rig, number)
    found = read(rig, management_groups=("unit-1",))
    assert {one.scope.get("subscription") for one in found.shards} == {
        None, estate.ident(1), estate.ident(6),
    }  # fmt: skip


def test_a_family_that_there_is_not_is_told(rig: Rig) -> None:
    estate.subscription(rig, 1)
    with pytest.raises(ConfigError, match="there is no bedrock"):
        read(rig, families=("bedrock",))


def test_tokens_do_not_go_to_machines_that_were_not_agreed_to() -> None:
    with pytest.raises(ConfigError, match="endpoint_consent"):
        _ = AzureConfig(endpoint_url="https://proxy.example.com").manager
    assert AzureConfig(endpoint_url="https://p.example.com", endpoint_consent=True).manager
    assert AzureConfig(cloud=Cloud.USGOV).manager == "https://management.usgovcloudapi.net"
    assert AzureConfig(cloud=Cloud.CHINA).endpoints.scope.endswith("chinacloudapi.cn/.default")


def test_what_records_name_by_the_way_are_edges_too(rig: Rig) -> None:
    sub = estate.subscription(rig, 1).id
    lead = f"/subscriptions/{sub}/resourceGroups/Rg-One/providers"
    subnet = f"{lead}/Microsoft.Network/virtualNetworks/v/subnets/s"
    private = f"{lead}/Microsoft.Network/privateEndpoints/p"
    rig.show(
        sub, "Microsoft.CognitiveServices/accounts", "Chat", kind="OpenAI", location="westeurope",
        properties={
            "networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]},
            "privateEndpointConnections": [{"properties": {"privateEndpoint": {"id": private}}}],
        },
    )  # fmt: skip
    pools = [{"name": "gpu", "vnetSubnetID": subnet}]
    rig.show(sub, "Microsoft.ContainerService/managedClusters", "kube", location="westeurope",
             properties={"agentPoolProfiles": pools})  # fmt: skip
    secrets = [{"name": "k", "keyVaultUrl": "https://far.vault.azure.net/secrets/openai"}]
    rig.show(sub, "Microsoft.App/containerApps", "bot", location="westeurope", properties={
        "managedEnvironmentId": f"{lead}/Microsoft.App/managedEnvironments/e",
        "configuration": {"secrets": secrets}})  # fmt: skip
    found = read(rig, families=("ai", "workloads"))
    small = lead.casefold()
    account = f"{small}/microsoft.cognitiveservices/accounts/chat"
    assert {("configured_by", subnet.casefold()), ("configured_by", private.casefold())} <= (
        found.edges(account)
    )
    kube = f"{small}/microsoft.containerservice/managedclusters/kube"
    assert ("configured_by", subnet.casefold()) in found.edges(kube)
    assert {
        ("configured_by", f"{small}/microsoft.app/managedenvironments/e"),
        ("authenticates_with", "https://far.vault.azure.net/secrets/openai"),
    } <= found.edges(f"{small}/microsoft.app/containerapps/bot")


def test_a_setting_in_a_vault_leads_to_the_secret_that_its_vault_lists(rig: Rig) -> None:
    sub = estate.whole(rig)
    vault = f"/subscriptions/{sub}/resourcegroups/rg-one/providers/microsoft.keyvault/vaults/keys"
    rig.below(f"/subscriptions/{sub}/resourceGroups/Rg-One/providers/Microsoft.KeyVault/vaults/keys",
              "secrets", "Claude-Api-Key", properties={})  # fmt: skip
    found = read(rig, families=("workloads", "secret-names"))
    secret = f"{vault}/secrets/claude-api-key"
    assert secret in found.assets
    site = f"/subscriptions/{sub}/resourcegroups/rg-one/providers/microsoft.web/sites/front"
    assert ("authenticates_with", secret) in found.edges(site)


@pytest.mark.parametrize(
    ("told", "cloud", "expected"),
    [
        ("https://gov.vault.usgovcloudapi.net/secrets/A", Cloud.USGOV,
         "https://gov.vault.usgovcloudapi.net/secrets/a"),
        ("gov/A", Cloud.USGOV, "https://gov.vault.usgovcloudapi.net/secrets/a"),
        ("cn/A", Cloud.CHINA, "https://cn.vault.azure.cn/secrets/a"),
    ],
)  # fmt: skip
def test_a_secret_of_a_sovereign_cloud_is_at_that_clouds_address(
    told: str, cloud: Cloud, expected: str
) -> None:
    reading = SimpleNamespace(inventory=SimpleNamespace(named=lambda kind, name: ""),
                              access=SimpleNamespace(cloud=cloud))  # fmt: skip
    assert relations.TARGETS["vault_secret"](told, reading) == (expected, None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("https://other.vault.azure.net/secrets/A/1f", "https://other.vault.azure.net/secrets/a"),
        ("other/A", "https://other.vault.azure.net/secrets/a"),
        ("https://evil.example.com/secrets/a", ""), ("a/../b", ""), ("", ""), ("https://[", ""),
    ],
)  # fmt: skip
def test_a_secret_of_a_vault_that_is_not_shown_is_its_address(told: str, expected: str) -> None:
    nothing = SimpleNamespace(named=lambda kind, name: "")
    reading = SimpleNamespace(inventory=nothing, access=SimpleNamespace(cloud=Cloud.PUBLIC))
    assert relations.TARGETS["vault_secret"](told, reading) == (expected, None)


def test_the_activity_log_is_asked_for_providers_of_which_something_is_there(rig: Rig) -> None:
    estate.subscription(rig, 1)
    estate.subscription(rig, 2)
    spark = rig.show(SUB, "Microsoft.Databricks/workspaces", "spark", location="westeurope",
                     properties={"provisioningState": "Succeeded"})  # fmt: skip
    estate.created(rig, SUB, spark)
    found = read(rig, identities=False)
    made = [relation for relation, _ in found.edges(spark.casefold()) if relation == "created_by"]
    assert len(made) == 1
    asked = [call for call in rig.calls if "eventtypes" in call]
    assert len(asked) == 1
    assert SUB in asked[0]


def test_machines_have_the_addresses_of_their_interfaces(rig: Rig) -> None:
    estate.whole(rig)
    rig.page_size = 1
    found = read(rig, families=("compute",), identities=False, creators=False)
    machine = found.one("azure.virtual_machine")
    lead = f"/subscriptions/{estate.ident(1)}/resourcegroups/rg-one/providers/microsoft.network"
    assert machine.name == "gpu-1"
    assert machine.tags["private_address"] == "10.0.0.24, 10.0.0.4, 10.0.1.25, 10.0.1.5"
    assert machine.tags["network"] == f"{lead}/virtualnetworks/main"
    assert machine.tags["network_interface"] == (
        f"{lead}/networkinterfaces/gpu-1-4, {lead}/networkinterfaces/gpu-1-5"
    )


def test_without_the_right_to_see_interfaces_machines_have_no_addresses(rig: Rig) -> None:
    """A detail of theirs: no less is covered."""
    estate.whole(rig, refused=("Microsoft.Network/networkInterfaces/read",))
    found = read(rig, families=("compute",), identities=False, creators=False)
    assert "private_address" not in found.one("azure.virtual_machine").tags
    assert not found.errors
    assert not found.gaps
