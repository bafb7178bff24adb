"""Every type of the tables against a made-up AWS in which it has records: listed, detailed, paged,
tied to its account, and said to be what its table says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.aws import CONNECTOR, TYPES
from connectors.aws.config import AwsConfig
from connectors.aws.types import OPTIONS
from scanner.kit.contract import Context, Shard
from scanner.kit.limits import Limits
from scanner.kit.tables import ResourceType
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, AssetClass, DataStore, Edge
from scanner.model.items import Content, Gap, Item
from tests.aws_rig import Organization, Rig, serving
from tests.aws_rig.models import operation
from tests.connectors.aws.made_up_world import ACCOUNT, REGION, of_every_type

FAMILIES = (
    "assistants", "compute", "containers", "delivery", "lambda", "language", "licenses", "network",
    "predictions", "secretsmanager", "ssm", "stores", "vision",
)  # fmt: skip
MINE = [kind for kind in TYPES if kind.service in FAMILIES]


@dataclass
class Read:
    items: list[Item] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    rig: Rig = field(default_factory=Rig)

    def of(self, kind: str) -> list[Asset]:
        return [one for one in self.items if isinstance(one, Asset) and one.kind == kind]


def _read(ctx: Context[AwsConfig], rig: Rig) -> Read:
    done = Read(rig=rig)
    for shard in CONNECTOR.shards(ctx):
        if shard.scope["part"] == "types":
            done.items += _collected(ctx, shard, done.errors)
    return done


def _collected(ctx: Context[AwsConfig], shard: Shard, errors: list[str]) -> Iterator[Item]:
    try:
        yield from CONNECTOR.collect(ctx, shard, None)
    except SourceError as error:
        errors.append(f"{shard.id}: {error}")


def context(url: str, **changes: Any) -> Context[AwsConfig]:
    config = AwsConfig(
        **{"regions": (REGION,), "endpoint_url": url, "families": FAMILIES, **changes}
    )
    return Context(config=config, examine=lambda *_: (), limits=Limits(), retries=1)


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """Of every type three records, with all that may be read."""
    rig = of_every_type(MINE)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "made-up")
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        with serving(rig) as url:
            yield _read(context(url, **dict.fromkeys(OPTIONS, True)), rig)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")


@pytest.mark.parametrize("kind", MINE, ids=lambda kind: kind.kind)
def test_what_is_listed_becomes_an_asset(read: Read, kind: ResourceType) -> None:
    found = read.of(kind.kind)
    assert found, f"{kind.kind}: nothing came of its list"
    for asset in found:
        assert asset.id, kind.kind
        assert asset.name, kind.kind
        assert "{" not in asset.id
        assert asset.account == f"aws:account/{ACCOUNT}"
        assert asset.asset_class is AssetClass(kind.asset_class)
        assert asset.provider == kind.provider
        assert asset.evidence[0].rule in {call.op for call in kind.calls} | {
            kind.batch.op if kind.batch else ""
        }
        assert set(asset.exposure) <= {rule.says for rule in kind.exposure} | {
            rule.says for child in kind.children for rule in child.exposure
        }
    held = {edge.target for edge in read.items if isinstance(edge, Edge)}
    assert {asset.id for asset in found} <= held


def test_nothing_is_asked_that_aws_does_not_take(read: Read) -> None:
    assert read.errors == []
    assert read.rig.rejected == []
    assert read.rig.wrong == []
    # Made-up details are not of the made-up keys that they are asked for.
    gaps = [item for item in read.items if isinstance(item, Gap)]
    assert [gap for gap in gaps if not gap.reason.endswith(" untold")] == []


@pytest.mark.parametrize("kind", MINE, ids=lambda kind: kind.kind)
def test_every_list_is_read_page_by_page(read: Read, kind: ResourceType) -> None:
    known = operation(kind.list.op)
    if not known.paging.token_out or (kind.list.most and kind.list.most < 3):
        pytest.skip("a list of one page")
    assert read.rig.called(kind.list.op) >= 2, kind.list.op


def test_ends_of_edges_are_nodes_or_names(read: Read) -> None:
    for edge in (item for item in read.items if isinstance(item, Edge)):
        for end in (edge.source, edge.target):
            assert end, edge
            assert "{" not in end, edge
            assert " " not in end.split("/")[0], edge


def test_buckets_that_ai_reads_are_stores(read: Read) -> None:
    stores = {one.id for one in read.items if isinstance(one, DataStore)}
    assert "arn:aws:s3:::made-up" in stores


def test_an_empty_account_costs_one_call_a_list() -> None:
    rig = Rig()
    Organization.of(1).into(rig)
    with serving(rig) as url:
        done = _read(context(url), rig)
    assert done.errors == []
    entering = ("sts:GetCallerIdentity", "ec2:DescribeRegions")
    asked = {call.split()[0] for call in rig.calls} - {*entering}
    lists = {kind.list.op for kind in MINE if not kind.under and not kind.opt_in}
    assert asked <= lists
    per_list = [count for call, count in rig.calls.items() if not call.startswith(entering)]
    shared = len([kind for kind in MINE if not kind.under and not kind.opt_in])
    assert sum(per_list) == shared + _choices()
    assert [item for item in done.items if isinstance(item, (Asset, Gap, Content))] == []


def _choices() -> int:
    """Lists that are asked for with each of several values cost a call for each."""
    extra = 0
    for kind in MINE:
        for choices in kind.list.each.values() if not kind.under else ():
            extra += len(choices) - 1
    return extra
