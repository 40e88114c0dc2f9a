terraform {
  required_version = ">= 1.5.0"
}

resource "terraform_data" "network" {
  input = { environment = "production", address_range = "10.40.0.0/16" }
}

output "network_id" {
  value = "net-${substr(terraform_data.network.id, 0, 8)}"
}
