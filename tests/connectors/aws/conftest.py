"""No real credentials, no faults left over from another test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from scanner.demo import cloud
from scanner.detect.engine import Detector
from scanner.rulebook.load import Rulebook
from tests.aws_rig import Organization, Rig
from tests.connectors.aws.detected import Scan, scanned


@pytest.fixture(autouse=True)
def _no_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", cloud.REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where there is one: an organization takes three seconds to seed."""
    if "organization" not in request.fixturenames:
        yield
        return
    wire = request.getfixturevalue("organization")[2]
    wire.calls.clear()
    yield
    wire.fault = lambda op, region, key: None


@pytest.fixture
def rig() -> Rig:
    """A made-up AWS of one account, in small pages."""
    made = Rig(page_size=2)
    Organization.of(1).into(made)
    return made


@pytest.fixture
def scan(rig: Rig, rulebook: Rulebook, detector: Detector) -> Scan:
    return lambda *families, **changes: scanned(
        rig, rulebook, detector, families=families, **changes
    )


@pytest.fixture
def member(organization: Any) -> Callable[[str], Any]:
    """``member(account name)``: a function that makes clients of that account."""
    url, accounts, _ = organization

    def enter(name: str) -> Any:
        credentials = boto3.client("sts", endpoint_url=url).assume_role(
            RoleArn=f"arn:aws:iam::{accounts[name]}:role/{cloud.ROLE}", RoleSessionName="test"
        )["Credentials"]
        return lambda service: boto3.client(
            service,
            endpoint_url=url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    return enter
