# Who may call the Machine Provider. It checks Google's ID tokens itself as well.
locals {
  machine_provider     = module.http_function["machine-provider"]
  machine_provider_url = var.machine_provider_url == "" ? local.machine_provider.uri : var.machine_provider_url
}

resource "google_cloud_run_v2_service_iam_member" "machine_provider_backend" {
  for_each = { for name, f in local.jobs : name => f if f.machine_provider }

  location = var.region
  name     = local.machine_provider.service
  role     = "roles/run.invoker"
  member   = module.function[each.key].member
}

resource "google_cloud_run_v2_service_iam_member" "machine_provider_client" {
  for_each = var.machine_provider_invokers

  location = var.region
  name     = local.machine_provider.service
  role     = "roles/run.invoker"
  member   = each.key
}
