# A file, kept as it should be. It stands for what a provider would make in a cloud, drift included: changed or deleted
# by hand, it is written anew by the next apply, and the next plan shows that.
#
# Terraform's core reads the file while it plans. `version` names one writing of the file: it stays the same as long as
# the file is as wanted, and is a new one as soon as it is not, so that `triggers_replace` replaces the resource.

variable "path" {
  type = string
}

variable "content" {
  type = string
}

locals {
  stamp   = "${path.root}/.written-${basename(var.path)}"
  found   = fileexists(var.path) ? filemd5(var.path) : "missing"
  written = fileexists(local.stamp) ? file(local.stamp) : "never"
  version = local.found == md5(var.content) ? local.written : md5("${local.written} ${local.found}")
}

resource "terraform_data" "file" {
  input            = { path = var.path, content = var.content }
  triggers_replace = local.version

  provisioner "local-exec" {
    # Everything goes through the environment, nothing into the command's text.
    command = "mkdir -p \"$(dirname \"$FILE\")\" && printf %s \"$CONTENT\" > \"$FILE\" && printf %s \"$VERSION\" > \"$STAMP\""
    environment = {
      FILE    = var.path
      CONTENT = var.content
      STAMP   = local.stamp
      VERSION = local.version
    }
  }
}

output "path" {
  value = terraform_data.file.output.path
}
