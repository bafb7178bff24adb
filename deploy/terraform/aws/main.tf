# A role that the scanner reads one account as. policies.json is what
# `shadow-ai permissions aws --split` prints. For all accounts of an organization:
# `shadow-ai permissions aws --stackset`.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "trusted_principal" {
  description = "ARN of the role or user that the scanner runs as"
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/.+)$", var.trusted_principal))
    error_message = "An ARN of an account's root, a role or a user."
  }
}

variable "external_id" {
  description = "External id that the scanner sends; empty: none is asked for"
  type        = string
  default     = ""
}

variable "role_name" {
  type    = string
  default = "ShadowAIReadOnly"
}

locals {
  policies = jsondecode(file("${path.module}/policies.json"))
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.trusted_principal]
    }

    dynamic "condition" {
      for_each = var.external_id == "" ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "shadow_ai" {
  name                 = var.role_name
  description          = "The shadow AI scanner reads this account. It can write nothing."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 14400
}

resource "aws_iam_policy" "shadow_ai" {
  count       = length(local.policies)
  name        = "${var.role_name}-${count.index + 1}"
  description = "Read-only calls of the shadow AI scanner"
  policy      = jsonencode(local.policies[count.index])
}

resource "aws_iam_role_policy_attachment" "shadow_ai" {
  count      = length(local.policies)
  role       = aws_iam_role.shadow_ai.name
  policy_arn = aws_iam_policy.shadow_ai[count.index].arn
}

output "role_arn" {
  value = aws_iam_role.shadow_ai.arn
}
