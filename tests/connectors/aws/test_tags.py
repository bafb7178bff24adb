"""Tags are asked for a hundred at a time, or one by one where that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from scanner.model.coverage import Outcome
from tests.aws_rig import Organization, Rig, denied, serving
from tests.connectors.aws.reading import HOME, context, scan

ACCOUNT = "111111111111"
MANY = 60


@pytest.fixture
def rig() -> Rig:
    made = Rig(page_size=100)
    Organization.of(1).into(made)
    for number in range(MANY):
        name = f"m{number:02d}"
        arn = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:model/{name}"
        told = {
            "ModelName": name,
            "ModelArn": arn,
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        }
        tags = [{"Key": "owner", "Value": f"team-{number}@example.com"}] if number % 2 else []
        made.world.plant(ACCOUNT, HOME, "sagemaker:ListModels", "Models", told)
        made.world.answer(ACCOUNT, HOME, "sagemaker:DescribeModel", {"ModelName": name}, told)
        for tag in tags:
            made.world.plant(
                ACCOUNT, HOME, "sagemaker:ListTags", "Tags", tag, where={"ResourceArn": arn}
            )
        if tags:
            made.world.plant(
                ACCOUNT, HOME, "resourcegroupstaggingapi:GetResources", "ResourceTagMappingList",
                {"ResourceARN": arn, "Tags": tags},
            )  # fmt: skip
    return made


@pytest.fixture
def url(rig: Rig) -> Iterator[str]:
    with serving(rig) as served:
        yield served


def _owners(url: str) -> dict[str, str]:
    done = scan(context(url, families=("sagemaker",), identities=False))
    assert done.rows[f"aws:{ACCOUNT}/{HOME}/sagemaker"].status is Outcome.COMPLETE
    return {a.name: a.tags.get("owner", "") for a in done.assets("aws.sagemaker_model")}


WANTED = {f"m{n:02d}": f"team-{n}@example.com" if n % 2 else "" for n in range(MANY)}


def test_a_call_tells_the_tags_of_many(rig: Rig, url: str) -> None:
    assert _owners(url) == WANTED
    assert rig.called("sagemaker:ListTags") == 0
    assert rig.called("resourcegroupstaggingapi:GetResources") == 1
    assert rig.rejected == rig.wrong == []


def test_where_that_is_refused_each_is_asked_for(rig: Rig, url: str) -> None:
    rig.strike("resourcegroupstaggingapi:GetResources", denied())
    assert _owners(url) == WANTED
    assert rig.called("sagemaker:ListTags") == MANY
