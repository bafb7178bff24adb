"""The only file that wires the rooms, from the configuration to the findings."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from scanner import __version__
from scanner.app import asking, deciding, executing, metering, suppressing, trusting
from scanner.app.config import LoadedConfig, fingerprint_key, key_mark, store_url
from scanner.app.covering import gone, whole_coverage
from scanner.app.due import due
from scanner.app.fitting import fitting
from scanner.app.holding import Patience, held
from scanner.app.interpreting import interpreter
from scanner.app.norms import norms_of
from scanner.app.registering import Asking, registry_of, registry_or_reason
from scanner.app.sourcing import rulebook_of, sights_of, sources_of
from scanner.app.verifying import verifying
from scanner.assess.baseline import Baseline
from scanner.assess.lifecycle import advance
from scanner.assess.metrics import metrics
from scanner.assess.policies import Situation, evaluate
from scanner.collect.reading import Source, as_error
from scanner.detect.engine import Detector
from scanner.detect.suppress import Suppressions
from scanner.emit.document import Document, ScanInfo, build
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import OwnerBook
from scanner.graph.renames import renames
from scanner.kit.contract import Diagnosable, Probe
from scanner.kit.counted import HEAD
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage
from scanner.model.errors import ConfigError, ShadowAIError, StoreError
from scanner.model.evidence import Confidence
from scanner.model.finding import Finding, FindingEvent
from scanner.reconcile.clouds import entries_of
from scanner.reconcile.inventory import Reading
from scanner.reconcile.nodes import registry_nodes
from scanner.reconcile.reconcile import not_judged, reconcile
from scanner.rulebook.load import Rulebook
from scanner.rulebook.policy import Severity
from scanner.store import past
from scanner.store.flights import Flights
from scanner.store.state import State
from scanner.store.writer import StateSink

EXIT_COMPLETE, EXIT_FINDINGS, EXIT_USAGE, EXIT_INCOMPLETE, EXIT_INTERNAL = range(5)


@dataclass(frozen=True)
class Result:
    """What a scan leaves behind."""

    document: Document
    events: tuple[FindingEvent, ...]
    situation: Situation
    exit_code: int
    resumed: bool
    is_stored: bool = True
    """False: on a full disk. It is compared with nothing, and knows no decisions."""


@dataclass
class Settings:
    """What the caller may choose besides the configuration."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    resume: bool = True
    only: frozenset[str] = frozenset()
    """The sources whose time it is; others stand as of their last reading. None: all are read."""
    least: Confidence = Confidence.LOW
    """What is less sure is kept in the state, but neither shown nor counted for ``fail_on``."""
    verify: bool = False
    """Ask providers whether the keys found live: each key goes to its own provider, once."""
    patience: Patience | None = None
    """With a state whose server is away, or that another scan has."""
    on_begin: Callable[[str, ShardId], None] = lambda source, shard: None
    on_progress: Callable[[Coverage, int, int], None] = lambda coverage, done, known: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def scan(
    loaded: LoadedConfig, *, url: str | None = None, settings: Settings | None = None
) -> Result:
    """One whole scan. ``url``: state to use instead of the configured one (``sqlite://`` keeps
    nothing).

    Raises ``ConfigError`` and ``RuleError`` before anything is read, ``StoreError`` when the state
    cannot be opened for another reason than a full disk, or when all is read and the graph of it
    does not fit into memory.
    """
    chosen = settings or Settings()
    executing.check(loaded, verify=chosen.verify)
    rulebook = rulebook_of(loaded)
    known = suppressing.baselines(loaded)
    key, warning = fingerprint_key(
        chosen.environ, loaded.config.scan.fingerprint_key_env, loaded.folder
    )
    where = url if url is not None else store_url(loaded)
    warnings = [*([warning] if warning else []), *trusting.replaced(loaded, chosen.environ)]
    if warning and where != "sqlite://":
        raise ConfigError(f"{warning}. Nothing is compared under a passing key")
    mark = key_mark(key)
    with verifying(loaded, key, verify=chosen.verify) as (verifier, asked):
        detector = Detector(rulebook, key, loaded.config.scan.engine, verifier)
        sources = sources_of(
            loaded, detector, chosen.environ, chosen.now,
            processors=executing.processors_of(loaded.config.scan),
        )  # fmt: skip
        with held(where, mark, warnings, chosen.patience) as state:
            reading = registry_or_reason(loaded, Asking(state, chosen.environ, chosen.now()))
            return _scan(
                loaded, rulebook, reading, detector, sources, state, chosen, warnings, known,
                mark, asked,
            )  # fmt: skip


