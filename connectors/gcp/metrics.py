"""Cloud Monitoring: how often APIs of AI and models of publishers are called, and with which key.

Google counts every call, whoever keeps logs or not; a call with an API key is in no log that names
the key, so these counts are the one trace of it. Sums over the window that is looked at, each scan
anew. Credentials other than keys are counted and not named: Google tells numbers of theirs alone.
https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-serviceruntime,
https://cloud.google.com/monitoring/api/resources#tag_consumed_api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.activity.services import SERVICES
from connectors.gcp.activity.things import MODEL, Place, api, published
from connectors.gcp.enabled import KIND as API
from connectors.gcp.errors import Disabled
from connectors.gcp.hierarchy import Tree, project_id
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import is_usable
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, Relation
from scanner.model.items import Gap, Item

SERIES = "monitoring.projects.timeSeries.list"
KEYS = "apikeys.projects.locations.keys.list"
REASONS = {
    SERIES: "how often APIs of AI and models are called, and with which API key",
    KEYS: "which API key a count is of",
}
KINDS = frozenset({API, MODEL})
_MOST_DAYS = 42
"""For which Google keeps these counts at least (https://cloud.google.com/monitoring/quotas)."""
_KEY = "apikey:"
_APIS = (
    'metric.type="serviceruntime.googleapis.com/api/request_count" AND '
    'resource.type="consumed_api" AND resource.labels.service=one_of({services})'
)
_MODELS = (
    'metric.type="aiplatform.googleapis.com/publisher/online_serving/model_invocation_count" AND '
    'resource.type="aiplatform.googleapis.com/PublisherModel"'
)
_TROUBLE = "executionErrors"
"""What Google says of series that it could not sum up."""


class What(NamedTuple):
    thing: str
    credential: str


@dataclass
class _Sum:
    count: int = 0
    first: str = ""
    last: str = ""


@dataclass
class Counts:
    """Calls that were served, by thing and credential."""

    sums: dict[What, _Sum] = field(default_factory=dict)
    troubles: int = 0

    def add(self, series: Any, what: What) -> None:
        if not _is_served(series):
            return
        one = self.sums.setdefault(what, _Sum())
        for point in values(series, "points[]"):
            count = _number(first_text(point, "value.int64Value"))
            if count <= 0:
                continue
            start, end = (first_text(point, f"interval.{name}Time") for name in ("start", "end"))
            one.count += count
            one.first = min(filter(None, (one.first, start or end)), default="")
            one.last = max(one.last, end)


def _is_served(series: Any) -> bool:
    """What the caller got wrong or was not allowed is no use; what Google's side failed at, is."""
    code = first_text(series, "metric.labels.response_code")
    return not code.startswith("4") or code == "429"


def _number(told: str) -> int:
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0


def items(access: Access, found: Tree, project: str, now: datetime, days: int) -> Iterator[Item]:
    """Raises the source errors; ``NotEnabled`` where no API of AI is."""
    enabled = found.projects[project].services
    services = sorted(SERVICES.keys() if enabled is None else SERVICES.keys() & enabled)
    if not services:
        raise NotEnabled(f"{project}: no API of AI is enabled whose use could be counted")
    place = Place(project, found.numbers)
    since = now - timedelta(days=min(days, _MOST_DAYS))
    window = (f"{since:%Y-%m-%dT%H:%M:%SZ}", f"{now:%Y-%m-%dT%H:%M:%SZ}")
    apis, models = Counts(), Counts()
    asked = _APIS.format(services=", ".join(f'"{one}"' for one in services))
    for one in _series(access, place, asked, window, apis):
        service = first_text(one, "resource.labels.service")
        if service in SERVICES:
            apis.add(one, What(service, first_text(one, "resource.labels.credential_id")))
    if "aiplatform.googleapis.com" in services:
        for one in _series(access, place, _MODELS, window, models):
            names = ("location", "publisher", "model_user_id")
            told = [first_text(one, f"resource.labels.{name}") for name in names]
            if all(told) and "/" not in "".join(told):
                models.add(one, What("/".join(told), ""))
    yield from _of_apis(access, place, apis)
    yield from _of_models(place, models)
    if apis.troubles or models.troubles:
        yield Gap(
            what=f"{SERIES} in {project}",
            reason=f"Google could not sum up {apis.troubles + models.troubles} of the counts",
        )


def _series(
    access: Access, place: Place, asked: str, window: tuple[str, str], counts: Counts
) -> Iterator[Any]:
    """Every series, summed by day."""
    of = f"projects/{place.project}"
    query = {
        "filter": asked, "interval.startTime": window[0], "interval.endTime": window[1],
        "aggregation.alignmentPeriod": "86400s", "aggregation.perSeriesAligner": "ALIGN_SUM",
        "pageSize": "10000",
    }  # fmt: skip
    try:
        for page in access.pages(SERIES, of, "", place.project, query, "timeSeries[]"):
            counts.troubles += sum(1 for _ in values(page, f"{_TROUBLE}[]"))
            yield from values(page, "timeSeries[]")
    except Disabled as error:
        own = [number for number, ident in place.numbers.items() if ident == place.project]
        raise error.of(place.project, *own) from error


def _of_apis(access: Access, place: Place, counts: Counts) -> Iterator[Item]:
    by_service: dict[str, _Sum] = {}
    for what, one in counts.sums.items():
        whole = by_service.setdefault(what.thing, _Sum())
        whole.count += one.count
        whole.first = min(filter(None, (whole.first, one.first)), default="")
        whole.last = max(whole.last, one.last)
    for service, whole in sorted(by_service.items()):
        if whole.count:
            yield from _seen(api(service, place), whole, place)
    by_key = {
        (what.credential.removeprefix(_KEY), what.thing): one
        for what, one in sorted(counts.sums.items())
        if one.count and what.credential.startswith(_KEY)
    }
    if not by_key:
        return
    names: Mapping[str, str] = {}
    try:
        names = _keys(access, place)
    except SourceError as error:
        yield Gap(
            what=f"{KEYS} in {place.project}", reason=str(error), denied=isinstance(error, Denied)
        )
    for (uid, service), one in by_key.items():
        ident = names.get(uid) or f"projects/{place.project}/locations/global/keys/{uid}"
        key = NodeId(f"//apikeys.googleapis.com/{ident}")
        if is_usable(key):
            target = api(service, place).id
            said = f"{one.count} calls"
            yield edge_of(key, target, Relation.CALLS, _evidence(target, one), said)


def _of_models(place: Place, counts: Counts) -> Iterator[Item]:
    for what, one in sorted(counts.sums.items()):
        location, publisher, model = what.thing.split("/")
        thing = published(place, location, publisher, model) if one.count else None
        if thing is not None:
            yield from _seen(thing, one, place)


def _seen(thing: Asset, one: _Sum, place: Place) -> Iterator[Item]:
    evidence = _evidence(thing.id, one)
    yield Asset(
        id=thing.id, kind=thing.kind, name=thing.name, asset_class=thing.asset_class,
        provider=thing.provider, account=thing.account, region=thing.region, models=thing.models,
        evidence=(evidence,),
    )  # fmt: skip
    yield edge_of(project_id(place.project), thing.id, Relation.CONTAINS, evidence)
    yield edge_of(thing.id, NodeId(f"provider:{thing.provider}"), Relation.CALLS, evidence)


def _evidence(ident: NodeId, one: _Sum) -> Evidence:
    return Evidence(
        rule=operations.operation_id(SERIES), source="gcp", resource=ident, count=one.count,
        first_at=one.first, last_at=one.last,
    )  # fmt: skip


def _keys(access: Access, place: Place) -> dict[str, str]:
    """The ``uid`` that counts name a key by -> its name: whoever makes a key may choose that."""
    of = f"projects/{place.project}/locations/global"
    found: dict[str, str] = {}
    for page in access.pages(KEYS, of, "", place.project, {"pageSize": "100"}, "keys[]"):
        for one in values(page, "keys[]"):
            uid, name = first_text(one, "uid"), first_text(one, "name")
            lead, _, rest = name.partition("/locations/")
            if uid and rest:
                number = lead.removeprefix("projects/")
                found[uid] = f"projects/{place.numbers.get(number, number)}/locations/{rest}"
    return found
