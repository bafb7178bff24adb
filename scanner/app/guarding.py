"""A change, judged before it lands: keys that it adds, and AI that it adds and that may not land.

Owns what is new in a change and what that means for it; needs no state and no network. What stood
at a file's path before, or in a blob that the change takes away, is not new. Archives are opened as
in a scan; what of one could not be read is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scanner.app.config import LoadedConfig
from scanner.detect import declared_id, suppress
from scanner.detect.engine import Detector
from scanner.detect.interpret import credential_id, evidence_of, facts_of, short_name
from scanner.kit.archives import SEPARATOR, Bounds, Member, is_archive, members
from scanner.kit.git.changes import Added, Change
from scanner.kit.git.identity import repository_key
from scanner.kit.git.process import Git
from scanner.kit.git.reading import holder
from scanner.kit.git.tree import EXCLUDED
from scanner.kit.packages import is_library
from scanner.kit.text import PROBE
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, Fact, merge_fact
from scanner.model.items import Gap, Hit, HitKind, Place
from scanner.model.registry import Disposition, RegistryEntry
from scanner.reconcile.decisions import Decision
from scanner.reconcile.landing import Objection, objections
from scanner.reconcile.norms import Norms
from scanner.rulebook.load import Rulebook

KEY_RULE, ASSET_RULE, LIMIT_RULE = "key-added", "unregistered-ai-added", "unapproved-ai-added"
_SHARD = ShardId("guard")
_HERE = NodeId("git:here")
_IGNORED = suppress.FILE
_SURE = Confidence.MEDIUM
_UNCOVERED = (Disposition.UNREGISTERED, Disposition.NOT_JUDGED, Disposition.PROBABLE,
              Disposition.AMBIGUOUS)  # fmt: skip
"""No entry covers it for sure."""
_KEYS, _ALL = ("credentials",), ("credentials", "usage")
_BOUNDS = Bounds()


@dataclass(frozen=True)
class Problem:
    rule: str
    """``key-added``; ``unregistered-ai-added``, which no entry covers for sure; or
    ``unapproved-ai-added``, which lies outside what its entry or the organization approves."""
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
    subject: str
    """Uid of the credential or asset, as a scan of this repository has it."""
    width: int = 0
    """Of the line, in UTF-16 code units."""
    why: str = ""
    """Of AI: why it may not land, in words."""
    objections: tuple[Objection, ...] = ()


@dataclass
class Verdict:
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    suppressed: int = 0
    accepted: int = 0
    """Hidden by baselines."""
    warnings: list[str] = field(default_factory=list)
    files: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)
    """What to add to the registry, where AI fails because nobody registered it."""

    @property
    def fails(self) -> bool:
        return any(problem.is_error for problem in self.problems)


@dataclass(frozen=True)
class Guard:
    detector: Detector
    rulebook: Rulebook
    loaded: LoadedConfig
    norms: Norms
    entries: tuple[RegistryEntry, ...] = ()
    has_registry: bool = False
    allows_assets: bool = False
    most_bytes: int = 32 << 20
    decisions: tuple[Decision, ...] = ()
    """What people have decided about links."""

    def judge(self, git: Git, change: Change) -> Verdict:
        """Problems in the order of paths and lines."""
        verdict = Verdict()
        blobs = self._blobs(git, change, verdict)
        gone = self._gone(blobs, change)
        ignore = suppress.parse(blobs.get(_IGNORED, b"").decode("utf-8", "replace"))
        new: list[tuple[Hit, Added]] = []
        texts: dict[tuple[str, str], bytes] = {}
        for one in change.added:
            data = blobs.get(one.blob)
            if data is None:
                continue
            verdict.files += one.is_file
            for part in _parts(one.path, data):
                if isinstance(part, Gap):
                    verdict.unread.append(f"{part.what}: {part.reason}")
                    continue
                place = replace(one, path=part.path)
                rule_sets = _rule_sets(part) if one.is_file else _KEYS
                for hit in self.detector.examine(part.data, part.path, rule_sets):
                    if _identity(hit) in gone:
                        continue
                    is_covered = ignore.covers(one.path) or ignore.covers(part.path)
                    if (hit.suppressed and self._honours) or is_covered:
                        verdict.suppressed += 1
                        continue
                    texts[part.path, one.commit] = part.data
                    new.append((hit, place))
        verdict.problems = [
            replace(problem, width=_width(texts[problem.path, problem.commit], problem.line))
            for problem in (*self._keys(new), *self._assets(git, new, change, verdict))
        ]
        verdict.problems.sort(key=lambda p: (p.path, p.line, p.rule, p.detail))
        if self.has_registry:
            verdict.entries = self._drafts(git, verdict.problems, [hit for hit, _ in new])
        return verdict

    def _drafts(
        self, git: Git, problems: Sequence[Problem], hits: Sequence[Hit]
    ) -> list[dict[str, Any]]:
        """One entry for the repository, with all AI that the change adds to it unregistered."""
        subjects = {p.subject for p in problems if p.rule == ASSET_RULE and any(
            why.disposition == Disposition.UNREGISTERED for why in p.objections)}  # fmt: skip
        if not subjects:
            return []
        from scanner.reconcile.proposing import Found, propose

        name = repository_key(git).name
        parts = {subject.partition("#ai/")[2] for subject in subjects} - {""}
        found = Found(
            binding=name or "host/owner/repository", binding_type="repo",
            name=name.rpartition("/")[2] or "name it",
            providers=parts | {hit.provider for hit in hits if hit.part and hit.provider
                               and any(s.endswith(f"#{hit.part}") for s in subjects)},
            models={hit.label for hit in hits
                    if hit.kind is HitKind.MODEL and hit.provider in parts},
        )  # fmt: skip
        return propose([found], self.entries)

    @property
    def _honours(self) -> bool:
        return self.loaded.config.scan.honour_suppressions

    def _blobs(self, git: Git, change: Change, verdict: Verdict) -> dict[str, bytes]:
        """What is added and what goes, by id, and what git has at ``_IGNORED``: two processes in
        all, as each costs as much as judging a small file."""
        names = (f":{suppress.FILE}", f"HEAD:{suppress.FILE}") if self._honours else ()
        oids = dict.fromkeys([*(one.blob for one in change.added), *sorted(change.left)])
        facts = git.named(dict.fromkeys([*oids, *names]))
        wanted = [
            oid for oid in sorted(change.left)
            if oid in facts and facts[oid].size <= self.most_bytes
        ]  # fmt: skip
        ignored = next((facts[name].oid for name in names if name in facts), "")
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
        added = {one.blob for one in change.added}
        for oid, data in git.contents(dict.fromkeys([*wanted, *([ignored] if ignored else [])])):
            if data is not None:
                found_here[oid] = data
            elif oid in added:
                verdict.unread.append(f"object {oid}: unreadable; try `git fsck`")
        if ignored in found_here:
            found_here[_IGNORED] = found_here[ignored]
        return found_here

    def _gone(self, blobs: Mapping[str, bytes], change: Change) -> frozenset[str]:
        """What the blobs held that the change takes away or replaces."""
        return frozenset(
            _identity(hit)
            for oid, path in change.left.items()
            if oid in blobs
            for part in _parts(path, blobs[oid])
            if isinstance(part, Member)
            for hit in self.detector.examine(part.data, part.path, _rule_sets(part))
        )

    def _keys(self, new: Sequence[tuple[Hit, Added]]) -> Iterator[Problem]:
        told: set[tuple[str, str]] = set()
        for hit, place in new:
            if hit.kind is not HitKind.CREDENTIAL or (hit.fingerprint, place.path) in told:
                continue
            told.add((hit.fingerprint, place.path))
            sure = evidence_of(hit, _place(place, _HERE), "code").confidence
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
                subject=credential_id(hit.provider, hit.fingerprint),
            )

    def _assets(
        self,
        git: Git,
        new: Sequence[tuple[Hit, Added]],
        change: Change,
        verdict: Verdict,
    ) -> Iterator[Problem]:
        used = [(hit, one) for hit, one in new if hit.kind is not HitKind.CREDENTIAL]
        if not used:
            return
        subject = NodeId(f"git:{repository_key(git).name or 'local/new'}")
        usage = [(hit, _place(one, subject)) for hit, one in used]
        found: dict[NodeId, Asset] = {}
        here = holder(subject, git.folder.resolve())
        called = here.name if subject.startswith("git:local/") else short_name(subject)
        declared = self._declared(git, subject, change)
        facts: list[Fact] = [merge_fact(here, declared) if declared else here]
        for fact in facts_of(
            usage, source="code", provider_name=self._provider, subject_name=lambda subject: called
        ):
            facts.append(fact)
            if isinstance(fact, Asset) and fact.evidence:
                sure = fact.evidence[0].confidence.rank
                known = found.get(fact.id)
                if sure >= _SURE.rank and (
                    known is None or sure > known.evidence[0].confidence.rank
                ):
                    found[fact.id] = fact
        against = self._objections(facts, found, verdict) if found else {}
        for ident, whys in against.items():
            asset = found[ident]
            seen = asset.evidence[0]
            is_judged = self.has_registry or any(why.of_organization for why in whys)
            is_covered = not any(why.disposition in _UNCOVERED for why in whys)
            name = asset.name.removesuffix(f" in {called}")
            said = "; ".join(why.says for why in whys)
            yield Problem(
                rule=LIMIT_RULE if is_covered else ASSET_RULE,
                detail=ident.partition("#")[2],
                title=name,
                why=said if is_judged else "",
                path=seen.path,
                line=seen.line,
                commit=seen.commit,
                is_error=is_judged and not self.allows_assets,
                confidence=str(seen.confidence),
                mark=ident.partition("#")[2],
                subject=ident,
                objections=whys,
            )

    def _declared(self, git: Git, subject: NodeId, change: Change) -> Asset | None:
        """Which entry the repository says it belongs to, once the change has landed. Of several
        ends (branches of a push) each must say the same: one does not speak for another."""
        if not self.has_registry:
            return None
        names = {f"{end}:{name}": (end, name) for end in change.ends
                 for name in sorted(declared_id.FILES)}  # fmt: skip
        found = git.named(dict.fromkeys(names))
        texts = dict(git.contents(dict.fromkeys(one.oid for one in found.values())))
        told: dict[str, Asset] = {}
        for key, one in found.items():
            end, name = names[key]
            row = declared_id.told_by(name, subject, texts.get(one.oid) or b"")
            if row is not None:
                told[end] = merge_fact(told[end], row) if end in told else row
        facts = list(told.values())
        return facts[0] if len(facts) == len(change.ends) and all(
            row == facts[0] for row in facts) else None  # fmt: skip

    def _objections(
        self, facts: Sequence[Fact], found: Iterable[NodeId], verdict: Verdict
    ) -> dict[NodeId, tuple[Objection, ...]]:
        """Of those that may not land, why: by the same matching as a scan's."""
        from scanner.graph.build import AssetGraph  # only where a change adds AI
        from scanner.reconcile.reconcile import reconcile

        graph = AssetGraph([(_SHARD, fact, True) for fact in facts], frozenset({_SHARD}))
        coverage = [Coverage(shard=_SHARD, source="code", status=Outcome.COMPLETE)]
        result = reconcile(
            graph, self.entries, self.rulebook.by_alias, coverage, has_registry=self.has_registry,
            norms=self.norms, decisions=self.decisions, before=True,
        )  # fmt: skip
        verdict.warnings += result.lapsed_decisions
        by_id = {entry.id: entry for entry in self.entries}
        told = {ident: objections(result.standings[ident], by_id, self.norms)
                for ident in sorted(found)}  # fmt: skip
        return {ident: whys for ident, whys in told.items() if whys}

    def _provider(self, ident: str) -> str:
        provider = self.rulebook.by_id.get(ident)
        return provider.name if provider else ident


