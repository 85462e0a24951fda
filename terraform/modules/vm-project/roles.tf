resource "google_project_iam_custom_role" "this" {
  for_each = var.functions

  project     = var.project
  role_id     = replace("${var.deployment}_${each.key}", "-", "_")
  title       = "${var.deployment}: ${each.key}"
  description = "What ${each.key} calls in Compute Engine."
  permissions = each.value.permissions
}

resource "google_project_iam_member" "this" {
  for_each = var.functions

  project = var.project
  role    = "projects/${var.project}/roles/${google_project_iam_custom_role.this[each.key].role_id}"
  member  = each.value.member
}
