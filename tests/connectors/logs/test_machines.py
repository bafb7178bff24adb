"""Whole scans of a made-up AWS and its logs: from the instance to the AI that it calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scanner.cli import cli
from tests.aws_rig import Organization, Rig, serving
from tests.aws_rig.rig import MANAGEMENT
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.questions import asked, pairs, ways
from tests.connectors.logs.test_joined import AI, HEAD, T0, resolved, talk

HOME = "us-east-1"


def arn(ident: str) -> str:
    return f"arn:aws:ec2:{HOME}:{MANAGEMENT}:instance/{ident}"


def instance(ident: str, address: str, interface: str, network: str = "vpc-1") -> dict[str, Any]:
    return {
        "InstanceId": ident, "InstanceType": "m5.large", "VpcId": network,
        "State": {"Name": "running", "Code": 16}, "PrivateIpAddress": address,
        "NetworkInterfaces": [{
            "NetworkInterfaceId": interface, "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": True}],
        }],
    }  # fmt: skip


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    made = Rig()
    Organization.of(1).into(made)
    made.world.plant(
        MANAGEMENT, HOME, "ec2:DescribeInstances", "Reservations",
        {"ReservationId": "r-1", "Instances": [
            instance("i-0aaa", "10.0.0.5", "eni-0a"), instance("i-0bbb", "10.0.0.6", "eni-0b"),
            instance("i-0ccc", "10.0.0.7", "eni-0c"),
            instance("i-0ddd", "10.0.0.7", "eni-0d", "vpc-2"),
        ]},
    )  # fmt: skip
    for ident in ("i-0aaa", "i-0bbb", "i-0ccc", "i-0ddd"):
        made.world.answer(
            MANAGEMENT, HOME, "ec2:DescribeInstanceAttribute",
            {"InstanceId": ident, "Attribute": "userData"},
            {"InstanceId": ident, "UserData": {}},
        )  # fmt: skip
    return made


def scanned(folder: Path, rig: Rig, family: str = "compute") -> Path:
    config = folder / "shadow-ai.toml"
    with serving(rig) as url:
        config.write_text(
            f'[store]\nurl = "sqlite:///{folder / "state.db"}"\n'
            f'[sources.aws]\nendpoint_url = "{url}"\nregions = ["{HOME}"]\n'
            f'families = ["{family}"]\n'
            "identities = false\nevent_history = false\nread_user_data = true\n"
            '[sources.logs]\nfiles = ["logs"]\n'
        )
        done = CliRunner().invoke(cli, ["scan", "--config", str(config), "--json"])
    assert done.exit_code == 0, json.loads(done.output)["coverage"]
    return config


def test_the_graph_leads_from_the_instance_to_the_provider(tmp_path: Path, rig: Rig) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI)  # known by its interface
        + resolved("10.0.0.6", "api.openai.com", AI, instance="i-0bbb")  # by its id
    )
    (logs / "flows.log").write_text(HEAD + talk("10.0.0.5", AI, 700, 9000, 5, eni="eni-0a"))
    config = scanned(tmp_path, rig)
    assert ways(config, arn("i-0aaa")) >= 1
    assert ways(config, arn("i-0bbb")) >= 1
    graph = asked(config, "graph", "paths", "--from", arn("i-0aaa"), "--to", "provider:openai")
    assert "bytes_up" in json.dumps(graph) or "vpc-flow" in json.dumps(graph)
    assert not rig.rejected


def test_an_address_in_a_network_is_one_machines(tmp_path: Path, rig: Rig) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "dns.log").write_text(resolved("10.0.0.7", "api.openai.com", AI, vpc="vpc-2"))
    config = scanned(tmp_path, rig)
    assert ways(config, arn("i-0ddd")) >= 1
    assert ways(config, arn("i-0ccc")) == 0


def test_an_address_that_may_be_several_is_a_question(tmp_path: Path, rig: Rig) -> None:
    """The log names no network, or saw the address at two interfaces."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "proxy.log").write_text(
        f"{T0}.123    456 10.0.0.7 TCP_TUNNEL/200 8 CONNECT api.openai.com:443 - DIRECT/{AI} -\n"
    )
    (logs / "dns.log").write_text(
        resolved("10.0.0.5", "api.openai.com", AI, vpc="vpc-1")
        + resolved("10.0.0.5", "api.openai.com", AI, vpc="vpc-9")
    )
    (logs / "flows.log").write_text(
        HEAD + talk("10.0.0.5", AI, 7, 9, 5, eni="eni-0a")
        + talk("10.0.0.5", AI, 7, 9, 5, 52000, eni="eni-0z")
    )  # fmt: skip
    config = scanned(tmp_path, rig)
    waiting = pairs(config, "candidate")
    seven, five = "logs:traffic/address/10.0.0.7", "logs:traffic/address/10.0.0.5"
    assert {frozenset((seven, arn(one))) for one in ("i-0ccc", "i-0ddd")} <= waiting
    assert frozenset((five, arn("i-0aaa"))) in waiting
    assert not [pair for pair in pairs(config, "merged") if seven in pair or five in pair]


