"""What roles reach: keys that are of use or not, parts of a thing, and what each service is called
by."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.azure.rights import grant
from connectors.azure.roles import REACHES
from scanner.model.errors import LeftOut
from scanner.model.facts import DataStore, Edge
from tests.azure_rig import estate
from tests.azure_rig.rig import TENANT, Rig
from tests.connectors.azure.reading import Read, read

SUB = estate.ident(1)
GROUP = f"/subscriptions/{SUB}/resourceGroups/Rg-One"
DOCS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/Docs"
CONTRIBUTOR, BLOBS, AI_USER = (
    "b24988ac-6180-42a0-ab88-20f7382dd24c", "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "53ca6127-db72-4b80-b1b0-d745d6d5456d",
)  # fmt: skip
MACHINE, PERSON = f"azure:principal/{estate.MACHINE}", f"azure:principal/{estate.PERSON}"
ANY_AI = {"dataActions": ["Microsoft.CognitiveServices/*"]}


@pytest.fixture(autouse=True)
def _planted(rig: Rig) -> None:
    estate.subscription(rig, 1)
    estate.roles(rig)
    estate.define(rig, CONTRIBUTOR, "Contributor", actions=["*"])
    estate.define(rig, AI_USER, "Azure AI User", **ANY_AI)


def _edges(rig: Rig, source: str) -> dict[tuple[str, str], Edge]:
    found = read(rig, families=("bots",), creators=False)
    assert not found.errors
    return {(str(one.relation), one.target): one for one in found.items
            if isinstance(one, Edge) and one.source == source}  # fmt: skip


def _account(rig: Rig, name: str, **properties: Any) -> str:
    return rig.show(SUB, "Microsoft.CognitiveServices/accounts", name, kind="OpenAI",
                    location="westeurope", properties=properties)  # fmt: skip


def _grant(rig: Rig, scope: str, role: str, who: str = estate.PERSON) -> None:
    kind = "ServicePrincipal" if who == estate.MACHINE else "User"
    estate.assign(rig, SUB, scope, role, who, kind)


def _storage(rig: Rig, **properties: Any) -> None:
    rig.rows["resources"].append(
        {"id": DOCS, "name": "Docs", "type": "microsoft.storage/storageaccounts",
         "subscriptionId": SUB, "properties": properties}
    )  # fmt: skip


# --- keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_off", "is_told"), [(True, False), (False, True), (None, True)])
def test_who_may_list_keys_calls_where_keys_are_allowed(
    rig: Rig, is_off: bool | None, is_told: bool
) -> None:
    account = _account(rig, "chat", **({} if is_off is None else {"disableLocalAuth": is_off}))
    _grant(rig, account, CONTRIBUTOR)
    edges = _edges(rig, PERSON)
    assert (("calls", account.casefold()) in edges) == is_told
    if is_told:
        assert edges["calls", account.casefold()].confidence == "certain"


def test_an_account_without_keys_is_called_by_roles_all_the_same(rig: Rig) -> None:
    account = _account(rig, "chat", disableLocalAuth=True)
    _grant(rig, account, estate.OPENAI_USER)
    assert ("calls", account.casefold()) in _edges(rig, PERSON)


@pytest.mark.parametrize(
    ("accounts", "confidence"),
    [((True, True), ""), ((True, False), "certain"), ((), "medium")],
    ids=["all off", "one on", "none that is shown"],
)
def test_keys_of_whatever_is_in_a_group(
    rig: Rig, accounts: tuple[bool, ...], confidence: str
) -> None:
    for number, is_off in enumerate(accounts):
        _account(rig, f"chat-{number}", disableLocalAuth=is_off)
    _grant(rig, GROUP, CONTRIBUTOR)
    edge = _edges(rig, PERSON).get(("calls", f"{GROUP.casefold()}#AI"))
    assert (edge.confidence if edge else "") == confidence
    assert edge is None or ("where keys are allowed" in edge.detail) == (confidence == "medium")


@pytest.mark.parametrize(("allowed", "is_told"), [(False, False), (True, True)])
def test_keys_of_a_storage_account_read_and_write(rig: Rig, allowed: bool, is_told: bool) -> None:
    _storage(rig, allowSharedKeyAccess=allowed)
    _grant(rig, DOCS, CONTRIBUTOR, estate.MACHINE)
    edges = _edges(rig, MACHINE)
    for relation in ("reads_from", "writes_to"):
        assert ((relation, DOCS.casefold()) in edges) == is_told


def test_keys_are_of_the_whole_account_alone(rig: Rig) -> None:
    _storage(rig)
    _grant(rig, f"{DOCS}/blobServices/default/containers/public", CONTRIBUTOR, estate.MACHINE)
    assert not _edges(rig, MACHINE)


def test_keys_of_storage_that_may_not_be_read_are_doubted(rig: Rig) -> None:
    estate.subscription(rig, 1, refused=("Microsoft.Storage/*",))
    _storage(rig, allowSharedKeyAccess=False)
    _grant(rig, DOCS, CONTRIBUTOR, estate.MACHINE)
    found = read(rig, families=("bots",), creators=False)
    edges = [one for one in found.items if isinstance(one, Edge) and one.source == MACHINE]
    assert {(one.relation, one.confidence) for one in edges} == {
        ("reads_from", "medium"), ("writes_to", "medium")}  # fmt: skip
    assert all("where keys are allowed" in one.detail for one in edges)
    assert found.errors, "and coverage tells of it"


def test_accounts_of_which_not_all_are_shown_may_have_keys(rig: Rig) -> None:
    _account(rig, "chat", disableLocalAuth=True)
    rig.subscriptions[SUB].refused = ("Microsoft.CognitiveServices/accounts/read",)
    _grant(rig, GROUP, CONTRIBUTOR)
    found = read(rig, families=("bots",), creators=False)
    (edge,) = [one for one in found.items if isinstance(one, Edge) and one.source == PERSON
               and one.target.endswith("#AI")]  # fmt: skip
    assert edge.confidence == "medium"


FIND = f"{GROUP}/providers/Microsoft.Search/searchServices/find"


@pytest.mark.parametrize(
    ("action", "relations"),
    [
        ("Microsoft.Search/searchServices/*", {"reads_from", "writes_to"}),
        ("Microsoft.Search/searchServices/listAdminKeys/action", {"reads_from", "writes_to"}),
        ("Microsoft.Search/searchServices/listQueryKeys/action", {"reads_from"}),
        ("Microsoft.Search/searchServices/read", set()),
    ],
)
@pytest.mark.parametrize("is_off", [False, True])
def test_keys_of_a_search_service(rig: Rig, action: str, relations: set[str], is_off: bool) -> None:
    rig.show(SUB, "Microsoft.Search/searchServices", "find", location="westeurope",
             properties={"disableLocalAuth": is_off})  # fmt: skip
    estate.define(rig, CONTRIBUTOR, "Own", actions=[action])
    _grant(rig, FIND, CONTRIBUTOR, estate.MACHINE)
    assert {relation for relation, _ in _edges(rig, MACHINE)} == (set() if is_off else relations)


def test_keys_of_an_endpoint_call_that_endpoint(rig: Rig) -> None:
    lab = rig.show(SUB, "Microsoft.MachineLearningServices/workspaces", "Lab", kind="Default",
                   location="northeurope", properties={})  # fmt: skip
    keys = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action"
    estate.define(rig, CONTRIBUTOR, "Own", actions=[keys])
    _grant(rig, lab, CONTRIBUTOR)
    assert _edges(rig, PERSON)["calls", lab.casefold()].confidence == "medium"
    _grant(rig, f"{lab}/onlineEndpoints/score", CONTRIBUTOR)
    edges = _edges(rig, PERSON)
    assert ("calls", f"{lab}/onlineEndpoints/score".casefold()) in edges
    assert "where keys are allowed" in edges["calls", lab.casefold()].detail


# --- vaults ---------------------------------------------------------------------------------

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"


def _vault(rig: Rig, name: str, *, by_roles: bool | None) -> str:
    told = {} if by_roles is None else {"enableRbacAuthorization": by_roles}
    return rig.show(SUB, "Microsoft.KeyVault/vaults", name, location="westeurope",
                    properties={"tenantId": TENANT, "vaultUri": f"https://{name}.vault.azure.net/",
                                "accessPolicies": [], **told})  # fmt: skip


def _reads_secrets(rig: Rig) -> None:
    secret = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    estate.define(rig, SECRETS_USER, "Key Vault Secrets User", dataActions=[secret])


@pytest.mark.parametrize("by_roles", [True, False, None])
def test_a_role_reads_secrets_of_a_vault_that_goes_by_roles(
    rig: Rig, by_roles: bool | None
) -> None:
    _reads_secrets(rig)
    vault = _vault(rig, "kv", by_roles=by_roles)
    _grant(rig, vault, SECRETS_USER, estate.MACHINE)
    _grant(rig, f"{vault}/secrets/key", SECRETS_USER, estate.MACHINE)
    edges = _edges(rig, MACHINE)
    assert len(edges) == (2 if by_roles else 0)
    assert all(one.confidence == "certain" for one in edges.values())


@pytest.mark.parametrize(
    ("modes", "told"),
    [((True, True), "certain"), ((True, False), "medium"), ((False, False), ""), ((), "medium")],
)
def test_a_role_on_a_group_reads_secrets_of_vaults_that_go_by_roles(
    rig: Rig, modes: tuple[bool, ...], told: str
) -> None:
    _reads_secrets(rig)
    for number, by_roles in enumerate(modes):
        _vault(rig, f"kv{number}", by_roles=by_roles)
    _grant(rig, GROUP, SECRETS_USER, estate.MACHINE)
    edges = list(_edges(rig, MACHINE).values())
    assert [one.confidence for one in edges] == ([told] if told else [])
    assert all(("go by roles" in one.detail) == (told == "medium") for one in edges)


# --- calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        "OpenAI/deployments/embeddings/action",
        "OpenAI/deployments/completions/action",
        "OpenAI/deployments/chat/completions/action",
        "OpenAI/images/generations/action",
        "OpenAI/video/generations/*/action",
        "OpenAI/assistants/*",
        "OpenAI/assistants/threads/runs/write",
        "OpenAI/*",
        "MaaS/*",
        "AIServices/responses/*",
    ],
)
def test_one_way_to_call_is_enough(rig: Rig, action: str) -> None:
    account = _account(rig, "chat")
    estate.define(rig, AI_USER, "Own",
                  dataActions=[f"Microsoft.CognitiveServices/accounts/{action}"])  # fmt: skip
    _grant(rig, account, AI_USER)
    assert ("calls", account.casefold()) in _edges(rig, PERSON)


@pytest.mark.parametrize(
    ("allowed", "excepted"),
    [
        ("OpenAI/*/read", ()),
        ("OpenAI/deployments/read", ()),
        ("OpenAI/assistants/delete", ()),
        ("OpenAI/assistants/*", ("OpenAI/assistants/*",)),
    ],
)
def test_reading_is_no_call(rig: Rig, allowed: str, excepted: tuple[str, ...]) -> None:
    account = _account(rig, "chat")
    lead = "Microsoft.CognitiveServices/accounts"
    estate.define(rig, AI_USER, "Own", dataActions=[f"{lead}/{allowed}"],
                  notDataActions=[f"{lead}/{one}" for one in excepted])  # fmt: skip
    _grant(rig, account, AI_USER)
    assert not _edges(rig, PERSON)


def test_who_may_make_new_keys_calls(rig: Rig) -> None:
    account = _account(rig, "chat")
    keys = "Microsoft.CognitiveServices/accounts/regenerateKey/action"
    estate.define(rig, CONTRIBUTOR, "Own", actions=[keys])
    _grant(rig, account, CONTRIBUTOR)
    assert ("calls", account.casefold()) in _edges(rig, PERSON)


# --- parts ----------------------------------------------------------------------------------


def test_a_role_on_a_container_reads_that_container_alone(rig: Rig) -> None:
    _grant(rig, f"{DOCS}/blobServices/default/containers/Public", estate.BLOB_READER,
           estate.MACHINE)  # fmt: skip
    found = read(rig, families=("bots",), creators=False)
    container = "https://docs.blob.core.windows.net/public"
    assert found.edges(MACHINE) == {("reads_from", container)}
    assert found.edges(DOCS.casefold()) == {("contains", container)}
    stores = {one.id: one.kind for one in found.items if isinstance(one, DataStore)}
    assert stores[container] == "azure.blob_container"


def test_a_container_of_us_government_is_at_its_address(rig: Rig) -> None:
    _grant(rig, f"{DOCS}/blobServices/default/containers/x", estate.BLOB_READER, estate.MACHINE)
    found = read(rig, families=("bots",), creators=False, cloud="usgov")
    assert found.edges(MACHINE) == {("reads_from", "https://docs.blob.core.usgovcloudapi.net/x")}


def test_a_role_on_a_project_calls_that_project_alone(rig: Rig) -> None:
    account = _account(rig, "foundry")
    _grant(rig, f"{account}/projects/P1", AI_USER)
    edges = _edges(rig, PERSON)
    assert edges.keys() == {("calls", f"{account}/projects/p1".casefold())}


def test_a_part_that_no_list_shows_is_a_doubt_of_the_whole(rig: Rig) -> None:
    account = _account(rig, "foundry")
    _grant(rig, f"{account}/raiPolicies/Strict", AI_USER)
    edge = _edges(rig, PERSON)["calls", account.casefold()]
    assert edge.confidence == "medium"
    assert edge.detail == "Azure AI User, only in raipolicies/strict"


# --- services -------------------------------------------------------------------------------

_A = "Microsoft.CognitiveServices/accounts/"
ROLES = {
    # https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/ai-machine-learning
    "Cognitive Services Speech User": [f"{_A}SpeechServices/*/read",
                                       f"{_A}SpeechServices/*/frontend/action"],
    "Cognitive Services Language Reader": [f"{_A}Language/*/read",
                                           f"{_A}Language/analyze-text/action"],
    "Cognitive Services Face Recognizer": [f"{_A}Face/detect/action", f"{_A}Face/verify/action"],
    "Cognitive Services Custom Vision Deployment": [f"{_A}CustomVision/*/read",
                                                    f"{_A}CustomVision/classify/*"],
    "Cognitive Services Content Understanding Reader": [
        f"{_A}MultiModalIntelligence/analyzers:analyze/action"],
    "Cognitive Services LUIS Owner": [f"{_A}LUIS/*"],
    "Foundry Agent Consumer": [f"{_A}AIServices/endpoints/interact/action"],
    "Foundry Project Runtime User": [f"{_A}AIServices/responses/*"],
    # Of one's own, as no built-in role is for these services alone.
    "Vision": [f"{_A}ComputerVision/*"], "Documents": [f"{_A}FormRecognizer/*"],
    "Safety": [f"{_A}ContentSafety/*"], "Translator": [f"{_A}TextTranslation/*"],
    "Text": [f"{_A}TextAnalytics/*"], "Models of others": [f"{_A}MaaS/*"],
}  # fmt: skip
NONE = {
    "Cognitive Services Data Reader": ["Microsoft.CognitiveServices/*/read"],
    "Defender CSPM": [f"{_A}aiservices/agents/read", f"{_A}aiservices/assets/read"],
    "Cognitive Services LUIS Reader": [f"{_A}LUIS/*/read", f"{_A}LUIS/apps/testdatasets/write"],
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_of_one_service_calls_it(rig: Rig, role: str) -> None:
    account = _account(rig, "speech")
    estate.define(rig, BLOBS, role, dataActions=ROLES[role])
    _grant(rig, account, BLOBS)
    assert _edges(rig, PERSON)["calls", account.casefold()].detail == role


@pytest.mark.parametrize("role", NONE)
def test_a_role_that_only_looks_calls_nothing(rig: Rig, role: str) -> None:
    account = _account(rig, "speech")
    estate.define(rig, BLOBS, role, dataActions=NONE[role])
    _grant(rig, account, BLOBS)
    assert not _edges(rig, PERSON)


def test_every_action_is_one_of_a_role() -> None:
    """Each is there for some role: none is told twice."""
    grants = [grant(actions, ()) for actions in [*ROLES.values(), [f"{_A}OpenAI/*"]]]
    for reach in REACHES:
        if reach.label == "AI" and reach.is_data:
            assert sum(one.covers(reach.action) for one in grants) == 1, reach.action


# --- vaults, sites, init containers ---------------------------------------------------------


@pytest.mark.parametrize(
    ("by_roles", "may", "is_told"),
    [(False, ["Get", "list"], True), (False, ["all"], True), (False, ["list", "set"], False),
     (True, ["get"], False)],
)  # fmt: skip
def test_access_policies_of_a_vault_let_read_secrets(
    rig: Rig, by_roles: bool, may: list[str], is_told: bool
) -> None:
    policy = {"tenantId": TENANT, "objectId": estate.MACHINE, "permissions": {"secrets": may}}
    vault = rig.show(
        SUB, "Microsoft.KeyVault/vaults", "kv", location="westeurope",
        properties={"tenantId": TENANT, "sku": {"family": "A", "name": "standard"},
                    "enableRbacAuthorization": by_roles, "accessPolicies": [policy]},
    )  # fmt: skip
    found = read(rig, families=("secret-names",), creators=False)
    assert (("reads_from", vault.casefold()) in found.edges(MACHINE)) == is_told


def _settings(rig: Rig, **config: Any) -> Read:
    return read(rig, families=("workloads",), creators=False, identities=False, **config)


def test_that_plain_settings_of_sites_are_not_told_is_said_in_coverage(rig: Rig) -> None:
    shard = f"azure:{SUB}/site-settings"
    assert shard not in _settings(rig).errors, "where no site is nothing is left out"
    rig.show(SUB, "Microsoft.Web/sites", "fn", kind="functionapp", location="westeurope",
             properties={"state": "Running"})  # fmt: skip
    found = _settings(rig)
    error = found.errors[shard]
    assert isinstance(error, LeftOut)
    assert "`read_values`" in str(error)
    assert not found.gaps, "the list of sites is whole"
    assert shard not in {one.id for one in _settings(rig, read_values=True).shards}


def test_containers_that_run_first_are_read_as_well(rig: Rig) -> None:
    group = rig.show(
        SUB, "Microsoft.ContainerInstance/containerGroups", "g", location="westeurope",
        properties={"containers": [], "osType": "Linux", "initContainers": [
            {"name": "i", "properties": {"image": "acme/warm-up:1", "command": ["fetch-model"],
                                         "environmentVariables": [{"name": "OPENAI_API_KEY"}]}}]},
    )  # fmt: skip
    app = rig.show(
        SUB, "Microsoft.App/containerApps", "app", location="westeurope",
        properties={"template": {"initContainers": [
            {"name": "i", "image": "acme/seed:2", "env": [{"name": "COHERE_API_KEY"}]}]}},
    )  # fmt: skip
    found = _settings(rig)
    told = {ident: "".join(one.data.decode() for one in found.contents
                           if one.place.subject == ident.casefold())
            for ident in (group, app)}  # fmt: skip
    assert all(one in told[group] for one in ("acme/warm-up:1", "fetch-model", "OPENAI_API_KEY"))
    assert all(one in told[app] for one in ("acme/seed:2", "COHERE_API_KEY"))
