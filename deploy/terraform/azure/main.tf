# A role over a management group, and who holds it. actions.json is what
# `shadow-ai permissions azure --json` prints.
terraform {
  required_version = ">= 1.3"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 3.0"
    }
  }
}

variable "management_group" {
  description = "Id of the management group; that of the tenant's root reads all"
  type        = string
}

variable "principal_id" {
  description = "Object id of the service principal or managed identity that the scanner runs as"
  type        = string
}

locals {
  scope   = "/providers/Microsoft.Management/managementGroups/${var.management_group}"
  actions = jsondecode(file("${path.module}/actions.json")).permissions
}

resource "azurerm_role_definition" "shadow_ai_reader" {
  name        = "Shadow AI Reader"
  description = "Reads what the shadow AI scanner lists; no keys, no data, no changes."
  scope       = local.scope

  permissions {
    actions = local.actions
  }

  assignable_scopes = [local.scope]
}

resource "azurerm_role_assignment" "shadow_ai" {
  scope              = local.scope
  role_definition_id = azurerm_role_definition.shadow_ai_reader.role_definition_resource_id
  principal_id       = var.principal_id
}
