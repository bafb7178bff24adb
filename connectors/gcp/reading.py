"""How a table's types are read in Google Cloud: of one project, in every location of a service."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from connectors.gcp import errors, operations, records, relations
from connectors.gcp.access import Access
from connectors.gcp.hierarchy import project_id
from scanner.kit.tabled.edges import repository_edges
from scanner.kit.tabled.reading import Reading, Target
from scanner.kit.tables import Call, first_text, values
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import NotEnabled, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge
from scanner.model.items import Gap

OF, AT, SIZE, IN = "of", "at", "size", "in"
"""Arguments of a call: what it asks, in which locations, how a page's size is called, and in which
collection of a location."""
ELSEWHERE = {"run": "run.projects.locations.list"}


@dataclass(kw_only=True)
class GcpReading(Reading):
    """Of a family of services in one project."""

    source: ClassVar[str] = "gcp"
    targets: ClassVar[Mapping[str, Target]] = relations.TARGETS

    access: Access
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Number of a project -> its id: some services name projects by number."""
    enabled: frozenset[str] | None = None
    """Services of the project; None: they could not be told, so all are asked."""
    locations: tuple[str, ...] = ()
    _known: dict[str, tuple[str, ...] | SourceError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pool(self) -> ThreadPoolExecutor:
        return self.access.pool

    @property
    def holder(self) -> NodeId:
        return project_id(self.account)

    @property
    def scope(self) -> dict[str, str]:
        return {**super().scope, "project": self.account}

    def call(self, call: Call, args: Mapping[str, Any]) -> dict[str, Any]:
        of = str(args[OF])
        query = {name: str(value) for name, value in args.items() if name != OF}
        found = self.access.get(call.op, of, _location(of), self.account, query)
        return self._normal(found, operations.host(call.op))

    def pages(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        service = call.op.partition(".")[0]
        if self.enabled is not None and f"{service}.googleapis.com" not in self.enabled:
            raise NotEnabled(f"{service}.googleapis.com is not enabled in {self.account}")
        asked = dict(args)
        of, at, size, within = (str(asked.pop(name, "")) for name in (OF, AT, SIZE, IN))
        query = {name: str(value) for name, value in asked.items()}
        if size:
            name, _, number = size.partition("=")
            query[name] = number
        if of:
            yield from self._listed(call, of, _location(of), query)
        elif at == "none":
            yield from self._listed(call, f"projects/{self.account}", "", query)
        else:
            below = f"/collections/{within}" if within else ""
            yield from self._everywhere(call, service, at, below, query)

    def _everywhere(
        self, call: Call, service: str, at: str, below: str, query: dict[str, str]
    ) -> Iterator[Any]:
        """The first page of every location is asked for at once. One that fails is a gap, all of
        them an error."""
        places = tuple(at.split("|")) if at else self._locations(service)
        failures: list[tuple[str, SourceError]] = []
        lead = f"projects/{self.account}/locations"
        begun = [
            (place, self._begun(self._listed(call, f"{lead}/{place}{below}", place, query)))
            for place in places
        ]
        for place, found in begun:
            try:
                yield from found
            except SourceError as error:
                failures.append((place, error))
        real = [one for one in failures if not isinstance(one[1], NotEnabled)]
        if failures and len(failures) == len(places):
            raise (real or failures)[0][1]
        for place, trouble in real:
            self.miss(f"{call.op} in {self.account}/{place}", trouble)

    def _begun(self, found: Iterator[Any]) -> Iterator[Any]:
        """The records of a list whose first page is on its way."""
        first = self.access.places.submit(lambda: list(islice(found, 1)))

        def following() -> Iterator[Any]:
            yield from first.result()
            yield from found

        return following()

    def _locations(self, service: str) -> tuple[str, ...]:
        """The service's own, asked for once; or those of the configuration."""
        if self.locations:
            return self.locations
        with self._lock:
            if service not in self._known:
                op = ELSEWHERE.get(service, f"{service}.projects.locations.list")
                try:
                    self._known[service] = tuple(
                        text(mapping(one).get("locationId"))
                        for page in self.access.pages(
                            op, f"projects/{self.account}", "", self.account, {"pageSize": "100"}
                        )
                        for one in page.get("locations", ())
                    )
                except SourceError as error:
                    self._known[service] = error
            known = self._known[service]
        if isinstance(known, SourceError):
            raise known
        if not known:
            raise Unavailable(f"{service} in {self.account}: the answer names no location")
        return known

    def _listed(
        self, call: Call, of: str, location: str, query: Mapping[str, str]
    ) -> Iterator[Any]:
        host = operations.host(call.op)
        for page in self.access.pages(call.op, of, location, self.account, query):
            for place in _unreached(page):
                what = f"{call.op} in {self.account}/{text(place)[:200]}"
                self.gaps.append(Gap(what=what, reason="Google says that it cannot be reached now"))
            for record in values(page, call.items):
                if not isinstance(record, Mapping):
                    raise Unavailable(f"{call.op} in {self.account}: a record that is none")
                yield self._normal(record, host)

    def _normal(self, record: Mapping[str, Any], host: str) -> dict[str, Any]:
        return records.normal(record, host, self.spelled)

    def region_of(self, record: Mapping[str, Any]) -> str:
        above: Any = record
        while isinstance(above, Mapping):
            told = (first_text(above, path) for path in ("location", "plain.zone", "region"))
            found = _location(first_text(above, "name")) or next(filter(None, told), "")
            if found:
                return found
            above = above.get("parent")
        return self.region

    def tag_edges(self, tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
        return repository_edges(tags, ident, evidence)

    def is_gone(self, error: SourceError) -> bool:
        return errors.is_gone(error)

    def is_id(self, value: str) -> bool:
        return value.startswith("//")

    def spelled(self, text: str) -> str:
        lead, found, rest = text.partition("/projects/")
        number, slash, below = rest.partition("/")
        return f"{lead}{found}{self.numbers.get(number, number)}{slash}{below}"

    def called(self, name: str) -> str:
        return name.rpartition("/")[2] or name


def _unreached(page: Mapping[str, Any]) -> Iterator[Any]:
    """Places of which an answer says that it leaves them out: each service has its own word."""
    for word in ("unreachable", "unreachables", "missingZones"):
        yield from values(page, f"{word}[]")
    for failed in values(page, "failedLocation[]"):
        yield mapping(failed).get("name", "")


def _location(name: str) -> str:
    """``projects/p/locations/l/...`` -> ``l``."""
    steps = name.split("/")
    place = steps[steps.index("locations") + 1 :][:1] if "locations" in steps else []
    return place[0] if place else ""