def _parts(path: str, data: bytes) -> Iterator[Member | Gap]:
    """A file as it is and, of an archive, each member."""
    yield Member(path, data)
    if is_archive(data[:PROBE], path):
        yield from members(path, data, _BOUNDS)


def _rule_sets(part: Member) -> tuple[str, ...]:
    """Which vendors others' code within an archive can call is no use of AI."""
    inside = part.path.partition(SEPARATOR)[2].split("/")
    if is_library(part.path, part.setting) or not EXCLUDED.isdisjoint(inside):
        return _KEYS
    return _ALL


def _place(one: Added, subject: NodeId) -> Place:
    return Place(subject=subject, resource=subject, path=one.path, commit=one.commit)


def _width(text: bytes, line: int) -> int:
    """0 for a line that is not there: of an archive's member, say."""
    lines = text.split(b"\n", max(1, line))
    if len(lines) < max(1, line):
        return 0
    return (
        len(lines[max(1, line) - 1].rstrip(b"\r").decode("utf-8", "replace").encode("utf-16-le"))
        // 2
    )


def _identity(hit: Hit) -> str:
    if hit.kind is HitKind.CREDENTIAL:
        return f"key {hit.fingerprint}"
    return f"{hit.kind} {hit.provider} {hit.part} {hit.label}"
