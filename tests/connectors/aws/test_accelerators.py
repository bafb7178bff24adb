"""Which machines of AWS have accelerators: every family that botocore knows is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator

import botocore.session
import pytest

from scanner.kit.accelerators import is_accelerated

ACCELERATED = {
    "p": "graphics cards for training", "g": "graphics cards", "gr": "graphics cards, more memory",
    "cg": "the first graphics cards", "inf": "Inferentia", "trn": "Trainium",
    "dl": "Gaudi and Qualcomm", "vt": "video, which models see", "eia": "Elastic Inference",
}  # fmt: skip
"""Letters that the names of families begin with, and what is in them
(https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html)."""
PLAIN = frozenset({
    "a", "c", "cc", "cr", "d", "h", "hi", "hpc", "hs", "i", "im", "is", "m", "mac", "r", "t", "u",
    "x", "z",
    "f",  # circuits that are wired by their user: no model runs there by itself
    "geospatial",
})  # fmt: skip
_SESSION = botocore.session.get_session()


def _enumerations(service: str) -> Iterator[str]:
    """Machine types in the enumerations of a service."""
    model = _SESSION.get_service_model(service)
    for name in model.shape_names:
        words = getattr(model.shape_for(name), "enum", None) or ()
        if name.endswith(("InstanceType", "InstanceTypes", "AcceleratorType")):
            yield from (word for word in words if "." in word)


MACHINES = sorted({*_enumerations("ec2"), *_enumerations("sagemaker")})


def _series(machine: str) -> str:
    """``ml.p6-b300.48xlarge`` is of ``p``."""
    found = re.match(r"(?:ml\.)?([a-z]+)", machine)
    return found[1] if found else machine


def test_every_series_of_machines_was_looked_at() -> None:
    assert len(MACHINES) > 1400
    new = sorted({*map(_series, MACHINES)} - {*ACCELERATED} - PLAIN)
    assert not new, (
        f"botocore {botocore.__version__} knows machines of series {', '.join(new)}: have they "
        "accelerators? Put them into a table of this test, and into scanner/kit/accelerators.py"
    )


def test_every_machine_with_accelerators_is_known_as_one() -> None:
    expected = {machine for machine in MACHINES if _series(machine) in ACCELERATED}
    found = {machine for machine in MACHINES if is_accelerated(machine)}
    assert found == expected


def test_every_family_is_known_without_a_size() -> None:
    """As AWS Batch takes it."""
    families = {machine.removeprefix("ml.").split(".")[0] for machine in MACHINES}
    expected = {family for family in families if _series(family) in ACCELERATED}
    assert {family for family in families if is_accelerated(family)} == expected
    assert {"trn2u", "g7e", "p6-b300", "g6f", "p2"} <= expected


def test_accelerators_that_are_asked_for_by_their_kind_were_looked_at() -> None:
    """``contains: [gpu, inference]`` in connectors/aws/resources/compute.yaml."""
    told = {*_SESSION.get_service_model("ec2").shape_for("AcceleratorType").enum}
    assert told <= {"gpu", "inference", "fpga", "media"}


@pytest.mark.parametrize(("asked", "is_one"), [
    ("p5.*", True), ("g6*", True), ("trn*", True), ("g5*.*", True), ("optimal", False),
    ("m7i.*", False), ("c*", False), ("*", False), ("p", False), ("default_x86_64", False),
])  # fmt: skip
def test_families_with_a_star(asked: str, is_one: bool) -> None:
    assert is_accelerated(asked) is is_one
