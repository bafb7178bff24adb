"""shadow-ai.toml -> typed configuration; the key under which secrets are fingerprinted."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from platformdirs import user_config_path

from scanner.app import secrecy
from scanner.assess.selection import Filter
from scanner.emit.digests import Change
from scanner.kit.references import Secrets
from scanner.kit.references.grammar import written
from scanner.model.base import digest
from scanner.model.errors import ConfigError, SourceError
from scanner.model.registry import Approved
from scanner.rulebook.documents import parse_toml, place, typed
from scanner.store.addresses import file_of, has_password

KEY_VARIABLE = "SHADOW_AI_FINGERPRINT_KEY"
CONFIG_VARIABLE = "SHADOW_AI_CONFIG"
_MIN_KEY_BYTES = 16


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where state is kept between scans."""

    url: str = "sqlite:///shadow-ai.sqlite"
    """SQLAlchemy URL without a password; a relative SQLite path is relative to the configuration
    file. Also a reference to a URL, which may have one."""
    url_env: str = ""
    """Environment variable that holds the URL, or another reference (also written ``url = …``)."""


class DaskConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cluster of ``dask.distributed`` (https://distributed.dask.org/en/stable/tls.html)."""

    address: str = ""
    """Of the scheduler: ``tls://host:8786``; ``tcp://`` on this machine alone."""
    tls_ca: str = ""
    """Certificate authority of the cluster, relative to the configuration file."""
    tls_cert: str = ""
    tls_key: str = ""
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """For the scheduler to answer, at the start and after the connection was lost."""


class ScanConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a scan runs."""

    workers: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    """Shards that are read at the same time; 0: as many as the sources are best read with, one a
    processor (``processes``), two a thread of the cluster (``dask``)."""
    executor: Literal["threads", "processes", "dask"] = "threads"
    """Where shards are read. ``processes``: what computes (code, logs) by processes of this
    machine, what waits for answers (clouds) by threads. ``dask``: all by a cluster's workers."""
    dask: DaskConfig = DaskConfig()
    memory_mib: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Above this much memory of the scan and its processes fewer shards are read at once, one at
    least; 0: no limit."""
    check_memory: bool = True
    """Whether a graph is not begun that will not fit into what the system has left."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    """Of a whole shard."""
    call_attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 4
    """Of one call to a source."""
    shard_deadline_seconds: Annotated[float, msgspec.Meta(gt=0)] = 3600.0
    """Of one attempt at a shard, and of a source's list; what hangs then is left behind."""
    window_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    """How far back logs are read the first time."""
    resume_hours: Annotated[float, msgspec.Meta(ge=0, le=720)] = 4.0
    """An interrupted scan that began longer ago is not resumed but begun anew: what it has read
    is no present state any more."""
    engine: Literal["auto", "hyperscan", "re2", "re"] = "auto"
    """Speed only, never what is found."""
    honour_suppressions: bool = True
    """Whether comments (``shadow-ai: ignore[rule] reason``) and ``.shadow-ai-ignore`` files in what
    is scanned hide anything. Set it to false where whoever writes the code must not decide what is
    reported, as in a scan of a whole organization."""
    baselines: tuple[str, ...] = ()
    """Files of ``shadow-ai baseline``, relative to the configuration file: what they name is not
    shown and not counted for ``fail_on``."""
    fingerprint_key_env: str = KEY_VARIABLE
    """Where the key for credential fingerprints is: a variable, or another reference."""
    fail_on: Literal["", "info", "low", "medium", "high", "critical"] = ""
    """Severity from which open findings make exit code 1."""


class RulesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own rules on top of the bundled ones."""

    folders: tuple[str, ...] = ()
    """Folders with ``providers/``, ``products/``, ``policies/``, ``controls/``."""


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``shadow-ai run`` leaves behind beside the state."""

    output: str = ""
    """Folder for files, relative to the configuration file; empty: none are written."""
    formats: tuple[str, ...] = ()
    """Names of formats (docs/formats.md); empty: findings.json, graph.graphml and report.html."""
    metrics_file: str = ""
    """Prometheus gauges, for the textfile collector and ``shadow-ai daemon``."""
    wait_minutes: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long a run waits for its turn where another has the state."""
    traces: bool = False
    """Send each run as OpenTelemetry traces to ``OTEL_EXPORTER_OTLP_ENDPOINT``; needs the extra
    ``traces``."""


class ScheduleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When ``shadow-ai daemon`` runs the job."""

    cron: str = "15 3 * * *"
    """Five fields, in UTC; of each source that has no ``cron`` of its own."""
    jitter_minutes: Annotated[float, msgspec.Meta(ge=0, le=720)] = 10.0
    """A random delay up to this, so that not everybody asks a source at once."""
    catch_up: bool = True
    """Run at once when a time has passed since the last scan began that read anything of each
    source."""
    listen: str = ""
    """``host:port`` of /healthz, /readyz and /metrics, both of them; empty: none."""
    late_hours: Annotated[float, msgspec.Meta(ge=0)] = 6.0
    """After two times of the schedule without a scan that read anything of a source, and this long,
    it is not ready."""
    run_limit_hours: Annotated[float, msgspec.Meta(ge=0)] = 24.0
    """A run that takes longer hangs: it is told to end, then killed, and that is told; what it
    stored stays, and the next run goes on. 0: no limit."""


class OriginConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registry that is kept elsewhere, in its own words."""

    kind: str
    """A bundled mapping (``shadow-ai registry kinds``), or a mapping file of your own that ends in
    ``.yaml``, relative to the configuration file."""
    path: str = ""
    """CSV, TSV, XLSX, JSON or JSON Lines, or a folder for kinds that stand in one; relative to the
    configuration file."""
    sheet: str = ""
    """Of a workbook; empty: the first."""
    records: str = "$"
    """JSONPath of the records in a JSON file."""
    url: str = ""
    """Of a server; empty: the vendor's own address, where there is but one."""
    token_variable: str = ""
    """Environment variable that holds the token or password, or another reference (also written
    ``token = …``); empty: the kind's own."""
    user: str = ""
    """Who signs in by user and password."""
    settings: dict[str, str] = {}
    """What the kind's paths need."""
    ca_file: str = ""
    """Certificate authorities to trust instead of the system's."""
    full_hours: Annotated[float, msgspec.Meta(ge=0)] = 24.0
    """After so many hours everything is read again: deletions show in no list of changes."""


class RegistryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The AI registry."""

    files: tuple[str, ...] = ()
    """YAML, JSON, CSV, TSV or XLSX files in our own words, relative to the configuration file."""
    origins: dict[str, OriginConfig] = {}
    """Registries in words of their own, ``[registry.origins.NAME]``."""
    precedence: dict[str, tuple[str, ...]] = {}
    """Field (``owner``, ``approved.regions``) -> names of origins, of which the first that states
    it counts; ``files`` are the ones above. Without it the order is: files, then origins as they
    stand here."""
    dates: Literal["", "dmy", "mdy"] = ""
    """How days and months stand in ``files`` that write 03/04/2026; empty: as each file shows. What
    neither tells is refused."""
    shared_ids: tuple[str, ...] = ()
    """Names of origins (``files`` for the ones above) that number systems together: the same id is
    the same system. Others' equal ids are two systems unless something else says that they are
    one."""
    approved: Approved = Approved()
    """What the organization approves at all (providers, models, regions, data_classes, ...), for
    registered and unregistered AI alike; what is left out is not limited."""
    attestations: tuple[str, ...] = ()
    """Types of attestations that every vendor in use must have given: ``soc2``, ``iso42001``,
    ``dpa``, ``no_training``."""
    decisions: str = "registry-decisions.yaml"
    """Where ``shadow-ai registry review`` keeps what people have decided, relative to the
    configuration file."""
    sources: tuple[str, ...] = ()
    """Kinds of records that the clouds' own registries hold and that count as entries when they are
    approved: ``aws.agent_registry_record``, ``aws.sagemaker_model_package``,
    ``gcp.registered_service``; ``gcp.vertex_model``, ``azure.ml_registry_model`` and
    ``azure.ml_model`` where a label or tag ``approval`` says ``approved``."""


class NotifyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of changes, ``[notify.NAME]``."""

    url_env: str = ""
    """Environment variable that holds the address, in apprise's words, or another reference (also
    written ``url = …``); it bears the credentials, so it never stands here. Empty:
    ``SHADOW_AI_NOTIFY_`` and the name in capitals."""
    filter: Filter = Filter()
    """Which findings; of any status, unless it says which."""
    changes: tuple[Change, ...] = get_args(Change)
    coverage: bool = True
    """Whether it is told when something is no longer read completely, and when it is again."""
    silent_days: Annotated[float, msgspec.Meta(ge=0, le=3650)] = 7.0
    """It is told when a source's logs are read and tell nothing for so many days, and for twice as
    long as ever before, and when they do again; 0, or without ``coverage``: never."""
    most: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    """Lines of each kind in a message."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: ``[sources.NAME]`` tables and what to do with them."""

    store: StoreConfig = StoreConfig()
    scan: ScanConfig = ScanConfig()
    run: RunConfig = RunConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    rules: RulesConfig = RulesConfig()
    registry: RegistryConfig = RegistryConfig()
    views: dict[str, Filter] = {}
    """Filters of findings that ``shadow-ai findings list --view NAME`` knows."""
    tickets: dict[str, dict[str, Any]] = {}
    """Trackers: each with ``kind`` (default: the table's own name), which findings go there, and
    that tracker's settings (docs/tickets.md)."""
    notify: dict[str, NotifyConfig] = {}
    """Messages on change (docs/tickets.md)."""
    sources: dict[str, dict[str, Any]] = {}
    """Each with ``connector`` (default: the table's own name), ``cron`` (default: the schedule's;
    when ``shadow-ai daemon`` reads it) and that connector's settings."""


class LoadedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration and where it stands."""

    config: Config
    path: Path | None = None
    text: str = ""

    @property
    def name(self) -> str:
        return str(self.path) if self.path else "command line"

    @property
    def folder(self) -> Path:
        return self.path.parent if self.path else Path()

    @property
    def mark(self) -> str:
        """Changes when anything changes that decides what a scan reads. Where and when it is read,
        how often it is tried, what is made of it and who is told of it does not."""
        plain = ScanConfig()
        scan = msgspec.structs.replace(
            self.config.scan, **{name: getattr(plain, name) for name in _NOT_READ}
        )
        sources = {
            name: {key: value for key, value in table.items() if key != "cron"}
            for name, table in self.config.sources.items()
        }
        rules = msgspec.to_builtins(self.config.rules)
        return digest([msgspec.to_builtins(scan), rules, sources, str(self.folder.resolve())])


_NOT_READ = (
    "workers", "executor", "dask", "memory_mib", "check_memory", "attempts", "call_attempts",
    "shard_deadline_seconds", "resume_hours", "baselines", "fail_on",
)  # fmt: skip
"""Of ``[scan]``: what decides nothing of what is read."""


def load(path: Path) -> LoadedConfig:
    """Read a configuration file. Raises ``ConfigError`` with file, line and what was expected."""
    value, text = parse_toml(path)
    config = typed(_named(value, str(path), text), Config, str(path), text)
    return LoadedConfig(config=config, path=path.resolve(), text=text)


def _named(value: Mapping[str, Any], name: str, text: str) -> dict[str, Any]:
    """References of the tables below; those of sources and trackers are read when it is known what
    they are."""

    def each(tables: dict[str, Any], kind: type[msgspec.Struct], *steps: str) -> dict[str, Any]:
        return {
            key: secrecy.named(one, kind, name, text, (*steps, key))
            if isinstance(one, dict) else one
            for key, one in tables.items()
        }  # fmt: skip

    whole = dict(value)
    if isinstance(store := whole.get("store"), dict):
        whole["store"] = _store(store, name, text)
    if isinstance(scan := whole.get("scan"), dict):
        whole["scan"] = secrecy.named(scan, ScanConfig, name, text, ("scan",))
    if isinstance(notify := whole.get("notify"), dict):
        whole["notify"] = each(notify, NotifyConfig, "notify")
    registry = whole.get("registry")
    if isinstance(registry, dict) and isinstance(origins := registry.get("origins"), dict):
        known = each(origins, OriginConfig, "registry", "origins")
        whole["registry"] = {**registry, "origins": known}
    return whole


_URL = re.compile(r"[a-z][a-z0-9+]*://")


def _store(table: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    """``url`` is the URL itself where that holds no password, or the short name of ``url_env``."""
    given = table.get("url")
    where = place(name, text, ("store", "url"))
    if given is not None and "url_env" in table:
        raise ConfigError(f"{where}: `url` and `url_env` say the same; keep one")
    if isinstance(given, str) and _URL.match(given):
        if not given.startswith("sqlite") and has_password(given):
            raise ConfigError(
                f"{where}: store.url: a password, which does not belong here; leave it to "
                "PGPASSFILE or PGPASSWORD, or name where the whole URL is: `url_env`"
            )
    elif given is not None:
        try:
            named = written(given)
        except ValueError as error:
            raise ConfigError(
                f"{where}: store.url: {error}; or write a URL, sqlite:///… or postgresql+psycopg://…"
            ) from None
        return {key: one for key, one in table.items() if key != "url"} | {"url_env": named}
    return secrecy.named(table, StoreConfig, name, text, ("store",))


def store_url(loaded: LoadedConfig, environ: Mapping[str, str] | None = None) -> str:
    """The store's URL with a relative SQLite path resolved beside the configuration file. Raises
    ``ConfigError`` for a reference that gives none, ``Unavailable`` where its store is away."""
    url = loaded.config.store.url
    if named := loaded.config.store.url_env:
        try:
            url = Secrets(os.environ if environ is None else environ, loaded.folder)[named].strip()
        except SourceError as error:
            raise secrecy.unresolved("[store] url_env", error) from error
        except KeyError:
            raise ConfigError(
                f"[store] the variable {named} is not set; `url` is a URL, as sqlite:///path, or "
                "names a variable that holds one"
            ) from None
        if not url:
            raise ConfigError(f"[store] url_env: {named} is empty; put the URL there")
    if (file := file_of(url, loaded.folder)) is None:
        return url
    return "sqlite:///" + str(file) + (f"?{query}" if (query := url.partition("?")[2]) else "")


def fingerprint_key(
    environ: Mapping[str, str] | None = None, variable: str = KEY_VARIABLE, folder: Path = Path()
) -> tuple[bytes, str]:
    """The organization's key for credential fingerprints, and a warning or the empty string.

    From the environment or another reference (so that many machines agree), else from a file of the
    user's that is made once. It lies apart from the state: a copy of the database alone cannot be
    searched for known keys.
    """
    try:
        given = Secrets(os.environ if environ is None else environ, folder).get(variable, "")
    except SourceError as error:
        raise secrecy.unresolved("the key for fingerprints", error) from error
    if not given and variable != KEY_VARIABLE:
        raise ConfigError(f"[scan] fingerprint_key_env: the variable {variable} is not set")
    if given:
        if len(given.encode()) < _MIN_KEY_BYTES:
            raise ConfigError(f"{variable}: at least {_MIN_KEY_BYTES} characters are needed")
        return given.encode(), ""
    path = user_config_path("shadow-ai") / "fingerprint.key"
    try:
        if not path.exists():
            _write_key(path)
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        return secrets.token_bytes(32), (
            f"{path}: {error}; credential fingerprints will differ in the next scan. "
            f"Set {KEY_VARIABLE} to keep them"
        )
    if len(key) < _MIN_KEY_BYTES:
        raise ConfigError(
            f"{path}: {len(key)} bytes where at least {_MIN_KEY_BYTES} are needed; restore the "
            f"file, or delete it (then known credentials get new fingerprints), or set "
            f"{KEY_VARIABLE}"
        )
    return key, ""


def _write_key(path: Path) -> None:
    """Whole or not at all, and the first of two that race wins (link(2) does not replace)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(32).hex() + "\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def key_mark(key: bytes) -> str:
    """Tells one key from another without telling the key."""
    return hmac.new(key, b"which key is this", hashlib.sha256).hexdigest()[:16]
