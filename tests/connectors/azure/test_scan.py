"""The whole path: a tenant is scanned, settings are examined, what was not read is held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scanner.app.config import Config, LoadedConfig, StoreConfig
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, scan
from scanner.emit.document import render
from tests.azure_rig import estate
from tests.azure_rig.rig import Rig

SUB = estate.ident(1)


def _scan(rig: Rig, folder: Path, **settings: object) -> Result:
    config = Config(
        store=StoreConfig(url=f"sqlite:///{folder / 'state.sqlite'}"),
        sources={"azure": {"endpoint_url": rig.url, **settings}},
    )
    return scan(LoadedConfig(config=config))


def test_a_tenant_is_inventoried_and_examined(
    rig: Rig, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    estate.whole(rig)
    site = next(key for key in rig.things if key.endswith("/config/appsettings"))
    rig.things[site]["properties"]["ANTHROPIC_API_KEY"] = made_up_key()
    result = _scan(rig, tmp_path, read_values=True)
    assert result.exit_code != EXIT_INCOMPLETE, result.document.coverage
    kinds = {asset.kind for asset in result.document.assets}
    assert {"azure.model_deployment", "azure.ml_online_endpoint", "azure.search_service"} <= kinds
    assert not {"azure.web_site", "azure.logic_app"} & kinds, "carriers are no AI"
    providers = {asset.provider for asset in result.document.assets}
    assert {"azure_openai", "azure_ai", "azure_ml", "vllm", "ollama"} <= providers
    assert "vLLM in chatter" in {asset.name for asset in result.document.assets}
    assert any(row.type == "credential" for row in result.document.assets)
    assert made_up_key().encode() not in render(result.document)
    assert made_up_key().encode() not in (tmp_path / "state.sqlite").read_bytes()


def test_what_may_not_be_read_any_more_is_held(rig: Rig, tmp_path: Path) -> None:
    estate.openai(rig, estate.subscription(rig, 1).id)
    before = _scan(rig, tmp_path)
    assert before.events
    rig.subscriptions[SUB].refused = ("Microsoft.CognitiveServices/*",)
    after = _scan(rig, tmp_path)
    assert after.exit_code == EXIT_INCOMPLETE
    assert not [event for event in after.events if event.change == "resolved"]
    denied = [row for row in after.document.coverage if row.status == "denied"]
    assert [row.shard for row in denied] == [f"azure:{SUB}/ai"]


def test_what_is_gone_is_resolved(rig: Rig, tmp_path: Path) -> None:
    account = estate.openai(rig, estate.subscription(rig, 1).id)
    _scan(rig, tmp_path)
    rig.rows["resources"].clear()
    del rig.things[account.casefold()]
    after = _scan(rig, tmp_path)
    assert {event.change for event in after.events} >= {"resolved"}


def test_names_of_settings_that_stay_with_a_slot_need_no_values(rig: Rig, tmp_path: Path) -> None:
    estate.whole(rig)
    result = _scan(rig, tmp_path)
    providers = {asset.provider for asset in result.document.assets}
    assert "anthropic" in providers, "ANTHROPIC_API_KEY is a setting of a slot"
    assert "mistral" not in providers
    assert not [call for call in rig.calls if call.endswith("appsettings/list")]


def test_settings_that_stand_in_a_vault_are_told_by_name_and_secret(
    rig: Rig, tmp_path: Path
) -> None:
    estate.whole(rig)
    result = _scan(rig, tmp_path)
    providers = {asset.provider for asset in result.document.assets}
    assert "replicate" in providers, "what a connector for flows calls"
    assert {"google_gemini", "langflow", "cohere"} <= providers, "GEMINI_API_KEY is such a setting"
    asked = [
        call for call in rig.calls if call.endswith("/front/config/configreferences/appsettings")
    ]
    assert len(asked) == 1, "once, for names and edges"


def test_settings_of_slots_are_examined_when_values_may_be_read(rig: Rig, tmp_path: Path) -> None:
    estate.whole(rig)
    result = _scan(rig, tmp_path, read_values=True)
    assert "mistral" in {asset.provider for asset in result.document.assets}
