"""Names of methods as Google's discovery documents have them -> hosts, paths and permissions.

``aiplatform.projects.locations.endpoints.list`` is a list below a location, and
``...endpoints.get`` one of its records (https://developers.google.com/discovery/v1/reference).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from scanner.kit.contract import Operation
from scanner.model.errors import Unavailable


@dataclass(frozen=True)
class Service:
    version: str
    regional: bool = False
    """A location has a host of its own, with its name before the service's."""
    permission: str = ""
    """The first word of its IAM permissions where that is not its own name."""
    called: str = ""
    """Its host's first word where methods have another."""
    enabled_as: str = ""
    """Its name in the list of enabled services where that is not its host's."""


SERVICES = {
    "accesscontextmanager": Service("v1"),
    "agentregistry": Service("v1"),
    "aiplatform": Service("v1", regional=True),
    "alloydb": Service("v1"),
    "apikeys": Service("v2"),
    "batch": Service("v1"),
    "bigquery": Service("bigquery/v2"),
    "bigqueryconnection": Service("v1", permission="bigquery"),
    "ces": Service("v1"),
    "cloudaicompanion": Service("v1"),
    "cloudasset": Service("v1"),
    "cloudfunctions": Service("v2"),
    "cloudidentity": Service("v1"),
    "cloudresourcemanager": Service("v3", permission="resourcemanager"),
    "composer": Service("v1"),
    "compute": Service("compute/v1"),
    "contactcenterinsights": Service("v1", regional=True),
    "container": Service("v1"),
    "dataflow": Service("v1b3"),
    "dataproc": Service("v1"),
    "dialogflow": Service("v3", regional=True),
    "discoveryengine": Service("v1", regional=True),
    "documentai": Service("v1", regional=True),
    "essentialcontacts": Service("v1"),
    "iam": Service("v1"),
    "logging": Service("v2"),
    "ml": Service("v1"),
    "monitoring": Service("v3"),
    "notebooks": Service("v2"),
    "run": Service("v2"),
    "secretmanager": Service("v1"),
    "serviceusage": Service("v1"),
    "speech": Service("v1", regional=True),
    "sql": Service("v1", permission="cloudsql", called="sqladmin"),
    "tpu": Service("v2"),
    "translate": Service(
        "v3", permission="cloudtranslate", called="translation", enabled_as="translate"
    ),
    "vision": Service("v1"),
}
_PATHS = {
    "bigquery.datasets.list": "projects/{project}/datasets",
    "bigquery.models.get": "projects/{project}/datasets/{dataset}/models/{model}",
    "bigquery.models.list": "projects/{project}/datasets/{dataset}/models",
    "cloudasset.searchAllIamPolicies": "{kind}/{id}:searchAllIamPolicies",
    "cloudasset.searchAllResources": "{kind}/{id}:searchAllResources",
    "cloudresourcemanager.folders.getIamPolicy": "folders/{folder}:getIamPolicy",
    "cloudresourcemanager.organizations.getIamPolicy": "organizations/{id}:getIamPolicy",
    "cloudresourcemanager.projects.getIamPolicy": "projects/{project}:getIamPolicy",
    "cloudresourcemanager.projects.testIamPermissions": "projects/{project}:testIamPermissions",
    "cloudidentity.groups.lookup": "groups:lookup",
    "compute.instances.aggregatedList": "projects/{project}/aggregated/instances",
    "compute.regions.list": "projects/{project}/regions",
    "dataflow.projects.jobs.aggregated": "projects/{project}/jobs:aggregated",
    "dialogflow.projects.locations.getAgent": "projects/{project}/locations/{location}/agent",
    "discoveryengine.projects.locations.collections.getDataConnector": "projects/{project}"
    "/locations/{location}/collections/{collection}/dataConnector",
    "iam.policies.get": "policies/{point}/denypolicies/{policy}",
    "iam.policies.listPolicies": "policies/{point}/denypolicies",
    "logging.entries.list": "entries:list",
    "run.projects.locations.list": "projects/{project}/locations",
    "serviceusage.services.list": "projects/{project}/services",
    "sql.instances.list": "projects/{project}/instances",
}
"""Where the path is not the method's name."""
_ENDPOINTS = {
    "aiplatform": ("us", "eu"),
    "documentai": (
        "us",
        "eu",
        "asia-south1",
        "asia-southeast1",
        "northamerica-northeast1",
        "australia-southeast1",
        "europe-west2",
        "europe-west3",
    ),
}
"""Locations whose host is named in the newer way (``endpoints`` of a discovery document)."""
_AT_HOME = {"contactcenterinsights": "us-central1"}
"""Locations that a regional service tells at the host without one."""
_CONTINENTS = {
    "translate": {"europe-west1": "translate-eu", "us-west1": "translate-us"},
}
"""Locations that stand for a continent, which a host of their own tells and no other
(https://cloud.google.com/translate/docs/advanced/endpoints)."""
_OF_CONTINENTS = {
    name: SERVICES[service].called or service
    for service, places in _CONTINENTS.items()
    for name in places.values()
}
_IN_PLACE = frozenset({"secretmanager.projects.locations.secrets.list"})
"""What only a location's own host tells."""
_OLDER = "dialogflow.projects.locations."
_VERSIONS = {
    # No other version lists them.
    "aiplatform.projects.locations.extensions.list": "v1beta1",
    "speech.projects.locations.list": "v2",
    "speech.projects.locations.recognizers.list": "v2",
    "discoveryengine.projects.locations.collections.list": "v1alpha",
    "iam.policies.get": "v2",
    "iam.policies.listPolicies": "v2",
    "run.projects.locations.list": "v1",
    f"{_OLDER}conversationModels.list": "v2",
    f"{_OLDER}conversationProfiles.list": "v2",
    f"{_OLDER}getAgent": "v2",
    f"{_OLDER}knowledgeBases.documents.list": "v2",
    f"{_OLDER}knowledgeBases.list": "v2",
}
_PERMISSIONS = {
    "accesscontextmanager.accessPolicies.list": "accesscontextmanager.policies.list",
    "bigquery.datasets.list": "bigquery.datasets.get",
    "bigquery.models.get": "bigquery.models.getMetadata",
    # IAM has no word for these places: who may list what is in them is told them.
    "cloudaicompanion.projects.locations.list": "cloudaicompanion.codeRepositoryIndexes.list",
    "dialogflow.projects.locations.list": "dialogflow.agents.list",
    # Everybody may ask what they may do; it is part of reading a project.
    "cloudresourcemanager.projects.testIamPermissions": "resourcemanager.projects.get",
    "cloudasset.searchAllIamPolicies": "cloudasset.assets.searchAllIamPolicies",
    "cloudasset.searchAllResources": "cloudasset.assets.searchAllResources",
    "compute.instances.aggregatedList": "compute.instances.list",
    # Nothing of IAM allows it (``GIVEN_ELSEWHERE``).
    "cloudidentity.groups.lookup": "resourcemanager.projects.get",
    "cloudidentity.groups.memberships.list": "resourcemanager.projects.get",
    "iam.policies.get": "iam.denypolicies.get",
    "iam.policies.listPolicies": "iam.denypolicies.list",
    "logging.entries.list": "logging.logEntries.list",
    "dataflow.projects.jobs.aggregated": "dataflow.jobs.list",
    "dialogflow.projects.locations.getAgent": "dialogflow.agents.get",
    "discoveryengine.projects.locations.collections.getDataConnector": (
        "discoveryengine.dataConnectors.get"
    ),
    "run.projects.locations.workerPools.list": "run.workerpools.list",
    "translate.projects.locations.models.list": "cloudtranslate.customModels.list",
    # Vision has no permissions of its own: to use the API in a project is all that it takes.
    "vision.projects.locations.productSets.list": "serviceusage.services.use",
}
"""Where that is not the last collection and the verb. One name that IAM does not know and it takes
none of a role: the tests hold each to a list of those there are."""
_GROUPS = (
    "Cloud Identity: an administrator gives the account the role Groups Reader "
    "(https://support.google.com/a/answer/9807615); no role of IAM does"
)
GIVEN_ELSEWHERE = {
    "cloudidentity.groups.lookup": _GROUPS,
    "cloudidentity.groups.memberships.list": _GROUPS,
}
"""What a role of IAM cannot give, and who can."""
POSTED = frozenset(
    {
        "cloudresourcemanager.folders.getIamPolicy",
        "cloudresourcemanager.organizations.getIamPolicy",
        "cloudresourcemanager.projects.getIamPolicy",
        "cloudresourcemanager.projects.testIamPermissions",
        "logging.entries.list",
    }
)
"""Reads that Google has made POSTs."""
BESIDE_THEIR_API = frozenset({"apikeys.googleapis.com"})
"""APIs whose things are there though a project has not enabled them: keys are made in the console
and by other products, and the API must be on in the project that pays for the calls
(https://cloud.google.com/api-keys/docs/get-started-api-keys)."""
ONE = frozenset({"dialogflow.projects.locations.getAgent"})
"""What is there once a location or, which is no error, not at all."""
ELSEWHERE = {"run": "run.projects.locations.list", "composer": "compute.regions.list",
             "dataproc": "compute.regions.list"}  # fmt: skip
