# The addresses of the functions that serve HTTP, and who may call the Machine
# Provider. They check Google's ID tokens themselves as well, so each must be told
# the address that its tokens are for. That is why this is not read from the
# function: Cloud Run gives every service the address of this form, beside the one
# that it makes up.
locals {
  http_url             = { for name, _ in local.http_functions : name => "https://${name}-${data.google_project.this[var.project].number}.${var.region}.run.app" }
  machine_provider_url = var.machine_provider_url == "" ? local.http_url[local.machine_provider] : var.machine_provider_url
  # Of the functions that serve HTTP, the one that tells of leases.
  machine_provider = one([for name, f in local.http_functions : name if contains(f.announces, "leases-changed")])
}

resource "google_cloud_run_v2_service_iam_member" "machine_provider_backend" {
  for_each = { for name, f in local.jobs : name => f if f.machine_provider }

  location = var.region
  name     = module.function[local.machine_provider].service
  role     = "roles/run.invoker"
  member   = module.function[each.key].member
}

resource "google_cloud_run_v2_service_iam_member" "machine_provider_client" {
  for_each = var.machine_provider_invokers

  location = var.region
  name     = module.function[local.machine_provider].service
  role     = "roles/run.invoker"
  member   = each.key
}
