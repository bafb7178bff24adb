"""Hugging Face: an organization's models, spaces and data sets, its members, dedicated inference
endpoints, and its audit log.

https://huggingface.co/docs/hub/api and https://api.endpoints.huggingface.cloud. Lists go on by Link
headers. No file of a repository is read here: that is what `code` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from connectors.huggingface import log
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    each,
    read,
    session,
    told_once,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import json_body, link_pages
from scanner.kit.named import Names
from scanner.kit.text import cut
from scanner.kit.told import check_address
from scanner.kit.values import mapping, text, when
from scanner.model.errors import Unavailable
from scanner.model.facts import AssetClass, Edge, Relation
from scanner.model.items import Gap, Item

NAMES = Names(source="huggingface", vendor="huggingface", tenant="organization")
PROVIDER = "huggingface"
Part = Literal["models", "spaces", "datasets", "members", "endpoints", "audit"]
MODELS = read("/api/models", "read access to the organization's repositories", "models")
SPACES = read("/api/spaces", "read access to the organization's repositories", "spaces")
DATASETS = read("/api/datasets", "read access to the organization's repositories", "data sets")
MEMBERS = read("/api/organizations/{org}/members", "read access to members", "who is in it")
ENDPOINTS = read(
    "/v2/endpoint/{org}", "inference.endpoints.read", "dedicated endpoints, and what they serve"
)
AUDIT = read(
    "/api/organizations/{org}/audit-log/export", "administration of an organization on a Team or "
    "Enterprise plan", "who works with the Hub, and what is done with keys",
)  # fmt: skip
KINDS = ("model", "space", "dataset", "endpoint", log.HUB)
_MOST_TEXT = 120


class HuggingFaceConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization of the Hub."""

    token_env: str = "HF_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a fine-grained token of the organization."""
    url: str = "https://huggingface.co"
    endpoints_url: str = "https://api.endpoints.huggingface.cloud"
    """Where dedicated endpoints are told."""
    parts: tuple[Part, ...] = ("models", "spaces", "datasets", "members", "endpoints")
    """What to read; `audit` needs a Team or Enterprise plan."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.endpoints_url, self.organization)


class Access:
    def __init__(self, ctx: Context[HuggingFaceConfig]) -> None:
        headers = bearer(ctx, hint=" to a fine-grained token of the organization")
        self.hub = session(ctx, (MODELS, SPACES, DATASETS, MEMBERS, AUDIT), headers)
        self.endpoints = session(ctx, (ENDPOINTS,), headers, ctx.config.endpoints_url)


def _pages(reading: Reading, operation: Operation, query: Mapping[str, str]) -> Iterator[Any]:
    path = operation.path.replace("{org}", reading.org)
    for page in link_pages(reading.access.hub, path, dict(query)):
        found = json_body(page)
        if not isinstance(found, list):
            raise Unavailable(f"{operation.id}: the answer is no list")
        yield from found


Told = Callable[[Any, str], list[Item] | None]


def _part(operation: Operation, told: Told, query: Mapping[str, str]) -> Any:
    def part(reading: Reading) -> Iterator[Item]:
        asked = {key: value.replace("{org}", reading.org) for key, value in query.items()}
        found = _pages(reading, operation, asked)
        yield from each(found, told, reading.org, operation.id)

    return part


def _repository(what: str, asset_class: AssetClass, operation: Operation) -> Told:
    def told(record: Any, org: str) -> list[Item] | None:
        given = mapping(record)
        name = text(given.get("id")) or text(given.get("modelId"))
        if not name:
            return None
        about = {
            "task": text(given.get("pipeline_tag")), "sdk": text(given.get("sdk")),
            "library": text(given.get("library_name")),
            "downloads": text(given.get("downloads")),
        }  # fmt: skip
        is_private = given.get("private")
        thing = NAMES.thing(
            org, what, name, name, asset_class, provider=PROVIDER if what == "space" else "",
            created_at=when(given.get("createdAt")),
            tags={key: cut(value, _MOST_TEXT) for key, value in about.items() if value},
            aliases=(f"https://huggingface.co/{'' if what == 'model' else what + 's/'}{name}",),
            exposure=() if not isinstance(is_private, bool) else
            ("private",) if is_private else ("public",),
        )  # fmt: skip
        return list(NAMES.listed(thing, operation.id))

    return told


model = _repository("model", AssetClass.MODEL, MODELS)
space = _repository("space", AssetClass.WORKLOAD, SPACES)
dataset = _repository("dataset", AssetClass.OTHER, DATASETS)


def member(record: Any, org: str) -> list[Item] | None:
    """By the name on the Hub; an address is told to administrators of larger plans alone."""
    given = mapping(record)
    name, mail = text(given.get("user")) or text(given.get("name")), text(given.get("email"))
    if not name:
        return None
    return [
        NAMES.member(
            org,
            MEMBERS.id,
            name,
            text(given.get("fullname")) or name,
            mail,
            tags={"role": found} if (found := text(given.get("role"))) else {},
        )
    ]


def endpoint(record: Any, org: str) -> list[Item] | None:
    """Whatever it serves, it is a model of somebody's."""
    given = mapping(record)
    name = text(given.get("name"))
    if not name:
        return None
    served, status = mapping(given.get("model")), mapping(given.get("status"))
    repository = text(served.get("repository"))
    url = text(status.get("url"))
    compute = mapping(given.get("compute"))
    about = {
        "accelerator": text(compute.get("accelerator")),
        "instance_type": text(compute.get("instanceType")),
        "task": text(served.get("task")),
    }
    thing = NAMES.thing(
        org, "endpoint", name, name, AssetClass.MODEL_ENDPOINT, provider=PROVIDER,
        models=(repository,) if repository else (), aliases=(url,) if url else (),
        region=text(mapping(given.get("provider")).get("region")),
        created_at=when(status.get("createdAt")), status=text(status.get("state")),
        exposure=(found,) if (found := text(given.get("type"))) else (),
        tags={key: value for key, value in about.items() if value},
    )  # fmt: skip
    maker = mapping(status.get("createdBy"))
    who = NAMES.person(org, text(maker.get("name")), "", text(maker.get("name")))
    found_items = list(NAMES.listed(thing, ENDPOINTS.id, [who]))
    if repository.casefold().startswith(f"{org.casefold()}/"):
        told = (NAMES.evidence(ENDPOINTS.id, thing.id),)
        target = NAMES.node(org, "model", repository)
        found_items.append(
            Edge(source=thing.id, target=target, relation=Relation.SERVES, evidence=told)
        )
    return found_items


