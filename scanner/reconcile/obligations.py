"""What an entry owes: somebody who answers for it, assessments and papers that are in force.

Owns when each of these is lacking. What a registry leaves blank is told as not reported, and what
was never asked for is not missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.graph.build import AssetGraph
from scanner.graph.people import People
from scanner.model.facts import Asset
from scanner.model.registry import (
    Assessment,
    Attestation,
    EntryOutcome,
    RegistryEntry,
    Stage,
)
from scanner.reconcile.assessments import made_last, verdict
from scanner.reconcile.checking import mailboxes
from scanner.reconcile.norms import Norms
from scanner.rulebook.flows import is_nobody

_ALIVE = (None, Stage.DEVELOPMENT, Stage.PILOT, Stage.PRODUCTION)
PROCESSING = "dpa"
"""A vendor that gets personal data in production must have a data processing agreement (Article 28
GDPR), whatever else is asked for."""

Told = Iterator[tuple[EntryOutcome, str]]


@dataclass
class Obligations:
    """Of one registry; what concerns all entries is looked at once."""

    graph: AssetGraph
    entries: Sequence[RegistryEntry]
    norms: Norms
    papers: Mapping[str, list[Attestation]] = field(init=False)
    """Vendor -> what any entry says that it has attested."""

    def __post_init__(self) -> None:
        self._shared = mailboxes(self.entries)
        self._people = People(self.graph)
        papers: dict[str, list[Attestation]] = {}
        for entry in self.entries:
            for paper in entry.attestations:
                papers.setdefault(self.norms.provider(paper.vendor), []).append(paper)
        self.papers = papers

    def of(self, entry: RegistryEntry, assets: Sequence[Asset]) -> Told:
        """``assets``: what was found of it."""
        if entry.stage not in _ALIVE:
            if assets:  # it should not be there, so that somebody has to see to it
                yield from self._owner(entry)
            return
        yield from self._owner(entry)
        yield from self._assessments(entry, assets)
        yield from self._attestations(entry, assets)
        if self.norms.is_past(entry.review_at):
            yield EntryOutcome.REVIEW_OVERDUE, f"its review was due {entry.review_at}"

    def _owner(self, entry: RegistryEntry) -> Told:
        named = [
            ref
            for ref in (entry.owner, *(one.ref for one in entry.owners))
            if not is_nobody(ref, self.graph.flow_rules)
        ]
        if not named:
            yield EntryOutcome.OWNERLESS, "the entry names nobody"
            return
        left = [ref for ref in named if self._has_left(ref)]
        if left and len(left) == len(named):
            yield EntryOutcome.OWNER_LEFT, f"{', '.join(left)} has left"
        elif entry.owner in left:
            others = ", ".join(ref for ref in named if ref not in left)
            yield EntryOutcome.OWNER_LEFT, f"{entry.owner} has left; {others} is named besides"
        elif all(ref.casefold() in self._shared for ref in named):
            yield EntryOutcome.OWNER_MAILBOX, f"{named[0]} is a shared mailbox"

    def _has_left(self, ref: str) -> bool:
        plain = ref.removeprefix("mailto:")
        person = self._people.of(plain) or self._people.gone(plain)
        return person is not None and self._people.has_left(person)

    def _assessments(self, entry: RegistryEntry, assets: Sequence[Asset]) -> Told:
        rules = self.norms.rules.assessments
        last: dict[tuple[str, str], Assessment] = {}
        for one in sorted(entry.assessments, key=lambda a: (a.at, a.expires_at)):
            if one.status not in rules.counts or self.norms.is_ahead(one.at):
                continue
            if verdict(one, rules) is not False:
                last[one.type, one.framework] = one
        over = [one for one in last.values() if self.norms.is_past(one.expires_at)]
        for one in over:
            what = f"{one.type} assessment" + (f" ({one.framework})" if one.framework else "")
            yield EntryOutcome.ASSESSMENT_EXPIRED, f"{what} expired {one.expires_at}"
        for kind, rows in made_last(entry, rules, self.norms.today):
            if assessed := max((one.at for one in rows), default=""):
                yield from _changed(assets, assessed, kind)

    def _attestations(self, entry: RegistryEntry, assets: Sequence[Asset]) -> Told:
        for vendor in self.vendors(entry, assets):
            yield from self.of_vendor(vendor, entry)

    def vendors(self, entry: RegistryEntry, assets: Iterable[Asset]) -> list[str]:
        """Whose papers it needs: of whom it may use, and of whom it does."""
        if entry.stage not in _ALIVE:
            return []
        used = {self.norms.provider(name) for name in entry.approved.providers or ()}
        used |= {asset.provider for asset in assets if asset.provider}
        return sorted(used - self.norms.own)

    def of_vendor(self, vendor: str, entry: RegistryEntry | None) -> Told:
        """What its papers lack; without an entry, of what is asked of every vendor."""
        papers = self.papers.get(vendor, [])
        missing, expired = [], []
        for kind in self._wanted(entry, papers):
            given = [paper for paper in papers if paper.type == kind]
            if not given:
                missing.append(kind)
            elif not any(self._in_force(paper) for paper in given):
                expired.append(f"{kind} {self._why_not(given)}")
        if missing:
            said = f"{vendor}: no {', '.join(missing)} on record"
            yield EntryOutcome.ATTESTATION_MISSING, said
        if expired:
            yield EntryOutcome.ATTESTATION_EXPIRED, f"{vendor}: expired {', '.join(expired)}"
        bare = sorted(set(self._uncovered(entry, papers))) if entry else []
        if bare:
            yield EntryOutcome.ATTESTATION_UNCOVERED, f"{vendor}: {'; '.join(bare)}"

    def _wanted(self, entry: RegistryEntry | None, papers: Iterable[Attestation]) -> list[str]:
        """What is asked of every vendor, and what this one has given before: a paper that ran out
        is not replaced by never having had one."""
        wanted = dict.fromkeys((*self.norms.attestations, *(paper.type for paper in papers)))
        if entry and entry.personal_data and entry.stage is Stage.PRODUCTION:
            wanted[PROCESSING] = None
        return list(wanted)

    def _in_force(self, paper: Attestation) -> bool:
        dated = not paper.unread and not self.norms.is_ahead(paper.at)
        return dated and not self.norms.is_past(paper.expires_at)

    def _why_not(self, papers: Sequence[Attestation]) -> str:
        for paper in papers:
            if paper.unread:
                return f"`{paper.unread}`, which is no date"
            if self.norms.is_ahead(paper.at):
                return f"{paper.at}, which is yet to come"
        return max(paper.expires_at for paper in papers)

    def _uncovered(self, entry: RegistryEntry, papers: Sequence[Attestation]) -> Iterator[str]:
        handled = {self.norms.data_class(name) for name in entry.approved.data_classes or ()}
        if entry.personal_data:
            handled.add(self.norms.data_class("pii"))
        for kind in dict.fromkeys(paper.type for paper in papers):
            valid = [p for p in papers if p.type == kind and self._in_force(p)]
            if not valid or any(paper.data_classes is None for paper in valid):
                continue  # none is in force, which is told as such, or one says nothing of classes
            covered = {self.norms.data_class(c) for p in valid for c in p.data_classes or ()}
            for name in sorted(handled - covered):
                yield f"{kind} does not cover {name}"


def _changed(assets: Sequence[Asset], assessed: str, kind: str) -> Told:
    """What came into being after the last assessment was not assessed."""
    later = sorted(
        (day, asset.id) for asset in assets if (day := begun(asset)) and day[:10] > assessed[:10]
    )
    if later:
        more = f" and {len(later) - 1} more" if len(later) > 1 else ""
        what = f"{kind} assessed" if kind else "assessed"
        said = f"{what} {assessed}; {later[0][1]} is of {later[0][0][:10]}{more}"
        yield EntryOutcome.CHANGED_SINCE_ASSESSED, said


def begun(asset: Asset) -> str:
    """When it came into being, as its source tells; for what stands in code, its first commit."""
    dated = [item.first_at for item in asset.evidence if item.first_at and item.commit]
    return asset.created_at or min(dated, default="")
