"""Recorded answers reach boto3 as they were recorded, in their order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws_rig import Rig
from tests.aws_rig.conftest import Clients
from tests.aws_rig.recorded import replay

WHEN = {"__class__": "datetime", "year": 2026, "month": 3, "day": 4, "hour": 5}
ARN = "arn:aws:sagemaker:us-east-1:111111111111:model/m"


def _write(folder: Path, name: str, told: Any) -> None:
    (folder / name).write_text(json.dumps(told))


def test_answers_come_in_their_order_and_the_last_stays(
    rig: Rig, client: Clients, tmp_path: Path
) -> None:
    model = {"ModelName": "m", "ModelArn": ARN, "CreationTime": WHEN, "NotInTheModel": 1}
    listed = {"ResponseMetadata": {"HTTPStatusCode": 200}, "Models": [model]}
    _write(tmp_path, "api.sagemaker.ListModels_1.json", {"status_code": 200, "data": listed})
    _write(
        tmp_path, "api.sagemaker.ListModels_2.json", {"status_code": 200, "data": {"Models": []}}
    )
    refusal = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
    _write(tmp_path, "bedrock.ListGuardrails_1.json", {"status_code": 400, "data": refusal})
    assert replay(rig, tmp_path) == 3
    sagemaker = client("sagemaker")
    found = sagemaker.list_models()["Models"]
    assert [(one["ModelName"], one["CreationTime"]) for one in found] == [
        ("m", datetime(2026, 3, 4, 5, tzinfo=UTC))
    ]
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_models()["Models"] == []
    with pytest.raises(ClientError, match="ThrottlingException"):
        client("bedrock").list_guardrails()


def test_a_bare_body_is_sent_byte_for_byte(rig: Rig, client: Clients, tmp_path: Path) -> None:
    (tmp_path / "sagemaker.ListEndpoints_1.json").write_bytes(
        b'{"Endpoints": [{"EndpointName": "e", "Unheard": {"of": 1}}], "NextToken": null}'
    )
    replay(rig, tmp_path)
    told = client("sagemaker").list_endpoints()
    assert told["Endpoints"] == [{"EndpointName": "e"}]


@pytest.mark.parametrize("name", ["notes.json", "sagemaker.NoSuchThing_1.json", "x.ListA_1.json"])
def test_what_is_no_answer_is_refused_by_name(rig: Rig, tmp_path: Path, name: str) -> None:
    _write(tmp_path, name, {})
    with pytest.raises(ValueError, match=r"notes\.json|NoSuchThing|ListA"):
        replay(rig, tmp_path)
