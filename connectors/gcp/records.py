"""What every service of Google spells in its own way, spelled in one: names, labels, machines.

Pure functions over records that others wrote: what is not what it should be counts as not given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.accelerators import is_accelerated
from scanner.kit.tables import values
from scanner.kit.values import mapping, text

_LABELS = ("labels", "resourceLabels", "settings.userLabels")
_CARDS = (
    "guestAccelerators[].acceleratorType",
    "nodePools[].config.accelerators[].acceleratorType",
    "allocationPolicy.instances[].policy.accelerators[].type",
    "config.masterConfig.accelerators[].acceleratorTypeUri",
    "config.workerConfig.accelerators[].acceleratorTypeUri",
    "config.secondaryWorkerConfig.accelerators[].acceleratorTypeUri",
    "template.nodeSelector.accelerator",
    "template.template.nodeSelector.accelerator",
    "nodeSelector.accelerator",
)
_LIMITS = "autoscaling.resourceLimits[].resourceType"
"""What a cluster may make nodes of when it is asked to: cards, among processors and memory."""
_OPTIONS = ("environment.serviceOptions[]", "environment.experiments[]")
"""Of a pipeline: one of them may be ``worker_accelerator=type:nvidia-l4;count:1``
(https://cloud.google.com/dataflow/docs/gpu/use-gpus)."""
_MACHINES = (
    "machineType",
    "environment.workerPools[].machineType",
    "nodePools[].config.machineType",
    "allocationPolicy.instances[].policy.machineType",
    "config.masterConfig.machineTypeUri",
    "config.workerConfig.machineTypeUri",
)

_MODEL_FLAGS = ("google_ml_integration.", "alloydb_ai_nl.", "cloudsql_vector")
"""Flags of databases by which they call models or hold vectors (https://cloud.google.com/alloydb/
docs/reference/alloydb-flags, https://cloud.google.com/sql/docs/mysql/enable-vector-search)."""
_OFF = ("", "off", "false", "0", "no")
_SCRIPTS = ("startup-script", "shutdown-script", "user-data")
_CONTAINER = "gce-container-declaration"
"""https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys"""
_PREPARED = ("deeplearning", "deep-learning", "ml-images", "c0-common", "-dlvm", "nvidia", "tpu")
"""Words of licences and images that Google makes for learning
(https://cloud.google.com/deep-learning-vm/docs/images)."""
_ATTRIBUTE = "agentregistry.googleapis.com/system/"
_REGISTERED = {
    "runtime": (f"{_ATTRIBUTE}RuntimeReference", "uri"),
    "principal": (f"{_ATTRIBUTE}RuntimeIdentity", "principal"),
    "framework": (f"{_ATTRIBUTE}Framework", "framework"),
}


def normal(record: Mapping[str, Any], host: str, spelled: Callable[[str], str]) -> dict[str, Any]:
    """With ``resource``, its full name (https://cloud.google.com/apis/design/resource_names);
    ``tags``, which are its labels (what Compute Engine calls tags is for firewalls); and ``plain``,
    what it says by addresses or relative to itself, by names."""
    path = text(record.get("name"))
    if not path.startswith("projects/"):
        path = _of_link(text(record.get("selfLink")))
    made = {**record, "tags": labels(record), "plain": dict(_plain(record, path, spelled))}
    if path:
        made["resource"] = spelled(f"//{host}/{path}")
    return made


_IMAGES = ("disks[].licenses[]", "disks[].initializeParams.sourceImage", "sourceMachineImage")


def _metadata(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of a machine: what it runs as a container, its scripts, and the rest as variables."""
    found = {
        text(mapping(one).get("key")): text(mapping(one).get("value"))
        for one in values(record, "metadata.items[]")
    }
    if declared := found.pop(_CONTAINER, ""):
        yield "container", f"apiVersion: v1\nkind: Pod\n{declared}"
    yield "scripts", list(filter(None, (found.pop(name, "") for name in _SCRIPTS)))
    yield "metadata", {name: value for name, value in found.items() if "\n" not in value}


def _of_link(link: str) -> str:
    """``https://www.googleapis.com/compute/v1/projects/p/...`` -> ``projects/p/...``"""
    _, found, rest = link.partition("/projects/")
    return f"projects/{rest}" if found else ""


def labels(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        text(name): text(value)
        for path in _LABELS
        for found in values(record, path)
        for name, value in mapping(found).items()
    }


def last(path: Any) -> str:
    return text(path).rpartition("/")[2]


def _plain(
    record: Mapping[str, Any], path: str, spelled: Callable[[str], str]
) -> Iterator[tuple[str, Any]]:
    cards = [last(one) for path in _CARDS for one in values(record, path)]
    cards += [text(one) for one in values(record, _LIMITS) if is_accelerated(text(one))]
    cards += _of_pipeline(record)
    machines = [last(one) for path in _MACHINES for one in values(record, path)]
    yield "machines", list(dict.fromkeys(machines))
    # A card is one whatever its name; a machine only by its name.
    yield "accelerated", list(dict.fromkeys([*cards, *filter(is_accelerated, machines)]))
    yield from _metadata(record)
    told = [text(one) for path in _IMAGES for one in values(record, path)]
    yield "images", [last(one) for one in told if any(word in one for word in _PREPARED)]
    yield "zone", last(record.get("zone"))
    for name, (word, field) in _REGISTERED.items():
        if found := text(mapping(mapping(record.get("attributes")).get(word)).get(field)):
            yield name, spelled(found)
    yield from _of_database(record)
    yield "tables", list(_tables(record))
    if "/models/" in text(record.get("model")):
        yield "model", last(record.get("model"))
    holder, found, _ = path.partition("/engines/")
    if found:
        stores = (text(one) for one in values(record, "dataStoreIds[]"))
        yield "stores", [f"{holder}/dataStores/{one}" for one in stores if one]


def _of_pipeline(record: Mapping[str, Any]) -> Iterator[str]:
    for path in _OPTIONS:
        for option in values(record, path):
            name, _, told = text(option).partition("=")
            if name == "worker_accelerator":
                named = dict(one.partition(":")[::2] for one in told.split(";"))
                yield from filter(None, (named.get("type", ""),))


def _of_database(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """AlloyDB tells flags as a map, Cloud SQL as a list."""
    flags = {
        text(name): text(value) for name, value in mapping(record.get("databaseFlags")).items()
    }
    for one in values(record, "settings.databaseFlags[]"):
        flags[text(mapping(one).get("name"))] = text(mapping(one).get("value"))
    found = sorted(
        name for name, value in flags.items()
        if name.startswith(_MODEL_FLAGS) and value.casefold() not in _OFF
    )  # fmt: skip
    yield "model_flags", found
    yield "has_model_flags", bool(found)


def _tables(record: Mapping[str, Any]) -> Iterator[str]:
    """Of a pipeline, as others name them."""
    for one in values(record, "jobMetadata.bigqueryDetails[]"):
        told = mapping(one)
        names = [text(told.get(name)) for name in ("projectId", "dataset", "table")]
        if all(names[:2]):
            yield f"bq://{'.'.join(filter(None, names))}"
