"""Every list of AWS's AI services that needs no parameter, with made-up records, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name

from tests.aws_rig import Rig
from tests.aws_rig.conftest import Clients
from tests.aws_rig.models import Operation, operations
from tests.aws_rig.shapes import made_up

SERVICES = (
    "agent-registry-control", "bedrock", "bedrock-agent", "bedrock-agentcore-control",
    "bedrock-data-automation", "comprehend", "forecast", "frauddetector", "healthlake", "kendra",
    "lex-models", "lexv2-models", "machinelearning", "neptune-graph", "opensearch",
    "opensearchserverless", "personalize", "polly", "qbusiness", "qconnect",
    "rekognition", "s3vectors", "sagemaker", "textract", "transcribe", "translate",
)  # fmt: skip
OTHERS = (
    "account", "apprunner", "batch", "ce", "cloudformation", "cloudtrail", "codebuild", "config",
    "ec2", "ecr", "ecs", "eks", "iam", "lambda", "logs", "organizations", "qapps", "rds",
    "resource-explorer-2", "resourcegroupstaggingapi", "s3", "secretsmanager", "ssm",
    "stepfunctions", "sts",
)  # fmt: skip
READS = ("List", "Describe", "Get", "Search", "Batch", "Lookup")
_RECORDS = 3


def _is_read(known: Operation) -> bool:
    is_stream = known.model.has_event_stream_output or known.model.has_event_stream_input
    return known.name.startswith(READS) and not is_stream


def _pages(client: Any, known: Operation) -> list[dict[str, Any]]:
    """By botocore's paginator, or by hand where it has none."""
    method = xform_name(known.name)
    if client.can_paginate(method):
        return list(client.get_paginator(method).paginate())
    found: list[dict[str, Any]] = []
    asked: dict[str, str] = {}
    while True:
        page = getattr(client, method)(**asked)
        found.append(page)
        token = next((page[name] for name in known.paging.token_out if page.get(name)), None)
        if token is None:
            return found
        assert asked.get(known.paging.token_in[0]) != token
        asked = {known.paging.token_in[0]: token}


def _at(page: Any, path: str) -> list[Any]:
    for step in path.split("."):
        page = page.get(step, {})
    return page or []


@pytest.mark.parametrize("service", SERVICES)
def test_lists_without_parameters_are_parsed_and_page(
    rig: Rig, client: Clients, service: str
) -> None:
    rig.synthesize = _RECORDS
    asked = 0
    for known in operations(service):
        if known.required or not _is_read(known) or not known.paging.lists:
            continue
        pages = _pages(client(service), known)
        records = sum(len(_at(page, path)) for page in pages for path in known.paging.lists)
        fitting = [
            min(_RECORDS, _shape_at(known, path).metadata.get("max", _RECORDS))
            for path in known.paging.lists
        ]
        assert records == sum(fitting), known.id
        if known.paging.token_out and sum(fitting) > rig.page_size:
            assert len(pages) == -(-sum(fitting) // rig.page_size), known.id
        asked += 1
    assert asked
    assert not rig.rejected + rig.wrong


def _shape_at(known: Operation, path: str) -> Any:
    shape = known.output
    for step in path.split("."):
        shape = shape.members[step]
    return shape


@pytest.mark.slow
@pytest.mark.parametrize("service", sorted({*SERVICES, *OTHERS} - {"lex-models"}))
def test_every_reading_operation_is_understood(rig: Rig, client: Clients, service: str) -> None:
    """With every parameter that it has. (Lex of old has paths that Lex V2 has too, which is what
    the rig then takes them for.)"""
    rig.synthesize = 1
    for known in operations(service):
        if not _is_read(known):
            continue
        given = made_up(known.input, place=(rig.account, "us-east-1")) if known.input else {}
        asked = {k: v for k, v in given.items() if k not in known.paging.token_in}
        getattr(client(service), xform_name(known.name))(**asked)
    assert not rig.rejected + rig.wrong
