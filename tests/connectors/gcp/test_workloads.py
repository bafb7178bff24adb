"""What runs people's own code: images, options, commands, accelerators; and databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.model.errors import Denied
from scanner.model.items import Content
from tests.connectors.gcp.estate import Read, project, read
from tests.google_rig import Fault, Rig, off, serving

LEAD = "projects/acme-7/locations/us-central1"
RUN = f"//run.googleapis.com/{LEAD}"
RUNNER = "runner@acme-7.iam.gserviceaccount.com"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _read(rig: Rig, *families: str, **config: Any) -> Read:
    quiet = {"creators": False, "identities": False, "asset_inventory": False, "perimeters": False}
    return read(rig, families=families, **{**quiet, **config})


def _shown(found: Read, ident: str) -> str:
    """All that the detector reads of it."""
    return "".join(one.data.decode() for one in found.items
                   if isinstance(one, Content) and one.place.subject == ident)  # fmt: skip


BASE = "https://api.openai.com/v1"
CONTAINER = {"image": "vllm/vllm-openai:v0.9", "command": ["vllm", "serve"],
             "args": ["--model=mistralai/Mistral-7B"],
             "env": [{"name": "OPENAI_BASE_URL", "value": BASE}]}  # fmt: skip


def test_pools_of_workers_and_single_instances_of_cloud_run(rig: Rig) -> None:
    project(rig, 7, enabled=("run",))
    rig.plant(
        "run.projects.locations.workerPools.list", LEAD,
        {"name": f"{LEAD}/workerPools/gpu", "creator": "ada@acme.example", "template": {
            "containers": [CONTAINER], "serviceAccount": RUNNER,
            "nodeSelector": {"accelerator": "nvidia-l4"},
            "volumes": [{"name": "w", "gcs": {"bucket": "weights"}}]}},
    )  # fmt: skip
    rig.plant(
        "run.projects.locations.instances.list", LEAD,
        {"name": f"{LEAD}/instances/one", "containers": [CONTAINER], "serviceAccount": RUNNER,
         "ingress": "INGRESS_TRAFFIC_ALL", "nodeSelector": {"accelerator": "nvidia-l4"}},
    )  # fmt: skip
    found = _read(rig, "run")
    pool, one = f"{RUN}/workerPools/gpu", f"{RUN}/instances/one"
    assert found.assets[pool].tags["accelerator"] == "nvidia-l4"
    assert found.assets[one].exposure == ("public",)
    for ident in (pool, one):
        assert "OPENAI_BASE_URL" in _shown(found, ident)
        assert "vllm/vllm-openai:v0.9" in _shown(found, ident)
        assert "--model=mistralai/Mistral-7B" in _shown(found, ident)
        assert (ident, "runs_as", f"gcp:service-account/{RUNNER}") in found.edges
    assert (pool, "reads_from", "//storage.googleapis.com/weights") in found.edges
    assert (pool, "created_by", "gcp:user/ada@acme.example") in found.edges


def test_a_function_is_served_by_a_service_of_cloud_run(rig: Rig) -> None:
    project(rig, 7, enabled=("cloudfunctions", "run"))
    rig.plant(
        "cloudfunctions.projects.locations.functions.list", "projects/acme-7/locations/-",
        {"name": f"{LEAD}/functions/f",
         "serviceConfig": {"service": "projects/7/locations/us-central1/services/f"}},
        {"name": f"{LEAD}/functions/older"},
    )  # fmt: skip
    rig.plant("run.projects.locations.services.list", LEAD, {"name": f"{LEAD}/services/f"})
    found = _read(rig, "functions", "run")
    served = {edge for edge in found.edges if edge[1] == "serves"}
    assert served == {
        (f"{RUN}/services/f", "serves", f"//cloudfunctions.googleapis.com/{LEAD}/functions/f")
    }
    assert f"{RUN}/services/f" in found.assets


SUMMARY = {"id": "j1", "projectId": "acme-7", "name": "embed", "location": "us-central1",
           "type": "JOB_TYPE_STREAMING", "currentState": "JOB_STATE_RUNNING"}  # fmt: skip
JOB = f"//dataflow.googleapis.com/{LEAD}/jobs/j1"
WHOLE = {
    **SUMMARY,
    "environment": {
        "serviceAccountEmail": RUNNER,
        "tempStoragePrefix": "storage.googleapis.com/scratch/tmp",
        "serviceOptions": ["worker_accelerator=type:nvidia-tesla-t4;count:1;install-nvidia-driver"],
        "sdkPipelineOptions": {"options": {"model_name": "text-embedding-3-large"}},
        "workerPools": [{
            "machineType": "g2-standard-4", "network": "projects/acme-7/global/networks/n",
            "ipConfiguration": "WORKER_IP_PRIVATE",
            "sdkHarnessContainerImages": [{"containerImage": "eu.gcr.io/acme/langchain:1"}],
        }],
    },
    "jobMetadata": {
        "bigqueryDetails": [{"projectId": "acme-7", "dataset": "sales", "table": "orders"}],
        "fileDetails": [{"filePattern": "gs://documents/*.pdf"}],
    },
}  # fmt: skip


def test_a_pipeline_is_asked_for_by_itself_as_lists_show_names_alone(rig: Rig) -> None:
    project(rig, 7, enabled=("dataflow",))
    rig.plant("dataflow.projects.jobs.aggregated", "projects/acme-7", SUMMARY)
    rig.answer("dataflow.projects.locations.jobs.get", f"{LEAD}/jobs/j1", WHOLE)
    found = _read(rig, "dataflow")
    job = found.assets[JOB]
    assert job.exposure == ("private",)
    assert job.tags["accelerator"] == "nvidia-tesla-t4, g2-standard-4"
    assert "eu.gcr.io/acme/langchain:1" in _shown(found, JOB)
    assert "text-embedding-3-large" in _shown(found, JOB)
    assert {
        (JOB, "runs_as", f"gcp:service-account/{RUNNER}"),
        (JOB, "reads_from", "//storage.googleapis.com/documents"),
        (JOB, "reads_from", "//bigquery.googleapis.com/projects/acme-7/datasets/sales"),
        (JOB, "writes_to", "//storage.googleapis.com/scratch"),
        (JOB, "configured_by", "//compute.googleapis.com/projects/acme-7/global/networks/n"),
    } <= found.edges
    assert not found.gaps


def test_a_pipeline_that_may_not_be_looked_into_stays_and_is_a_gap(rig: Rig) -> None:
    project(rig, 7, enabled=("dataflow",))
    rig.plant("dataflow.projects.jobs.aggregated", "projects/acme-7", SUMMARY)
    rig.strike("jobs/j1$", Fault(403, "no", "PERMISSION_DENIED"))
    found = _read(rig, "dataflow")
    assert found.assets[JOB].name == "embed"
    (gap,) = found.gaps["gcp:acme-7/dataflow"]
    assert gap.denied
    assert "grant dataflow.jobs.get" in gap.reason


def test_airflow_and_spark_are_read_where_nobody_tells_their_regions(rig: Rig) -> None:
    """Compute Engine tells the regions; that its API is off says nothing of what is in them."""
    project(rig, 7, enabled=("composer", "dataproc"))
    rig.strike("compute.googleapis.com", off("acme-7", is_old=True))
    place = "projects/acme-7/locations/europe-west4"
    rig.plant("composer.projects.locations.environments.list", place,
              {"name": f"{place}/environments/air"})  # fmt: skip
    region = "projects/acme-7/regions/europe-west4"
    rig.plant("dataproc.projects.regions.clusters.list", region, {"clusterName": "spark"})
    found = _read(rig, "composer", "dataproc")
    assert not found.errors
    names = {one.name for one in found.assets.values() if one.kind.startswith("gcp.")}
    assert {"air", "spark"} <= names


def test_regions_that_may_not_be_told_are_denied(rig: Rig) -> None:
    project(rig, 7, enabled=("composer",))
    rig.strike("compute.googleapis.com", Fault(403, "no", "PERMISSION_DENIED"))
    error = _read(rig, "composer").errors["gcp:acme-7/composer"]
    assert isinstance(error, Denied)
    assert "grant compute.regions.list" in str(error)


def test_a_cluster_that_may_make_nodes_with_cards_has_accelerators(rig: Rig) -> None:
    project(rig, 7, enabled=("container",))
    limits = [{"resourceType": "cpu", "maximum": "64"},
              {"resourceType": "nvidia-h100-80gb", "maximum": "16"}]  # fmt: skip
    links = "https://container.googleapis.com/v1/projects/acme-7/locations/us-central1/clusters"
    rig.plant(
        "container.projects.locations.clusters.list", "projects/acme-7/locations/-",
        {"name": "auto", "selfLink": f"{links}/auto", "autopilot": {"enabled": True},
         "autoscaling": {"enableNodeAutoprovisioning": True, "resourceLimits": limits}},
        {"name": "plain", "selfLink": f"{links}/plain",
         "autoscaling": {"resourceLimits": limits[:1]}},
    )  # fmt: skip
    found = _read(rig, "kubernetes")
    told = {one.name: one.tags["accelerator"] for one in found.assets.values()
            if one.kind == "gcp.gke_cluster"}  # fmt: skip
    assert told == {"auto": "nvidia-h100-80gb"}


def test_what_runs_on_accelerators_is_ai_and_the_rest_carries_it(rig: Rig) -> None:
    everything = ("container", "tpu", "compute", "run", "batch", "dataproc")
    project(rig, 7, enabled=everything)
    here = {"name": "projects/7/locations/us-central1", "locationId": "us-central1"}
    for service in ("tpu", "batch"):
        rig.plant(f"{service}.projects.locations.list", "projects/acme-7", here)
    rig.plant("compute.regions.list", "projects/acme-7", {"name": "us-central1"})
    links = "https://container.googleapis.com/v1/projects/acme-7/locations/us-central1/clusters"
    cards = [{"acceleratorType": "nvidia-h100-80gb", "acceleratorCount": "8"}]
    rig.plant(
        "container.projects.locations.clusters.list", "projects/acme-7/locations/-",
        {"name": "pool", "selfLink": f"{links}/pool",
         "nodePools": [{"config": {"machineType": "a3-highgpu-8g", "accelerators": cards}}]},
    )  # fmt: skip
    rig.plant("tpu.projects.locations.nodes.list", LEAD,
              {"name": f"{LEAD}/nodes/v5", "acceleratorType": "v5p-8"})  # fmt: skip
    zone = "https://www.googleapis.com/compute/v1/projects/acme-7/zones/us-central1-a"
    machines = [
        {"name": "trainer", "selfLink": f"{zone}/instances/trainer", "zone": zone,
         "machineType": f"{zone}/machineTypes/a3-highgpu-8g"},
        {"name": "boxed", "selfLink": f"{zone}/instances/boxed", "zone": zone,
         "machineType": f"{zone}/machineTypes/e2-small",
         "metadata": {"items": [{"key": "gce-container-declaration", "value": "spec: {}"}]}},
    ]  # fmt: skip
    rig.answer("compute.instances.aggregatedList", "projects/acme-7/aggregated",
               {"items": {"zones/us-central1-a": {"instances": machines}}})  # fmt: skip
    rig.plant("run.projects.locations.services.list", LEAD,
              {"name": f"{LEAD}/services/ollama",
               "template": {"nodeSelector": {"accelerator": "nvidia-l4"}}},
              {"name": f"{LEAD}/services/shop"})  # fmt: skip
    cards = [{"policy": {"accelerators": [{"type": "nvidia-tesla-t4", "count": "1"}]}}]
    rig.plant("batch.projects.locations.jobs.list", LEAD,
              {"name": f"{LEAD}/jobs/tune", "allocationPolicy": {"instances": cards}},
              {"name": f"{LEAD}/jobs/bill"})  # fmt: skip
    rig.plant("dataproc.projects.regions.clusters.list", "projects/acme-7/regions/us-central1",
              {"clusterName": "rapids",
               "config": {"workerConfig": {"accelerators": [
                   {"acceleratorTypeUri": "nvidia-tesla-t4", "acceleratorCount": 1}]}}},
              {"clusterName": "spark"})  # fmt: skip
    found = _read(rig, "kubernetes", "tpu", "compute", "run", "batch", "dataproc")
    assert not found.errors
    told = {one.name: one.is_ai for one in found.assets.values()}
    assert {name for name, is_ai in told.items() if is_ai} == {
        "pool", "v5", "trainer", "ollama", "tune", "rapids"}  # fmt: skip
    assert {name for name, is_ai in told.items() if not is_ai} == {"boxed", "shop", "bill", "spark"}


def test_a_training_job_by_machine_and_command(rig: Rig) -> None:
    project(rig, 7, enabled=("aiplatform",))
    machine = {"machineType": "a3-highgpu-8g", "acceleratorType": "NVIDIA_H100_80GB"}
    container = {"imageUri": "img", "command": ["python", "-m", "trl.sft"],
                 "args": ["--model", "meta-llama/Llama-3"]}  # fmt: skip
    pool = {"machineSpec": machine, "containerSpec": container}
    rig.plant("aiplatform.projects.locations.customJobs.list", LEAD,
              {"name": f"{LEAD}/customJobs/1", "displayName": "t",
               "jobSpec": {"workerPoolSpecs": [pool]}})  # fmt: skip
    found = _read(rig, "vertex")
    ident = f"//aiplatform.googleapis.com/{LEAD}/customJobs/1"
    assert found.assets[ident].tags["accelerator"] == "NVIDIA_H100_80GB"
    assert found.assets[ident].tags["machine_type"] == "a3-highgpu-8g"
    assert "trl.sft" in _shown(found, ident)
    assert "meta-llama/Llama-3" in _shown(found, ident)


def test_databases_by_the_flags_that_make_them_call_models(rig: Rig) -> None:
    project(rig, 7, enabled=("alloydb", "sqladmin"))
    cluster = f"{LEAD}/clusters/c"
    rig.plant("alloydb.projects.locations.clusters.list", "projects/acme-7/locations/-",
              {"name": cluster})  # fmt: skip
    flag = "google_ml_integration.enable_model_support"
    rig.plant(
        "alloydb.projects.locations.clusters.instances.list", cluster,
        {"name": f"{cluster}/instances/on", "databaseFlags": {flag: "on", "max_connections": "9"},
         "networkConfig": {"enablePublicIp": True}},
        {"name": f"{cluster}/instances/off", "databaseFlags": {flag: "off"}},
    )  # fmt: skip
    flags = [{"name": "cloudsql_vector", "value": "on"}]
    rig.plant(
        "sql.instances.list", "projects/acme-7",
        {"name": "vectors", "settings": {"databaseFlags": flags}},
        {"name": "orders", "settings": {"databaseFlags": [{"name": "x", "value": "on"}]}},
    )  # fmt: skip
    found = _read(rig, "databases")
    assert {one.name: one.is_ai for one in found.assets.values()
            if one.kind in ("gcp.alloydb_instance", "gcp.sql_instance")} == {
        "on": True, "off": False, "vectors": True, "orders": False}  # fmt: skip
    on = found.assets[f"//alloydb.googleapis.com/{cluster}/instances/on"]
    assert on.tags["flags"] == flag
    assert on.exposure == ("public",)


def test_translation_is_asked_at_the_hosts_of_continents(rig: Rig) -> None:
    """Neither host tells what was made by another."""
    project(rig, 7, enabled=("translate",))
    for place in ("us-central1", "us-west1", "europe-west1"):
        lead = f"projects/acme-7/locations/{place}"
        rig.plant("translate.projects.locations.glossaries.list", lead,
                  {"name": f"{lead}/glossaries/{place}"})  # fmt: skip
    found = _read(rig, "translation")
    told = {one.name: one.region for one in found.assets.values()
            if one.kind == "gcp.translation_glossary"}  # fmt: skip
    assert told == {place: place for place in ("us-central1", "us-west1", "europe-west1")}
    hosts = {tuple(path.split("/")[::5][:2]) for path in rig.paths if "glossaries" in path}
    assert hosts == {
        ("translation.googleapis.com", "us-central1"),
        ("translate-us.googleapis.com", "us-west1"),
        ("translate-eu.googleapis.com", "europe-west1"),
    }
