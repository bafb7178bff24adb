"""Names of operations in the tables -> paths, versions and permissions of Azure's resource manager.

A table says ``list:Microsoft.CognitiveServices/accounts/deployments`` (the children of one thing),
``get:<type>`` (one thing), ``post:<type>/<action>`` (an action that only reads) or ``graph:<type>``
(what Resource Graph shows of a type, in all subscriptions) or ``plane:<service>/<list>``
(:mod:`connectors.azure.planes`). Owns how these are spelled as URLs;
refuses ids that do not fit.
"""

from __future__ import annotations

from urllib.parse import quote

from connectors.azure import planes
from scanner.model.errors import Unavailable

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/"
GRAPH = "POST /providers/Microsoft.ResourceGraph/resources"
SUBSCRIPTIONS = "GET /subscriptions"
DESCENDANTS = "GET /providers/Microsoft.Management/managementGroups/{managementGroup}/descendants"
PERMISSIONS = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
DENIALS = "GET /subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments"
EVENTS = (
    "GET /subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
)
_FIXED = (
    "config/appsettings/list",
    "config/slotConfigNames",
    "config/configreferences/appsettings",
)
"""What stands behind the last name of a path as it is."""
VERSIONS = {
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.BotService": "2022-09-15",
    "Microsoft.Cache/redisEnterprise": "2025-07-01",
    "Microsoft.CognitiveServices": "2025-09-01",
    "Microsoft.CognitiveServices/accounts/adapterDeployments": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/arcDeployments": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/capabilityHosts": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/computes": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/managedComputeDeployments": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/projects/applications": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/projects/capabilityHosts": "2026-09-15-preview",
    "Microsoft.CognitiveServices/accounts/projects/workbenches": "2026-09-15-preview",
    "Microsoft.DBforPostgreSQL/flexibleServers": "2026-10-01",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/eventtypes": "2015-04-01",
    "Microsoft.KeyVault": "2026-05-15",
    "Microsoft.MachineLearningServices": "2025-12-01",
    "Microsoft.Management": "2023-04-01",
    "Microsoft.ResourceGraph": "2021-03-01",
    "Microsoft.Search": "2025-05-01",
    "Microsoft.Web": "2025-05-01",
    "subscriptions": "2022-12-01",
}
"""By the longest beginning of a type; each is one that Microsoft's own clients speak
(``tests/azure_rig/described``)."""
_PERMISSIONS = {
    "post:Microsoft.Web/sites/config/appsettings/list": "Microsoft.Web/sites/config/list/action",
    "post:Microsoft.Web/sites/slots/config/appsettings/list":
        "Microsoft.Web/sites/slots/config/list/action",
    "get:Microsoft.Web/sites/config/slotConfigNames": "Microsoft.Web/sites/config/read",
    "list:Microsoft.Web/sites/config/configreferences/appsettings":
        "Microsoft.Web/sites/config/read",
    "list:Microsoft.Web/sites/slots/config/configreferences/appsettings":
        "Microsoft.Web/sites/slots/config/read",
    "list:Microsoft.MachineLearningServices/registries/models":
        "Microsoft.MachineLearningServices/registries/assets/read",
}  # fmt: skip
"""Where the action is not called like the path
(https://learn.microsoft.com/azure/role-based-access-control/permissions/web-and-mobile,
https://learn.microsoft.com/azure/machine-learning/how-to-assign-roles)."""
_ACCOUNTS = "Microsoft.CognitiveServices/accounts/"
_PREVIEWS = f"{_ACCOUNTS}*/read"
"""A role that names an action which the provider does not declare yet is refused; one with a
wildcard is not, and keys are no ``read``."""


def operation_id(op: str) -> str:
    """``GET /path/{hole}``. What Resource Graph shows of a type is one call for all types; the
    right to see each is declared as ``READ <type>``, which no request can be."""
    verb, _, kind = op.partition(":")
    if verb == "graph":
        return f"READ {kind}"
    if verb == "plane":
        return f"GET //{planes.split(op)[0]}{template(op)}"
    return f"{'POST' if verb == 'post' else 'GET'} {template(op)}"


def template(op: str) -> str:
    verb, _, kind = op.partition(":")
    if verb == "plane":
        return planes.template(op)
    above, extension, below = kind.rpartition("/providers/")
    if extension:
        return f"{_one(above)}/providers/{below}"
    for fixed in _FIXED:
        if kind.endswith(f"/{fixed}"):
            return f"{_one(kind.removesuffix(f'/{fixed}'))}/{fixed}"
    if verb == "list":
        holder, _, collection = kind.rpartition("/")
        return f"{_one(holder)}/{collection}"
    return _one(kind)


def _one(kind: str) -> str:
    """The path of one thing of a type."""
    namespace, *names = kind.split("/")
    return _GROUP + namespace + "".join(f"/{name}/{{{name}}}" for name in names)


def permission(op: str) -> str:
    """https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations"""
    verb, _, kind = op.partition(":")
    if verb == "plane":
        return planes.PERMISSIONS[op]
    if op in _PERMISSIONS:
        return _PERMISSIONS[op]
    kind = kind.rpartition("/providers/")[2]
    if verb != "graph" and kind.startswith(_ACCOUNTS) and version(op).endswith("-preview"):
        return _PREVIEWS
    return f"{kind}/action" if verb == "post" else f"{kind}/read"


def version(op: str) -> str:
    """Of the API, by the type that a call reads."""
    if op.startswith("plane:"):
        return planes.PLANES[planes.split(op)[0]].version
    kind = op.partition(":")[2].rpartition("/providers/")[2]
    fitting = [known for known in VERSIONS if kind == known or kind.startswith(f"{known}/")]
    return VERSIONS[max(fitting, key=len)]


def path(op: str, of: str) -> str:
    """The path of ``op`` below (or of) the thing with the id ``of``, spelled as the template is:
    ids are the same in any letter case. Raises ``Unavailable`` for an id that does not fit."""
    wanted = template(op).strip("/").split("/")
    given = of.strip("/").split("/")
    made: list[str] = []
    for place, step in enumerate(wanted):
        told = given[place] if place < len(given) else ""
        if step.startswith("{"):
            if told in ("", ".", ".."):
                raise Unavailable(f"{operation_id(op)}: {of[:200]!r} is no id of such a thing")
            made.append(quote(told, safe="-._~()@!$&'+,;=:"))
        elif told and told.casefold() != step.casefold():
            raise Unavailable(f"{operation_id(op)}: {of[:200]!r} is no id of such a thing")
        else:
            made.append(step)
    if len(given) > len(wanted):
        raise Unavailable(f"{operation_id(op)}: {of[:200]!r} is no id of such a thing")
    return "/" + "/".join(made)
