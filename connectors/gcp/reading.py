"""How a table's types are read in Google Cloud: of one project, in every location of a service."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from connectors.gcp import errors, keys, operations, records, relations
from connectors.gcp.access import Access
from connectors.gcp.hierarchy import project_id
from scanner.kit.http import Missing
from scanner.kit.tabled.edges import repository_edges
from scanner.kit.tabled.reading import Reading, Target
from scanner.kit.tables import Call, first_text, values
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import NotEnabled, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge
from scanner.model.items import Gap

OF, AT, SIZE, IN, OVER = "of", "at", "size", "in", "over"
"""Arguments of a call: what it asks, in which locations (``us|eu|regions``), how a page's size is
called, in which collection of a location (``each``: all of them), and below each record of which
other list of the project."""
COLLECTIONS = "discoveryengine.projects.locations.collections.list"
_DEFAULT = "default_collection"


MAY = "cloudresourcemanager.projects.testIamPermissions"


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
    shut: frozenset[str] = frozenset()
    """APIs of the project that a service perimeter shuts."""
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
        # The id of a node is a name below a host.
        of = self.spelled(f"/{str(args[OF]).removeprefix(f'//{operations.host(call.op)}/')}")[1:]
        query = {name: str(value) for name, value in args.items() if name != OF}
        try:
            found = self.access.get(call.op, of, _location(of), self.account, query)
        except errors.Disabled as error:
            raise self._meant(call.op, error) from error
        return self._normal(found, operations.api(call.op))

    def pages(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        service = call.op.partition(".")[0]
        api = operations.api(call.op)
        if self._is_off(api):
            raise NotEnabled(f"{api} is not enabled in {self.account}")
        asked = dict(args)
        of, at, size, within, over = (str(asked.pop(name, "")) for name in (OF, AT, SIZE, IN, OVER))
        query = {name: str(value) for name, value in asked.items()}
        if size:
            name, _, number = size.partition("=")
            query[name] = number
        if call.op in operations.NOT_WHOLE:
            what = f"{call.op} in {self.account}"
            self.gaps.append(Gap(what=what, reason=operations.NOT_WHOLE[call.op]))
        if of:
            yield from self._listed(call, of, _location(of), query)
        elif over:
            yield from self._below_each(call, over, query)
        elif at == "none":
            yield from self._listed(call, f"projects/{self.account}", "", query)
        else:
            yield from self._everywhere(call, service, at, within, query)

    def _is_off(self, api: str) -> bool:
        return (
            self.enabled is not None
            and api not in self.enabled
            and api not in operations.BESIDE_THEIR_API
        )

    def _everywhere(
        self, call: Call, service: str, at: str, within: str, query: dict[str, str]
    ) -> Iterator[Any]:
        """The first page of every location is asked for at once. One that fails is a gap, all of
        them an error."""
        places = _places_of(at) if at else self._locations(service)
        failures: list[tuple[str, SourceError]] = []
        kind = "regions" if ".regions." in call.op else "locations"
        lead = f"projects/{self.account}/{kind}"
        begun = [
            (place, self._begun(self._in_place(call, f"{lead}/{place}", within, query)))
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

    def _in_place(self, call: Call, of: str, within: str, query: dict[str, str]) -> Iterator[Any]:
        place = of.rpartition("/")[2]
        first = _DEFAULT if within == "each" else within
        yield from self._listed(call, f"{of}/collections/{first}" if first else of, place, query)
        for other in self._collections(of, place) if within == "each" else ():
            try:
                yield from self._listed(call, other, place, query)
            except SourceError as error:
                self.miss(f"{call.op} of {other}", error)

    def _collections(self, of: str, place: str) -> list[str]:
        """Besides the one that every location has. That they cannot be listed is a gap."""
        asked = Call(op=COLLECTIONS, items="collections[]")
        try:
            found = list(self._listed(asked, of, place, {"pageSize": "1000"}))
        except SourceError as error:
            self.miss(f"{COLLECTIONS} in {of}", error)
            return []
        names = (first_text(one, "name").rpartition("/")[2] for one in found)
        return [f"{of}/collections/{name}" for name in names if name not in ("", _DEFAULT)]

    def _below_each(self, call: Call, over: str, query: dict[str, str]) -> Iterator[Any]:
        """The lists below the records of another, which are no nodes of this table."""
        self._check_filtered(over)
        holder = Call(op=over, items=f"{over.split('.')[-2]}[]")
        for above in self._listed(holder, f"projects/{self.account}", "", {"maxResults": "1000"}):
            kind, _, ident = first_text(above, "id").rpartition(":")
            of = f"projects/{kind or self.account}/{over.split('.')[-2]}/{ident}"
            try:
                yield from self._listed(call, of, "", query)
            except NotEnabled:
                raise
            except SourceError as error:
                self.miss(f"{call.op} of {of}", error)

    def _check_filtered(self, op: str) -> None:
        """A list that leaves out what the caller may not read is a gap where that may be much."""
        wanted = operations.FILTERED[op]
        what = f"{op} in {self.account}"
        try:
            told = self.access.post(
                MAY, f"projects/{self.account}:testIamPermissions", self.account,
                {"permissions": [wanted]},
            )  # fmt: skip
        except SourceError as error:
            self.miss(what, error)
            return
        if wanted not in values(told, "permissions[]"):
            reason = f"shows only what the caller may read; grant {wanted} on the project"
            self.gaps.append(Gap(what=what, reason=reason, denied=True))

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
                try:
                    self._known[service] = tuple(self._places(service))
                except NotEnabled as error:
                    # Of the service that tells the places, not of the one that is in them.
                    is_own = service not in operations.ELSEWHERE
                    self._known[service] = error if is_own else operations.REGIONS
                except SourceError as error:
                    self._known[service] = error
            known = self._known[service]
        if isinstance(known, SourceError):
            raise known
        if not known:
            raise Unavailable(f"{service} in {self.account}: the answer names no location")
        return known

    def _places(self, service: str) -> Iterator[str]:
        op = operations.ELSEWHERE.get(service, f"{service}.projects.locations.list")
        items, name = (
            ("items[]", "name") if op.startswith("compute") else ("locations[]", "locationId")
        )
        asked = {"maxResults" if op.startswith("compute") else "pageSize": "100"}
        for page in self._pages(op, f"projects/{self.account}", "", asked, items):
            for one in values(page, items):
                yield text(mapping(one).get(name))

    def _meant(self, op: str, error: errors.Disabled) -> SourceError:
        if operations.api(op) in operations.BESIDE_THEIR_API:
            return error
        own = [number for number, ident in self.numbers.items() if ident == self.account]
        return error.of(self.account, *own)

    def _pages(
        self, op: str, of: str, location: str, query: Mapping[str, str], items: str
    ) -> Iterator[dict[str, Any]]:
        try:
            yield from self.access.pages(op, of, location, self.account, query, items)
        except errors.Disabled as error:
            raise self._meant(op, error) from error
        except Missing as error:
            if op not in operations.ONE or not errors.is_none(error):
                raise

    def _listed(
        self, call: Call, of: str, location: str, query: Mapping[str, str]
    ) -> Iterator[Any]:
        host = operations.api(call.op)
        for page in self._pages(call.op, of, location, query, call.items):
            for place in _unreached(page):
                what = f"{call.op} in {self.account}/{text(place)[:200]}"
                self.gaps.append(Gap(what=what, reason="Google says that it cannot be reached now"))
            for record in values(page, call.items):
                if not isinstance(record, Mapping):
                    raise Unavailable(f"{call.op} in {self.account}: a record that is none")
                yield {**self._normal(record, host), "within": self.spelled(f"/{of}")[1:]}

    def _normal(self, record: Mapping[str, Any], host: str) -> dict[str, Any]:
        made = records.normal(record, host, self.spelled)
        if host == keys.HOST:
            made["plain"].update(keys.plain(record, self.enabled))
            if keys.is_unclear(record, self.enabled):
                what = f"what {str(record.get('name'))[:200]} may call"
                self.gaps.append(Gap(what=what, reason="the project's enabled APIs are not known"))
        if host in self.shut:
            made["plain"]["shut"] = True
        return made

    def region_of(self, record: Mapping[str, Any]) -> str:
        above: Any = record
        while isinstance(above, Mapping):
            told = (first_text(above, path) for path in ("location", "plain.zone", "region"))
            names = (_location(first_text(above, path)) for path in ("name", "parent", "within"))
            found = next(filter(None, (*names, *told)), "")
            if found:
                return found
            above = above.get("parent")
        return self.region

    def tag_edges(self, tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
        return repository_edges(tags, ident, evidence)

    def is_gone(self, error: SourceError) -> bool:
        return isinstance(error, Missing)

    def is_id(self, value: str) -> bool:
        return value.startswith("//")

    def spelled(self, text: str) -> str:
        lead, found, rest = text.partition("/projects/")
        number, slash, below = rest.partition("/")
        return f"{lead}{found}{self.numbers.get(number, number)}{slash}{below}"

    def called(self, name: str) -> str:
        return name.rpartition("/")[2] or name


def _places_of(at: str) -> tuple[str, ...]:
    """``regions``: all that Google publishes, for a service that does not tell its own."""
    told = (operations.REGIONS if one == "regions" else (one,) for one in at.split("|"))
    return tuple(place for some in told for place in some)


def _unreached(page: Mapping[str, Any]) -> Iterator[Any]:
    """Places of which an answer says that it leaves them out: each service has its own word."""
    for word in ("unreachable", "unreachables", "missingZones"):
        yield from values(page, f"{word}[]")
    for failed in values(page, "failedLocation[]"):
        yield mapping(failed).get("name", "")
    for warning in values(page, "warnings[]"):
        yield mapping(warning).get("region", "")
    for place, told in mapping(page.get("items")).items():
        # Compute Engine, of each zone; "nothing here" is a warning too.
        if first_text(told, "warning.code") == "UNREACHABLE":
            yield place


def _location(name: str) -> str:
    """``projects/p/locations/l/...`` -> ``l``."""
    steps = name.split("/")
    found = next((at for at, step in enumerate(steps) if step in ("locations", "regions")), -1)
    place = steps[found + 1 : found + 2] if found >= 0 else []
    return place[0] if place and place[0] != "-" else ""
