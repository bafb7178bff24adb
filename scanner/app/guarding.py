"""A change, judged before it lands: keys that it adds, and AI that it adds and nobody registered.

Owns what is new in a change and what that means for it; needs no state and no network. What stood
at a file's path before, or in a blob that the change takes away, is not new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanner.app.config import LoadedConfig
from scanner.detect import suppress
from scanner.detect.engine import Detector
from scanner.detect.interpret import evidence_of, facts_of
from scanner.kit.git.changes import Change
from scanner.kit.git.process import Git
from scanner.kit.git.reading import holder
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, Fact
from scanner.model.items import Hit, HitKind, Place
from scanner.model.registry import Disposition, RegistryEntry
from scanner.rulebook.load import Rulebook

KEY_RULE, ASSET_RULE = "key-added", "unregistered-ai-added"
_SHARD = ShardId("guard")
_SURE = Confidence.MEDIUM
_RULE_SETS = ("credentials", "usage")


@dataclass(frozen=True)
class Problem:
    rule: str
    """``key-added`` or ``unregistered-ai-added``."""
    detail: str
    """The detector's rule, or the asset's id within the repository."""
    title: str
    path: str
    line: int
    commit: str
    is_error: bool
    confidence: str
    mark: str
    """The same for the same thing at the same path, wherever its line goes."""


@dataclass
class Verdict:
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    suppressed: int = 0
    files: int = 0

    @property
    def fails(self) -> bool:
        return any(problem.is_error for problem in self.problems)


@dataclass(frozen=True)
class Guard:
    detector: Detector
    rulebook: Rulebook
    loaded: LoadedConfig
    subject: NodeId
    entries: tuple[RegistryEntry, ...] = ()
    has_registry: bool = False
    allows_assets: bool = False
    most_bytes: int = 32 << 20

    def judge(self, git: Git, change: Change) -> Verdict:
        """Problems in the order of paths and lines."""
        verdict = Verdict()
        blobs = self._blobs(git, change, verdict)
        gone = self._gone(git, change)
        ignore = self._ignored(git)
        new: list[tuple[Hit, Place]] = []
        for one in change.added:
            data = blobs.get(one.blob)
            if data is None:
                continue
            verdict.files += 1
            for hit in self.detector.examine(data, one.path, _RULE_SETS):
                if _identity(hit) in gone:
                    continue
                if (hit.suppressed and self._honours) or ignore.covers(one.path):
                    verdict.suppressed += 1
                    continue
                place = Place(
                    subject=self.subject, resource=self.subject, path=one.path, commit=one.commit
                )
                new.append((hit, place))
        verdict.problems += self._keys(new)
        verdict.problems += self._assets(new)
        verdict.problems.sort(key=lambda p: (p.path, p.line, p.rule, p.detail))
        return verdict

    @property
    def _honours(self) -> bool:
        return self.loaded.config.scan.honour_suppressions

    def _blobs(self, git: Git, change: Change, verdict: Verdict) -> dict[str, bytes]:
        facts = git.facts(dict.fromkeys(one.blob for one in change.added))
        wanted = []
        for one in change.added:
            found = facts.get(one.blob)
            if found is None:
                verdict.unread.append(f"{one.path}: object {one.blob} is not here")
            elif found.size > self.most_bytes:
                most = self.most_bytes >> 20
                verdict.unread.append(f"{one.path}: larger than {most} MiB; not read")
            else:
                wanted.append(one.blob)
        found_here: dict[str, bytes] = {}
        for oid, data in git.contents(dict.fromkeys(wanted)):
            if data is None:
                verdict.unread.append(f"object {oid}: unreadable; try `git fsck`")
            else:
                found_here[oid] = data
        return found_here

    def _gone(self, git: Git, change: Change) -> frozenset[str]:
        """What the blobs held that the change takes away or replaces."""
        sizes = git.sizes(sorted(change.left))
        small = [oid for oid, size in sizes.items() if size <= self.most_bytes]
        return frozenset(
            _identity(hit)
            for oid, data in git.contents(small)
            if data is not None
            for hit in self.detector.examine(data, change.left[oid], _RULE_SETS)
        )

    def _ignored(self, git: Git) -> suppress.IgnoreFile:
        text = ""
        if self._honours:
            for name in (f":{suppress.FILE}", f"HEAD:{suppress.FILE}"):
                if git.succeeds("cat-file", "-e", name):
                    text = git.text("cat-file", "blob", name)
                    break
        return suppress.parse(text)

    def _keys(self, new: Sequence[tuple[Hit, Place]]) -> Iterator[Problem]:
        told: set[tuple[str, str]] = set()
        for hit, place in new:
            if hit.kind is not HitKind.CREDENTIAL or (hit.fingerprint, place.path) in told:
                continue
            told.add((hit.fingerprint, place.path))
            sure = evidence_of(hit, place, "code").confidence
            name = self._provider(hit.provider)
            yield Problem(
                rule=KEY_RULE,
                detail=hit.rule,
                title=f"{name} key {hit.hint}",
                path=place.path,
                line=hit.line,
                commit=place.commit,
                is_error=True,
                confidence=str(sure),
                mark=f"{hit.rule}:{hit.fingerprint}",
            )

    def _assets(self, new: Sequence[tuple[Hit, Place]]) -> Iterator[Problem]:
        usage = [(hit, place) for hit, place in new if hit.kind is not HitKind.CREDENTIAL]
        found: dict[NodeId, Asset] = {}
        facts: list[Fact] = [holder(self.subject, Path("here"))]
        for fact in facts_of(
            usage, source="code", provider_name=self._provider, subject_name=lambda subject: "here"
        ):
            facts.append(fact)
            if isinstance(fact, Asset) and fact.evidence:
                sure = fact.evidence[0].confidence.rank
                known = found.get(fact.id)
                if sure >= _SURE.rank and (
                    known is None or sure > known.evidence[0].confidence.rank
                ):
                    found[fact.id] = fact
        unregistered = self._unregistered(facts) if found else frozenset()
        for ident, asset in sorted(found.items()):
            if ident in unregistered:
                seen = asset.evidence[0]
                yield Problem(
                    rule=ASSET_RULE,
                    detail=ident.partition("#")[2],
                    title=asset.name.removesuffix(" in here"),
                    path=seen.path,
                    line=seen.line,
                    commit=seen.commit,
                    is_error=self.has_registry and not self.allows_assets,
                    confidence=str(seen.confidence),
                    mark=ident.partition("#")[2],
                )

    def _unregistered(self, facts: Sequence[Fact]) -> frozenset[NodeId]:
        """By the same matching as a scan's."""
        from scanner.graph.build import AssetGraph  # only where a change adds AI
        from scanner.reconcile.reconcile import reconcile

        graph = AssetGraph([(_SHARD, fact, True) for fact in facts], frozenset({_SHARD}))
        coverage = [Coverage(shard=_SHARD, source="code", status=Outcome.COMPLETE)]
        result = reconcile(
            graph, self.entries, self.rulebook.by_alias, coverage, has_registry=self.has_registry
        )
        return frozenset(
            ident
            for ident, standing in result.standings.items()
            if standing.status in (Disposition.UNREGISTERED, Disposition.NOT_JUDGED)
        )

    def _provider(self, ident: str) -> str:
        provider = self.rulebook.by_id.get(ident)
        return provider.name if provider else ident


def _identity(hit: Hit) -> str:
    if hit.kind is HitKind.CREDENTIAL:
        return f"key {hit.fingerprint}"
    return f"{hit.kind} {hit.provider} {hit.part} {hit.label}"
