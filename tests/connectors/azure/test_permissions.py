"""The role that is printed lets the scanner read all, and nothing that is left out of it."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from connectors.azure import CONNECTOR
from scanner.cli import cli
from scanner.kit.azure_role import MOST_NAMES
from tests.azure_rig import estate
from tests.azure_rig.rig import Rig
from tests.connectors.azure.reading import read


def _printed(*words: str) -> str:
    done = CliRunner().invoke(cli, ["permissions", "azure", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_role_is_enough(rig: Rig) -> None:
    role = json.loads(_printed("--with", "read_values"))
    assert len(role["Actions"]) < MOST_NAMES
    assert not role["DataActions"]
    estate.whole(rig, allowed=tuple(role["Actions"]))
    found = read(rig, read_values=True)
    assert not found.errors
    assert not found.gaps


def test_without_the_setting_no_action_reads_values() -> None:
    plain = json.loads(_printed())
    assert all(action.endswith("/read") for action in plain["Actions"])
    more = json.loads(_printed("--with", "read_values"))
    assert set(more["Actions"]) - set(plain["Actions"]) == {
        "Microsoft.Web/sites/config/list/action",
        "Microsoft.Web/sites/slots/config/list/action",
    }


def test_a_role_names_no_action_that_only_a_preview_has() -> None:
    actions = json.loads(_printed())["Actions"]
    assert "Microsoft.CognitiveServices/accounts/*/read" in actions
    assert not [one for one in actions if "agentDeployments" in one or "capabilityHosts" in one]
    assert "Microsoft.MachineLearningServices/registries/assets/read" in actions
    assert not [one for one in actions if one in ("*", "*/read")]


def test_every_form_tells_the_same() -> None:
    plain = json.loads(_printed())
    assert yaml.safe_load(_printed("--role", "yaml")) == plain
    terraform = _printed("--role", "terraform")
    assert all(f'"{action}",' in terraform for action in plain["Actions"])
    assert terraform.count('"Microsoft.') == len(plain["Actions"])


def test_a_role_of_azure_is_only_for_azure() -> None:
    done = CliRunner().invoke(cli, ["permissions", "okta", "--role", "yaml"])
    assert done.exit_code == 2


@pytest.mark.parametrize("operation", CONNECTOR.spec.operations, ids=lambda one: one.id)
def test_every_permission_is_spelled_as_azure_does(operation: object) -> None:
    permission = getattr(operation, "permission", "")
    assert permission.startswith("Microsoft.")
    assert permission.rpartition("/")[2] in ("read", "action")


@pytest.mark.parametrize(
    ("setting", "words"),
    [("databricks_serving", "user of each workspace"), ("search_indexes", "role-based access")],
)
def test_what_no_role_gives_is_told_beside_it(setting: str, words: str) -> None:
    done = CliRunner().invoke(cli, ["permissions", "azure", "--with", setting])
    assert words in done.stderr
    assert words not in done.stdout
    assert json.loads(done.stdout)["Actions"]
    assert words not in CliRunner().invoke(cli, ["permissions", "azure"]).stderr


def test_a_role_that_reads_values_does_not_say_that_it_reads_none() -> None:
    assert "no data" in json.loads(_printed())["Description"]
    for option in ("read_values", "foundry_agents"):
        told = json.loads(_printed("--with", option))["Description"]
        assert "no data" not in told
        assert "no changes" in told
        assert told in _printed("--with", option, "--role", "terraform")
