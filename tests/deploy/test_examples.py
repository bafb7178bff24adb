"""What deploy/ holds can be read by what it is for, and calls commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from cronsim import CronSim

from scanner.cli import cli
from tests.deploy.mounted import key_of, writes_where_it_may, written

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path for path in (DEPLOY / "systemd").iterdir() if path.suffix != ".toml")


def _unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """As systemd.syntax(7) says: sections, and keys that may be repeated."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = {}
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        assert section, line
        found[section].setdefault(key, []).append(value)
    return found


def test_the_units_are_a_job_and_its_timer() -> None:
    service = _unit(DEPLOY / "systemd/shadow-ai.service")
    timer = _unit(DEPLOY / "systemd/shadow-ai.timer")
    assert service["Service"]["Type"] == ["oneshot"]
    assert service["Service"]["NoNewPrivileges"] == ["yes"]
    # An interpreter that cannot begin ends with 1, too: nothing that may be a crash is a success.
    assert service["Service"]["SuccessExitStatus"] == ["3"]
    # What reads a shard may be killed for its memory; the run reads on, and sets the shard aside.
    assert service["Service"]["OOMPolicy"] == ["continue"]
    assert "--findings-ok" in service["Service"]["ExecStart"][0]
    assert timer["Timer"]["Persistent"] == ["true"]
    assert "Install" in timer


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], check=False, capture_output=True,
        text=True,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert not [line for line in said if unit.name in line and "Unknown" in line], said


def test_the_crontab_s_folders_are_told_of() -> None:
    """sh begins nothing where it cannot open what the errors go to."""
    text = (DEPLOY / "cron/shadow-ai").read_text()
    (line,) = [line for line in text.splitlines() if "/bin/shadow-ai" in line]
    used = {Path(line.rpartition("2>>")[2]).parent, Path(line.partition("cd ")[2].split()[0])}
    (made,) = [line for line in text.splitlines() if "install -d" in line]
    assert used == {Path(word) for word in made.split() if word.startswith("/")}
    assert made.lstrip("# ") in (ROOT / "docs/deploy.md").read_text()


def test_the_crontab_is_one() -> None:
    lines = [
        line for line in (DEPLOY / "cron/shadow-ai").read_text().splitlines()
        if line and not line.startswith("#") and not re.match(r"[A-Z]+=", line)
    ]  # fmt: skip
    (line,) = lines
    fields = line.split(None, 6)
    assert next(CronSim(" ".join(fields[:5]), datetime(2026, 1, 1, tzinfo=UTC))).hour == 3
    assert fields[5] == "shadow-ai"


def _comes_to(rules: list[Any], container: str, code: int, condition: str = "") -> str:
    """The action of the first rule that fits, else the default: of the API's ``podFailurePolicy``
    (https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy)."""
    for rule in rules:
        by_code = rule.get("onExitCodes")
        if by_code and by_code["containerName"] == container and code in by_code["values"]:
            return str(rule["action"])
        if any(one["type"] == condition for one in rule.get("onPodConditions", ())):
            return str(rule["action"])
    return "Count"


def test_the_manifests_keep_a_pod_small_and_alone() -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/cronjob.yaml").read_text()))
    job = next(one for one in documents if one["kind"] == "CronJob")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    next(CronSim(job["spec"]["schedule"], datetime(2026, 1, 1, tzinfo=UTC)))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    rules = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert {_comes_to(rules, container["name"], code) for code in (2, 3)} == {"FailJob"}
    assert {_comes_to(rules, container["name"], code) for code in (4, 137)} == {"Count"}
    # What drains a node tells the run to end, which then ends with 3.
    evicted = [_comes_to(rules, container["name"], code, "DisruptionTarget") for code in (3, 137)]
    assert evicted == ["Ignore", "Ignore"]
    assert "--findings-ok" in container["args"]
    volumes = {one["name"] for one in pod["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} == volumes


def test_the_manifests_write_where_they_may_and_keep_one_key(tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/cronjob.yaml").read_text()))
    writes_where_it_may(tmp_path, documents)
    assert key_of(documents) == ("shadow-ai", "SHADOW_AI_FINGERPRINT_KEY")


def test_the_service_writes_to_its_own_folder(tmp_path: Path) -> None:
    service = _unit(DEPLOY / "systemd/shadow-ai.service")["Service"]
    assert service["ProtectSystem"] == ["strict"]
    own = PurePosixPath("/var/lib") / service["StateDirectory"][0]
    at = PurePosixPath(service["ExecStart"][0].split("--config ")[1])
    text = (DEPLOY / "systemd/shadow-ai.toml").read_text()
    paths = written(tmp_path, text, at)
    assert len(paths) == 2
    (home,) = service["Environment"]
    for path in [*paths, PurePosixPath(home.removeprefix("XDG_CONFIG_HOME="))]:
        assert path.is_relative_to(own), path


@pytest.mark.parametrize("path", sorted(p for p in DEPLOY.rglob("*") if p.is_file()),
                         ids=lambda path: path.name)  # fmt: skip
def test_commands_in_them_exist(path: Path) -> None:
    text = path.read_text()
    verbs = set(re.findall(r"bin/shadow-ai (\w+)", text)) | set(
        re.findall(r'args: \["(\w+)"', text)
    )
    for verb in verbs:
        assert CliRunner().invoke(cli, [verb, "--help"]).exit_code == 0, verb
