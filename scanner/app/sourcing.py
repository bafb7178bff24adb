"""The rules and the connectors that a configuration names: for the scan and for its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from scanner.app import secrecy
from scanner.app.config import LoadedConfig
from scanner.collect.loader import load as load_connector
from scanner.collect.reading import Source
from scanner.detect.engine import Detector
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.references import Secrets
from scanner.model.coverage import Coverage, Sight
from scanner.model.errors import ConfigError
from scanner.rulebook import load as rules
from scanner.rulebook.documents import place, typed
from scanner.rulebook.load import Rulebook


def rulebook_of(loaded: LoadedConfig) -> Rulebook:
    return rules.load(extra=[loaded.folder / folder for folder in loaded.config.rules.folders])


def sights_of(coverage: Sequence[Coverage]) -> Iterator[Sight]:
    """What the connectors whose shards are there list without exception; a shard's id begins with
    its connector's name."""
    for name in sorted({row.shard.partition(":")[0] for row in coverage}):
        with suppress(ConfigError):  # a shard of the registry, or of a connector that is gone
            yield from load_connector(name).spec.sights


def sources_of(
    loaded: LoadedConfig,
    detector: Detector,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    *,
    readers: int = 1,
    processors: int = 1,
) -> list[Source]:
    """The configured connectors, imported now and not before. ``readers``: processes that ask each
    source at the same time, each of which may ask its part of what the source allows;
    ``processors``: see :class:`scanner.kit.contract.Context`."""
    found = []
    known = Secrets(environ, loaded.folder)
    for name, table in loaded.config.sources.items():
        plain = dict(table)
        plain.pop("cron", None)  # when it is read, which is the daemon's
        try:
            connector = load_connector(str(plain.pop("connector", name)))
        except ConfigError as error:
            where = place(loaded.name, loaded.text, ("sources", name))
            raise ConfigError(f"{where}: {error}") from error
        spec = connector.spec
        within = ("sources", name)
        plain = secrecy.named(plain, spec.config, loaded.name, loaded.text, within)
        typed_config = typed(plain, spec.config, loaded.name, loaded.text, ConfigError, within)
        found.append(
            Source(
                name=name,
                connector=connector,
                context=Context(
                    config=typed_config,
                    examine=detector.examine,
                    make_sieve=lambda: detector.sieve,
                    make_watch=lambda: detector.watch,
                    limits=Limits({name: rate / readers for name, rate in spec.rates.items()}),
                    environ=known,
                    now=now,
                    window_days=loaded.config.scan.window_days,
                    retries=loaded.config.scan.call_attempts,
                    folder=loaded.folder,
                    processors=processors,
                ),
            )
        )
    if not found:
        raise ConfigError(
            f"{loaded.name}: no source is configured; add a table such as [sources.code] "
            f'with paths = ["."]'
        )
    return found
