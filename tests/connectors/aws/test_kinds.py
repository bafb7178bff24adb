"""For every type of Bedrock, AgentCore and SageMaker: what is planted comes out, over several
pages; what is denied shows, and what the list has told stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.aws import TYPES, AwsConfig, AwsConnector
from connectors.aws.access import Access
from connectors.aws.reading import AwsReading
from connectors.aws.types import OPTIONS
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.tabled.engine import read_types
from scanner.kit.tables import ResourceType
from scanner.model.errors import Denied
from scanner.model.facts import Asset, Edge
from scanner.model.items import Gap, Item
from tests.aws_rig import Rig, denied, serving
from tests.aws_rig.answers import Answer
from tests.aws_rig.requests import Request
from tests.connectors.aws.planted import ACCOUNT, REGION, SAME_ROUTE, Soil

FAMILIES = ("bedrock", "agentcore", "agentcore-credentials", "agent-registry", "sagemaker",
            "sagemaker-jobs")  # fmt: skip
KINDS = [kind for kind in TYPES if kind.service in FAMILIES]
Read = Callable[[Soil], list[Item]]


class _Stage(Rig):
    """One server and one set of clients for all tests: making these takes longer than the tests."""

    playing: Rig

    def answer(self, request: Request) -> Answer:
        return self.playing.answer(request)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[_Stage, Access]]:
    made = _Stage()
    with pytest.MonkeyPatch.context() as patch, serving(made) as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "made-up")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        config = AwsConfig(endpoint_url=url, regions=(REGION,), parallel_calls=8)
        context = Context(config=config, examine=lambda *_: (), limits=Limits(), retries=1)
        access = Access(context, AwsConnector.spec.operations)
        access._caller = (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/test")
        yield made, access
        access.pool.shutdown()


@pytest.fixture
def read(stage: tuple[_Stage, Access]) -> Read:
    made, access = stage

    def collected(soil: Soil) -> list[Item]:
        made.playing = soil.rig
        reading = AwsReading(
            access=access, account=ACCOUNT, region=REGION, partition="aws",
            account_environment="", environment_keys=(), since="2026-01-01T00:00:00+00:00",
            opted=frozenset(OPTIONS),
        )  # fmt: skip
        return list(read_types(tuple(soil.types), reading))

    return collected


def _chain(kind: ResourceType) -> list[ResourceType]:
    """The type, behind those that it stands under."""
    above = next((one for one in TYPES if one.kind == kind.under), None)
    return [*(_chain(above) if above else ()), kind]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_what_is_planted_comes_out(kind: ResourceType, read: Read) -> None:
    soil = Soil(_chain(kind))
    items = read(soil)
    assert [item for item in items if isinstance(item, Gap)] == []
    assert soil.rig.rejected + soil.rig.wrong == []
    assets = {item.id: item for item in items if isinstance(item, Asset)}
    edges = {
        (item.source, str(item.relation), item.target) for item in items if isinstance(item, Edge)
    }
    planted = soil.records[kind.kind]
    assert len(planted) >= 2
    is_list = kind.list.items.endswith("[]")
    records = planted[: kind.list.most or None] if is_list else planted[:1]
    assert sum(asset.kind == kind.kind for asset in assets.values()) == len(records)
    for record in records:
        ident = soil.ident(kind, record)
        asset, expected = assets[ident], record.expected
        assert (asset.kind, asset.provider, asset.region) == (kind.kind, kind.provider, REGION)
        assert asset.name in (soil.named(kind, record), soil.named(kind, record).rpartition("/")[2])
        above = soil.parent(record)
        holder = f"aws:account/{ACCOUNT}"
        if above:
            holder = soil.ident(next(k for k in soil.types if k.kind == kind.under), above)
        missing = {tuple(ident if end == "*" else end for end in edge) for edge in expected.edges}
        missing |= {(holder, "contains", ident)}
        assert missing - edges == set()
        tags = {
            **expected.tags,
            **({"planted": f"z{record.serial}z"} if kind.tags and not kind.tagged else {}),
        }
        assert tags.items() <= asset.tags.items()
        assert expected.models <= set(asset.models)
        assert expected.aliases <= set(asset.aliases)
        assert expected.exposure <= set(asset.exposure)
        assert asset.status == expected.status or not expected.status
        assert asset.created_at == expected.created_at or not expected.created_at


def _refusable() -> Iterator[tuple[ResourceType, str]]:
    for kind in KINDS:
        for call in dict.fromkeys(call.op for call in kind.calls):
            yield kind, call


@pytest.mark.parametrize(
    ("kind", "op"), _refusable(), ids=lambda one: one if isinstance(one, str) else one.kind
)
def test_what_is_denied_shows_and_the_rest_stays(kind: ResourceType, op: str, read: Read) -> None:
    soil = Soil(_chain(kind), page_size=100)
    soil.rig.strike(SAME_ROUTE.get(op, op), denied())
    if op == kind.list.op and not kind.under:
        with pytest.raises(Denied, match=op):
            read(soil)
        return
    items = read(soil)
    gaps = [item for item in items if isinstance(item, Gap)]
    assert gaps
    assert all(gap.denied and "AccessDenied" in gap.reason for gap in gaps)
    kinds = {item.kind for item in items if isinstance(item, Asset)}
    # Of a list that is refused below a record, that record stays; else the record itself does.
    is_listed = op != kind.list.op
    assert (kind.kind in kinds) is is_listed
    assert all(one.kind in kinds for one in soil.types[:-1] if op != one.list.op)
