"""What leaves no resource behind: a bill for AI, and files that hold a model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.detect.engine import Detector
from scanner.model.coverage import Outcome
from scanner.model.facts import Account, AssetClass
from scanner.rulebook.load import Rulebook
from tests.aws_rig import Rig, denied
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan, scanned

OTHER = "222222222222"
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def scan(rig: Rig, rulebook: Rulebook, detector: Detector) -> Scan:
    return lambda **changes: scanned(rig, rulebook, detector, families=("network",), **changes)


def _bill(rig: Rig) -> list[Any]:
    """Two pages of services; regions only of the services that are asked for."""
    asked_for: list[Any] = []

    def answer(asked: Any) -> Any:
        asked_for.append(asked.params)
        by = asked.params["GroupBy"][1]["Key"]
        costs = {
            "SERVICE": [
                (ACCOUNT, "Amazon Bedrock", "12.3"), (ACCOUNT, "AmazonCloudWatch", "99"),
                (OTHER, "Claude Sonnet 4 (Amazon Bedrock Edition)", "1000.5"),
                (OTHER, "Amazon SageMaker", "0.0000001"),
            ],
            "REGION": [(ACCOUNT, "us-east-1", "12.3"), (OTHER, "eu-west-1", "900"),
                       (OTHER, "us-west-2", "100.5")],
        }[by]  # fmt: skip
        half = len(costs) // 2
        is_second = "NextPageToken" in asked.params
        groups = [
            {"Keys": [account, name],
             "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
            for account, name, amount in (costs[half:] if is_second else costs[:half])
        ]  # fmt: skip
        period = {"Start": "2026-01-01", "End": "2026-02-01"}
        told: dict[str, Any] = {"ResultsByTime": [{"TimePeriod": period, "Groups": groups}]}
        return told if is_second else {**told, "NextPageToken": "second"}

    rig.world.handle("ce:GetCostAndUsage", answer)
    return asked_for


def test_what_every_account_pays_for_ai(rig: Rig, scan: Scan) -> None:
    asked = _bill(rig)
    done = scan(spending=True)
    tags: dict[str, dict[str, str]] = {}
    for fact in done.facts:
        if isinstance(fact, Account):
            tags.setdefault(fact.id, {}).update(fact.tags)
    assert tags[f"aws:account/{ACCOUNT}"]["ai spending"] == "Amazon Bedrock 12.30 USD"
    other = tags[f"aws:account/{OTHER}"]
    assert other["ai spending"] == "Claude Sonnet 4 (Amazon Bedrock Edition) 1000.50 USD"
    assert other["ai spending by region"] == "eu-west-1 900.00 USD, us-west-2 100.50 USD"
    assert len(asked) == 4
    assert asked[2]["Filter"]["Dimensions"]["Values"] == [
        "Amazon Bedrock", "Claude Sonnet 4 (Amazon Bedrock Edition)",
    ]  # fmt: skip
    assert rig.rejected == rig.wrong == []


def _usage(rig: Rig) -> list[Any]:
    """Machines: some on demand, some reserved (hours without cost), some without accelerators."""
    asked_for: list[Any] = []

    def answer(asked: Any) -> Any:
        by, only = asked.params["GroupBy"][1]["Key"], asked.params.get("Filter", {})
        asked_for.append((by, only.get("Dimensions", {}).get("Values")))
        machines = [
            (ACCOUNT, "BoxUsage:m7i.large", "70", "720"),
            (ACCOUNT, "EUC1-SpotUsage:p5.48xlarge", "900", "24"),
            (OTHER, "USW2-HeavyUsage:trn2u.48xlarge", "0", "720"),
            (OTHER, "USW2-Notebk:ml.t3.medium", "4", "80"),
            (OTHER, "USW2-DataTransfer-Out-Bytes", "5", "80"),
        ]
        places = [(ACCOUNT, "eu-central-1", "900", "24"), (OTHER, "us-west-2", "0", "720")]
        services = [(ACCOUNT, "Amazon Elastic Compute Cloud - Compute", "970", "1"),
                    (OTHER, "Amazon Elastic Compute Cloud - Compute", "5", "1"),
                    (OTHER, "AmazonCloudWatch", "9", "1")]  # fmt: skip
        rows = {"SERVICE": services, "USAGE_TYPE": machines, "REGION": places}[by]
        groups = [
            {"Keys": [account, name],
             "Metrics": {"UnblendedCost": {"Amount": cost, "Unit": "USD"},
                         "UsageQuantity": {"Amount": used, "Unit": "N/A"}}}
            for account, name, cost, used in rows
        ]  # fmt: skip
        period = {"Start": "2026-01-01", "End": "2026-02-01"}
        return {"ResultsByTime": [{"TimePeriod": period, "Groups": groups}]}

    rig.world.handle("ce:GetCostAndUsage", answer)
    return asked_for


def test_which_accounts_and_regions_pay_for_accelerators(rig: Rig, scan: Scan) -> None:
    asked = _usage(rig)
    done = scan(spending=True)
    tags: dict[str, dict[str, str]] = {}
    for fact in done.facts:
        if isinstance(fact, Account):
            tags.setdefault(fact.id, {}).update(fact.tags)
    own, other = tags[f"aws:account/{ACCOUNT}"], tags[f"aws:account/{OTHER}"]
    assert own["accelerator usage"] == "EUC1-SpotUsage:p5.48xlarge 900.00 USD (24 h)"
    assert own["accelerator usage by region"] == "eu-central-1 900.00 USD (24 h)"
    assert "ai spending" not in own
    # What was paid for beforehand runs all the same.
    assert other["accelerator usage"] == "USW2-HeavyUsage:trn2u.48xlarge 0.00 USD (720 h)"
    assert other["sagemaker usage"] == "USW2-Notebk:ml.t3.medium 4.00 USD (80 h)"
    assert asked == [
        ("SERVICE", None),
        ("USAGE_TYPE", ["Amazon Elastic Compute Cloud - Compute"]),
        ("REGION", ["EUC1-SpotUsage:p5.48xlarge", "USW2-HeavyUsage:trn2u.48xlarge"]),
    ]
    assert rig.rejected == rig.wrong == []


def test_a_bill_is_asked_for_only_where_it_is_wanted(rig: Rig, scan: Scan) -> None:
    _bill(rig)
    scan()
    assert rig.called("ce:GetCostAndUsage") == 0


def test_a_bill_that_may_not_be_read_is_told(rig: Rig, scan: Scan) -> None:
    rig.strike("ce:GetCostAndUsage", denied())
    row = scan(spending=True).rows["aws:organization/spending"]
    assert row.status is Outcome.DENIED
    assert "grant ce:GetCostAndUsage" in row.reason


def _buckets(rig: Rig) -> None:
    for name in ("models", "logs", "closed"):
        rig.world.plant(ACCOUNT, HOME, "s3:ListBuckets", "Buckets",
                        {"Name": name, "BucketRegion": HOME, "CreationDate": THEN})  # fmt: skip
    files = [
        ("llama/7b/model-00001-of-00002.safetensors", 5), ("llama/7b/config.json", 1),
        ("llama/7b/model-00002-of-00002.safetensors", 6), ("chat.gguf", 7),
        ("train/output/model.tar.gz", 8), ("backup/site.tar.gz", 9),
    ]  # fmt: skip
    for key, size in files:
        rig.world.plant(
            ACCOUNT, HOME, "s3:ListObjectsV2", "Contents",
            {"Key": key, "Size": size, "LastModified": THEN}, where={"Bucket": "models"},
        )  # fmt: skip


def test_weights_are_found_by_the_names_of_files(rig: Rig, scan: Scan) -> None:
    _buckets(rig)
    rig.world.handle(
        "s3:ListObjectsV2",
        lambda asked: denied() if asked.params["Bucket"] == "closed" else None,
    )
    done = scan(bucket_weights=1)
    found = done.assets("aws.s3_model_weights")
    assert found.keys() == {"models/llama/7b", "models", "models/train/output"}
    llama = found["models/llama/7b"]
    assert llama.id == "arn:aws:s3:::models/llama/7b/"
    assert llama.asset_class is AssetClass.MODEL
    assert llama.tags["files"] == "2"
    assert llama.tags["bytes"] == "11"
    assert llama.tags["formats"] == ".safetensors"
    assert (llama.id, "stored_in", "arn:aws:s3:::models") in done.edges()
    row = done.rows[f"aws:{ACCOUNT}/weights"]
    assert row.status is Outcome.PARTIAL
    assert len(row.gaps) == 1
    assert "bucket closed" in row.gaps[0]
    assert rig.called("s3:GetObject") == 0


def test_what_weights_are_called_and_where_buckets_may_stand(rig: Rig, scan: Scan) -> None:
    names = ["pytorch_model-00001-of-00003.bin", "ggml-base.en.bin", "saved_model.pb", "net.h5",
             "model.pkl", "clf.joblib", "trees.ubj", "llm.engine", "chat.llamafile", "a.pdparams",
             "graph.neff"]  # fmt: skip
    others = ["pytorch_model.py", "orders-00001-of-00003.bin", "table.pkl", "a.pb", "plan.txt"]
    for name, region in (("here", HOME), ("elsewhere", "ap-south-1")):
        rig.world.plant(ACCOUNT, HOME, "s3:ListBuckets", "Buckets",
                        {"Name": name, "BucketRegion": region, "CreationDate": THEN})  # fmt: skip
    for number, name in enumerate([*names, *others]):
        rig.world.plant(
            ACCOUNT, HOME, "s3:ListObjectsV2", "Contents",
            {"Key": f"{number}/{name}", "Size": 1, "LastModified": THEN}, where={"Bucket": "here"},
        )  # fmt: skip
    done = scan(bucket_weights=1)
    found = done.assets("aws.s3_model_weights").keys()
    assert found == {f"here/{number}" for number in range(len(names))}
    assert not any("ap-south-1" in call for call in rig.calls)


def test_more_names_than_are_wanted_is_a_gap(
    rig: Rig, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.aws import weights

    monkeypatch.setattr(weights, "_A_PAGE", 3)
    _buckets(rig)
    done = scan(bucket_weights=1)
    assert done.assets("aws.s3_model_weights").keys() == {"models/llama/7b"}
    row = done.rows[f"aws:{ACCOUNT}/weights"]
    assert row.status is Outcome.PARTIAL
    assert "raise `bucket_weights`" in row.gaps[0]


def test_buckets_are_left_alone_unless_it_is_wanted(rig: Rig, scan: Scan) -> None:
    _buckets(rig)
    done = scan()
    assert f"aws:{ACCOUNT}/weights" not in done.rows
    assert rig.called("s3:ListBuckets") == 0