def endpoints(reading: Reading) -> Iterator[Item]:
    path = ENDPOINTS.path.replace("{org}", reading.org)
    body = mapping(json_body(reading.access.endpoints.get(path)))
    if not isinstance(body.get("items"), list):
        raise Unavailable(f"{ENDPOINTS.id}: the answer has no list `items`")
    yield from each(body["items"], endpoint, reading.org, ENDPOINTS.id)


_event = partial(log.event, names=NAMES)


def audit(reading: Reading) -> Iterator[Item]:
    """Told whole each time; of a longer log, the newest."""
    found = json_body(reading.access.hub.get(AUDIT.path.replace("{org}", reading.org)))
    if not isinstance(found, list):
        raise Unavailable(f"{AUDIT.id}: the answer is no list")
    yield from told_once(found, _event, reading, AUDIT.id)
    if len(found) >= log.MOST_EVENTS:
        yield Gap(what=AUDIT.id, reason=f"an export holds the newest {log.MOST_EVENTS} events")


_OF_ORG = {"author": "{org}", "limit": "100", "full": "true"}


def _is_repository(record: Mapping[str, Any]) -> bool:
    return "id" in record and bool({"modelId", "sdk", "pipeline_tag"} & record.keys())


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="huggingface",
        title="Hugging Face models, spaces, data sets, endpoints and audit log",
        config=HuggingFaceConfig,
        operations=(MODELS, SPACES, DATASETS, MEMBERS, ENDPOINTS, AUDIT),
        yields=NAMES.kinds | {f"huggingface.{kind}" for kind in KINDS},
        docs_url="https://huggingface.co/docs/hub/api",
        no_export="the vendor documents no export but the API's own JSON, which is read",
        # https://huggingface.co/docs/hub/rate-limits: 1,000 in five minutes, of a free account.
        rates={"default": 3.0},
    ),
    names=NAMES,
    parts=(
        Listed("models", MODELS, _part(MODELS, model, _OF_ORG)),
        Listed("spaces", SPACES, _part(SPACES, space, _OF_ORG)),
        Listed("datasets", DATASETS, _part(DATASETS, dataset, _OF_ORG)),
        Listed("members", MEMBERS, _part(MEMBERS, member, {})),
        Listed("endpoints", ENDPOINTS, endpoints),
        Listed("audit", AUDIT, audit, counts=True),
    ),
    kinds=(
        Kind(log.is_event, _event),
        Kind(lambda record: "compute" in record and "model" in record, endpoint),
        Kind(lambda record: _is_repository(record) and "sdk" in record, space),
        Kind(_is_repository, model),
    ),
    access=Access,
    expected="endpoints, models, spaces or events",
)
