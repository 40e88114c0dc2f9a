terraform {
  required_version = ">= 1.5.0"
}

variable "network_id" {
  type = string
}

variable "address_range" {
  type = string
}

variable "zones" {
  type    = list(string)
  default = ["a", "b", "c"]
}

resource "terraform_data" "subnet" {
  for_each = { for index, zone in var.zones : zone => cidrsubnet(var.address_range, 4, index) }

  input = {
    network_id    = var.network_id
    zone          = each.key
    address_range = each.value
  }
}

output "subnet_ids" {
  value = [for zone in var.zones : "subnet-${zone}-${substr(terraform_data.subnet[zone].id, 0, 8)}"]
}

output "ranges" {
  value = { for zone, subnet in terraform_data.subnet : zone => subnet.output.address_range }
}
