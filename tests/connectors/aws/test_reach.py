"""Which accounts and regions are read, as whom, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.aws.shards import NARROWED
from scanner.model.coverage import Outcome
from scanner.model.facts import Account
from tests.aws_rig import (
    EVERYWHERE,
    Fault,
    Member,
    Organization,
    Rig,
    Unit,
    denied,
    expired,
    region_disabled,
    serving,
)
from tests.connectors.aws.reading import HOME, scan
from tests.connectors.aws.reading import of_one_family as context

ROLE = "ShadowAIReadOnly"
MANAGEMENT, RESEARCH, CLOSED = "111111111111", "222222222222", "333333333333"


@pytest.fixture
def rig() -> Rig:
    return Rig(page_size=2)


@pytest.fixture
def url(rig: Rig) -> Iterator[str]:
    with serving(rig) as served:
        yield served


@pytest.fixture
def org(rig: Rig) -> Organization:
    units = (Unit("ou-1", "Research", tags={"business-unit": "R&D"}), Unit("ou-2", "Labs", "ou-1"))
    members = (
        Member(MANAGEMENT, "management"),
        Member(RESEARCH, "research", unit="ou-2", tags={"owner": "labs@example.com"}),
        Member(CLOSED, "old", status="SUSPENDED"),
    )
    return Organization(members, units, regions=(HOME, "eu-west-1")).into(rig)


def test_accounts_stand_in_their_business_units(url: str, rig: Rig, org: Organization) -> None:
    done = scan(context(url, organization=True, role_name=ROLE))
    nodes = {fact.id: fact for fact in done.facts if isinstance(fact, Account)}
    assert nodes["aws:unit/ou-1"].tags == {"business-unit": "R&D"}
    assert nodes["aws:unit/ou-2"].parent == "aws:unit/ou-1"
    assert {
        ("aws:unit/r-root", "contains", "aws:unit/ou-1"),
        ("aws:unit/ou-1", "contains", "aws:unit/ou-2"),
        ("aws:unit/ou-2", "contains", f"aws:account/{RESEARCH}"),
        ("aws:unit/r-root", "contains", f"aws:account/{MANAGEMENT}"),
    } <= done.edges()
    assert done.rows[f"aws:{CLOSED}/account"].status is Outcome.NOT_ENABLED
    assert not [row for row in done.rows if row.startswith(f"aws:{CLOSED}/us")]
    assert rig.rejected == rig.wrong == []


def test_refused_units_cost_the_units_alone(url: str, rig: Rig, org: Organization) -> None:
    rig.strike("organizations:ListRoots", denied())
    done = scan(context(url, organization=True, role_name=ROLE))
    assert done.rows["aws:organization/units"].status is Outcome.DENIED
    assert done.rows[f"aws:{RESEARCH}/{HOME}/sagemaker"].status is Outcome.COMPLETE


def test_one_client_a_service_and_region_signs_as_every_account(url: str, rig: Rig) -> None:
    Organization.of(6).into(rig)
    for number in range(6):
        rig.world.plant(
            f"{111111111111 + number}", HOME, "sagemaker:ListModels", "Models",
            {"ModelName": f"of-{number}", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
             "ModelArn": f"arn:aws:sagemaker:{HOME}:{111111111111 + number}:model/of-{number}"},
        )  # fmt: skip
    ctx = context(url, organization=True, role_name=ROLE)
    done = scan(ctx)
    models = done.assets("aws.sagemaker_model")
    assert {(m.name, m.account) for m in models} == {
        (f"of-{n}", f"aws:account/{111111111111 + n}") for n in range(6)
    }
    access = ctx.kept("aws", lambda: pytest.fail("no session was kept"))
    assert len(access._clients) == len({service for service, _ in access._clients})
    assert rig.called("sts:AssumeRole") == 5  # once an account, and not for the caller's own


def test_an_external_id_that_is_wrong_is_told_with_its_remedy(url: str, rig: Rig) -> None:
    Organization.of(2, external_id="right").into(rig)
    done = scan(context(url, organization=True, role_name=ROLE, external_id="wrong"))
    row = done.rows["aws:111111111112/account"]
    assert row.status is Outcome.DENIED
    assert "external id" in row.reason
    assert done.rows[f"aws:111111111111/{HOME}/sagemaker"].status is Outcome.COMPLETE
    right = scan(context(url, organization=True, role_name=ROLE, external_id="right"))
    assert right.rows["aws:111111111112/account"].status is Outcome.COMPLETE


def test_profiles_are_accounts_read_as_themselves(
    url: str, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single sign-on and roles are botocore's own: a profile with a key shows whose it is."""
    Organization.of(3).into(rig)
    rig.keys |= {"made-up-a": "111111111112", "made-up-b": "111111111113"}
    file = tmp_path / "credentials"
    file.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = made-up-{name}\naws_secret_access_key = made-up\n"
            for name in "ab"
        )
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    done = scan(context(url, profiles=("a", "b")))
    read = {row.split("/")[0] for row in done.rows if row != NARROWED}
    assert read == {"aws:111111111112", "aws:111111111113"}
    assert rig.called("sts:AssumeRole") == 0


