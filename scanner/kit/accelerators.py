"""How the clouds and orchestrators name accelerators.

AWS accelerated instances (https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html), Azure N
series (https://learn.microsoft.com/azure/virtual-machines/sizes/overview), Google accelerator
machine types and GPU names (https://cloud.google.com/compute/docs/gpus,
https://cloud.google.com/tpu/docs/tpus-in-gke), OCI GPU shapes.
"""

from __future__ import annotations

from scanner.kit.expressions import expression

_AWS_FAMILY = (
    r"(?:p[2-9][a-z]{0,2}(?:-[a-z0-9]{1,6})?|g[2-9][a-z]{0,3}|gr[6-9][a-z]?|cg1|inf[1-9]|trn[1-9][a-z]?"
    r"|dl[1-9][a-z]?|vt[1-9])"
)
"""Graphics cards (p, g, gr, cg), Inferentia, Trainium, Gaudi and Qualcomm (dl), video (vt):
tests/connectors/aws/test_accelerators.py holds it to what botocore knows."""
INSTANCE = (
    rf"(?:ml\.|db\.)?{_AWS_FAMILY}\.(?:\d{{0,3}}x?large|metal(?:-\d{{1,3}}xl)?|medium)"
    r"|Standard_N(?:CC|[CDGPV])\d{1,3}[a-z]{0,6}(?:_[A-Za-z0-9]{1,8}){0,3}"
    r"|(?:a2-(?:highgpu|megagpu|ultragpu)|a3-(?:highgpu|megagpu|ultragpu|edgegpu)"
    r"|a4x?-(?:highgpu|maxgpu))-\d{1,2}g(?:-[a-z]{1,10})?"
    r"|g[24]-standard-\d{1,3}|ct\dl?[pe]?-(?:hightpu|standard)-\d{1,2}t"
    r"|tpu\d{1,2}x?-(?:hightpu|standard)-\d{1,2}t(?:-[a-z]{1,10})?"
    r"|(?:VM|BM)\.GPU[A-Z0-9.]{1,20}"
)
CARD = (
    r"nvidia-(?:tesla-)?(?:k80|p4|p100|v100|t4|l4|l40s?|a10g?|a16|a40|a100|h100|h200|b[23]00|gb[23]00|rtx-pro-\d{4})"
    r"(?:-[a-z0-9-]{1,20})?(?:-vws)?|tpu\d{1,2}x(?:-[a-z0-9-]{1,20})?|tpu-v\d[a-z0-9-]{0,30}|(?:ct)?v\d[a-z]{0,8}pod(?:-\d{1,4})?"
)
RESOURCE_NAME = (
    r"(?:nvidia\.com/(?:gpu(?:\.shared)?|mig-[0-9a-z.]{1,20})|amd\.com/gpu|gpu\.intel\.com/[a-z0-9]{2,10}"
    r"|habana\.ai/gaudi|aws\.amazon\.com/neuron(?:core|device)?|google\.com/tpu|cloud-tpus\.google\.com/[a-z0-9-]{1,20})"
)

_WHOLE = rf"{_AWS_FAMILY}(?:\*?\.\*|\*)?|(?:p|g|gr|inf|trn|dl|vt)\d?\*(?:\.\*)?"
"""A family without a size: AWS Batch takes it by its name, attributes of instances with a star
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirements.html)."""
_ATTACHED = r"(?:ml\.)?eia[1-9](?:\.(?:medium|large|xlarge))?"
"""Elastic Inference: no machine of its own."""
_NAME = expression(f"(?:{INSTANCE}|{_WHOLE}|{_ATTACHED}|{CARD})")


def is_accelerated(name: str) -> bool:
    """Whether a machine type, a family of them or a card is one."""
    return _NAME.fullmatch(name) is not None
