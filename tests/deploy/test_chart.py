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
from tests import late
from tests.deploy.mounted import key_of, writes_where_it_may

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


def test_what_the_schema_of_values_refuses() -> None:
    validator = late.jsonschema.Draft7Validator(
        json.loads((CHART / "values.schema.json").read_text())
    )
    assert not list(validator.iter_errors(_values()))
    outside = {"persistentVolumeClaim": "", "config": '[store]\nurl_env = "STATE"\n'}
    elsewhere = {"secretName": "", "fingerprintKeyInSecret": False,
                 "config": '[scan]\nfingerprint_key_env = "vault:secret/x#key"\n'}  # fmt: skip
    for right in (outside, elsewhere):
        assert not list(validator.iter_errors(_values(**right))), right
    for wrong in ({"secretName": ""}, {"persistentVolumeClaim": ""},
                  {"secretName": "", "fingerprintKeyInSecret": False},
                  {"schedule": "daily"}, {"confg": "x"}, {"config": ""},
                  {"image": {"repository": "r", "tag": "t", "digest": "sha256:1"}}):  # fmt: skip
        assert list(validator.iter_errors(_values(**wrong))), wrong


def test_the_templates_need_nothing_but_go() -> None:
    """What is tested here is what Helm renders."""
    for template in (CHART / "templates").iterdir():
        actions = re.findall(r"\{\{(.*?)\}\}", template.read_text())
        assert not [one for one in actions if _HELM_ONLY.search(one)], template
