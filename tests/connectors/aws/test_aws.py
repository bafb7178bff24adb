"""The AWS connector against moto's server, over real HTTP, with faults on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from connectors.aws import CONNECTOR, AwsConfig
from connectors.aws.errors import is_not_offered
from connectors.aws.shards import NARROWED
from scanner.collect.runner import Options, Source, run
from scanner.demo import cloud
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import Denied, UndeclaredOperation
from scanner.model.facts import Account, Asset, DataStore, Edge, Fact, Relation
from scanner.model.items import Content, Gap, Item
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.connectors.aws.wire import BROKEN, DENIED, THROTTLED, Fault, Wire

_FAMILIES = ("bedrock", "sagemaker", "lambda", "secretsmanager", "ssm")
"""Of which the made-up company has something."""
World = tuple[str, dict[str, str], Wire]


def _context(url: str, **changes: Any) -> Context[AwsConfig]:
    settings = {
        "organization": True,
        "role_name": cloud.ROLE,
        "regions": (cloud.REGION,),
        "families": _FAMILIES,
        "event_history": False,  # moto has none, and its pace is two calls a second
    }
    config = AwsConfig(**{**settings, "endpoint_url": url, **changes})
    return Context(config=config, examine=lambda *_: (), limits=Limits(), retries=1)


def _items(context: Context[AwsConfig]) -> list[Item]:
    found: list[Item] = []
    for shard in CONNECTOR.shards(context):
        if shard.id == NARROWED:
            continue  # what is left out is none of what is read
        found += CONNECTOR.collect(context, shard, None)
    return found


@pytest.fixture(scope="module")
def items(organization: World) -> list[Item]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        return _items(_context(organization[0]))


def _run(context: Context[AwsConfig], state: State | None = None) -> dict[str, Coverage]:
    with ThreadPoolExecutor(4) as pool:
        rows = run(
            [Source("aws", CONNECTOR, context)],
            sink=StateSink(state or State("sqlite://"), "scan", "2026-01-01T00:00:00Z"),
            interpret=_facts,
            executor=pool,
            options=Options(attempts=1),
        )
    return {row.shard: row for row in rows if row.shard != NARROWED}


def _facts(item: Item, source: str) -> Iterator[Fact]:
    if not isinstance(item, (Content, Gap)):
        yield item  # type: ignore[misc]


def _assets(items: list[Item]) -> dict[str, Asset]:
    return {item.name: item for item in items if isinstance(item, Asset)}


def _edges(items: list[Item]) -> set[tuple[str, str, str]]:
    return {(i.source, str(i.relation), i.target) for i in items if isinstance(i, Edge)}


def test_every_account_of_the_organization_with_its_tags(
    items: list[Item], organization: World
) -> None:
    accounts = [item for item in items if isinstance(item, Account)]
    found = {item.name: item for item in accounts if item.kind == "aws.account"}
    assert found.keys() >= {"ml-production", "research-sandbox"}
    assert len(found) == 3
    production = found["ml-production"]
    assert production.id == f"aws:account/{organization[1]['ml-production']}"
    assert production.tags["owner"] == "ml-platform@example.com"
    assert production.environment == "production"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fraud-scoring", "aws.sagemaker_endpoint"),
        ("fraud-scoring-config", "aws.sagemaker_endpoint_config"),
        ("fraud-scoring-model", "aws.sagemaker_model"),
        ("scratch-gpt", "aws.sagemaker_notebook_instance"),
        ("support-assistant", "aws.bedrock_agent"),
        ("policy-handbook", "aws.bedrock_knowledge_base"),
        ("tone-of-voice", "aws.bedrock_custom_model"),
        ("summarise-tickets", "aws.lambda_function"),
        ("prod/anthropic-api-key", "aws.secretsmanager_secret"),
        ("/chat/MISTRAL_API_KEY", "aws.ssm_parameter"),
    ],
)
def test_every_kind_is_found(items: list[Item], name: str, kind: str) -> None:
    asset = _assets(items)[name]
    assert asset.kind == kind
    assert asset.id.startswith("arn:aws:")
    assert asset.region == cloud.REGION
    assert asset.evidence[0].source == "aws"


def test_tags_models_and_the_environment(items: list[Item]) -> None:
    assets = _assets(items)
    assert assets["fraud-scoring"].tags["owner"] == "fraud-team@example.com"
    assert assets["fraud-scoring"].environment == "production"
    assert assets["scratch-gpt"].environment == "sandbox"  # the account's, by its own tag
    assert assets["support-assistant"].models == ("anthropic.claude-3-5-sonnet-20240620-v1:0",)
    assert assets["summarise-tickets"].tags["team"] == "support-tools"
    assert not assets["summarise-tickets"].is_ai


def test_what_serves_reads_and_runs_as_what(items: list[Item], organization: World) -> None:
    assets, edges = _assets(items), _edges(items)
    account = organization[1]["ml-production"]
    endpoint, config = assets["fraud-scoring"].id, assets["fraud-scoring-config"].id
    model = assets["fraud-scoring-model"].id
    bucket = f"arn:aws:s3:::customer-features-{account}"
    role = f"arn:aws:iam::{account}:role/sagemaker-runtime"
    assert {
        (endpoint, "configured_by", config),
        (config, "serves", model),
        (model, "reads_from", bucket),
        (model, "runs_as", role),
        (f"aws:account/{account}", "contains", endpoint),
        (assets["support-assistant"].id, "reads_from", assets["policy-handbook"].id),
        (assets["policy-handbook"].id, "reads_from", f"arn:aws:s3:::policy-handbook-{account}"),
        (assets["policy-handbook"].id, "calls", "provider:aws_bedrock"),
    } <= edges


def test_buckets_carry_their_classification(items: list[Item], organization: World) -> None:
    account = organization[1]["ml-production"]
    said = {
        item.classification
        for item in items
        if isinstance(item, DataStore) and item.name == f"customer-features-{account}"
    }
    assert said == {"confidential", ""}, "the sandbox reads it too, and may not read its tags"


def _is_told(store: DataStore) -> bool:
    """By its own tags; roles only name what they may read."""
    return any(item.rule == "s3:GetBucketTagging" for item in store.evidence)


def test_variables_and_names_go_to_the_detector_and_nowhere_else(items: list[Item]) -> None:
    contents = [item for item in items if isinstance(item, Content)]
    variables = [c for c in contents if c.place.path == "environment"]
    names = {c.data for c in contents if c.rule_sets == ("names",)}
    assert len(variables) == 1
    assert b"\nOPENAI_API_KEY=sk-proj-" in variables[0].data
    assert names == {b"prod/anthropic-api-key\n", b"/chat/MISTRAL_API_KEY\n", b"/billing/contact\n"}
    facts = [item for item in items if not isinstance(item, Content)]
    assert "sk-proj-" not in repr(facts)


def test_no_value_of_a_secret_is_ever_asked_for(organization: World, items: list[Item]) -> None:
    context = _context(organization[0])
    assert items
    list(CONNECTOR.shards(context))
    client = context.kept("aws", lambda: pytest.fail("no session was kept")).client(
        "secretsmanager", cloud.REGION
    )
    before = sum(organization[2].calls.values())
    with pytest.raises(UndeclaredOperation, match="secretsmanager:GetSecretValue"):
        client.get_secret_value(SecretId="prod/anthropic-api-key")
    with pytest.raises(UndeclaredOperation, match="secretsmanager:DeleteSecret"):
        client.delete_secret(SecretId="prod/anthropic-api-key")
    assert sum(organization[2].calls.values()) == before  # nothing left the process


@pytest.mark.slow
def test_more_than_a_page_of_endpoints(organization: World, member: Callable[[str], Any]) -> None:
    sagemaker = boto3.client("sagemaker", endpoint_url=organization[0], region_name="eu-west-1")
    sagemaker.create_model(
        ModelName="many-model", ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
        PrimaryContainer={"Image": "image"},
    )  # fmt: skip
    sagemaker.create_endpoint_config(
        EndpointConfigName="many-config",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "many-model", "InitialInstanceCount": 1,
             "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}
        ],
    )  # fmt: skip
    for number in range(205):
        sagemaker.create_endpoint(
            EndpointName=f"many-{number:03d}", EndpointConfigName="many-config"
        )
    context = _context(organization[0], organization=False, role_name="", regions=("eu-west-1",))
    found = [a for a in _assets(_items(context)).values() if a.kind == "aws.sagemaker_endpoint"]
    assert {a.name for a in found} == {f"many-{n:03d}" for n in range(205)}
    assert organization[2].calls["sagemaker:ListEndpoints eu-west-1"] > 1


def test_access_denied_in_one_region_leaves_the_other_regions(organization: World) -> None:
    url, accounts, wire = organization
    wire.fault = lambda op, region, key: (
        DENIED if region == "eu-west-1" and op.startswith("sagemaker:") else None
    )
    rows = _run(_context(url, regions=("us-east-1", "eu-west-1")))
    account = accounts["ml-production"]
    denied = rows[f"aws:{account}/eu-west-1/sagemaker"]
    assert denied.status is Outcome.DENIED
    for part in ("sagemaker:List", account, "eu-west-1", "AccessDeniedException",
                 "grant sagemaker:List"):  # fmt: skip
        assert part in denied.reason
    assert rows[f"aws:{account}/us-east-1/sagemaker"].status is Outcome.COMPLETE
    assert rows[f"aws:{account}/eu-west-1/bedrock"].status is Outcome.COMPLETE


def test_a_denied_type_is_a_gap_and_its_neighbours_are_read(organization: World) -> None:
    url, accounts, wire = organization
    wire.fault = lambda op, region, key: DENIED if op == "sagemaker:ListEndpoints" else None
    state = State("sqlite://")
    row = _run(_context(url), state)[f"aws:{accounts['ml-production']}/us-east-1/sagemaker"]
    assert row.status is Outcome.PARTIAL
    assert row.gaps[0].startswith("aws.sagemaker_endpoint: sagemaker:ListEndpoints")
    names = {fact.name for _, fact, _ in state.facts() if isinstance(fact, Asset)}
    assert "fraud-scoring-model" in names
    assert "fraud-scoring" not in names


def test_denied_details_and_tags_keep_what_the_list_has_shown(organization: World) -> None:
    url, _, wire = organization
    refused = ("sagemaker:DescribeEndpoint", "sagemaker:ListTags", "bedrock-agent:GetAgent")
    wire.fault = lambda op, region, key: DENIED if op in refused else None
    items = _items(_context(url))
    asset = _assets(items)["fraud-scoring"]
    assert asset.status == "InService"
    assert asset.tags == {}
    assert _assets(items)["support-assistant"].models == ()
    gaps = [item for item in items if isinstance(item, Gap)]
    assert all(gap.denied for gap in gaps)
    assert any(gap.what.startswith("tags of arn:aws:sagemaker") for gap in gaps)
    assert any("grant bedrock:GetAgent" in gap.reason for gap in gaps)


def test_a_bucket_of_someone_else_is_no_gap(organization: World) -> None:
    url, _, wire = organization
    wire.fault = lambda op, region, key: DENIED if op == "s3:GetBucketTagging" else None
    items = _items(_context(url))
    assert not [item for item in items if isinstance(item, Gap)]
    stores = [
        item
        for item in items
        if isinstance(item, DataStore) and item.kind == "aws.s3_bucket" and _is_told(item)
    ]
    assert stores
    assert all("classification unknown" in store.evidence[0].preview for store in stores)


def test_an_account_that_cannot_be_entered_is_told_and_the_others_are_read(
    organization: World,
) -> None:
    url, accounts, wire = organization
    seen: list[str] = []

    def fault(op: str, region: str, key: str) -> Fault | None:
        # The second role that is assumed; whose it is, the wire does not show.
        if op == "sts:AssumeRole":
            seen.append(key)
            return DENIED if len(seen) == 2 else None
        return None

    wire.fault = fault
    rows = _run(_context(url))
    members = {accounts["ml-production"], accounts["research-sandbox"]}
    refused = {one for one in members if rows[f"aws:{one}/account"].status is Outcome.DENIED}
    assert len(refused) == 1
    (entered,) = members - refused
    row = rows[f"aws:{refused.pop()}/account"]
    assert cloud.ROLE in row.reason
    assert "external id" in row.reason
    assert {shard for shard in rows if shard.startswith(row.shard.removesuffix("account"))} == {
        row.shard
    }
    assert rows[f"aws:{entered}/us-east-1/sagemaker"].status is Outcome.COMPLETE
    assert rows["aws:organization"].status is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("fault", "words"), [(THROTTLED, "ThrottlingException"), (BROKEN, "InternalServerError")]
)
def test_throttled_and_broken_services_fail_alone(
    organization: World, fault: Fault, words: str
) -> None:
    url, accounts, wire = organization
    wire.fault = lambda op, region, key: fault if op.startswith("lambda:") else None
    rows = _run(_context(url))
    row = rows[f"aws:{accounts['research-sandbox']}/us-east-1/lambda"]
    assert row.status is Outcome.FAILED
    assert words in row.reason
    others = [r for r in rows.values() if not r.shard.endswith("/lambda")]
    assert {r.status for r in others} == {Outcome.COMPLETE}


def test_throttling_is_waited_out(organization: World) -> None:
    url, accounts, wire = organization
    left = [2]

    def fault(op: str, region: str, key: str) -> Fault | None:
        if op == "ssm:DescribeParameters" and left[0]:
            left[0] -= 1
            return THROTTLED
        return None

    wire.fault = fault
    context = _context(url)
    context.retries = 5
    rows = _run(context)
    assert left == [0]
    assert {r.status for r in rows.values()} == {Outcome.COMPLETE}
    assert accounts


def test_without_credentials_the_message_says_what_to_set(
    organization: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    row = _run(_context(organization[0]))["aws:listing"]
    assert row.status is Outcome.DENIED
    assert "AWS_PROFILE" in row.reason
    assert "doctor" in row.reason


def test_an_unknown_profile_is_named(organization: World) -> None:
    row = _run(_context(organization[0], profile="no-such-profile"))["aws:listing"]
    assert row.status is Outcome.DENIED
    assert "no-such-profile" in row.reason


def test_another_account_needs_a_role(organization: World) -> None:
    url, accounts, _ = organization
    one = accounts["ml-production"]
    rows = _run(_context(url, organization=False, role_name="", accounts=(one,)))
    assert rows[f"aws:{one}/account"].status is Outcome.DENIED
    assert "role_name" in rows[f"aws:{one}/account"].reason


def test_all_enabled_regions_when_none_is_configured(organization: World) -> None:
    url, accounts, _ = organization
    context = _context(url, organization=False, accounts=(accounts["ml-production"],), regions=())
    regions = {
        shard.scope["region"] for shard in CONNECTOR.shards(context) if "region" in shard.scope
    }
    assert {"us-east-1", "eu-west-1", "ap-southeast-2"} <= regions
    assert len(regions) > 10


@pytest.mark.parametrize(
    ("region", "suffix"),
    [("eusc-de-east-1", "amazonaws.eu"), ("us-iso-east-1", "c2s.ic.gov"),
     ("us-isob-east-1", "sc2s.sgov.gov"), ("cn-north-1", "amazonaws.com.cn")],
)  # fmt: skip
def test_absence_is_told_in_every_partition(region: str, suffix: str) -> None:
    there = {f"{name}.{region}.{suffix}" for name in ("sts", "ec2", "lambda", "sqs")}
    details = {"endpoint_url": f"https://made-up-service.{region}.{suffix}/"}
    assert is_not_offered(details, lambda host: host in there)
    assert not is_not_offered(details, lambda host: False)
    other = {"endpoint_url": f"https://made-up-service.{region}.example.com/"}
    assert not is_not_offered(other, lambda host: host in there)


EVERYWHERE = [f"{name}.eu-south-2.amazonaws.com" for name in ("sts", "ec2", "lambda", "sqs")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (set(EVERYWHERE), True),
        ({*EVERYWHERE, "kendra.eu-south-2.amazonaws.com"}, False),
        ({"sts.eu-south-2.amazonaws.com"}, False),  # a name server that hides most of AWS
        (set(), False),  # no network at all proves nothing
    ],
)
def test_a_service_is_absent_when_only_its_own_endpoint_is(there: set[str], expected: bool) -> None:
    details = {"endpoint_url": "https://kendra.eu-south-2.amazonaws.com/"}
    assert is_not_offered(details, lambda host: host in there) is expected
    # Of a partition without such names, and of a service that has them elsewhere alone.
    own = {"endpoint_url": "https://qbusiness.eu-south-2.api.aws"}
    assert is_not_offered(own, lambda host: host in {*EVERYWHERE}) is True
    # What botocore lists is there, whatever a name server says.
    listed = {"endpoint_url": "https://api.sagemaker.eu-south-2.amazonaws.com/"}
    assert not is_not_offered(listed, lambda host: host in there)
    assert not is_not_offered({"endpoint_url": "http://127.0.0.1:1"}, lambda host: host in there)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    row = _run(_context("http://127.0.0.1:9"))["aws:listing"]
    assert row.status is Outcome.FAILED
    assert "127.0.0.1:9" in row.reason


def test_names_of_secrets_may_be_left_out(organization: World) -> None:
    shards = list(CONNECTOR.shards(_context(organization[0], secret_names=False)))
    assert not [s for s in shards if s.id.endswith(("/secretsmanager", "/ssm"))]


def test_doctor_tries_every_permission(organization: World) -> None:
    url, accounts, wire = organization
    probes = {p.check: p for p in CONNECTOR.probe(_context(url))}
    assert all(probe.ok for probe in probes.values())
    wire.fault = lambda op, region, key: DENIED if op == "lambda:ListFunctions" else None
    probes = {p.check: p for p in CONNECTOR.probe(_context(url))}
    bad = [p for p in probes.values() if not p.ok]
    assert len(bad) == 3  # one an account
    assert all("lambda:ListFunctions" in p.detail for p in bad)
    assert "permissions aws" in bad[0].remedy
    assert accounts


def test_relations_stay_within_the_closed_set(items: list[Item]) -> None:
    assert {i.relation for i in items if isinstance(i, Edge)} <= set(Relation)


def test_denied_is_the_only_error_for_a_refusal(organization: World) -> None:
    url, _, wire = organization
    wire.fault = lambda op, region, key: DENIED if op == "sts:GetCallerIdentity" else None
    with pytest.raises(Denied, match="sts:GetCallerIdentity"):
        list(CONNECTOR.shards(_context(url)))
