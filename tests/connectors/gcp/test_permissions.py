"""What is printed to grant, in every form, and what no role can give."""

from __future__ import annotations

import json
import re

import yaml
from click.testing import CliRunner, Result

from connectors.gcp import CONNECTOR
from scanner.cli import cli
from scanner.kit.permissions import permissions


def _printed(*words: str) -> Result:
    done = CliRunner().invoke(cli, ["permissions", "gcp", *words])
    assert done.exit_code == 0, done.output
    return done


def test_every_form_tells_the_same() -> None:
    wanted = permissions(CONNECTOR.spec)
    plain = json.loads(_printed("--role", "json").stdout)
    assert plain["includedPermissions"] == wanted
    assert yaml.safe_load(_printed("--role", "yaml").stdout) == plain
    assert yaml.safe_load(_printed().stdout) == plain, "YAML, unless something else is asked for"
    terraform = _printed("--role", "terraform").stdout
    listed = re.search(r"permissions = \[\n(.*?)\n  \]", terraform, re.DOTALL)
    assert listed
    assert re.findall(r'^    "([\w.]+)",$', listed[1], re.MULTILINE) == wanted


def test_a_role_of_iam_has_only_names_of_permissions() -> None:
    for one in permissions(CONNECTOR.spec, ("deny_policies", "group_members")):
        assert re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", one), one


def test_what_no_role_gives_is_told_beside_it_and_not_in_it() -> None:
    done = _printed("--with", "group_members")
    assert "Groups Reader" in done.stderr
    assert "Groups Reader" not in done.stdout
    assert "Groups Reader" not in _printed().stderr
    told = json.loads(_printed("--with", "group_members", "--json").stdout)
    assert "Groups Reader" in told["elsewhere"][0]


def test_members_of_groups_take_nothing_of_the_role() -> None:
    more = permissions(CONNECTOR.spec, ("group_members",))
    assert more == permissions(CONNECTOR.spec)
