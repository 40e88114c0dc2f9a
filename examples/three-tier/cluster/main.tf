terraform {
  required_version = ">= 1.5.0"
}

variable "network_id" {
  type = string
}

variable "subnet_ids" {
  type = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A cluster needs at least two subnets."
  }
}

variable "node_count" {
  type    = number
  default = 3
}

resource "terraform_data" "control_plane" {
  input = {
    network_id = var.network_id
    subnet_ids = var.subnet_ids
  }
}

resource "terraform_data" "node" {
  count = var.node_count
  input = var.subnet_ids[count.index % length(var.subnet_ids)]
}

output "endpoint" {
  value = {
    host = "cluster-${substr(terraform_data.control_plane.id, 0, 8)}.example.test"
    port = 6443
  }
}

output "node_count" {
  value = length(terraform_data.node)
}

output "admin_token" {
  value     = sha256(terraform_data.control_plane.id)
  sensitive = true
}
