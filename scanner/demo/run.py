"""Build the made-up company, then run the real scan on it through the real connectors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from scanner.app.config import load
from scanner.app.pipeline import Result, Settings, scan
from scanner.demo import cloud, code, identity
from scanner.emit.files import write_all
from scanner.emit.table import print_document
from scanner.model.base import encode
from scanner.model.errors import ConfigError

_CONFIG = """\
[store]
url = "sqlite:///shadow-ai.sqlite"

[registry]
files = ["registry.yaml"]

[sources.code]
paths = ["support-portal"]

[sources.aws]
organization = true
role_name = "{role}"
regions = ["{region}", "eu-west-1"]
families = ["bedrock", "sagemaker", "lambda", "secretsmanager", "ssm"]
event_history = false          # the made-up cloud has none, and asking takes its time
endpoint_url = "{aws}"

[sources.okta]
org_url = "{okta}"
"""

_REGISTRY = """\
# One entry as it should be, one that drifted, one that is gone, two that are the same.
entries:
  - id: AIR-0001
    name: Fraud scoring
    owner: fraud-team@example.com
    stage: production
    approved: {{providers: [aws_sagemaker], regions: [us-east-1]}}
    bindings:
      - {{type: arn, value: "arn:aws:sagemaker:us-east-1:{production}:endpoint/fraud-scoring"}}
    assessments: [{{type: impact, status: done, at: "2026-03-02"}}]
  - id: AIR-0002
    name: Support reply drafter
    owner: support-engineering@example.com
    stage: production
    approved: {{providers: [openai], models: ["gpt-4o-mini*"]}}
    bindings: [{{type: repo, value: github.com/example-corp/support-portal}}]
  - id: AIR-0003
    name: Churn model
    owner: growth@example.com
    stage: production
    bindings: [{{type: arn, value: "arn:aws:sagemaker:us-east-1:{production}:endpoint/churn"}}]
  - id: AIR-0004
    name: Policy handbook search
    owner: legal@example.com
    stage: pilot
    bindings: [{{type: tag, value: "owner=legal@example.com"}}]
  - id: AIR-0005
    name: Policy Handbook Search
    owner: legal@example.com
    stage: pilot
    bindings: [{{type: pattern, value: "policy-handbook"}}]
"""


def run_demo(output: Path, *, as_json: bool = False) -> Result:
    """Seed, scan, print, write. Raises ``ConfigError`` where the demo's own needs are missing."""
    _need_moto()
    with tempfile.TemporaryDirectory(prefix="shadow-ai-demo-") as name, company(Path(name)) as file:
        result = scan(load(file), settings=Settings(environ=environment()))
        if as_json:
            click.echo(encode(result.document).decode())
        else:
            print_document(result.document, result.events)
        for path in write_all(output, result.document, result.situation.graph):
            click.echo(f"wrote {path}", err=as_json)
    return result


@contextmanager
def company(folder: Path, wrap: Callable[[Any], Any] = lambda app: app) -> Iterator[Path]:
    """The made-up company while its servers run; the path of its configuration. ``wrap``: a layer
    before the cloud (:func:`scanner.demo.cloud.fake_aws`)."""
    code.build(folder / "support-portal")
    with cloud.fake_aws(wrap) as aws, identity.fake_okta() as okta, _fake_credentials():
        accounts = cloud.seed(aws)
        registry = _REGISTRY.format(production=accounts["ml-production"])
        (folder / "registry.yaml").write_text(registry, encoding="utf-8")
        file = folder / "shadow-ai.toml"
        file.write_text(
            _CONFIG.format(role=cloud.ROLE, region=cloud.REGION, aws=aws, okta=okta),
            encoding="utf-8",
        )
        yield file


def environment() -> dict[str, str]:
    """What the connectors see: the demo's own made-up token beside the caller's variables."""
    return {**os.environ, "OKTA_API_TOKEN": "made-up-for-the-demo"}


@contextmanager
def _fake_credentials() -> Iterator[None]:
    """boto3 must not find the caller's real credentials while the fake is scanned."""
    wanted = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": cloud.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    before = {name: os.environ.get(name) for name in (*wanted, "AWS_PROFILE")}
    os.environ.update(wanted)
    os.environ.pop("AWS_PROFILE", None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _need_moto() -> None:
    try:
        import moto.server  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"the demo needs moto's server ({error}); install shadow-ai-scanner[demo]"
        ) from error
