"""Use seen in logs and application lists -> facts, by the catalogue.

The most exact key decides: client id, then redirect or API host, then the application's name
(:mod:`scanner.detect.app_names`). What the catalogue does not know is dropped here: a log of every
application is not an inventory of AI. One whose name or domain says that it is AI is told, with low
confidence and no provider. What a source itself proves to be AI needs no key. Of an application of
which an event has the id alone, edges are told, which the graph keeps where something names it
(:mod:`scanner.graph.unnamed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.detect.app_names import AppNames
from scanner.detect.quoted import unquoted
from scanner.kit.ai_words import said
from scanner.kit.expressions import expression
from scanner.kit.folding import FAILED
from scanner.model.base import NodeId
from scanner.model.evidence import UNNAMED, Confidence, Ends, Evidence
from scanner.model.facts import Asset, AssetClass, DataStore, Edge, Fact, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook


class Catalogue:
    """Exact look-ups, compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._clients: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._apps = AppNames(rulebook)
        for provider in rulebook.providers:
            for app in provider.oauth_apps:
                if app.client_id:
                    self._clients.setdefault(app.client_id.casefold(), provider.id)
                if app.redirect_host:
                    self._hosts.setdefault(app.redirect_host, provider.id)
            for extension in provider.extensions:
                self._clients.setdefault(extension.id.casefold(), provider.id)
            for host in provider.hosts:
                if "*" not in host.host and not host.path:
                    self._hosts.setdefault(host.host, provider.id)
            for domain in provider.web_domains:
                self._hosts.setdefault(domain, provider.id)

    def identify(self, activity: Activity) -> tuple[str, str, Confidence] | None:
        """Provider id, the reason, and how sure; None when the catalogue does not know it."""
        found = self._clients.get(activity.client_id.casefold()) if activity.client_id else None
        if found:
            return found, f"client id {activity.client_id}", Confidence.CERTAIN
        for host in activity.hosts:
            name = host.lower().rstrip(".")
            while "." in name:
                if name in self._hosts:
                    return self._hosts[name], f"host {name}", Confidence.HIGH
                name = name.partition(".")[2]
        found_by_name = self._apps.whole(activity.label)
        if found_by_name or activity.is_first_party:
            return found_by_name
        return self._apps.alike(activity.label)


def facts_of(activity: Activity, catalogue: Catalogue, source: str) -> Iterator[Fact]:
    """The application, who uses it, what was granted and which data that opens; nothing for what is
    neither known AI nor looks like it, but its end: another event may have proved it to be AI. What
    has ended or was tried in vain is no asset of the inventory."""
    if activity.where:
        activity = msgspec.structs.replace(
            activity, where=unquoted(activity.where), resource=unquoted(activity.resource)
        )
    if activity.thing is not None:
        yield from _of_thing(activity, _whose(activity, activity.thing, catalogue), source)
        return
    known = catalogue.identify(activity) or _guessed(activity)
    if known is None:
        yield from _end_of_unknown(activity, source)
        is_named = bool(activity.label or activity.hosts)
        if activity.app_id and not is_named and not activity.is_first_party:
            yield from _by_id_alone(activity, source)
        return
    provider, reason, confidence = known
    guess = _guess_of(reason, confidence)
    if activity.is_guess:
        reason, confidence = f"{reason}; {_GUESSED}", Confidence.LOW
    evidence = _seen(
        activity, source, confidence=confidence, ends=_ends(activity),
        preview=reason + (f"; {activity.status}" if activity.status else ""),
        guess=guess or (_NAME if activity.is_guess else ""),
    )  # fmt: skip
    yield Asset(
        id=activity.app_id,
        kind=f"{source}.app",
        name=activity.label or activity.app_id,
        asset_class=AssetClass.SAAS_APP,
        provider=provider,
        account=activity.account,
        status=activity.status if activity.actor is None else "",
        created_at=activity.first_at if activity.relation == "contains" else "",
        is_ai=bool(activity.relation),
        evidence=(evidence,),
    )
    yield from _around(activity, evidence, provider)