def test_regions_that_are_not_opted_into_are_not_asked(
    url: str, rig: Rig, org: Organization
) -> None:
    shards = scan(context(url, accounts=(MANAGEMENT,), regions=())).rows
    read = {row.split("/")[1] for row in shards if row != NARROWED}
    assert read >= {"account", HOME, "eu-west-1"}
    assert not [call for call in rig.calls if "af-south-1" in call]


OPT_IN = "me-central-1"


@pytest.mark.parametrize("wanted", [(), (OPT_IN, "eu-west-1"), ("eu-west-1", OPT_IN)])
def test_an_account_without_the_scanners_own_region_is_read(
    url: str, rig: Rig, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...]
) -> None:
    """The scanner stands in a region that the member has not opted into."""
    Organization.of(2, regions=(HOME, "eu-west-1"), disabled=(OPT_IN,)).into(rig)
    theirs = "111111111112"
    for service in ("ec2", "sagemaker", "sts"):
        rig.strike(f"{service}:[!A]*", region_disabled(), region=OPT_IN, account=theirs)
    monkeypatch.setenv("AWS_DEFAULT_REGION", OPT_IN)
    rows = scan(context(url, organization=True, role_name=ROLE, regions=wanted)).rows
    assert rows[f"aws:{theirs}/account"].status is Outcome.COMPLETE
    assert rows[f"aws:{theirs}/eu-west-1/sagemaker"].status is Outcome.COMPLETE
    closed = rows.get(f"aws:{theirs}/{OPT_IN}/sagemaker")
    assert (closed is not None) is bool(wanted)
    if closed is not None:
        assert closed.status is Outcome.NOT_ENABLED
        assert f"has not opted into {OPT_IN}" in closed.reason


