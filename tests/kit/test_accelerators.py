"""Names of machines and cards of Google and Azure, as their own pages have them, and
what is called much the same and is none."""

from __future__ import annotations

import pytest

from scanner.kit.accelerators import is_accelerated
from tests.google_rig import schema


@pytest.mark.parametrize(
    "name",
    [
        # https://cloud.google.com/compute/docs/gpus
        "a2-highgpu-1g", "a2-ultragpu-8g", "a3-highgpu-8g", "a3-megagpu-8g", "a3-edgegpu-8g-nolssd",
        "a4-highgpu-8g", "a4x-highgpu-4g", "a4x-maxgpu-4g-metal", "g2-standard-4", "g4-standard-48",
        "nvidia-h100-80gb", "nvidia-h100-mega-80gb", "nvidia-h200-141gb", "nvidia-b200",
        "nvidia-gb300", "nvidia-rtx-pro-6000", "nvidia-tesla-t4", "nvidia-l4-vws",
        # https://cloud.google.com/kubernetes-engine/docs/concepts/plan-tpus
        "ct4p-hightpu-4t", "ct5lp-hightpu-8t", "ct5p-hightpu-4t", "ct6e-standard-1t",
        "ct6e-standard-4t", "ct6e-standard-8t", "tpu7x-standard-4t", "tpu7x", "tpu-v6e-slice",
        # https://learn.microsoft.com/azure/virtual-machines/sizes/overview
        "Standard_NC24ads_A100_v4", "Standard_NCC40ads_H100_v5", "Standard_NC40ads_H100_v5",
        "Standard_ND96isr_MI300X_v5", "Standard_ND128isr_NDR_GB200_v6", "Standard_NV36ads_A10_v5",
        "Standard_NG32ads_V620_v1", "Standard_NP10s",
    ],
)  # fmt: skip
def test_an_accelerator_is_one(name: str) -> None:
    assert is_accelerated(name)


@pytest.mark.parametrize(
    "name",
    ["n2-standard-4", "c4a-highmem-8", "ct-standard-4t", "tpu-standard-4t", "cpu", "memory",
     "e2-standard-16", "Standard_D4s_v5", "Standard_DC48ads_cc_v5", "Standard_EC20ads_cc_v5",
     "Standard_NCCv5", "nvidia-driver"],
)  # fmt: skip
def test_what_is_called_alike_is_none(name: str) -> None:
    assert not is_accelerated(name)


def test_every_card_that_vertex_ai_names_is_known() -> None:
    """As machines and clusters spell it: in small letters. A new one makes this fail."""
    spec = schema("aiplatform.v1", "GoogleCloudAiplatformV1MachineSpec")
    named = spec["properties"]["acceleratorType"]["enum"]
    cards = {one.lower().replace("_", "-") for one in named if "UNSPECIFIED" not in one}
    assert len(cards) > 15
    assert not {one for one in cards if not is_accelerated(one)}