def _scan(
    loaded: LoadedConfig,
    rulebook: Rulebook,
    reading: Reading,
    detector: Detector,
    sources: Sequence[Source],
    state: State,
    settings: Settings,
    warnings: list[str],
    known: Sequence[tuple[str, Baseline]],
    mark: str,
    asked: str,
) -> Result:
    started = _stamp(settings.now())
    versions = {
        "shadow_ai": __version__,
        "rules": rulebook.digest,
        "engine": detector.engine,
        "python": platform.python_version(),
    }
    told: set[str] = set()
    for source in sources:
        source.context.recall = state.memory
        source.context.checkpoints = state.checkpoints
        source.context.former = partial(
            state.former, f"{source.connector.spec.name}:", HEAD, source.name,
            loaded.config.sources.keys() - {source.name},
        )  # fmt: skip
        source.context.warn = told.add
    settled = {
        one.name: asking.mark_of(
            loaded.config.sources[one.name], one.context.config, one.connector.spec.listing
        )
        for one in sources
    }
    counts = {one.name: one.connector.spec.listing for one in sources}
    chosen = due(state, settled, settings.only, versions)
    oldest = settings.now() - timedelta(hours=loaded.config.scan.resume_hours)
    may_isolate = settings.environ is os.environ and not settings.verify
    with executing.workers(loaded, rulebook.digest, mark, asked, may_isolate=may_isolate) as away:
        opened = state.open_scan(
            loaded.mark,
            started,
            {**versions, **chosen.versions},
            resume=settings.resume,
            not_before=_stamp(oldest),
        )
        standing = chosen.stand(state, opened.id)
        fresh = executing.read(
            loaded, [one for one in sources if one.name in chosen.sources],
            StateSink(state, opened.id, started),
            interpreter(rulebook, detector), away, opened.done,
            standing={row.shard: row.source for row in standing},
            mark=executing.mark_of(loaded, rulebook.digest),
            clean=lambda text: detector.masked(text.encode()).decode(),
            on_begin=settings.on_begin, on_progress=settings.on_progress,
            flights=Flights(state) if state.engine.url.database else None,
        )  # fmt: skip
    told.update(detector.comments.problems)
    warnings += sorted(detector.masked(one.encode()).decode() for one in told)
    coverage = whole_coverage(state, opened, [*standing, *fresh], reading)
    now = _stamp(settings.now())
    lost = gone(state, coverage, settled, counts)
    warnings += filter(None, [fitting(loaded, state)])
    said = suppressing.learned(state, loaded, lost)
    situation = _situation(state, rulebook, reading, coverage, now, loaded, said, lost)
    if ahead := situation.graph.endings_ahead:
        warnings.append(f"{ahead} endings of access are of a time to come: they end nothing")
    evaluation = evaluate(rulebook.policies, situation)
    before = state.findings()
    life = advance(
        evaluation, before, {row.shard: row for row in coverage}, scan=opened.id, now=now,
        gone=lost, names=_renames(state, lost, situation.graph), hidden=said.nodes,
    )  # fmt: skip
    life, idle = deciding.over(life, before, state, situation.graph, scan=opened.id, now=now)
    warnings += idle
    left = suppressing.shown(life, said, known, now, before=before, scan=opened.id)
    life = left.life
    warnings += left.warnings
    shown = [f for f in left.findings if _is_sure(f, settings.least)]
    exit_code = _exit_code(coverage, shown, loaded.config.scan.fail_on)
    if state.is_passing:
        exit_code = EXIT_INCOMPLETE
    try:
        if lost:
            state.forget_shards(lost, opened.id)
        state.save_findings(life.findings, life.events)
        state.finish_scan(opened.id, now, exit_code)
        metering.keep(state, situation, life.findings, rulebook, opened.id)
    except StoreError as error:
        warnings.append(str(as_error(error)))  # where another scan holds the state, it ends here
        exit_code = EXIT_INCOMPLETE
    lapsed = situation.reconciliation.lapsed_decisions
    info = ScanInfo(
        id=opened.id, started=opened.started_at, finished=now, exit_code=exit_code,
        versions=versions,
    )  # fmt: skip
    return Result(
        document=build(
            situation,
            shown,
            info,
            (*warnings, *reading.problems, *reading.contradictions, *lapsed),
            policies=rulebook.policies,
            metrics=metrics(metering.history_of(state)),
            least=settings.least,
        ),
        events=left.events,
        situation=situation,
        exit_code=exit_code,
        resumed=opened.is_resumed,
        is_stored=not state.is_passing,
    )


