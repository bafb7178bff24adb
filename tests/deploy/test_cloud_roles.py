"""The Terraform modules give what the connectors' own declarations ask for, and no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scanner.cli import cli

MODULES = Path(__file__).parents[2] / "deploy/terraform"
PRINTED = {
    "aws/policies.json": ["aws", "--split"],
    "gcp/permissions.json": ["gcp", "--json"],
    "azure/actions.json": ["azure", "--json"],
}


@pytest.mark.parametrize("name", PRINTED)
def test_a_module_has_what_is_printed(name: str) -> None:
    result = CliRunner().invoke(cli, ["permissions", *PRINTED[name]], catch_exceptions=False)
    assert (MODULES / name).read_text() == result.output, "run `make docs`"


@pytest.mark.parametrize("module", ["aws", "azure", "gcp"])
def test_a_module_is_terraform(module: str) -> None:
    import hcl2

    text = (MODULES / module / "main.tf").read_text()
    parsed: dict[str, Any] = hcl2.loads(text)
    assert {"terraform", "variable", "resource", "locals"} <= set(parsed)
    for file in (MODULES / module).glob("*.json"):
        assert f"/{file.name}" in text
        json.loads(file.read_text())


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no `terraform` on the path")
def test_terraform_takes_their_form() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(MODULES)], check=False,
        capture_output=True, text=True,
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_in_aws_writes() -> None:
    policies = json.loads((MODULES / "aws/policies.json").read_text())
    actions = [a for p in policies for s in p["Statement"] for a in s["Action"]]
    verbs = {action.partition(":")[2] for action in actions}
    writing = ("Create", "Delete", "Put", "Update", "Attach", "Tag", "Untag", "Modify", "Run",
               "Invoke", "PassRole")  # fmt: skip
    assert not {verb for verb in verbs if verb.startswith(writing)}
    assert not [a for a in actions if a.endswith(":*") or a == "*"]
