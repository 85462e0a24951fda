resource "google_project_service" "this" {
  for_each = toset(concat([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "storage.googleapis.com",
  ], var.bigquery_history ? ["bigquery.googleapis.com"] : []))

  service            = each.value
  disable_on_destroy = false
}

# What is enabled is not seen everywhere at once. Nothing here ever changes, so
# the data sources that depend on it are read late only by the first apply.
resource "terraform_data" "apis" {
  provisioner "local-exec" {
    command = "sleep ${var.settle_seconds}"
  }

  depends_on = [google_project_service.this]
}

data "google_project" "this" {
  for_each = setunion([var.project], keys(var.vm_projects))

  project_id = each.key

  depends_on = [terraform_data.apis]
}

# Pub/Sub's service agent comes to be when Pub/Sub first needs it, and nothing can
# be granted to it before. The provider has no resource that makes it, and a token
# to ask for it oneself would stay in the state.
resource "terraform_data" "pubsub_agent" {
  provisioner "local-exec" {
    command = var.settle_seconds == 0 ? "true" : join(" || ", [
      "gcloud beta services identity create --quiet --service=pubsub.googleapis.com --project=${var.project}",
      "echo 'The service agent of Pub/Sub was not asked for. Where a grant to it fails, see docs/first-apply.md.'",
    ])
  }

  depends_on = [terraform_data.apis]
}

locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this[var.project].number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