def _renames(state: State, lost: frozenset[ShardId], graph: AssetGraph) -> Mapping[NodeId, NodeId]:
    if not lost:
        return {}
    return renames((fact for _, fact, _ in state.facts(lost)), graph)


def _situation(
    state: State,
    rulebook: Rulebook,
    reading: Reading,
    coverage: Sequence[Coverage],
    now: str,
    loaded: LoadedConfig,
    said: Suppressions,
    gone: frozenset[ShardId] = frozenset(),
) -> Situation:
    read = frozenset(row.shard for row in coverage)
    graph = AssetGraph(
        said.applied(suppressing.rows(state, gone)), read,
        rules=rulebook.same_as, decisions=state.decisions(), flows=rulebook.flows, now=now,
    )  # fmt: skip
    norms = norms_of(loaded, rulebook, now)
    if reading.unread:
        result = not_judged(graph, reading.unread)
    else:
        registry = loaded.config.registry
        result = reconcile(
            graph,
            (*reading.entries, *entries_of(graph, registry.sources)),
            rulebook.by_alias,
            coverage,
            has_registry=bool(registry.files or registry.sources or registry.origins),
            refused=f"rows were refused: {reading.problems[0]}" if reading.problems else "",
            decisions=reading.decisions,
            norms=norms,
            sights=lambda: sights_of(coverage),
        )
    entry_owner = {row.entry.id: row.entry.owner for row in result.entries}
    book = OwnerBook(graph)
    claims = {
        ident: book.owners(ident, entry_owner.get(standing.entry, ""))
        for ident, standing in result.standings.items()
    }
    graph.add(registry_nodes(graph, result, now))
    return Situation(
        graph=graph,
        reconciliation=result,
        owners=claims,
        coverage=tuple(coverage),
        now=now,
        provider_names={provider.id: provider.name for provider in rulebook.providers},
        norms=norms,
        catalogue=rulebook.by_id,
        risk_rules=rulebook.risk,
    )


def replay(loaded: LoadedConfig, *, url: str | None = None) -> Situation:
    """Graph and reconciliation from stored state alone: nothing is asked, nothing needed."""
    state = State(url if url is not None else store_url(loaded))
    try:
        scans = [row for row in state.scans() if row.finished_at]
        coverage = state.coverage(scans[-1].id) if scans else []
        now = scans[-1].finished_at if scans else ""
        fitting(loaded, state)
        said = suppressing.learned(state, loaded, frozenset())
        rulebook, reading = rulebook_of(loaded), registry_of(loaded, Asking(state))
        found = _situation(state, rulebook, reading, coverage, now, loaded, said)
        found.graph.dates = past.dates(state)
        return found
    finally:
        state.close()


def _exit_code(coverage: Sequence[Coverage], findings: Sequence[Finding], fail_on: str) -> int:
    if any(row.status.is_lacking for row in coverage):
        return EXIT_INCOMPLETE
    if fail_on:
        floor = severity(fail_on).rank
        if any(f.status.is_open and Severity(f.severity).rank >= floor for f in findings):
            return EXIT_FINDINGS
    return EXIT_COMPLETE


def _is_sure(finding: Finding, least: Confidence) -> bool:
    return not finding.confidence or Confidence(finding.confidence).rank >= least.rank


def severity(word: str) -> Severity:
    try:
        return Severity(word.lower())
    except ValueError:
        raise ConfigError(f"severity `{word}`: not one of {', '.join(Severity)}") from None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def scan_situation(loaded: LoadedConfig) -> Situation:
    """Scan now and keep nothing but the situation."""
    return scan(loaded, url="sqlite://").situation


def diagnose(loaded: LoadedConfig) -> Iterator[tuple[str, Probe]]:
    """Every configured source's own checks; nothing is collected."""
    detector = Detector(rulebook_of(loaded), b"doctor-needs-no-real-key", "re")
    plain = Settings()
    for source in sources_of(loaded, detector, plain.environ, plain.now):
        if not isinstance(source.connector, Diagnosable):
            yield source.name, Probe(check="probe", ok=True, detail="nothing to check")
            continue
        try:
            for probe in source.connector.probe(source.context):
                yield source.name, probe
        except ShadowAIError as error:
            yield source.name, Probe(check="probe", ok=False, detail=str(error))
