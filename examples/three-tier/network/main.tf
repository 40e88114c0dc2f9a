terraform {
  required_version = ">= 1.5.0"
}

variable "name" {
  type = string
}

variable "address_range" {
  type = string

  validation {
    condition     = can(cidrhost(var.address_range, 1))
    error_message = "address_range must be an address range such as 10.20.0.0/16."
  }
}

resource "terraform_data" "network" {
  input = {
    name          = var.name
    address_range = var.address_range
  }
}

module "file" {
  source  = "../modules/file"
  path    = "${path.root}/../built/network.json"
  content = "${jsonencode({ name = var.name, address_range = var.address_range })}\n"
}

output "network_id" {
  value = "net-${substr(terraform_data.network.id, 0, 8)}"
}

output "address_range" {
  value = terraform_data.network.output.address_range
}
