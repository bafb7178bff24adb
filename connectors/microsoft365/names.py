"""How things of a tenant are called: as Entra's own lists and logs call them."""

from __future__ import annotations

from scanner.kit.microsoft_permissions import STORES
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData

SOURCE = "microsoft365"
NAMES = Names(source=SOURCE, vendor="microsoft", tenant="tenant", place="entra")
PERMITTED = OpenedData(SOURCE, "permission", STORES, place="entra")
COPILOT = "microsoft_copilot"
STUDIO = "copilot_studio"
