# A role and an account that the scanner reads an organization as. permissions.json is what
# `shadow-ai permissions gcp --json` prints.
terraform {
  required_version = ">= 1.3"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}

variable "organization" {
  description = "Number of the organization"
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.organization))
    error_message = "The number alone, without organizations/."
  }
}

variable "project" {
  description = "Project that the scanner's service account is made in, and whose quota is used"
  type        = string
}

locals {
  permissions = jsondecode(file("${path.module}/permissions.json")).permissions
}

resource "google_organization_iam_custom_role" "shadow_ai_reader" {
  org_id      = var.organization
  role_id     = "shadowAiReader"
  title       = "Shadow AI Reader"
  description = "Reads what the shadow AI scanner lists; no keys, no data, no changes."
  permissions = local.permissions
}

resource "google_service_account" "shadow_ai" {
  project      = var.project
  account_id   = "shadow-ai-scanner"
  display_name = "Shadow AI scanner"
}

resource "google_organization_iam_member" "shadow_ai" {
  org_id = var.organization
  role   = google_organization_iam_custom_role.shadow_ai_reader.name
  member = google_service_account.shadow_ai.member
}

resource "google_project_iam_member" "quota" {
  project = var.project
  role    = "roles/serviceusage.serviceUsageConsumer"
  member  = google_service_account.shadow_ai.member
}

output "service_account" {
  value = google_service_account.shadow_ai.email
}