def _seen(activity: Activity, source: str, **more: Any) -> Evidence:
    return Evidence(
        rule=activity.rule, source=source, resource=activity.resource or activity.app_id,
        path=activity.actor.id if activity.actor else "", count=activity.count,
        first_at=activity.first_at, last_at=activity.last_at, bytes_up=activity.bytes_up,
        bytes_down=activity.bytes_down, costs=activity.costs, part=activity.part, **more,
    )  # fmt: skip


def _around(activity: Activity, evidence: Evidence, provider: str = "") -> Iterator[Fact]:
    """Where the application is, whom it calls, and who uses it with which data, or has tried to."""
    yield Edge(
        source=activity.account, target=activity.app_id, relation=Relation.CONTAINS,
        evidence=(evidence,),
    )  # fmt: skip
    if not activity.relation:
        yield from _tried(activity, evidence)
        return
    if provider:
        yield Edge(
            source=activity.app_id, target=NodeId(f"provider:{provider}"), relation=Relation.CALLS,
            evidence=(evidence,), confidence=evidence.confidence,
        )  # fmt: skip
    yield from _flows(activity, activity.app_id, evidence)
    if activity.actor:
        yield activity.actor
        yield _who(activity, evidence)


_TLD = ".ai"
_NAME, _DOMAIN = "name", "domain"
_BY_DOMAIN = "unknown; its domain is"
_GUESSED = "in an event of a type that is not known"


_ALL_ENDS = expression(
    r"(?i)(?:^|[./:-]|(?<!integration)[ _])uninstall|app_deleted|^app(?:lication)? deleted"
    r"|(?:^|\.)hard delete service principal\.?$|(?:^|\.)delete application\.?$"
    r"|application\.lifecycle\.delete|remove_application|remove_api_client|blocked_oauth2"
    r"|unlink_team|org_app_workspace_removed|^application\.deleted$"
    r"|^(?:integration_installation|integration|oauth_application)\.(?:destroy|delete)$"
)
"""The application goes from its place, and all access with it, whoever has removed it."""
_PAUSES = expression(
    r"(?i)(?:^|\.)(?:disable|remove) service principal\.?$|application\.lifecycle\.deactivate"
    r"|^integration_installation\.suspend$"
)
"""The same, but that it may come back with what it had."""
_RESUMES = expression(
    r"(?i)(?:^|\.)(?:enable|restore) service principal\.?$|application\.lifecycle\.activate"
    r"|^integration_installation\.unsuspend$"
)
_OWN_ENDS = expression(
    r"(?i)revoke|remove|delete|destroy|unlink|disconnect|uninstall|deactivat|disable"
)
_OF_ALL = {Ends.ALL: _ALL_ENDS, Ends.PAUSED: _PAUSES, Ends.RESUMED: _RESUMES}


def _end_of_unknown(activity: Activity, source: str) -> Iterator[Edge]:
    """Of an application that its event does not prove to be AI (a removal tells of no scopes): the
    graph leaves it out where nothing else does."""
    ends = _ends(activity)
    if ends:
        seen = Evidence(
            rule=activity.rule, source=source, resource=activity.resource or activity.app_id,
            path=activity.actor.id if activity.actor else "", confidence=Confidence.LOW,
            count=activity.count, first_at=activity.first_at, last_at=activity.last_at,
            part=activity.part, ends=ends,
        )  # fmt: skip
        yield Edge(
            source=activity.account, target=activity.app_id, relation=Relation.CONTAINS,
            evidence=(seen,),
        )  # fmt: skip


def _by_id_alone(activity: Activity, source: str) -> Iterator[Fact]:
    """Use, or an attempt at it, of an application that a list or another log may name."""
    if not activity.relation and not activity.rule.endswith(FAILED):
        return
    seen = _seen(
        activity, source, confidence=Confidence.LOW, preview=activity.status, guess=UNNAMED
    )
    yield from _around(activity, seen)


def _ends(activity: Activity) -> Ends:
    """What it has ended, by the vendor's words for the event. What was denied, asked for or tried
    in vain ends nothing."""
    if activity.relation or activity.rule.endswith(FAILED):
        return Ends.NOTHING
    if activity.ends:
        return activity.ends
    if not activity.is_own:
        for ends, words in _OF_ALL.items():
            if words.search(activity.rule):
                return ends
    return Ends.OWN if activity.actor and _OWN_ENDS.search(activity.rule) else Ends.NOTHING


