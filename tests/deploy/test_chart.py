"""The Helm chart, rendered by Go's own text/template (it uses nothing of Helm's beyond it), and
judged by Kubernetes' own schema."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from scanner.cli import cli
from scanner.kit.references.grammar import SCHEMES
from tests import late
from tests.deploy.mounted import key_of, pod_of, writes_where_it_may
from tests.docs.commands import fences

CHART = Path(__file__).parents[2] / "deploy/helm/shadow-ai"
_RENDER = "import sys, go_template; go_template.render_template(*sys.argv[1:])"
"""In a process of its own: it ends the one that it fails in."""
_HELM_ONLY = re.compile(
    r"\b(?:include|toYaml|nindent|indent|default|quote|required|tpl|lookup|ternary|int)\b"
)


def _values(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    return values | {"secretName": "keys", "persistentVolumeClaim": "state"} | changes


def _render(folder: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    root = folder / "root.yaml"
    root.write_text(yaml.safe_dump({
        "Values": values, "Release": {"Name": "night", "Namespace": "security"},
        "Chart": {"Name": chart["name"], "Version": chart["version"]},
    }))  # fmt: skip
    found = []
    for template in sorted((CHART / "templates").iterdir()):
        out = folder / template.name
        subprocess.run(
            [sys.executable, "-c", _RENDER, str(template), str(root), str(out)], check=True,
            capture_output=True,
        )  # fmt: skip
        found += [one for one in yaml.safe_load_all(out.read_text()) if one]
    return found


def _takes(objects: list[dict[str, Any]]) -> None:
    import kubernetes_validate

    for one in objects:
        kubernetes_validate.validate(one, "1.31", strict=True)


pytest.importorskip("go_template")


def test_the_chart_is_what_kubernetes_takes(tmp_path: Path) -> None:
    objects = _render(tmp_path, _values())
    _takes(objects)
    assert {one["kind"] for one in objects} == {"ConfigMap", "CronJob", "ServiceAccount"}
    job = next(one for one in objects if one["kind"] == "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    result = CliRunner().invoke(cli, [container["args"][0], "--help"])
    assert result.exit_code == 0
    assert container["args"][1] in result.output
    assert job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"] == _tried_again()


def _tried_again() -> Any:
    """As the plain manifests say it."""
    text = (CHART.parents[1] / "kubernetes/cronjob.yaml").read_text()
    (job,) = (one for one in yaml.safe_load_all(text) if one["kind"] == "CronJob")
    return job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]


def test_all_that_can_be_set_is_taken(tmp_path: Path) -> None:
    config = '[run]\noutput = "r\\"é"\n# a: {{ not a template }}\n'
    objects = _render(tmp_path, _values(
        config=config, secretName="keys", persistentVolumeClaim="state", suspend=True,
        podLabels={"azure.workload.identity/use": "true"},
        serviceAccount={"name": "", "annotations": {"eks.amazonaws.com/role-arn": "arn:x"}},
        image={"repository": "r", "tag": "t", "digest": "sha256:" + "0" * 64,
               "pullPolicy": "Always"},
    ))  # fmt: skip
    _takes(objects)
    by_kind = {one["kind"]: one for one in objects}
    assert by_kind["ConfigMap"]["data"]["shadow-ai.toml"] == config
    assert by_kind["ServiceAccount"]["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:x"
    }
    template = by_kind["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
    assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    (container,) = template["spec"]["containers"]
    assert container["image"] == "r@sha256:" + "0" * 64
    assert container["envFrom"] == [{"secretRef": {"name": "keys"}}]
    assert template["spec"]["volumes"][1] == {
        "name": "work", "persistentVolumeClaim": {"claimName": "state"}
    }  # fmt: skip


def test_state_and_files_lie_where_the_pod_may_write(tmp_path: Path) -> None:
    objects = _render(tmp_path, _values())
    writes_where_it_may(tmp_path, objects, keeps=True)


def test_every_pod_has_the_same_key_or_does_not_start(tmp_path: Path) -> None:
    assert key_of(_render(tmp_path, _values())) == ("keys", "SHADOW_AI_FINGERPRINT_KEY")
    own = _values(fingerprintKeyInSecret=False, secretName="")
    assert key_of(_render(tmp_path, own)) is None


def test_an_account_that_is_there_is_not_made(tmp_path: Path) -> None:
    objects = _render(tmp_path, _values(serviceAccount={"name": "mine", "annotations": {}}))
    assert "ServiceAccount" not in {one["kind"] for one in objects}


_VOLUMES: list[dict[str, Any]] = [
    {"name": "okta", "secret": {"secretName": "okta", "defaultMode": 288, "optional": False}},
    {"name": "odd", "configMap": {"name": 'a "b": {{ c }} # é\\', "items": []}},
    {"name": "vault", "projected": {"sources": [
        {"serviceAccountToken": {"audience": "vault", "expirationSeconds": 2000000, "path": "t"}},
    ]}},
    {"name": "room", "emptyDir": None},
]  # fmt: skip
_MOUNTS: list[dict[str, Any]] = [
    {"name": "okta", "mountPath": "/run/secrets", "readOnly": True},
    {"name": "vault", "mountPath": "/var/run/secrets/vault"},
]


def test_more_volumes_and_variables_are_mounted_as_they_are_given(tmp_path: Path) -> None:
    """Numbers as Helm hands them on, too: every one is a float there."""
    plain = pod_of(_render(tmp_path, _values()))
    floats = json.loads(json.dumps(_VOLUMES), parse_int=float)
    for volumes in (_VOLUMES, floats):
        values = _values(
            extraVolumes=volumes, extraVolumeMounts=_MOUNTS,
            extraEnv={"REQUESTS_CA_BUNDLE": "/run/ca.pem", "NO_PROXY": 'a,"b"'},
        )  # fmt: skip
        assert not list(_validator().iter_errors(values))
        objects = _render(tmp_path, values)
        pod = pod_of(objects)
        assert pod["volumes"] == plain["volumes"] + _VOLUMES
        (container,), (before,) = pod["containers"], plain["containers"]
        assert container["volumeMounts"] == before["volumeMounts"] + _MOUNTS
        kept = len(before["env"])
        assert container["env"][:kept] == before["env"]
        assert {one["name"]: one["value"] for one in container["env"][kept:]} == values["extraEnv"]
    _takes(_render(tmp_path, _values(extraVolumes=_VOLUMES[::2], extraVolumeMounts=_MOUNTS)))


def test_the_page_s_volumes_can_be_mounted(tmp_path: Path) -> None:
    shown = [text for language, text in fences(CHART.parents[2] / "docs/deploy.md")
             if language == "yaml"]  # fmt: skip
    assert any("extraVolumes" in text for text in shown)
    for text in shown:
        values = _values(**yaml.safe_load(text))
        assert not list(_validator().iter_errors(values))
        objects = _render(tmp_path, values)
        _takes(objects)
        (container,) = pod_of(objects)["containers"]
        volumes = {one["name"] for one in pod_of(objects)["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == volumes


@pytest.mark.parametrize("changes", [
    {"extraVolumes": [{"name": "work", "emptyDir": {}}]},
    {"extraVolumes": [{"name": "alone"}]},
    {"extraVolumes": {"name": "okta"}},
    {"extraVolumeMounts": [{"name": "okta", "mountPath": "/var/lib/shadow-ai/"}]},
    {"extraVolumeMounts": [{"name": "okta"}]},
    {"extraEnv": {"SHADOW_AI_FINGERPRINT_KEY": "k"}},
    {"extraEnv": {"PORT": 1}},
    {"serviceAccount": {"automount": "yes"}},
    {"clusterRole": {"make": True}},
])  # fmt: skip
def test_what_would_hide_the_pod_s_own_is_refused(changes: dict[str, Any]) -> None:
    assert list(_validator().iter_errors(_values(**changes)))


def test_the_cluster_s_token_is_the_pod_s_alone_and_only_where_it_is_wanted(tmp_path: Path) -> None:
    for account, expected in (
        ({"name": "", "annotations": {}, "automount": True}, True),
        ({"name": "", "annotations": {}, "automount": False}, False),
        ({"name": "", "annotations": {}}, False),  # values of an older chart that are used again
    ):
        objects = _render(tmp_path, _values(serviceAccount=account))
        assert pod_of(objects)["automountServiceAccountToken"] is expected
        (made,) = (one for one in objects if one["kind"] == "ServiceAccount")
        assert made["automountServiceAccountToken"] is False


def test_the_cluster_is_read_by_the_manifest_s_role(tmp_path: Path) -> None:
    text = (CHART.parents[1] / "kubernetes/clusterrole.yaml").read_text()
    plain = next(yaml.safe_load_all(text))
    for name in ("", "mine"):
        values = _values(
            clusterRole={"create": True},
            serviceAccount={"name": name, "annotations": {}, "automount": True},
        )
        assert not list(_validator().iter_errors(values))
        objects = _render(tmp_path, values)
        _takes(objects)
        by_kind = {one["kind"]: one for one in objects}
        role, binding = by_kind["ClusterRole"], by_kind["ClusterRoleBinding"]
        assert role["rules"] == plain["rules"]
        assert binding["roleRef"]["name"] == role["metadata"]["name"] == "security-night-reader"
        assert binding["subjects"] == [{
            "kind": "ServiceAccount", "name": pod_of(objects)["serviceAccountName"],
            "namespace": "security",
        }]  # fmt: skip


def _validator() -> Any:
    schema = json.loads((CHART / "values.schema.json").read_text())
    return late.jsonschema.Draft7Validator(schema)


def test_what_the_schema_of_values_refuses() -> None:
    validator = _validator()
    assert not list(validator.iter_errors(_values()))
    outside = {"persistentVolumeClaim": "", "config": '[store]\nurl_env = "STATE"\n'}
    elsewhere = {
        "secretName": "", "fingerprintKeyInSecret": False,
        "config": _IN_THE_VOLUME + '[scan]\nfingerprint_key_env = "vault:a/b#c"\n',
    }  # fmt: skip
    for right in (outside, elsewhere):
        assert not list(validator.iter_errors(_values(**right))), right
    for wrong in ({"secretName": ""}, {"persistentVolumeClaim": ""},
                  {"secretName": "", "fingerprintKeyInSecret": False},
                  {"schedule": "daily"}, {"confg": "x"}, {"config": ""},
                  {"image": {"repository": "r", "tag": "t", "digest": "sha256:1"}}):  # fmt: skip
        assert list(validator.iter_errors(_values(**wrong))), wrong


_IN_THE_VOLUME = '[store]\nurl = "sqlite:////var/lib/shadow-ai/s.sqlite"\n'


@pytest.mark.parametrize(("config", "claim", "lasts"), [
    ('[store]\nurl_env = "STATE"\n', "", True),
    ("# of the team\r\n\r\n[store] # here\r\n# its place\r\nurl_env='vault:a/b#c'\r\n", "", True),
    ('[run]\noutput = "/r"\n\n[store]\nurl = "postgresql+psycopg://db.example/s"\n', "", True),
    ('[store]\nurl = "STATE"\n', "", True),
    ('[store]\nurl_env = { vault = "a/b", field = "c" }\n', "", True),
    *((f'[store]\nurl = "{scheme}:a"\n', "", True) for scheme in SCHEMES),
    ('store.url_env = "STATE"\n[run]\noutput = "/r"\n', "", True),
    (_IN_THE_VOLUME, "state", True),
    (_IN_THE_VOLUME, "", False),
    (_IN_THE_VOLUME + '[notify.team]\nurl_env = "TEAM_SLACK"\n', "", False),
    (_IN_THE_VOLUME + "# postgresql later\n", "", False),
    (_IN_THE_VOLUME + '# url_env = "STATE"\nurl_env = ""\n', "", False),
    ('[notify.team]\nurl_env = "TEAM_SLACK"\n', "", False),
    ('[run]\noutput = "/r"\nstore.url_env = "STATE"\n', "", False),
    ('[registry]\n#[store]\nurl_env = "STATE"\n', "", False),
    ('[store]\nurl = "sqlite:////tmp/s.sqlite"\n', "state", False),
    ('[run]\noutput = "/r"\n', "state", False),
])  # fmt: skip
def test_what_lasts_is_the_state_s_own_setting(config: str, claim: str, lasts: bool) -> None:
    found = list(_validator().iter_errors(_values(config=config, persistentVolumeClaim=claim)))
    assert not found if lasts else found


def test_helm_s_own_engine_takes_the_patterns() -> None:
    """Go's regular expressions are RE2's: nothing is looked ahead for."""
    re2 = pytest.importorskip("re2")
    patterns = re.findall(
        r'"pattern": ("(?:[^"\\]|\\.)*")', (CHART / "values.schema.json").read_text()
    )
    assert len(patterns) > 3
    for one in patterns:
        re2.compile(json.loads(one))


@pytest.mark.parametrize(("config", "named"), [
    ('[scan]\nfingerprint_key_env = "vault:secret/x#key"\n', True),
    ("# fingerprint_key_env later\n", False),
    ('[scan]\n# fingerprint_key_env = "KEY"\n', False),
    ('[run]\noutput = "/fingerprint_key"\n', False),
])  # fmt: skip
def test_the_key_s_other_place_is_its_own_setting(config: str, named: bool) -> None:
    values = _values(secretName="", fingerprintKeyInSecret=False, config=_IN_THE_VOLUME + config)
    found = list(_validator().iter_errors(values))
    assert not found if named else found


def test_the_templates_need_nothing_but_go() -> None:
    """What is tested here is what Helm renders."""
    for template in (CHART / "templates").iterdir():
        actions = re.findall(r"\{\{(.*?)\}\}", template.read_text())
        assert not [one for one in actions if _HELM_ONLY.search(one)], template
