terraform {
  required_version = ">= 1.5.0"
}

variable "network_id" {
  type = string
}

variable "replicas" {
  type = number
}

resource "terraform_data" "app" {
  count = var.replicas
  input = { environment = "production", network = var.network_id }
}

output "replicas" {
  value = length(terraform_data.app)
}
