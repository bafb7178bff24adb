"""What was called: the name in an entry -> an asset, the same that the tables' lists would show.

Models of publishers stand below the project and location that call them, so that one project's use
is not another's; what names no thing counts for the API itself, as :mod:`connectors.gcp.enabled`
tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from connectors.gcp.activity.services import SERVICES
from connectors.gcp.enabled import KIND as API
from connectors.gcp.hierarchy import project_id
from connectors.gcp.inventory import KNOWN
from scanner.kit.expressions import expression
from scanner.kit.tables import first_text
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass

MODEL = "gcp.publisher_model"
KINDS = frozenset({API, MODEL, *(kind.kind for kind in KNOWN.values())})
_NAMES = (
    "resourceName", "request.model", "request.endpoint", "request.name", "request.session",
    "request.servingConfig", "request.parent",
)  # fmt: skip
"""Where an entry names what was called; the first that names a thing wins."""
_STEP = expression(r"[\w.~%+@:-]{1,256}")
_MODEL = expression(r"(?:models|tunedModels)/([\w.~:-]{1,128})")
_PUBLISHED = ("projects", "locations", "publishers", "models")


class Place(NamedTuple):
    """Of the log: its project, and what projects' numbers stand for."""

    project: str
    numbers: Mapping[str, str]


def of_entry(payload: Any, service: str, place: Place) -> Asset:
    """``service``: one of :data:`SERVICES`."""
    for name in filter(None, (first_text(payload, path) for path in _NAMES)):
        found = _named(name, service, place)
        if found is not None:
            return found
    return api(service, place)


def published(place: Place, location: str, publisher: str, model: str) -> Asset | None:
    """A model of a publisher that a project calls; None: the words name none."""
    steps = f"projects/{place.project}/locations/{location}/publishers/{publisher}/models/{model}"
    return _named(steps, "aiplatform.googleapis.com", place)


def _named(name: str, service: str, place: Place) -> Asset | None:
    """The thing, or the whole that it is a part of: of a session, the agent."""
    plain = name.removeprefix(f"//{service}/").strip("/")
    model = _MODEL.fullmatch(plain)
    if model:
        ident = f"//{service}/projects/{place.project}/{plain}"
        return _asset(ident, MODEL, model[1], AssetClass.MODEL, service, place.project, "")
    steps = plain.split("/")
    if steps[0] != "projects" or len(steps) > 40 or not all(map(_STEP.fullmatch, steps)):
        return None
    steps[1:2] = [place.numbers.get(one, one) for one in steps[1:2]]
    for held in _wholes(steps):
        collections = tuple(held[::2])
        ident = f"//{service}/{'/'.join(held)}"
        region = held[3] if collections[1:2] == ("locations",) else ""
        if collections == _PUBLISHED:
            called = held[-1].partition("@")[0]
            ident = ident.rpartition("/")[0] + f"/{called}"
            return _asset(ident, MODEL, called, AssetClass.MODEL, service, held[1], region)
        kind = KNOWN.get(f"{service} {'/'.join(collections)}")
        if kind is not None:
            return Asset(
                id=NodeId(ident.partition("@")[0]), kind=kind.kind, name=held[-1].partition("@")[0],
                asset_class=kind.asset_class, provider=kind.provider or SERVICES[service].provider,
                account=project_id(held[1]), region=region, is_ai=kind.is_ai,
            )  # fmt: skip
    return None


def _wholes(steps: list[str]) -> Iterator[list[str]]:
    """What is named and all that it stands in, the innermost first."""
    for end in range(len(steps) - len(steps) % 2, 3, -2):
        yield steps[:end]


def api(service: str, place: Place) -> Asset:
    """What names no thing counts for the API of a project itself."""
    ident = f"//serviceusage.googleapis.com/projects/{place.project}/services/{service}"
    name = f"{SERVICES[service].name.removesuffix(' API')} API in {place.project}"
    return _asset(ident, API, name, AssetClass.INTEGRATION, service, place.project, "")


def _asset(
    ident: str, kind: str, name: str, asset_class: AssetClass, service: str, project: str,
    region: str,
) -> Asset:  # fmt: skip
    return Asset(
        id=NodeId(ident), kind=kind, name=name, asset_class=asset_class,
        provider=SERVICES[service].provider, account=project_id(project), region=region,
        models=(name,) if kind == MODEL else (),
    )  # fmt: skip