"""Who tells a service's locations where its own version does not."""
REGIONS = (
    "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2",
    "asia-northeast3", "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2",
    "asia-southeast3", "australia-southeast1", "australia-southeast2", "europe-central2",
    "europe-north1", "europe-north2", "europe-southwest1", "europe-west1", "europe-west10",
    "europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6",
    "europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1",
    "northamerica-northeast1", "northamerica-northeast2", "northamerica-south1",
    "southamerica-east1", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5",
    "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
)  # fmt: skip
"""Where whoever tells the locations is not enabled itself
(https://cloud.google.com/compute/docs/regions-zones)."""
NOT_WHOLE = {
    "aiplatform.projects.locations.agents.list": "Google's list shows the caller's own agents "
    "alone, and a service account none; agents of other people are only seen where the Agent "
    "Registry (`agent-registry`) has them. Without `personal_agents` this is neither "
    "asked nor told",
}
"""Lists that leave out what is there, and how. Nothing may be taken for gone by them."""
FILTERED = {
    "bigquery.datasets.list": "bigquery.datasets.get",
}
"""Lists that silently leave out what the caller may not read -> the permission that tells."""


def host(op: str, location: str = "") -> str:
    """``location``: empty, or where a regional service is asked."""
    service = op.partition(".")[0]
    told = SERVICES[service]
    name = told.called or service
    if location in ("", "-", "global", _AT_HOME.get(service)):
        return f"{name}.googleapis.com"
    if place := _CONTINENTS.get(service, {}).get(location):
        return f"{place}.googleapis.com"
    if location in _ENDPOINTS.get(service, ()) or op in _IN_PLACE:
        return f"{name}.{location}.rep.googleapis.com"
    return f"{location + '-' if told.regional else ''}{name}.googleapis.com"