def test_a_caller_whose_region_is_closed_is_asked_elsewhere_who_it_is(
    url: str, rig: Rig, org: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.strike("sts:GetCallerIdentity", region_disabled(), region=OPT_IN)
    rig.strike("ec2:DescribeRegions", region_disabled(), region=OPT_IN)
    monkeypatch.setenv("AWS_DEFAULT_REGION", OPT_IN)
    rows = scan(context(url, regions=())).rows
    assert rows[f"aws:{MANAGEMENT}/account"].status is Outcome.COMPLETE


def test_a_policy_of_the_organization_is_not_answered_by_a_grant(
    url: str, rig: Rig, org: Organization
) -> None:
    said = "not authorized to perform: x with an explicit deny in a service control policy"
    rig.strike("sagemaker:*", Fault(code="AccessDeniedException", status=400, message=said))
    row = scan(context(url)).rows[f"aws:{MANAGEMENT}/{HOME}/sagemaker"]
    assert row.status is Outcome.DENIED
    assert "a policy of the organization denies it" in row.reason
    assert "; grant" not in row.reason


def test_whoever_may_not_list_regions_reads_the_configured_ones(
    url: str, rig: Rig, org: Organization
) -> None:
    rig.strike("ec2:DescribeRegions", denied())
    rows = scan(context(url)).rows
    assert rows[f"aws:{MANAGEMENT}/{HOME}/sagemaker"].status is Outcome.COMPLETE
    rows = scan(context(url, regions=())).rows
    assert rows[f"aws:{MANAGEMENT}/account"].status is Outcome.DENIED
    assert "ec2:DescribeRegions" in rows[f"aws:{MANAGEMENT}/account"].reason


@pytest.mark.parametrize(
    ("partition", "home"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_other_partitions_have_arns_and_a_home_of_their_own(
    url: str, rig: Rig, partition: str, home: str
) -> None:
    rig.world.handle(
        "sts:GetCallerIdentity",
        lambda asked: {"Account": MANAGEMENT, "UserId": "made-up",
                       "Arn": f"arn:{partition}:iam::{MANAGEMENT}:user/audit"},
    )  # fmt: skip
    ctx = context(url, regions=(home,), accounts=(RESEARCH,), role_name=ROLE)
    asked: list[str] = []

    def assume(call: object) -> dict[str, object]:
        asked.append(call.params["RoleArn"])  # type: ignore[attr-defined]
        soon = datetime.now(UTC) + timedelta(hours=1)
        keys = {"AccessKeyId": "made-up-role", "SecretAccessKey": "x", "SessionToken": "x"}
        return {"Credentials": {**keys, "Expiration": soon}}

    rig.world.handle("sts:AssumeRole", assume)
    done = scan(ctx)
    assert asked == [f"arn:{partition}:iam::{RESEARCH}:role/{ROLE}"]
    assert done.rows[f"aws:{RESEARCH}/{home}/sagemaker"].status is Outcome.COMPLETE
    access = ctx.kept("aws", lambda: pytest.fail("no session was kept"))
    assert access.home == home


def _cost(account: str, region: str, amount: str) -> dict[str, object]:
    metrics = {
        name: {"Amount": amount, "Unit": "USD"} for name in ("UsageQuantity", "UnblendedCost")
    }
    return {"Keys": [account, region], "Metrics": metrics}


def test_unused_regions_are_left_out_and_named(url: str, rig: Rig, org: Organization) -> None:
    period = {"Start": "2026-01-01", "End": "2026-02-01"}
    groups = [_cost(MANAGEMENT, HOME, "3.10"), _cost(MANAGEMENT, "eu-west-1", "0"),
              _cost(RESEARCH, "eu-west-1", "0.02")]  # fmt: skip
    rig.world.handle(
        "ce:GetCostAndUsage",
        lambda asked: {"ResultsByTime": [{"TimePeriod": period, "Groups": groups}]},
    )
    done = scan(
        context(
            url, organization=True, role_name=ROLE, regions=(), prune=True, invocation_logs=True
        )
    )
    log = done.rows[f"aws:{MANAGEMENT}/eu-west-1/activity/invocation-log"]
    assert log.status is Outcome.LEFT_OUT
    row = done.rows[f"aws:{MANAGEMENT}/eu-west-1/sagemaker"]
    assert row.status is Outcome.LEFT_OUT
    assert "no cost in eu-west-1 within 90 days" in row.reason
    assert done.rows[f"aws:{MANAGEMENT}/{HOME}/sagemaker"].status is Outcome.COMPLETE
    assert done.rows[f"aws:{RESEARCH}/eu-west-1/sagemaker"].status is Outcome.COMPLETE
    assert done.rows[f"aws:{RESEARCH}/{HOME}/sagemaker"].status is Outcome.LEFT_OUT
    assert not [call for call in rig.calls if call.endswith(f"eu-west-1 {MANAGEMENT}")]


def test_without_cost_explorer_nothing_is_left_out(url: str, rig: Rig, org: Organization) -> None:
    rig.strike("ce:GetCostAndUsage", denied())
    done = scan(context(url, organization=True, role_name=ROLE, prune=True))
    row = done.rows["aws:organization/unused-regions"]
    assert row.status is Outcome.NOT_ENABLED
    assert "all regions are read" in row.reason
    assert "ce:GetCostAndUsage" in row.reason
    left_out = {row.shard for row in done.rows.values() if row.status is Outcome.LEFT_OUT}
    assert left_out <= {NARROWED}


def test_a_role_whose_session_ends_early_is_assumed_again(url: str, rig: Rig) -> None:
    Organization.of(2).into(rig)
    arn = f"arn:aws:sagemaker:{HOME}:111111111112:model/m"
    rig.world.plant(
        "111111111112", HOME, "sagemaker:ListModels", "Models",
        {"ModelName": "m", "ModelArn": arn, "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)},
    )  # fmt: skip
    rig.world.answer(EVERYWHERE, EVERYWHERE, "sagemaker:DescribeModel", {"ModelName": "m"},
                     {"ModelName": "m", "ModelArn": arn,
                      "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)})  # fmt: skip
    rig.strike("sagemaker:DescribeModel", expired(), times=1)
    done = scan(context(url, organization=True, role_name=ROLE))
    assert done.rows[f"aws:111111111112/{HOME}/sagemaker"].status is Outcome.COMPLETE
    assert rig.called("sts:AssumeRole") == 2


def test_ec2_has_a_word_of_its_own_for_a_session_that_ended(url: str, rig: Rig) -> None:
    Organization.of(2).into(rig)
    theirs = "111111111112"
    for number in range(5):
        rig.world.plant(theirs, HOME, "ec2:DescribeInstances", "Reservations", {
            "ReservationId": f"r-{number}", "Instances": [
                {"InstanceId": f"i-{number}", "InstanceType": "p5.48xlarge"}]})  # fmt: skip
    rig.page_size = 2
    rig.strike("ec2:DescribeInstances", expired(), account=theirs, after=1, times=1)
    done = scan(context(url, organization=True, role_name=ROLE, families=("compute",)))
    assert done.rows[f"aws:{theirs}/{HOME}/compute"].status is Outcome.COMPLETE
    assert {asset.name for asset in done.assets("aws.ec2_instance")} == {
        f"i-{number}" for number in range(5)
    }
    assert rig.called("sts:AssumeRole") == 2
    # The list went on at its page: three pages, and the one that was refused.
    assert rig.called("ec2:DescribeInstances") == 4 + 1  # and the empty one of the other account


def test_a_profile_that_has_ended_is_never_replaced_by_the_role(
    url: str, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Organization.of(2).into(rig)
    rig.keys["made-up-a"] = "111111111112"
    file = tmp_path / "credentials"
    file.write_text("[a]\naws_access_key_id = made-up-a\naws_secret_access_key = made-up\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    rig.strike("sagemaker:*", expired())
    row = scan(context(url, profiles=("a",), role_name=ROLE)).rows[
        f"aws:111111111112/{HOME}/sagemaker"
    ]
    assert row.status is Outcome.DENIED
    assert "ExpiredToken" in row.reason
    assert rig.called("sts:AssumeRole") == 0


def test_the_callers_own_session_that_has_ended_is_told_as_that(
    url: str, rig: Rig, org: Organization
) -> None:
    rig.strike("sagemaker:*", expired())
    row = scan(context(url)).rows[f"aws:{MANAGEMENT}/{HOME}/sagemaker"]
    assert row.status is Outcome.DENIED
    assert "ExpiredToken" in row.reason
