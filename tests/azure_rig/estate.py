"""What a subscription of a company that uses AI may hold: one of all that the scanner lists."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.azure_rig.rig import TENANT, Rig, Subscription

ROOT = (TENANT, "Tenant Root Group")
FOUNDRY = "foundry.services.ai.azure.com"
ANNA = "anna@example.com"
_BY_ANNA = {"createdBy": ANNA, "createdByType": "User", "createdAt": "2026-10-01T08:00:00Z"}
MACHINE, PERSON = "aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"
DEFINITION = "/providers/Microsoft.Authorization/roleDefinitions/{}"
OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_DEFINITIONS = {
    # https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
    OPENAI_USER: (
        "Cognitive Services OpenAI User",
        {"actions": ["Microsoft.CognitiveServices/*/read"], "notActions": [], "notDataActions": [],
         "dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*/read",
                         "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"]},
    ),
    BLOB_READER: (
        "Storage Blob Data Reader",
        {"actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
         "notActions": [], "notDataActions": [],
         "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]},
    ),
}  # fmt: skip


def ident(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def subscription(rig: Rig, number: int, **fields: Any) -> Subscription:
    group = (f"unit-{number % 5}", f"Unit {number % 5}")
    given = {"groups": (group, ROOT), "tags": {"env": "prod"}, **fields}
    return rig.subscribe(Subscription(ident(number), f"team-{number}", **given))


def roles(rig: Rig) -> None:
    for role, (name, permissions) in _DEFINITIONS.items():
        rig.authorize(
            "Microsoft.Authorization/roleDefinitions", DEFINITION.format(role), "",
            roleName=name, type="BuiltInRole", permissions=[permissions], assignableScopes=["/"],
        )  # fmt: skip


def define(rig: Rig, role: str, name: str, **permissions: list[str]) -> None:
    whole = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}
    rig.authorize(
        "Microsoft.Authorization/roleDefinitions", DEFINITION.format(role), "",
        roleName=name, type="BuiltInRole", permissions=[{**whole, **permissions}],
        assignableScopes=["/"],
    )  # fmt: skip


def assign(rig: Rig, sub: str, scope: str, role: str, who: str, kind: str) -> None:
    rig.authorize(
        "Microsoft.Authorization/roleAssignments",
        f"{scope}/providers/Microsoft.Authorization/roleAssignments/{role[:8]}-{who[-4:]}", sub,
        roleDefinitionId=DEFINITION.format(role), principalId=who, principalType=kind, scope=scope,
    )  # fmt: skip


def openai(rig: Rig, sub: str, name: str = "Chat-One") -> str:
    """An account with one deployment."""
    account = rig.show(
        sub, "Microsoft.CognitiveServices/accounts", name, kind="OpenAI", location="westeurope",
        sku={"name": "S0"}, tags={"team": "support"}, systemData=_BY_ANNA,
        identity={"type": "SystemAssigned", "principalId": MACHINE, "tenantId": TENANT},
        properties={
            "endpoint": f"https://{name.lower()}.openai.azure.com/",
            "publicNetworkAccess": "Enabled", "provisioningState": "Succeeded",
            "disableLocalAuth": False, "networkAcls": {"defaultAction": "Deny"},
            "encryption": {"keySource": "Microsoft.KeyVault",
                           "keyVaultProperties": {"keyVaultUri": "https://keys.vault.azure.net"}},
        },
    )  # fmt: skip
    rig.below(
        account, "deployments", "Reply", sku={"name": "GlobalStandard", "capacity": 30},
        systemData=_BY_ANNA,
        properties={
            "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-11-20"},
            "raiPolicyName": "Strict", "provisioningState": "Succeeded",
        },
    )  # fmt: skip
    rig.below(
        account, "raiPolicies", "Strict", properties={"mode": "Default", "basePolicyName": "Base"}
    )
    rig.below(
        account, "providers/Microsoft.Insights/diagnosticSettings", "to-logs",
        properties={
            "workspaceId": f"/subscriptions/{sub}/resourceGroups/rg-one/providers/"
            "Microsoft.OperationalInsights/workspaces/Logs",
            "logs": [{"category": "RequestResponse", "enabled": True}],
        },
    )  # fmt: skip
    return account


def foundry(rig: Rig, sub: str) -> None:
    account = rig.show(
        sub, "Microsoft.CognitiveServices/accounts", "foundry", kind="AIServices",
        location="swedencentral", sku={"name": "S0"},
        properties={"publicNetworkAccess": "Disabled", "disableLocalAuth": True,
                    "networkAcls": {"defaultAction": "Allow"},
                    "endpoint": "https://foundry.cognitiveservices.azure.com/",
                    "endpoints": {"AI Foundry API": f"https://{FOUNDRY}/"}},
    )  # fmt: skip
    rig.below(account, "deployments", "llama", sku={"name": "Standard"}, properties={
        "model": {"format": "Meta", "name": "Llama-3.3-70B-Instruct", "version": "4"}})  # fmt: skip
    rig.below(account, "defenderForAISettings", "Default", properties={"state": "Enabled"})
    search = (
        f"/subscriptions/{sub}/resourceGroups/Rg-One/providers/Microsoft.Search/searchServices/Find"
    )
    rig.below(account, "connections", "search", properties={
        "category": "CognitiveSearch", "authType": "AAD", "target": "https://find.search.windows.net",
        "metadata": {"ResourceId": search}})  # fmt: skip
    rig.below(account, "capabilityHosts", "agents", properties={
        "capabilityHostKind": "Agents", "vectorStoreConnections": ["search"]})  # fmt: skip
    rig.below(account, "managedComputeDeployments", "own", properties={
        "model": "azureml://registries/azureml/models/phi-4/versions/1",
        "acceleratorType": "H100", "totalAccelerators": 2})  # fmt: skip
    rig.below(account, "adapterDeployments", "tuned", properties={
        "targetDeploymentName": "llama", "sourceModelId": "Llama-3.3-70B-tuned"})  # fmt: skip
    rig.below(account, "arcDeployments", "on-site", properties={
        "runtime": "vllm", "inferenceEndpoint": "https://llm.lan.example.com"})  # fmt: skip
    rig.below(account, "computes", "box", properties={"computeType": "Instance"})
    project = rig.below(
        account,
        "projects",
        "helpdesk",
        location="swedencentral",
        systemData=_BY_ANNA,
        properties={
            "displayName": "Helpdesk",
            "provisioningState": "Succeeded",
            "endpoints": {"AI Foundry API": f"https://{FOUNDRY}/api/projects/helpdesk"},
        },
    )
    rig.below(project, "connections", "files", properties={
        "category": "AzureStorageAccount", "authType": "AAD",
        "target": "https://files.blob.core.windows.net/documents"})  # fmt: skip
    rig.below(project, "capabilityHosts", "agents", properties={
        "vectorStoreConnections": ["files"], "provisioningState": "Succeeded"})  # fmt: skip
    application = rig.below(project, "applications", "answerer", systemData=_BY_ANNA, properties={
        "displayName": "Answerer", "baseUrl": "https://foundry.services.ai.azure.com/a",
        "agents": [{"agentName": "answerer"}]})  # fmt: skip
    rig.below(application, "agentDeployments", "v1", properties={
        "deploymentType": "Managed", "state": "Running",
        "agents": [{"agentName": "answerer", "agentVersion": "1"}]})  # fmt: skip
    rig.below(project, "workbenches", "bench", properties={
        "instanceType": "Standard_NC24ads_A100_v4", "gpuCount": 1})  # fmt: skip


def planes(rig: Rig, sub: str) -> None:
    """What the services of :func:`whole` tell by themselves."""
    project = (
        f"/subscriptions/{sub}/resourceGroups/Rg-One/providers/Microsoft.CognitiveServices/accounts/"
        "foundry/projects/helpdesk"
    )
    rig.tell(FOUNDRY, "/api/projects/helpdesk/agents", {
        "id": "answerer", "name": "answerer", "object": "agent", "state": "enabled",
        "instance_identity": {"principal_id": MACHINE, "client_id": PERSON},
        "versions": {"latest": {"id": "answerer:2", "version": "2", "definition": {
            "kind": "prompt", "model": "gpt-5", "instructions": "Be kind.",
            "tools": [
                {"type": "mcp", "server_label": "crm", "server_url": "https://mcp.example.com/x"},
                {"type": "azure_ai_search", "azure_ai_search": {"indexes": [
                    {"index_name": "docs", "project_connection_id": f"{project}/connections/files"}]}},
            ]}}}})  # fmt: skip
    rig.tell(FOUNDRY, "/api/projects/helpdesk/assistants", *(
        {"id": f"asst_{number}", "name": f"old-{number}", "model": "gpt-4o", "object": "assistant",
         "tools": [{"type": "file_search"}]} for number in range(3)))  # fmt: skip
    rig.tell("chat-one.openai.azure.com", "/openai/fine_tuning/jobs", *(
        {"id": f"ftjob-{number}", "object": "fine_tuning.job", "model": "gpt-4o-2024-08-06",
         "fine_tuned_model": "gpt-4o-2024-08-06.ft-1", "status": "succeeded",
         "training_file": "file-1"} for number in range(3)))  # fmt: skip
    rig.tell("foundry.cognitiveservices.azure.com", "/openai/fine_tuning/jobs")
    vectorizer = {"name": "v", "kind": "azureOpenAI", "azureOpenAIParameters": {
        "resourceUri": "https://chat-one.openai.azure.com", "deploymentId": "Embed",
        "modelName": "text-embedding-3-large"}}  # fmt: skip
    find = "find.search.windows.net"
    rig.tell(find, "/indexes", {"name": "docs", "vectorSearch": {"vectorizers": [vectorizer]},
        "fields": [{"name": "body", "type": "Edm.String", "vectorSearchProfile": "p"}]})  # fmt: skip
    storage = f"/subscriptions/{sub}/resourceGroups/rg-one/providers/Microsoft.Storage/storageAccounts/Docs"
    rig.tell(find, "/datasources", {"name": "blobs", "type": "azureblob",
        "credentials": {"connectionString": f"ResourceId={storage}/;"},
        "container": {"name": "manuals"}})  # fmt: skip
    rig.tell(find, "/skillsets", {"name": "enrich", "skills": [
        {"@odata.type": "#Microsoft.Skills.Custom.WebApiSkill", "uri": "https://fn.example.com/s"},
        {"@odata.type": "#Microsoft.Skills.Text.AzureOpenAIEmbeddingSkill",
         "resourceUri": "https://chat-one.openai.azure.com", "modelName": "text-embedding-3-large",
         "apiKey": "not-a-real-key"}]})  # fmt: skip
    rig.tell(find, "/indexers", {"name": "nightly", "dataSourceName": "blobs",
        "targetIndexName": "docs", "skillsetName": "enrich"})  # fmt: skip
    rig.tell("adb-1.1.azuredatabricks.net", "/api/2.0/serving-endpoints", {
        "name": "claude", "creator": ANNA, "state": {"ready": "READY"}, "task": "llm/v1/chat",
        "config": {"served_entities": [{"name": "c", "external_model": {
            "provider": "anthropic", "name": "claude-opus-5", "task": "llm/v1/chat"}}]}})  # fmt: skip


def machine_learning(rig: Rig, sub: str) -> None:
    inside = f"/subscriptions/{sub}/resourceGroups/rg-one/providers"
    workspace = rig.show(
        sub, "Microsoft.MachineLearningServices/workspaces", "Lab", kind="Hub",
        location="northeurope", sku={"name": "Basic"}, systemData=_BY_ANNA,
        identity={"type": "UserAssigned", "userAssignedIdentities": {
            f"{inside}/Microsoft.ManagedIdentity/userAssignedIdentities/lab":
                {"principalId": MACHINE, "clientId": PERSON}}},
        properties={
            "friendlyName": "Lab", "publicNetworkAccess": "Enabled",
            "storageAccount": f"{inside}/Microsoft.Storage/storageAccounts/LabData",
            "keyVault": f"{inside}/Microsoft.KeyVault/vaults/labkeys",
            "applicationInsights": f"{inside}/Microsoft.Insights/components/lab",
        },
    )  # fmt: skip
    endpoint = rig.below(
        workspace, "onlineEndpoints", "Score", location="northeurope", systemData=_BY_ANNA,
        properties={"authMode": "Key", "publicNetworkAccess": "Enabled",
                    "scoringUri": "https://score.northeurope.inference.ml.azure.com/score"},
    )  # fmt: skip
    rig.below(endpoint, "deployments", "blue", location="northeurope", properties={
        "endpointComputeType": "Managed", "instanceType": "Standard_NC6s_v3",
        "model": f"{workspace}/models/fraud/versions/3",
        "environmentVariables": {"MODEL_HOST": "https://api.openai.com/v1"}})  # fmt: skip
    batch = rig.below(workspace, "batchEndpoints", "nightly", location="northeurope", properties={
        "authMode": "AADToken"})  # fmt: skip
    rig.below(batch, "deployments", "one", location="northeurope", properties={
        "model": {"referenceType": "Id", "assetId": f"{workspace}/models/fraud/versions/3"}})  # fmt: skip
    rig.below(workspace, "serverlessEndpoints", "mistral", location="northeurope", properties={
        "authMode": "Key", "endpointState": "Online",
        "modelSettings": {"modelId": "azureml://registries/azureml-mistral/models/Mistral-large"}})  # fmt: skip
    rig.below(workspace, "marketplaceSubscriptions", "mistral", properties={
        "modelId": "azureml://registries/azureml-mistral/models/Mistral-large",
        "marketplaceSubscriptionStatus": "Subscribed"})  # fmt: skip
    rig.below(workspace, "computes", "anna1", location="northeurope", systemData=_BY_ANNA, properties={
        "computeType": "ComputeInstance", "properties": {"vmSize": "Standard_NC6s_v3"}})  # fmt: skip
    rig.below(workspace, "computes", "cluster", location="northeurope", properties={
        "computeType": "AmlCompute", "properties": {"vmSize": "Standard_ND96asr_v4"}})  # fmt: skip
    rig.below(workspace, "connections", "aoai", properties={
        "category": "AzureOpenAI", "authType": "ApiKey",
        "target": "https://chat-one.openai.azure.com/"})  # fmt: skip
    rig.below(workspace, "datastores", "raw", properties={
        "datastoreType": "AzureBlob", "accountName": "LabData", "subscriptionId": sub, "resourceGroup": "rg-one", "containerName": "raw",
        "credentials": {"credentialsType": "AccountKey"}})  # fmt: skip
    rig.below(workspace, "models", "fraud", systemData=_BY_ANNA, properties={"latestVersion": "3"})
    rig.below(workspace, "jobs", "tune-1", systemData=_BY_ANNA, properties={
        "jobType": "Command", "status": "Completed", "experimentName": "fraud",
        "command": "python train.py",
        "inputs": {"data": {"jobInputType": "uri_folder",
                            "uri": "https://labdata.blob.core.windows.net/raw/2026"}}})  # fmt: skip
    rig.below(workspace, "schedules", "weekly", properties={
        "displayName": "weekly", "isEnabled": True, "action": {"actionType": "CreateJob"}})  # fmt: skip
    registry = rig.show(
        sub,
        "Microsoft.MachineLearningServices/registries",
        "shared",
        location="northeurope",
        properties={"publicNetworkAccess": "Disabled"},
    )
    rig.below(registry, "models", "common", properties={"latestVersion": "1"})


def platforms(rig: Rig, sub: str) -> None:
    find = rig.show(
        sub, "Microsoft.Search/searchServices", "Find", location="westeurope",
        sku={"name": "standard"},
        properties={"status": "running", "publicNetworkAccess": "enabled",
                    "endpoint": "https://find.search.windows.net", "disableLocalAuth": False},
    )  # fmt: skip
    rig.below(find, "sharedPrivateLinkResources", "docs", properties={
        "groupId": "blob", "privateLinkResourceId": f"/subscriptions/{sub}/resourceGroups/rg-one/"
        "providers/Microsoft.Storage/storageAccounts/Docs"})  # fmt: skip
    bot = rig.show(sub, "Microsoft.BotService/botServices", "Greeter", kind="azurebot",
        location="global", properties={
            "displayName": "Greeter", "endpoint": "https://greeter.example.com/api/messages",
            "msaAppId": PERSON, "enabledChannels": ["webchat", "msteams"]})  # fmt: skip
    rig.below(bot, "connections", "graph", properties={"serviceProviderDisplayName": "AAD v2"})
    rig.show(sub, "Microsoft.Databricks/workspaces", "Bricks", location="westeurope",
        sku={"name": "premium"}, properties={"workspaceUrl": "adb-1.1.azuredatabricks.net",
                                             "publicNetworkAccess": "Enabled"})  # fmt: skip
    rig.show(sub, "Microsoft.Synapse/workspaces", "syn", location="westeurope",
             properties={"publicNetworkAccess": "Enabled"})  # fmt: skip
    rig.show(sub, "Microsoft.Fabric/capacities", "fab", location="westeurope",
        sku={"name": "F64", "tier": "Fabric"},
        properties={"state": "Active", "administration": {"members": [ANNA]}})  # fmt: skip
    rig.show(sub, "Microsoft.DocumentDB/databaseAccounts", "vectors", location="westeurope",
        properties={"capabilities": [{"name": "EnableNoSQLVectorSearch"}]})  # fmt: skip
    rig.show(sub, "Microsoft.DocumentDB/databaseAccounts", "orders", location="westeurope",
             properties={"capabilities": []})  # fmt: skip
    rig.show(sub, "Microsoft.DocumentDB/mongoClusters", "vec", location="westeurope",
             properties={"publicNetworkAccess": "Disabled", "serverVersion": "8.0"})  # fmt: skip
    for name, extensions in (("pgv", "VECTOR,AZURE_AI"), ("plain", "uuid-ossp")):
        server = rig.show(sub, "Microsoft.DBforPostgreSQL/flexibleServers", name,
            location="westeurope", properties={"state": "Ready"})  # fmt: skip
        record = {"id": f"{server}/configurations/azure.extensions", "name": "azure.extensions",
                  "properties": {"value": extensions, "source": "user-override"}}  # fmt: skip
        rig._hold("postgresql", "Configuration", record)
        rig.things[record["id"].casefold()] = record
    redis = rig.show(sub, "Microsoft.Cache/redisEnterprise", "cache", location="westeurope",
                     properties={"hostName": "cache.westeurope.redis.azure.net"})  # fmt: skip
    rig.below(redis, "databases", "default", properties={"modules": [{"name": "RediSearch"}]})


def workloads(rig: Rig, sub: str) -> None:
    rig.show(sub, "Microsoft.App/containerApps", "chatter", location="westeurope", properties={
        "configuration": {"ingress": {"external": True, "fqdn": "chatter.example.net"}},
        "template": {"containers": [{
            "name": "main", "image": "vllm/vllm-openai:v0.6",
            "env": [{"name": "OPENAI_API_KEY", "secretRef": "openai"}]}]}})  # fmt: skip
    rig.show(sub, "Microsoft.App/jobs", "embedder", location="westeurope", properties={
        "template": {"containers": [{"name": "e", "image": "ghcr.io/acme/embed:1"}]}})  # fmt: skip
    rig.show(sub, "Microsoft.ContainerInstance/containerGroups", "llama", location="westeurope",
        properties={"osType": "Linux", "containers": [{
            "name": "o", "properties": {"image": "ollama/ollama:latest", "environmentVariables": [
                {"name": "OLLAMA_HOST", "value": "0.0.0.0"}]}}]})  # fmt: skip
    rig.show(sub, "Microsoft.ContainerService/managedClusters", "kube", location="westeurope",
        properties={"agentPoolProfiles": [
            {"name": "sys", "vmSize": "Standard_D4s_v5"},
            {"name": "gpu", "vmSize": "Standard_NC24ads_A100_v4"}]})  # fmt: skip
    site = rig.show(sub, "Microsoft.Web/sites", "front", kind="functionapp", location="westeurope",
        properties={"state": "Running", "defaultHostName": "front.azurewebsites.net"})  # fmt: skip
    rig.things[f"{site}/config/appsettings".casefold()] = {
        "id": f"{site}/config/appsettings", "name": "appsettings",
        "properties": {"OPENAI_BASE_URL": "https://api.openai.com/v1"},
    }  # fmt: skip
    names = {"id": f"{site}/config/slotConfigNames", "name": "slotConfigNames",
             "properties": {"appSettingNames": ["ANTHROPIC_API_KEY", "COLOUR"]}}  # fmt: skip
    rig._hold("web", "SlotConfigNamesResource", names)
    rig.things[f"{site}/config/slotConfigNames".casefold()] = names
    rig.below(site, "config/configreferences/appsettings", "GEMINI_API_KEY", properties={
        "vaultName": "Keys", "secretName": "claude-api-key", "status": "Resolved",
        "reference": "@Microsoft.KeyVault(VaultName=Keys;SecretName=claude-api-key)"})  # fmt: skip
    rig.show(sub, "Microsoft.Web/sites", "helper", kind="app,linux,container",
             location="westeurope", properties={"state": "Running"})  # fmt: skip
    helper = f"{site.rpartition('/')[0]}/helper"
    rig.things[f"{helper}/config/appsettings".casefold()] = {
        "id": f"{helper}/config/appsettings", "name": "appsettings", "properties": {},
    }  # fmt: skip
    rig.below(helper, "sitecontainers", "main", properties={
        "image": "docker.io/langflowai/langflow:1.4", "isMain": True,
        "environmentVariables": [{"name": "COHERE_API_KEY", "value": "COHERE_SETTING"}]})  # fmt: skip
    slot = f"{site}/slots/staging"
    record = {"id": slot, "name": "front/staging", "kind": "functionapp", "location": "westeurope",
              "type": "Microsoft.Web/sites/slots", "properties": {"state": "Running"}}  # fmt: skip
    rig._hold("web", "Site", record)
    rig.rows["resources"].append({**record, "type": "microsoft.web/sites/slots",
                                  "subscriptionId": sub})  # fmt: skip
    rig.things[slot.casefold()] = record
    rig.things[f"{slot}/config/appsettings".casefold()] = {
        "id": f"{slot}/config/appsettings", "name": "appsettings",
        "properties": {"MISTRAL_API_KEY": "from-a-vault"},
    }  # fmt: skip
    for name, size in (("gpu-1", "Standard_ND96isr_H100_v5"), ("web-1", "Standard_D2s_v5")):
        machine = rig.show(sub, "Microsoft.Compute/virtualMachines", name, location="westeurope",
                           properties={"hardwareProfile": {"vmSize": size}})  # fmt: skip
        for number, address in enumerate(("10.0.0.4", "10.0.1.4"), 4 if name == "gpu-1" else 8):
            rig.show(
                sub,
                "Microsoft.Network/networkInterfaces",
                f"{name}-{number}",
                location="westeurope",
                properties=_interface(sub, machine, address, number),
            )
    rig.show(sub, "Microsoft.Compute/virtualMachineScaleSets", "pool", location="westeurope",
             sku={"name": "Standard_NV36ads_A10_v5", "capacity": 4}, properties={})  # fmt: skip
    rig.show(sub, "Microsoft.HealthBot/healthBots", "nurse", location="westeurope",
             sku={"name": "F0"}, properties={"accessControlMethod": "Entra"})  # fmt: skip
    rig.show(sub, "Microsoft.HealthDataAIServices/deidServices", "deid", location="westeurope",
             properties={"publicNetworkAccess": "Disabled"})  # fmt: skip
    rig.show(sub, "Microsoft.PowerPlatform/accounts", "payer", location="europe",
             properties={"systemId": "s"})  # fmt: skip
    rig.show(sub, "Microsoft.PowerPlatform/enterprisePolicies", "net", kind="NetworkInjection",
             location="europe", properties={"lockbox": {"state": "Enabled"}})  # fmt: skip
    rig.show(sub, "Microsoft.Web/customApis", "replicate", location="westeurope", properties={
        "displayName": "Pictures",
        "backendService": {"serviceUrl": "https://api.replicate.com/v1"}})  # fmt: skip
    connection = rig.show(sub, "Microsoft.Web/connections", "azureopenai", location="westeurope",
        properties={"displayName": "AI", "overallStatus": "Connected",
                    "api": {"name": "azureopenai", "displayName": "Azure OpenAI"}})  # fmt: skip
    rig.show(sub, "Microsoft.Logic/workflows", "triage", location="westeurope", properties={
        "state": "Enabled", "definition": {"actions": {"ask": {"type": "ApiConnection"}}},
        "parameters": {"$connections": {"value": {"azureopenai": {"connectionId": connection}}}}})  # fmt: skip
    account = f"/subscriptions/{sub}/resourceGroups/rg-one/providers/Microsoft.CognitiveServices/accounts/Chat-One"
    rig.show(sub, "Microsoft.Network/privateEndpoints", "to-chat", location="westeurope",
        properties={"privateLinkServiceConnections": [
            {"name": "c", "properties": {"privateLinkServiceId": account}}]})  # fmt: skip
    vault = rig.show(sub, "Microsoft.KeyVault/vaults", "keys", location="westeurope",
        properties={"tenantId": TENANT, "sku": {"family": "A", "name": "standard"},
                    "vaultUri": "https://keys.vault.azure.net/"})  # fmt: skip
    rig.below(vault, "secrets", "openai-api-key", properties={"contentType": "text/plain"})


def assignments(rig: Rig, sub: str) -> None:
    within = f"/subscriptions/{sub}"
    for name, principal, family, role, scope in (
        ("a1", MACHINE, "ServicePrincipal", BLOB_READER,
         f"{within}/resourceGroups/Rg-One/providers/Microsoft.Storage/storageAccounts/Docs"),
        ("a2", PERSON, "User", OPENAI_USER, within),
        ("a3", PERSON, "User", BLOB_READER, within),
    ):  # fmt: skip
        rig.authorize(
            "Microsoft.Authorization/roleAssignments",
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", sub,
            principalId=principal, principalType=family, scope=scope,
            roleDefinitionId=f"{within}{DEFINITION.format(role)}",
        )  # fmt: skip


def created(rig: Rig, sub: str, ident: str, caller: str = "ben@example.com") -> None:
    rig.events.setdefault(sub, []).append(
        {
            "caller": caller, "eventTimestamp": "2026-11-20T09:00:00Z", "resourceId": ident,
            "operationName": {"value": "Microsoft.CognitiveServices/accounts/write"},
            "status": {"value": "Succeeded"}, "subStatus": {"value": "Created"},
        }
    )  # fmt: skip


def whole(rig: Rig, number: int = 1, **fields: Any) -> str:
    """A subscription with one of everything; gives its id."""
    sub = subscription(rig, number, **fields).id
    account = openai(rig, sub)
    foundry(rig, sub)
    machine_learning(rig, sub)
    platforms(rig, sub)
    workloads(rig, sub)
    planes(rig, sub)
    assignments(rig, sub)
    created(rig, sub, account)
    return sub


def _interface(sub: str, machine: str, address: str, number: int) -> dict[str, object]:
    network = f"/subscriptions/{sub}/resourceGroups/Rg-One/providers/Microsoft.Network/virtualNetworks/Main"
    first = address.rpartition(".")[0]
    return {
        "virtualMachine": {"id": machine.replace("Rg-One", "RG-ONE")}, "macAddress": "00-0D-3A-00-00-01",
        "ipConfigurations": [
            {"name": f"ip{n}", "properties": {"privateIPAddress": f"{first}.{number + n * 20}",
                                              "subnet": {"id": f"{network}/subnets/gpu"}}}
            for n in range(2)
        ],
    }  # fmt: skip
