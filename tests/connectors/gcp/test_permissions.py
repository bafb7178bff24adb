"""What is printed to grant, in every form, and what no role can give."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from connectors.gcp import CONNECTOR
from connectors.gcp.policies import REACHES
from scanner.cli import cli
from scanner.kit.permissions import options, permissions

_KNOWN = Path(__file__).parent / "iam_permissions.yaml"


@cache
def _of_iam() -> frozenset[str]:
    told = yaml.safe_load(_KNOWN.read_text(encoding="utf-8"))
    named = {
        f"{service}.{resource}.{verb}"
        for service, resources in told["known"].items()
        for resource, verbs in resources.items()
        for verb in verbs.split()
    }
    return frozenset(named | told["newer"].keys())


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


def test_iam_knows_every_name_or_it_would_take_none_of_the_role() -> None:
    """One wrong name and the whole role is refused."""
    wanted = permissions(CONNECTOR.spec, options(CONNECTOR.spec))
    assert len(wanted) > 100
    assert not set(wanted) - _of_iam()


def test_iam_knows_what_roles_are_judged_by() -> None:
    assert not {one.permission for one in REACHES} - _of_iam()


def test_what_is_newer_than_the_list_is_not_in_it_and_says_where_it_stands() -> None:
    told = yaml.safe_load(_KNOWN.read_text(encoding="utf-8"))
    for name, page in told["newer"].items():
        service, resource, verb = name.split(".")
        assert verb not in told["known"].get(service, {}).get(resource, "").split(), name
        assert page.startswith("https://docs.cloud.google.com/"), name


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
