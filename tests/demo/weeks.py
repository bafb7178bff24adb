"""Run as a program: the demo's company over five weeks, what each scan said, as JSON.

A process of its own, because moto keeps its state in the process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3

from scanner.app.config import load
from scanner.app.pipeline import Result, Settings, scan
from scanner.demo import cloud, run
from scanner.emit.files import write_all
from tests.connectors.aws.wire import DENIED, Wire
from tests.descriptions import read_fast


def _member(url: str, account: str) -> Any:
    role = f"arn:aws:iam::{account}:role/{cloud.ROLE}"
    given = boto3.client("sts", endpoint_url=url, region_name=cloud.REGION).assume_role(
        RoleArn=role, RoleSessionName="test"
    )["Credentials"]
    return boto3.client(
        "lambda", endpoint_url=url, region_name=cloud.REGION,
        aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )  # fmt: skip


def _said(result: Result) -> dict[str, Any]:
    titles = {f.fingerprint: f.title for f in result.document.findings}
    return {
        "exit_code": result.exit_code,
        "changes": sorted([str(e.change), titles[e.fingerprint]] for e in result.events),
        "statuses": {f.title: str(f.status) for f in result.document.findings},
        "denied": [row.shard for row in result.document.coverage if str(row.status) == "denied"],
    }


def main(folder: Path) -> None:
    wire = Wire()
    weeks: list[dict[str, Any]] = []
    with run.company(folder, wire) as file:
        settings = Settings(environ=run.environment())

        def week() -> Result:
            result = scan(load(file), settings=settings)
            weeks.append(_said(result))
            return result

        first = week()
        write_all(folder / "out", first.document, first.situation.graph)
        week()  # nothing has changed
        account = next(
            asset.uid.split(":")[4]
            for asset in first.document.assets
            if ":function:summarise-tickets#" in asset.uid
        )
        url = load(file).config.sources["aws"]["endpoint_url"]
        client = _member(str(url), account)
        variables = client.get_function_configuration(FunctionName="summarise-tickets")
        key = variables["Environment"]["Variables"]["OPENAI_API_KEY"]
        wire.fault = lambda op, region, user: DENIED if op.startswith("lambda:") else None
        week()  # its place may not be read
        wire.fault = lambda op, region, user: None
        client.update_function_configuration(
            FunctionName="summarise-tickets", Environment={"Variables": {"MODEL": "gpt-4o-mini"}}
        )
        week()  # the key is gone
        client.update_function_configuration(
            FunctionName="summarise-tickets", Environment={"Variables": {"OPENAI_API_KEY": key}}
        )
        week()  # and back again
    json.dump({"weeks": weeks, "key": key}, sys.stdout)


if __name__ == "__main__":
    with read_fast():
        main(Path(sys.argv[1]))