FUNCTION = f"arn:aws:lambda:{HOME}:{MANAGEMENT}:function:answers"


def invoked(session: str) -> str:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html"""
    return json.dumps({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "operation": "InvokeModel",
        "timestamp": "2026-11-28T10:00:00Z", "accountId": MANAGEMENT,
        "identity": {"arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/{session}"},
        "modelId": "anthropic.claude-3-haiku",
    }) + "\n"  # fmt: skip


def traced(resource: str) -> str:
    """https://opentelemetry.io/docs/specs/semconv/resource/cloud/"""

    def attribute(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": value}}

    span = {
        "startTimeUnixNano": "1764324000000000000",
        "attributes": [attribute("gen_ai.provider.name", "aws.bedrock")],
    }
    around = [attribute("service.name", "shop"), attribute("cloud.resource_id", resource)]
    return json.dumps({"resourceSpans": [
        {"resource": {"attributes": around}, "scopeSpans": [{"spans": [span]}]}
    ]}) + "\n"  # fmt: skip


@pytest.mark.parametrize(
    ("line", "leads"),
    [
        (invoked("shop-role/answers"), True), (invoked("other-role/answers"), False),
        (traced(FUNCTION + ":7"), True), (traced(FUNCTION + "-old"), False),
    ],
)  # fmt: skip
def test_a_function_is_known_by_its_session_or_its_id(
    tmp_path: Path, rig: Rig, line: str, leads: bool
) -> None:
    role = f"arn:aws:iam::{MANAGEMENT}:role/service-role/shop-role"
    rig.world.plant(
        MANAGEMENT, HOME, "lambda:ListFunctions", "Functions",
        {"FunctionArn": FUNCTION, "FunctionName": "answers", "Role": role, "Runtime": "python3.13"},
    )  # fmt: skip
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text(line)
    config = scanned(tmp_path, rig, "lambda")
    told = asked(config, "graph", "paths", "--from", FUNCTION, "--to", "provider:aws_bedrock")
    assert bool(told.get("paths")) is leads


def test_a_functions_interface_leads_to_it_as_a_question(tmp_path: Path, rig: Rig) -> None:
    """Functions share interfaces, each of which is described by the first of them."""
    rig.world.plant(
        MANAGEMENT, HOME, "lambda:ListFunctions", "Functions",
        {"FunctionArn": FUNCTION, "FunctionName": "answers", "Runtime": "python3.13"},
    )  # fmt: skip
    rig.world.plant(
        MANAGEMENT, HOME, "ec2:DescribeNetworkInterfaces", "NetworkInterfaces",
        {"NetworkInterfaceId": "eni-0f", "VpcId": "vpc-1", "Status": "in-use",
         "InterfaceType": "lambda",
         "Description": "AWS Lambda VPC ENI-answers-0a1b2c3d-0a1b-4c3d-8e4f-0a1b2c3d4e5f",
         "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}]},
    )  # fmt: skip
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "dns.log").write_text(resolved("10.0.0.9", "api.openai.com", AI))
    (logs / "flows.log").write_text(HEAD + talk("10.0.0.9", AI, 700, 9000, 5, eni="eni-0f"))

    config = scanned(tmp_path, rig, 'lambda", "compute')

    interface = f"arn:aws:ec2:{HOME}:{MANAGEMENT}:network-interface/eni-0f"
    told = asked(config, "graph", "paths", "--from", interface, "--to", "provider:openai")
    assert told.get("paths")
    assert frozenset((interface, FUNCTION)) in pairs(config, "candidate")
    calls = [call for call in rig.calls if call.startswith("ec2:DescribeNetworkInterfaces")]
    assert len(calls) == 1


def test_an_instances_session_is_the_instance(tmp_path: Path, rig: Rig) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text(invoked("app/i-0aaa"))
    config = scanned(tmp_path, rig)
    told = asked(config, "graph", "paths", "--from", arn("i-0aaa"), "--to", "provider:aws_bedrock")
    assert told.get("paths")


def test_somebodys_session_is_a_person(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(
        invoked("AWSReservedSSO_Dev_0a/anna@example.com") + invoked("app/answers")
    )
    people = {person.email: person.principal_type for person in read("a.log").people.values()}
    assert people == {"anna@example.com": "human", "": "unknown"}


def test_a_laptop_is_one_in_a_proxys_log_and_an_inventory(tmp_path: Path) -> None:
    """Chat in a browser and an extension are the same device's, with or without its domain."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "proxy.log").write_text(json.dumps({
        "Datetime": "2026-11-28T10:00:00Z", "DeviceName": "LAPTOP-7.corp.example",
        "SourceIP": "10.0.0.5", "HTTPHost": "claude.ai", "HTTPMethod": "GET", "URL": "/chat/1",
        "UserAgent": "Mozilla/5.0", "Action": "allow",
    }) + "\n")  # fmt: skip
    (logs / "osquery.log").write_text(json.dumps({
        "name": "pack_browser_chrome_extensions", "hostIdentifier": "laptop-7", "action": "added",
        "unixTime": 1795860000, "decorations": {"hostname": "laptop-7"},
        "columns": {"identifier": "fcoeoabgfenejglbffodgkkbkcdhcgfn", "name": "Claude",
                    "username": "lena"},
    }) + "\n")  # fmt: skip
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path / "state.db"}"\n[sources.logs]\nfiles = ["logs"]\n'
    )
    done = CliRunner().invoke(cli, ["scan", "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    joined = asked(config, "graph", "same-as", "list", "--merged")
    names = {row[end].rpartition("/")[2] for row in joined for end in ("one", "other")}
    assert {"laptop-7", "laptop-7.corp.example"} <= names


def _object(kind: str, name: str, uid: str, owner: tuple[str, str, str] | None = None,
            version: str = "apps/v1", **more: Any) -> dict[str, Any]:  # fmt: skip
    meta: dict[str, Any] = {"name": name, "namespace": "prod", "uid": uid}
    if owner is not None:
        of, called, ident = owner
        meta["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": of, "name": called, "uid": ident, "controller": True}
        ]
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


def test_the_document_says_which_deployment_a_span_is_of(tmp_path: Path) -> None:
    """It is no AI itself, and stands beside what uses some."""
    containers = {"containers": [{"name": "c", "image": "acme/shop:1"}]}
    spec = {"replicas": 1, "template": {"spec": containers}}
    pod = "shop-6d4cf56db6-x2x4z"
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": f"u-{name}"}}
        for name in ("kube-system", "prod")
    ]
    objects += [
        _object("Deployment", "shop", "d1", spec=spec),
        _object("ReplicaSet", "shop-6d4cf56db6", "r1", ("Deployment", "shop", "d1"), spec=spec),
        _object("Pod", pod, "p1", ("ReplicaSet", "shop-6d4cf56db6", "r1"), "v1", spec=containers,
                status={"phase": "Running", "podIP": "10.60.0.9"}),
    ]  # fmt: skip
    (tmp_path / "k8s.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    )

    def named(**told: str) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]

    of = named(**{"service.name": "shop", "k8s.pod.name": pod, "k8s.namespace.name": "prod"})
    about = named(**{"gen_ai.provider.name": "openai", "gen_ai.operation.name": "chat"})
    span = {"name": "chat", "startTimeUnixNano": f"{T0}000000000", "attributes": about}
    (tmp_path / "spans.json").write_text(json.dumps(
        {"resourceSpans": [{"resource": {"attributes": of}, "scopeSpans": [{"spans": [span]}]}]}
    ))  # fmt: skip
    config = tmp_path / "shadow-ai.toml"
    config.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path / "state.db"}"\n'
        '[sources.kubernetes]\nfiles = ["k8s.json"]\n[sources.logs]\nfiles = ["spans.json"]\n'
    )
    done = CliRunner().invoke(cli, ["scan", "--config", str(config), "--json"])
    edges = {
        (row["kind"], row["source"], row["target"]) for row in json.loads(done.output)["edges"]
    }
    device = "logs:traffic/device/shop"
    assert ("used_by", "logs:traffic/openai/api-calls", device) in edges
    assert ("same_as", "kubernetes:u-kube-system/prod/deployment/shop", device) in edges
