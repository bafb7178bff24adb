"""A rig with small pages, and clients of it that try once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.aws_rig import Rig, serving

HOME = "us-east-1"
Clients = Callable[..., Any]


@pytest.fixture
def rig() -> Rig:
    return Rig(page_size=2)


@pytest.fixture
def client(rig: Rig) -> Iterator[Clients]:
    """``client(service, region, access key)``."""
    made: dict[tuple[str, str, str], Any] = {}
    session: Any = boto3.Session()
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=10)
    with serving(rig) as url:

        def make(service: str, region: str = HOME, key: str = "made-up") -> Any:
            if (service, region, key) not in made:
                made[service, region, key] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=url,
                    aws_access_key_id=key,
                    aws_secret_access_key="made-up",
                    config=config,
                )
            return made[service, region, key]

        yield make
        for one in made.values():
            one.close()
