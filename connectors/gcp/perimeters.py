"""Service perimeters (VPC Service Controls): which projects' APIs answer nobody outside.

They are the organization's, so only a configured organization is asked. What is only tried out
(a dry run) shuts nothing, and a bridge only joins.
https://cloud.google.com/vpc-service-controls/docs/service-perimeters
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.activity.services import SERVICES
from connectors.gcp.hierarchy import project_id, unit_id
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tabled.reading import is_usable, shown
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Item

POLICIES = "accesscontextmanager.accessPolicies.list"
PERIMETERS = "accesscontextmanager.accessPolicies.servicePerimeters.list"
REASONS = dict.fromkeys((POLICIES, PERIMETERS), "which services answer nobody outside a perimeter")
KIND = "gcp.service_perimeter"
_PLACE = "//accesscontextmanager.googleapis.com/"
_NETWORK = "//compute.googleapis.com/"


@dataclass(frozen=True)
class Perimeter:
    name: str
    title: str
    projects: frozenset[str]
    """Their ids; the number of one that is not among those that are read."""
    networks: frozenset[str]
    services: frozenset[str]
    """Names of the APIs that are shut."""


class Perimeters:
    """Of one run: each organization is asked once."""

    def __init__(
        self, access: Access, organizations: tuple[str, ...], numbers: Mapping[str, str]
    ) -> None:
        self._access = access
        self._organizations = organizations
        self._numbers = numbers
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Perimeter, ...] | SourceError] = {}

    def of(self, organization: str) -> tuple[Perimeter, ...]:
        """Raises the source errors."""
        with self._lock:
            if organization not in self._known:
                try:
                    self._known[organization] = tuple(self._asked(organization))
                except SourceError as error:
                    self._known[organization] = error
            known = self._known[organization]
        if isinstance(known, SourceError):
            raise known
        return known

    def shut(self, project: str) -> frozenset[str]:
        """APIs of the project that answer nobody outside, as far as it can be told: what cannot is
        told by the shard of the organization."""
        found: set[str] = set()
        for one in self._organizations:
            try:
                told = self.of(one)
            except SourceError:
                continue
            found.update(*(each.services for each in told if project in each.projects))
        return frozenset(found)

    def items(self, organization: str) -> Iterator[Item]:
        """Raises the source errors."""
        holder = unit_id(f"organizations/{organization}")
        for one in self.of(organization):
            ident = NodeId(f"{_PLACE}{one.name}")
            evidence = Evidence(
                rule=operations.operation_id(PERIMETERS), source="gcp", resource=ident
            )
            shut = sorted(one.services & SERVICES.keys())
            yield Asset(
                id=ident, kind=KIND, name=shown(one.title), asset_class=AssetClass.OTHER,
                provider="", account=holder, is_ai=False,
                tags={"services of AI": ", ".join(shut)} if shut else {}, evidence=(evidence,),
            )  # fmt: skip
            yield edge_of(holder, ident, Relation.CONTAINS, evidence)
            said = f"shuts {', '.join(shut)}" if shut else ""
            for project in sorted(one.projects):
                source = project_id(project)
                yield edge_of(source, ident, Relation.CONFIGURED_BY, evidence, said)
            for network in sorted(one.networks):
                yield edge_of(NodeId(network), ident, Relation.CONFIGURED_BY, evidence, said)

    def _asked(self, organization: str) -> Iterator[Perimeter]:
        where = f"organizations/{organization}"
        asked = {"parent": where, "pageSize": "100"}
        for page in self._access.pages(POLICIES, "", "", where, asked, "accessPolicies[]"):
            for policy in values(page, "accessPolicies[]"):
                yield from self._within(first_text(policy, "name"), where)

    def _within(self, policy: str, where: str) -> Iterator[Perimeter]:
        asked = {"pageSize": "100"}
        for page in self._access.pages(PERIMETERS, policy, "", where, asked, "servicePerimeters[]"):
            for one in values(page, "servicePerimeters[]"):
                name = first_text(one, "name")
                if is_usable(name):
                    yield self._perimeter(name, one)

    def _perimeter(self, name: str, one: Any) -> Perimeter:
        held = [str(each) for each in values(one, "status.resources[]")]
        numbers = [each.removeprefix("projects/") for each in held if each.startswith("projects/")]
        known = {self._numbers.get(each, each) for each in numbers}
        return Perimeter(
            name=name,
            title=first_text(one, "title") or name.rpartition("/")[2],
            projects=frozenset(filter(is_usable, known)),
            networks=frozenset(each for each in held if each.startswith(_NETWORK)
                               and is_usable(each)),
            services=frozenset(str(each) for each in values(one, "status.restrictedServices[]")),
        )  # fmt: skip
