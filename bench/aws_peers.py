"""What Cartography and Prowler ask of AWS for Bedrock and SageMaker: run by *their* interpreter.

    PYTHON-OF-THE-PEER bench/aws_peers.py cartography|prowler REGION...

Their own classes list and describe; only what they would write into (a graph database, a report) is
taken away. Where calls go is said by AWS_ENDPOINT_URL. Prints the wall seconds.
"""

from __future__ import annotations

import resource
import sys
import time
from types import SimpleNamespace
from unittest.mock import MagicMock

import boto3

ACCOUNT = "111111111111"


def cartography(regions: list[str]) -> None:
    import cartography.util
    from cartography.client.core import tx
    from cartography.graph.job import GraphJob

    nothing = lambda *_, **__: None  # noqa: E731
    for name in ("load", "load_matchlinks", "load_graph_data", "ensure_indexes",
                 "read_list_of_dicts_tx", "read_list_of_values_tx"):  # fmt: skip
        if hasattr(tx, name):
            setattr(tx, name, nothing)
    for name in ("merge_module_sync_metadata", "run_cleanup_job", "run_analysis_job"):
        if hasattr(cartography.util, name):
            setattr(cartography.util, name, nothing)
    GraphJob.run = nothing
    from cartography.intel.aws import bedrock, sagemaker

    for module in (bedrock, sagemaker):
        session = boto3.Session()
        common = {"UPDATE_TAG": 1, "AWS_ID": ACCOUNT}
        module.sync(MagicMock(), session, regions, ACCOUNT, 1, common)


def prowler(regions: list[str]) -> None:
    from prowler.providers.aws.services.bedrock.bedrock_service import Bedrock, BedrockAgent
    from prowler.providers.aws.services.sagemaker.sagemaker_service import SageMaker

    session = boto3.Session()

    def clients(service: str, *_: object, **__: object) -> dict[str, object]:
        made = {}
        for region in regions:
            made[region] = session.client(service, region_name=region)
            made[region].region = region
        return made

    provider = MagicMock()
    provider.generate_regional_clients = clients
    provider.get_default_region = lambda *_, **__: regions[0]
    provider.get_global_region = lambda *_, **__: regions[0]
    provider.session = SimpleNamespace(current_session=session, session_config=None)
    provider.identity = SimpleNamespace(
        account=ACCOUNT, partition="aws", audited_regions=set(regions), profile_region=regions[0],
        account_arn=f"arn:aws:iam::{ACCOUNT}:root", profile=None,
    )  # fmt: skip
    provider.audit_resources = []
    provider.audit_config = {}
    for service in (Bedrock, BedrockAgent, SageMaker):
        service(provider)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # a stub may be asked for ever
    start = time.perf_counter()
    {"cartography": cartography, "prowler": prowler}[sys.argv[1]](sys.argv[2:])
    print(f"{time.perf_counter() - start:.2f}")
