# The account that the function runs as.
resource "google_service_account" "this" {
  account_id   = local.account_id
  display_name = var.name
  description  = substr(var.settings.summary, 0, 256)
}

locals {
  # An account's id has at most 30 characters; some names have more.
  account_id = length(var.name) <= 30 ? var.name : "${trimsuffix(substr(var.name, 0, 25), "-")}-${substr(sha1(var.name), 0, 4)}"
}

resource "google_project_iam_member" "firestore" {
  project = var.deployment.project
  role    = "roles/datastore.${var.settings.firestore}"
  member  = google_service_account.this.member

  condition {
    title      = "database_${replace(trim(var.deployment.database, "()"), "-", "_")}"
    expression = "resource.name == \"projects/${var.deployment.project}/databases/${var.deployment.database}\""
  }
}

resource "google_pubsub_topic_iam_member" "announces" {
  for_each = toset(var.settings.announces)

  project = var.deployment.project
  topic   = each.key
  role    = "roles/pubsub.publisher"
  member  = google_service_account.this.member
}
