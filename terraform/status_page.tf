# Who may reach the status page. It shows itself only to those of them whom
# settings.cfg names in catalog_viewers and catalog_administrators.
locals {
  status_page = one([for name, _ in local.http_functions : name if name != local.machine_provider])
}

resource "google_cloud_run_v2_service_iam_member" "status_page_viewer" {
  for_each = var.status_page_viewers

  location = var.region
  name     = module.function[local.status_page].service
  role     = "roles/run.invoker"
  member   = each.key
}
