"""How an organization's people, applications and own products are called, and told, by one source.

One id from whichever list, log or file shows a thing: the source's name, the organization as the
configuration writes it, what it is, and the vendor's own id in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from scanner.model.base import NodeId
from scanner.model.evidence import Ends, Evidence
from scanner.model.facts import Account, Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity, Item

_MOST_NAME = 200


def gone(
    account: NodeId, rule: str, who: Identity | None, ends: Ends, at: str
) -> tuple[Activity, ...]:
    """See :meth:`Names.left`; of sources that name things otherwise."""
    if who is None:
        return ()
    return (
        Activity(
            rule=rule, account=account, app_id=who.id, actor=who, relation="", ends=ends,
            first_at=at, last_at=at,
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Names:
    """``source``: of the connector. ``vendor``: of the account. ``tenant``: the vendor's word for
    an organization. ``place``: whose ids they are, where another source tells of the same
    organization; empty: its own."""

    source: str
    vendor: str
    tenant: str
    place: str = ""

    @property
    def _of(self) -> str:
        return self.place or self.source

    @property
    def org_kind(self) -> str:
        return f"{self._of}.{self.tenant}"

    @property
    def user_kind(self) -> str:
        return f"{self._of}.user"

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self.org_kind, self.user_kind, f"{self._of}.app"})

    def org(self, org: str) -> NodeId:
        return NodeId(f"{self._of}:{org}")

    def node(self, org: str, what: str, ident: str) -> NodeId:
        return NodeId(f"{self._of}:{org}/{what}/{ident.casefold()}")

    def placed(self, org: str, label: str) -> tuple[NodeId, NodeId]:
        """The organization, and an application of which there is a name alone."""
        return self.org(org), self.node(org, "app", label)

    def evidence(self, rule: str, ident: NodeId, **more: Any) -> Evidence:
        return Evidence(rule=rule, source=self.source, resource=ident, **more)

    def account(self, org: str, rule: str) -> Account:
        ident = self.org(org)
        return Account(
            id=ident, kind=self.org_kind, name=org, provider=self.vendor,
            evidence=(self.evidence(rule, ident),),
        )  # fmt: skip

    def person(
        self, org: str, ident: str, mail: str = "", name: str = "",
        principal: PrincipalType = PrincipalType.HUMAN,
    ) -> Identity | None:  # fmt: skip
        """Whom a log names, by the vendor's id, else by address; nobody where it names nobody."""
        address = mail.strip().casefold() if "@" in mail else ""
        if not ident and not mail:
            return None
        return Identity(
            id=self.node(org, "user", ident or mail),
            kind=self.user_kind,
            name=(name or mail or ident)[:_MOST_NAME],
            principal_type=principal,
            email=address,
        )

    def member(
        self, org: str, rule: str, ident: str, name: str, mail: str = "",
        principal_type: PrincipalType = PrincipalType.HUMAN, **more: Any,
    ) -> Identity:  # fmt: skip
        """Whom a list of people shows."""
        node = self.node(org, "user", ident)
        return Identity(
            id=node, kind=self.user_kind, name=name, principal_type=principal_type,
            email=mail.casefold() if "@" in mail else "", evidence=(self.evidence(rule, node),),
            **more,
        )  # fmt: skip

    def app(
        self, org: str, rule: str, relation: str, ident: str, label: str, **more: Any
    ) -> Activity:
        """An application that the catalogue is to judge, by client id, hosts and label."""
        return Activity(
            rule=rule, account=self.org(org), app_id=self.node(org, "app", ident or label),
            label=label, relation=relation, **more,
        )  # fmt: skip

    def left(
        self, org: str, rule: str, who: Identity | None, ends: Ends, at: str
    ) -> tuple[Activity, ...]:
        """What a log says of a person who is suspended, let in again or gone, whose grants end,
        rest or go on with it. Nothing where the event names nobody."""
        return gone(self.org(org), rule, who, ends, at)

    def used(self, thing: Asset, rule: str, relation: str = "used_by", **more: Any) -> Activity:
        """Of a thing that is AI by what the vendor says of it."""
        return Activity(
            rule=rule, account=thing.account or NodeId(""), app_id=thing.id, label=thing.name,
            relation=relation, thing=thing, **more,
        )  # fmt: skip

    def thing(
        self, org: str, what: str, ident: str, name: str, asset_class: AssetClass, **more: Any
    ) -> Asset:
        """``what``: the vendor's noun; also the last word of its kind."""
        return Asset(
            id=self.node(org, what, ident), kind=f"{self._of}.{what}",
            name=(name or ident)[:_MOST_NAME], asset_class=asset_class, account=self.org(org),
            **more,
        )  # fmt: skip

    def listed(
        self, thing: Asset, rule: str, owners: Iterable[Identity | None] = (), **when: Any
    ) -> Iterable[Item]:
        """A thing that a list shows: within its organization, calling its provider, and owned by
        whom the list names."""
        evidence = self.evidence(rule, thing.id, **when)
        told = (evidence,)
        yield msgspec.structs.replace(thing, evidence=told)
        if thing.account:
            yield Edge(
                source=thing.account, target=thing.id, relation=Relation.CONTAINS, evidence=told
            )
        if thing.provider and thing.is_ai:
            provider = NodeId(f"provider:{thing.provider}")
            yield Edge(source=thing.id, target=provider, relation=Relation.CALLS, evidence=told)
        for who in owners:
            if who is not None:
                yield who
                yield Edge(
                    source=thing.id, target=who.id, relation=Relation.OWNED_BY, evidence=told
                )