def api(op: str) -> str:
    """As Google names the service where it is enabled."""
    told = SERVICES[op.partition(".")[0]]
    return f"{told.enabled_as}.googleapis.com" if told.enabled_as else host(op)


def template(op: str) -> str:
    """``/v1/projects/{projects}/locations/{locations}/endpoints``."""
    service, _, rest = op.partition(".")
    version = _VERSIONS.get(op, SERVICES[service].version)
    if op in _PATHS:
        return f"/{version}/{_PATHS[op]}"
    *names, verb = rest.split(".")
    holders = names if verb == "get" else names[:-1]
    path = "".join(f"/{name}/{{{name}}}" for name in holders)
    return f"/{version}{path}" + ("" if verb == "get" else f"/{names[-1]}")


def operation_id(op: str) -> str:
    """With the host: services of one version have paths in common."""
    return f"{'POST' if op in POSTED else 'GET'} //{host(op)}{template(op)}"


def of_host(declared: tuple[Operation, ...], host: str) -> tuple[Operation, ...]:
    """The operations of a host, as paths below it; a location's host is its service's."""
    service = service_of(host)
    found = []
    for one in declared:
        method, _, path = one.id.partition(" ")
        lead = f"//{service}.googleapis.com"
        if path.startswith(f"{lead}/"):
            local = path.removeprefix(lead)
            found.append(msgspec.structs.replace(one, id=f"{method} {local}"))
    return tuple(found)


def service_of(host: str) -> str:
    """First word of the host without a location."""
    name = host.partition(".")[0]
    return _OF_CONTINENTS.get(name) or name.rpartition("-")[2]


def permission(op: str) -> str:
    """Of https://docs.cloud.google.com/iam/docs/roles-permissions: last collection and verb."""
    if op in _PERMISSIONS:
        return _PERMISSIONS[op]
    service, *names, verb = op.split(".")
    named = SERVICES[service].permission or service
    return f"{named}.{names[-1]}.{verb}"


def path(op: str, of: str) -> str:
    """The path of ``op`` below (or of) what is called ``of`` (``projects/p/locations/l``). Raises
    ``Unavailable`` for a name that does not fit."""
    wanted = template(op).strip("/").split("/")
    lead = _lead(op)
    given = of.strip("/").split("/")
    made = list(wanted[:lead])
    for place, step in enumerate(wanted[lead:]):
        told = given[place] if place < len(given) else ""
        if step.startswith("{"):
            if told in ("", ".", ".."):
                raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
            # A point that policies are attached to is a name whose slashes are escaped already.
            safe = "-._~:@%" if step == "{point}" else "-._~:@"
            made.append(quote(told, safe=safe))
        elif told and told != step:
            raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
        else:
            made.append(step)
    if len(given) > len(wanted) - lead:
        raise Unavailable(f"{op}: {of[:200]!r} is no name of such a thing")
    return "/" + "/".join(made)


def _lead(op: str) -> int:
    """Steps of a path that are the version."""
    service = op.partition(".")[0]
    return len(_VERSIONS.get(op, SERVICES[service].version).split("/"))
