"""Logs through the whole house: the conformance suite, the runner, the state and the graph, with a
connector that is made of logs alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.aws.activity import (
    KINDS,
    OPERATIONS,
    OPT_IN,
    PARTS,
    ActivityConfig,
    collect,
    log_shards,
    region_shards,
)
from connectors.aws.activity.invocation_log import DESTINATION, EVENTS
from connectors.aws.activity.lake import DESCRIBE, RESULTS, START
from connectors.aws.activity.lookup import OPERATION as LOOKUP
from scanner.app.interpreting import interpreter
from scanner.collect.runner import Options, Source, run
from scanner.detect.engine import Detector
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.kit import testing
from scanner.kit.contract import ConnectorSpec, Context, Operation, PermissionFormat, Shard
from scanner.kit.limits import Limits
from scanner.kit.testing import World
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Checkpoint, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.aws_rig import Member, Organization, Rig, denied, serving
from tests.aws_rig.world import Listed
from tests.connectors.aws import activity as made
from tests.connectors.aws.activity import Store
from tests.connectors.aws.test_activity_invocations import record

A, R = made.ACCOUNT, made.REGION
AGENT = f"arn:aws:bedrock:{R}:{A}:agent/AGENT12345"
DATA_STORE = "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/" + (
    "4f0f5a3a-1111-2222-3333-444455556666"
)
EVERYTHING = {
    "trail_bucket": "org-trail", "event_data_store": DATA_STORE, "invocation_logs": True,
    "log_files": ("export.json",),
}  # fmt: skip


class Logs:
    """What the connector does with its logs, and nothing else."""

    spec = ConnectorSpec(
        name="aws",
        title="AWS logs",
        config=ActivityConfig,
        operations=tuple(
            Operation(id=op, permission=op, reason=why) for op, why in OPERATIONS.items()
        ),
        yields=KINDS,
        docs_url="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/",
        permission_format=PermissionFormat.AWS_POLICY,
    )

    def __init__(self, calls: Any) -> None:
        self.calls = calls

    def shards(self, ctx: Context[ActivityConfig]) -> Iterator[Shard]:
        yield from region_shards(ctx.config, A, R)
        yield from log_shards(ctx.config, lambda: self.calls, lambda: (A, R))

    def collect(
        self, ctx: Context[ActivityConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        assert shard.scope["part"] in PARTS
        yield from collect(ctx, lambda: self.calls, shard, since)


@pytest.fixture
def rig() -> Rig:
    found = Rig(page_size=2)
    Organization(members=(Member(A),)).into(found)
    console = made.role("Dev", "jane@example.com")
    born = made.event(
        "CreateAgent", userIdentity=console, eventTime="2026-05-01T08:00:00Z",
        requestParameters={"agentName": "support"},
        responseElements={"agent": {"agentArn": AGENT}},
    )  # fmt: skip
    used = [made.event(eventTime=f"2026-05-20T10:{n:02d}:00Z") for n in range(9)]
    found.world.handle(LOOKUP, made.history(born, *used))
    store = Store("org-trail").into(found)
    root = f"AWSLogs/{A}/CloudTrail/{R}/2026/05/20/{A}_CloudTrail_{R}_20260520T10"
    for n in range(5):
        call = made.event(
            "InvokeAgent", requestParameters={"agentId": "AGENT12345", "agentAliasId": "X"}
        )
        store.put(f"{root}{n}0Z_x{n}.json.gz", call, *used)
    found.world.handle(START, lambda asked: {"QueryId": "0" * 8 + "-0000-0000-0000-" + "0" * 12})
    found.world.handle(DESCRIBE, lambda asked: {"QueryStatus": "FINISHED"})
    row = {"recipientAccountId": A, "awsRegion": R, "eventSource": "bedrock.amazonaws.com",
           "eventName": "InvokeModel", "arn": f"arn:aws:iam::{A}:role/lake", "n": "5",
           "thing": f"modelId={made.HAIKU}"}  # fmt: skip
    rows = [[{name: value} for name, value in row.items()]]
    found.world.handle(RESULTS, lambda asked: Listed({"QueryResultRows": rows}))
    group = {"cloudWatchConfig": {"logGroupName": "/bedrock", "roleArn": "arn:aws:iam::1:role/r"}}
    found.world.answer(A, R, DESTINATION, {}, {"loggingConfig": group})
    kept = [
        {"eventId": str(n), "timestamp": _milliseconds(n), "message": _text(record(n))}
        for n in range(4)
    ]
    found.world.handle(
        EVENTS,
        lambda asked: Listed({
            "events": [
                one for one in kept
                if asked.params["startTime"] <= one["timestamp"] <= asked.params["endTime"]
            ]
        }),
    )  # fmt: skip
    return found


def _milliseconds(days: int) -> int:
    return int((made.NOW - timedelta(days=days, minutes=5)).timestamp() * 1000)


def _text(told: Any) -> str:
    return msgspec.json.encode(told).decode()


@pytest.fixture
def calls(rig: Rig) -> Iterator[Any]:
    with serving(rig) as url:
        yield made.access(url)


@pytest.fixture
def world(rig: Rig, calls: Any, tmp_path: Path) -> World:
    (tmp_path / "export.json").write_bytes(made.trail_file(made.event()))

    def context() -> Context[ActivityConfig]:
        return Context(
            config=ActivityConfig(**EVERYTHING),
            examine=lambda *_: (),
            limits=Limits(),
            now=lambda: made.NOW,
            folder=tmp_path,
            window_days=30,
        )

    @contextmanager
    def deny(operation: str) -> Iterator[None]:
        strike = rig.strike(operation, denied())
        yield
        rig.strikes.remove(strike)

    return World(Logs(calls), context, deny)


def test_the_conformance_suite(world: World) -> None:
    testing.check_declaration(world.connector)
    testing.check_shards(world)
    items = testing.check_items(world)
    assert {one.thing.kind for one in made.activities(items) if one.thing} <= KINDS
    testing.check_resume(world)
    testing.check_denials(world)
    testing.check_import("connectors.aws.activity")


def test_only_what_is_configured_is_called(rig: Rig, calls: Any, world: World) -> None:
    ctx = world.context()
    ctx.config = ActivityConfig()
    connector = Logs(calls)
    for shard in connector.shards(ctx):
        list(connector.collect(ctx, shard, None))
    called = {said.partition(" ")[0] for said in rig.calls}
    assert called - {"sts:GetCallerIdentity"} == set(OPERATIONS) - set(OPT_IN)
    for op, fields in OPT_IN.items():
        assert not any(getattr(ActivityConfig(), field) for field in fields), op
        assert any(getattr(ActivityConfig(**EVERYTHING), field) for field in fields), op


def test_files_need_no_aws(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes(made.trail_file(made.event()))
    config = ActivityConfig(event_history=False, log_files=("export.json",), only_logs=True)
    ctx = Context(config=config, examine=lambda *_: (), limits=Limits(), folder=tmp_path)

    def nothing() -> Any:
        raise AssertionError("AWS is asked")

    assert not list(region_shards(config, A, R))
    (shard,) = log_shards(config, nothing, nothing)
    assert made.counted(collect(ctx, nothing, shard, None)) == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("trail_bucket", "s3://bucket/x", "without s3://"),
        ("trail_organization", "123", "o-exampleorgid"),
        ("trail_account", "12", "twelve digits"),
        ("event_data_store", "store; DROP TABLE x", "arn:aws:cloudtrail"),
        ("event_sources", ["bedrock"], "bedrock.amazonaws.com"),
        ("event_pages", 0, ">= 1"),
    ],
)
def test_a_setting_that_is_wrong_says_how_it_is_right(field: str, value: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({field: value}, ActivityConfig)


# --- to the graph ---------------------------------------------------------------------------------


def _scan(
    world: World, state: State, rulebook: Rulebook, detector: Detector, name: str = "1"
) -> dict[ShardId, Coverage]:
    with ThreadPoolExecutor(2) as pool:
        rows = run(
            [Source("aws", world.connector, world.context())],
            sink=StateSink(state, name, "2026-05-20T12:00:00Z"),
            interpret=interpreter(rulebook, detector),
            executor=pool,
            options=Options(attempts=1),
        )
    return {row.shard: row for row in rows}


def test_what_is_used_and_not_listed_is_in_the_inventory(
    world: World, rulebook: Rulebook, detector: Detector
) -> None:
    state = State("sqlite://")
    rows = _scan(world, state, rulebook, detector)
    assert {row.status for row in rows.values()} == {Outcome.COMPLETE}
    graph = AssetGraph(state.facts())
    assets = {asset.id: asset for asset in graph.assets()}
    model = assets[NodeId(f"aws:{A}/{R}/bedrock/{made.HAIKU}")]
    assert (model.kind, model.models, model.provider) == (
        "aws.bedrock_model", (made.HAIKU,), "aws_bedrock",
    )  # fmt: skip
    users = {edge.target for edge in graph.out_edges(model.id, Relation.USED_BY)}
    assert users == {
        f"arn:aws:iam::{A}:role/service/app", f"arn:aws:iam::{A}:role/lake",
        f"arn:aws:iam::{A}:role/app",
    }  # fmt: skip
    counts = {(e.rule, e.path.partition(" ")[0]): e.count for e in model.evidence}
    app = f"arn:aws:iam::{A}:role/service/app"
    assert counts["bedrock:InvokeModel", app] == 9, "history and trail tell of the same calls"
    assert counts["bedrock:invocation-log input tokens", f"arn:aws:iam::{A}:role/app"] == 400
    agent = assets[NodeId(AGENT)]
    assert agent.name == "support"
    assert owners(graph, agent.id)[0].owner == "jane@example.com"


def test_the_next_scan_adds_nothing_that_was_counted(
    world: World, rulebook: Rulebook, detector: Detector
) -> None:
    state = State("sqlite://")
    _scan(world, state, rulebook, detector)
    before = {fact.id: fact for _, fact, _ in state.facts() if isinstance(fact, Asset)}
    _scan(world, state, rulebook, detector, "2")
    again = {fact.id: fact for _, fact, _ in state.facts() if isinstance(fact, Asset)}
    lake = {e.path: e.count for e in before[NodeId(f"aws:{A}/{R}/bedrock/{made.HAIKU}")].evidence}
    assert before == again
    assert lake


def test_where_a_list_names_a_thing_its_words_stand(
    world: World, rulebook: Rulebook, detector: Detector
) -> None:
    state = State("sqlite://")
    _scan(world, state, rulebook, detector)
    listed = Asset(
        id=NodeId(AGENT), kind="aws.bedrock_agent", name="Support assistant", status="PREPARED",
        asset_class=AssetClass.AGENT, provider="aws_bedrock",
        evidence=(Evidence(rule="bedrock-agent:ListAgents", source="aws"),),
    )  # fmt: skip
    lists = Shard(id=ShardId(f"aws:{A}/{R}/bedrock"))
    writer = StateSink(state, "1", "2026-05-20T12:00:00Z").writer(lists)
    writer.add(listed)
    writer.close(Coverage(shard=lists.id, source="aws", status=Outcome.COMPLETE))
    node = AssetGraph(state.facts()).node(NodeId(AGENT))
    assert isinstance(node, Asset)
    assert node.status == "PREPARED"
    assert node.name == "Support assistant"
    assert {e.rule for e in node.evidence} >= {"bedrock-agent:ListAgents", "bedrock:InvokeAgent"}
