"""What the values of Google's records name: pure functions from a word to the id of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scanner.kit.tabled.edges import WORDS
from scanner.kit.tabled.reading import Node, Target
from scanner.model.base import NodeId
from scanner.model.facts import DataStore, Identity, PrincipalType

if TYPE_CHECKING:
    from connectors.gcp.reading import GcpReading

BUCKET, DATASET, ACCOUNT, SITE = (
    "gcp.storage_bucket", "gcp.bigquery_dataset", "gcp.service_account", "web.site",
)  # fmt: skip
USER = "gcp.user"
_STORAGE = "storage.googleapis.com"
KINDS = frozenset({BUCKET, DATASET, ACCOUNT, USER, SITE})


def _bucket(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    if not value.startswith("gs://") or any(not c.isprintable() for c in value):
        return "", None
    name = value.removeprefix("gs://").partition("/")[0]
    ident = f"//storage.googleapis.com/{name}"
    return ident, DataStore(
        id=NodeId(ident), kind=BUCKET, name=name, store_class="object_store"
    ) if name else None


def _table(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """``bq://project.dataset.table`` or a path of datasets and tables -> the dataset."""
    plain = value.removeprefix("bq://").replace(":", ".")
    project, _, rest = plain.partition(".")
    dataset = rest.partition(".")[0]
    if not value.startswith("bq://") or not (project and dataset):
        return "", None
    ident = f"//bigquery.googleapis.com/projects/{project}/datasets/{dataset}"
    return ident, DataStore(id=NodeId(ident), kind=DATASET, name=dataset, store_class="warehouse")


def _account(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    mail = value.rpartition("/")[2].removeprefix("serviceAccount:").lower()
    if "@" not in mail:
        return "", None
    is_service = mail.endswith("gserviceaccount.com")
    ident = NodeId(f"gcp:{'service-account' if is_service else 'user'}/{mail}")
    kind = PrincipalType.SERVICE if is_service else PrincipalType.HUMAN
    return ident, Identity(
        id=ident, kind=ACCOUNT if is_service else USER, name=mail, email=mail,
        principal_type=kind,
    )  # fmt: skip


def _of(service: str) -> Target:
    def made(value: str, reading: GcpReading) -> tuple[str, Node | None]:
        plain = value.partition("/v1/")[2] if value.startswith("https://") else value
        plain = plain.removeprefix(f"//{service}.googleapis.com/").partition("@")[0]
        if "/" not in plain:
            return "", None
        return reading.spelled(f"//{service}.googleapis.com/{plain}"), None

    return made


def _named(lead: str) -> Target:
    """Of a bucket or the like that is called by its name alone."""

    def made(value: str, reading: GcpReading) -> tuple[str, Node | None]:
        return _bucket(value if value.startswith(lead) else f"{lead}{value}", reading)

    return made


def _secret(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """The secret, whichever version of it: by its full name, or one of the project's own."""
    plain = value.removeprefix("//secretmanager.googleapis.com/").partition("/versions/")[0]
    if "/" not in plain:
        plain = f"projects/{reading.account}/secrets/{plain}" if plain else ""
    if "/secrets/" not in plain:
        return "", None
    return reading.spelled(f"//secretmanager.googleapis.com/{plain}"), None


def _key(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """The key, whichever version of it."""
    return _of("cloudkms")(value.partition("/cryptoKeyVersions/")[0], reading)


def _sql(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """``project:region:instance``, as Cloud SQL names its connections."""
    project, _, rest = value.rpartition("/")[2].partition(":")
    name = rest.rpartition(":")[2]
    if not (project and name):
        return "", None
    return f"//cloudsql.googleapis.com/projects/{project}/instances/{name}", None


def _storage_path(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """``storage.googleapis.com/<bucket>/...``, ``<bucket>.storage.googleapis.com/...`` or gs://."""
    host, _, path = value.partition("/")
    if host == _STORAGE:
        return _bucket(f"gs://{path}", reading)
    if host.endswith(f".{_STORAGE}"):
        return _bucket(f"gs://{host.removesuffix(f'.{_STORAGE}')}", reading)
    return _bucket(value, reading)


def _store(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """A store that an engine names by its id alone: of the engine's own collection or of that of a
    connector, as lists have shown it; one that none shows is not there."""
    place, _, rest = reading.spelled(f"/{value}")[1:].partition("/collections/")
    lead = f"//discoveryengine.googleapis.com/{place}/collections/"
    name = rest.rpartition("/dataStores/")[2]
    shown = [one for one in reading.listed
             if one.startswith(lead) and one.endswith(f"/dataStores/{name}")]  # fmt: skip
    own = f"{lead}{rest}"
    return (own if own in shown else min(shown, default="")), None


def _source(value: str, reading: GcpReading) -> tuple[str, Node | None]:
    """A file of a bucket, or a page."""
    return _bucket(value, reading) if value.startswith("gs://") else WORDS["site"](value, reading)


TARGETS: Mapping[str, Target] = {
    "bucket": _bucket,
    "bucket_name": _named("gs://"),
    "table": _table,
    "account": _account,
    "vertex": _of("aiplatform"),
    "key": _key,
    "network": _of("compute"),
    "connector": _of("vpcaccess"),
    "cluster": _of("container"),
    "dataproc": _of("dataproc"),
    "alloydb": _of("alloydb"),
    "sql": _sql,
    "topic": _of("pubsub"),
    "developer_connect": _of("developerconnect"),
    "secret": _secret,
    "discovery": _of("discoveryengine"),
    "store": _store,
    "storage_path": _storage_path,
    "run": _of("run"),
    "dialogflow": _of("dialogflow"),
    "engagement": _of("ces"),
    "insights": _of("contactcenterinsights"),
    "registered": _of("agentregistry"),
    "translation": _of("translate"),
    "source": _source,
}
"""Words that Google's tables may use as a target, besides those of every table."""
