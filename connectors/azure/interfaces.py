"""The addresses of machines, which stand with their network interfaces and not with them.

Logs of traffic know a machine by its address alone: these lead on to it. Asked in one question for
all machines that are listed. https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.azure import graph
from connectors.azure.graph import Inventory
from scanner.kit.tables import first_text, values

OPERATION = "graph:Microsoft.Network/networkInterfaces"
REASON = "addresses of machines with accelerators, by which logs of traffic know them"
MACHINES = "microsoft.compute/virtualmachines"
_TYPE = "microsoft.network/networkinterfaces"


def of_machines(inventory: Inventory, subscription: str) -> dict[str, dict[str, list[str]]]:
    """Id of a machine in small letters -> its ``interfaces``, ``addresses`` and ``networks``.
    Raises the source errors."""
    found: dict[str, dict[str, list[str]]] = {}
    rows = inventory.rows(graph.INTERFACES).get((_TYPE, subscription.casefold()), ())
    for row in rows:
        machine = first_text(row, "properties.virtualMachine.id").casefold()
        told = found.setdefault(machine, {"interfaces": [], "addresses": [], "networks": []})
        told["interfaces"].append(str(row["id"]).casefold())
        told["addresses"] += _told(row, "properties.privateIPAddress")
        told["networks"] += map(_network, _told(row, "properties.subnet.id"))
    return {machine: _each_once(told) for machine, told in found.items()}


def _each_once(told: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(set(rest)) for name, rest in told.items()}


def _told(row: Mapping[str, Any], path: str) -> Iterator[str]:
    """Of each of an interface's configurations."""
    for one in values(row, f"properties.ipConfigurations[].{path}"):
        if isinstance(one, str) and one:
            yield one


def _network(subnet: str) -> str:
    return subnet.casefold().partition("/subnets/")[0]