def _guessed(activity: Activity) -> tuple[str, str, Confidence] | None:
    """No provider, and why it looks like AI."""
    if activity.is_first_party:
        return None
    word = said(activity.label)
    if word:
        return "", f"unknown; its name says {word}", Confidence.LOW
    host = next((one for one in activity.hosts if one.lower().rstrip(".").endswith(_TLD)), "")
    return ("", f"{_BY_DOMAIN} {host}", Confidence.LOW) if host else None


def _guess_of(reason: str, confidence: Confidence) -> str:
    """By what a guess of the catalogue, or of nobody, is one; empty: it is none."""
    if confidence is not Confidence.LOW:
        return ""
    return _DOMAIN if reason.startswith(_BY_DOMAIN) else _NAME


def _whose(activity: Activity, thing: Asset, catalogue: Catalogue) -> Asset:
    """An application that its source proves to be AI, and does not say whose: the catalogue may
    know."""
    if thing.provider or thing.asset_class is not AssetClass.SAAS_APP:
        return thing
    known = catalogue.identify(activity)
    return msgspec.structs.replace(thing, provider=known[0]) if known else thing


def _of_thing(activity: Activity, thing: Asset, source: str) -> Iterator[Fact]:
    """One row of evidence an actor, event and way of use, so that windows of a log add up. What was
    only tried makes nobody a user, and no asset of the inventory."""
    is_use = bool(activity.relation)
    who = activity.actor.id if activity.actor else ""
    evidence = Evidence(
        rule=activity.rule,
        source=source,
        resource=activity.resource or thing.id,
        path=" ".join(filter(None, (who, activity.where))),
        preview=activity.status,
        count=activity.count,
        first_at=activity.first_at,
        last_at=activity.last_at,
        bytes_up=activity.bytes_up,
        bytes_down=activity.bytes_down,
        costs=activity.costs,
        part=activity.part,
        ends=_ends(activity),
    )
    yield msgspec.structs.replace(thing, evidence=(evidence,), is_ai=thing.is_ai and is_use)
    # What is granted and what ends is each person's own; use is told of all together.
    is_own = activity.relation == Relation.GRANTS or evidence.ends
    seen = (msgspec.structs.replace(evidence, path=who if is_own else ""),)
    yield Edge(
        source=activity.account, target=thing.id, relation=Relation.CONTAINS, evidence=seen
    )  # fmt: skip
    if is_use and thing.provider:
        provider = NodeId(f"provider:{thing.provider}")
        yield Edge(source=thing.id, target=provider, relation=Relation.CALLS, evidence=seen)
    if is_use:
        yield from _flows(activity, thing.id, seen[0])
    if is_use and activity.actor:
        yield activity.actor
        yield _who(activity, msgspec.structs.replace(evidence, path=activity.where))
    if not is_use:
        yield from _tried(activity, msgspec.structs.replace(evidence, path=activity.where))


def _flows(activity: Activity, app: NodeId, evidence: Evidence) -> Iterator[Fact]:
    """The data that is opened to it, and the way it may go."""
    ways: tuple[tuple[tuple[DataStore, ...], Relation], ...] = (
        (activity.reads, Relation.READS_FROM),
        (activity.writes, Relation.WRITES_TO),
    )
    for stores, relation in ways:
        for store in stores:
            yield store
            yield Edge(source=app, target=store.id, relation=relation, evidence=(evidence,))


def _tried(activity: Activity, evidence: Evidence) -> Iterator[Fact]:
    """Who was refused, or failed."""
    if activity.actor and activity.rule.endswith(FAILED):
        yield activity.actor
        yield Edge(
            source=activity.app_id, target=activity.actor.id, relation=Relation.TRIED_BY,
            evidence=(evidence,),
        )  # fmt: skip


def _who(activity: Activity, evidence: Evidence) -> Edge:
    actor = activity.actor.id if activity.actor else NodeId("")
    relation = Relation(activity.relation)
    ends = (actor, activity.app_id) if relation is Relation.GRANTS else (activity.app_id, actor)
    scopes = " ".join(activity.scopes)
    if relation is Relation.GRANTS:
        evidence = msgspec.structs.replace(evidence, scopes=scopes)
    return Edge(
        source=ends[0], target=ends[1], relation=relation, evidence=(evidence,), detail=scopes
    )
