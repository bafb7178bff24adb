"""Secrets that stand in addresses and tags are not kept, whichever source they came from."""

from __future__ import annotations

import pytest

from scanner.app.interpreting import interpreter
from scanner.detect.engine import Detector
from scanner.model.base import NodeId, encode
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.rulebook.load import Rulebook

_PASSWORD = "gh" + "p_" + "0123456789abcdefABCDEF0123456789made"


def _kept(rulebook: Rulebook, detector: Detector, *facts: Asset | Edge) -> str:
    interpret = interpreter(rulebook, detector)
    return b"".join(encode(kept) for fact in facts for kept in interpret(fact, "aws")).decode()


@pytest.mark.parametrize(
    "address",
    [f"https://bob:{_PASSWORD}@git.example/acme/y.git", f"https://x:{_PASSWORD}@wiki.example/a",
     f"https://wiki.example/a?token={_PASSWORD}", f"https://wiki.example/a?b=1&api_key={_PASSWORD}"],
)  # fmt: skip
def test_addresses_keep_no_password(rulebook: Rulebook, detector: Detector, address: str) -> None:
    edge = Edge(
        source=NodeId("arn:aws:x:::y"), target=NodeId(address), relation=Relation.READS_FROM,
        detail=address, evidence=(Evidence(rule="r", source="aws"),),
    )  # fmt: skip
    text = _kept(rulebook, detector, edge)
    assert _PASSWORD not in text
    assert ".example/a" in text  # where it leads stays


def test_tags_that_say_they_are_secrets_keep_no_value(
    rulebook: Rulebook, detector: Detector
) -> None:
    asset = Asset(
        id=NodeId("arn:aws:x:::y"), kind="aws.x", name="y", asset_class=AssetClass.OTHER,
        tags={"openai_key": _PASSWORD, "pw": "hunter2!x", "DB-Password": "S3cret!",
              "owner": "a@b.c", "token": "jwt", "kms_key": "arn:aws:kms:::key/1",
              "monkey": "a1b2c3"},
    )  # fmt: skip
    text = _kept(rulebook, detector, asset)
    for secret in (_PASSWORD, "hunter2!x", "S3cret!"):
        assert secret not in text
    for plain in ("a@b.c", '"jwt"', "arn:aws:kms:::key/1", "a1b2c3"):
        assert plain in text
