# The bucket that configuration is pushed to. An upload wakes import-config.
resource "google_storage_bucket" "config" {
  name                        = "${var.project}-gce-backend-config"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.delete_data

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 100
      with_state         = "ARCHIVED"
    }
  }

  depends_on = [terraform_data.apis]
}

locals {
  config_prefix = "config"
  config_url    = "gs://${google_storage_bucket.config.name}/${local.config_prefix}"
  config_source = var.config_source == "" ? local.config_url : var.config_source
}

resource "google_storage_bucket_iam_member" "config_reader" {
  for_each = { for name, f in local.jobs : name => f if f.config_bucket }

  bucket = google_storage_bucket.config.name
  role   = "roles/storage.objectViewer"
  member = module.function[each.key].member
}

resource "google_storage_bucket_iam_member" "config_writer" {
  for_each = var.config_writers

  bucket = google_storage_bucket.config.name
  role   = "roles/storage.objectUser"
  member = each.key
}

# Asking for Cloud Storage's service agent is what creates it.
data "google_storage_project_service_account" "this" {
  project = var.project

  depends_on = [terraform_data.apis]
}

resource "google_pubsub_topic_iam_member" "config_uploaded" {
  topic  = google_pubsub_topic.this["config-uploaded"].name
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

resource "google_storage_notification" "config" {
  bucket             = google_storage_bucket.config.name
  topic              = "projects/${var.project}/topics/${google_pubsub_topic.this["config-uploaded"].name}"
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "${local.config_prefix}/"

  depends_on = [google_pubsub_topic_iam_member.config_uploaded]
}
