terraform {
  required_version = ">= 1.5.0"
}

variable "network_id" {
  type = string
}

variable "endpoint" {
  type = object({ host = string, port = number })
}

variable "node_count" {
  type = number
}

variable "replicas" {
  type    = number
  default = 1
}

locals {
  # As many replicas as were asked for, and no more than there are nodes.
  replicas = min(var.replicas, var.node_count)
}

resource "terraform_data" "deployment" {
  input = {
    cluster  = var.endpoint.host
    network  = var.network_id
    replicas = local.replicas
  }
}

module "file" {
  source  = "../modules/file"
  path    = "${path.root}/../built/service.json"
  content = "${jsonencode({ cluster = var.endpoint, replicas = local.replicas })}\n"
}

output "url" {
  value = "https://service.${var.endpoint.host}:${var.endpoint.port}"
}

output "replicas" {
  value = terraform_data.deployment.output.replicas
}
