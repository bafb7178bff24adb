"""What was called: an ARN, an id or a model's name in an event -> an asset, the same that the
connector's lists would show.

Foundation models and services without resources have no ARN in the account that uses them; they get
``aws:<account>/<region>/...``, so that one account's use is not another's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec

from connectors.aws import arns
from connectors.aws.activity.events import LONGEST
from connectors.aws.activity.services import (
    KINDS,
    MODEL,
    SERVICES,
    USE,
    Field,
    Kind,
)
from scanner.kit.expressions import expression
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass

_ARN = expression(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|):([\w+=,.@:/#$ -]{1,900})")
_ACCOUNT = expression(r"\d{12}")
_REGION = expression(r"[a-z]{2,6}(?:-[a-z]+){1,3}-\d")
_ID = expression(r"[\w+=,.@:/ -]{1,300}")
_PART = expression(
    r"(arn:[^:]+:(?:bedrock-agentcore:[^:]*:\d*:(?:gateway|memory)|qbusiness:[^:]*:\d*:application"
    r"|kendra:[^:]*:\d*:index|wisdom:[^:]*:\d*:assistant|lex:[^:]*:\d*:bot)/[^/:]+)[/:].+"
)
"""What is below a whole and used by itself: targets, indices, versions."""
_PARTITIONS = (
    ("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-isob-", "aws-iso-b"),
    ("us-iso-", "aws-iso"), ("eusc-", "aws-eusc"),
)  # fmt: skip
OTHER_KIND = "aws.ai_resource"
ASSET_KINDS = frozenset({kind.kind for kind in KINDS.values()}) | {
    MODEL.kind, USE.kind, OTHER_KIND,
}  # fmt: skip


class Place(NamedTuple):
    account: str
    region: str

    @classmethod
    def told(cls, account: str | None, region: str | None, known: Place) -> Place:
        """What a record says, or, where it says nothing that can be one, what is ``known``."""
        return cls(
            account if account and _ACCOUNT.fullmatch(account) else known.account,
            region if region and _REGION.fullmatch(region) else known.region,
        )

    @property
    def scope(self) -> dict[str, str]:
        return {"partition": self.partition, "region": self.region, "account": self.account}

    @property
    def partition(self) -> str:
        return next((name for head, name in _PARTITIONS if self.region.startswith(head)), "aws")


NOWHERE = Place("", "")


def node_of(account: str) -> NodeId:
    return NodeId(f"aws:account/{account}")


@lru_cache(maxsize=16384)
def by_arn(arn: str, place: Place) -> Asset | None:
    """The whole that an ARN belongs to; None for what is none. ``place``: of the event."""
    found = _ARN.fullmatch(arn) if len(arn) <= LONGEST else None
    if found is None:
        return None
    _, service, region, account, resource = found.groups()
    if service == "bedrock" and resource.startswith("foundation-model/"):
        return model(arn, place)
    ident = arns.spelled(_PART.sub(r"\1", arns.whole(arn)))
    resource = ident.split(":", 5)[5]
    kind, _, name = resource.partition("/" if "/" in resource else ":")
    where = Place(account or place.account, region or place.region)
    version = "-version" if service == "rekognition" and "/version/" in name else ""
    return _asset(_kind(service, kind + version), ident, name or kind, where, _models(kind, name))


@lru_cache(maxsize=16384)
def by_field(field: Field, value: str, place: Place) -> Asset | None:
    """What a parameter names; None for what cannot be a name."""
    if value.startswith("arn:"):
        return by_arn(value, place)
    if not _ID.fullmatch(value):
        return None
    if not field.type:
        return model(value, place) if not field.service else None
    arn = f"arn:{place.partition}:{field.service}:{place.region}:{place.account}"
    found = by_arn(f"{arn}:{field.type}/{value.partition(':')[0]}", place)
    return msgspec.structs.replace(found, name=value) if found else None


@lru_cache(maxsize=16384)
def model(name: str, place: Place) -> Asset | None:
    """A model by its name, or the ARN that all accounts have it under."""
    ident = arns.model(name, place.scope)
    if not ident:
        return None
    if ident.startswith("arn:"):
        return by_arn(ident, place)
    called = name.partition("foundation-model/")[2] or name
    region = ident.split("/", 2)[1]
    return _asset(MODEL, ident, called, place._replace(region=region), (called,))


@lru_cache(maxsize=4096)
def service(source: str, place: Place) -> Asset:
    """A service as such, where no event says what of it was used."""
    known = SERVICES[source]
    ident = f"aws:{place.account}/{place.region}/{source.partition('.')[0]}"
    return _asset(USE._replace(provider=known.provider), ident, known.name, place)


def _kind(service: str, kind: str) -> Kind:
    known = KINDS.get((service, kind))
    if known is not None:
        return known
    provider = SERVICES.get(f"{service}.amazonaws.com")
    return Kind(OTHER_KIND, AssetClass.OTHER, provider.provider if provider else "")


def _models(kind: str, name: str) -> tuple[str, ...]:
    """The model that a profile of AWS's own stands for."""
    head, _, rest = name.partition(".")
    return (rest,) if kind == "inference-profile" and head and rest else ()


def _asset(kind: Kind, ident: str, name: str, place: Place, models: tuple[str, ...] = ()) -> Asset:
    return Asset(
        id=NodeId(ident),
        kind=kind.kind,
        name=name,
        asset_class=kind.asset_class,
        provider=kind.provider,
        account=node_of(place.account),
        region=place.region,
        models=models,
        is_ai=kind.is_ai,
    )
