# Builds run as an account of their own: in newer projects the default accounts
# may not build.
resource "google_service_account" "build" {
  account_id   = "functions-build"
  display_name = "Builds the functions"

  depends_on = [terraform_data.apis]
}

resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Cloud Functions copies the source to a bucket of its own, which does not exist
# before the first build, so the role is given on the project for these names.
resource "google_project_iam_member" "build_source" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "sources_of_functions"
    expression = join(" || ", [for prefix in ["gcf-v2-sources-", google_storage_bucket.source.name] : "resource.name.startsWith(\"projects/_/buckets/${prefix}\")"])
  }
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_artifact_registry_repository" "functions" {
  repository_id          = "gce-backend"
  location               = var.region
  format                 = "DOCKER"
  description            = "Images of the functions."
  cleanup_policy_dry_run = false

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "2592000s"
    }
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  depends_on = [terraform_data.apis]
}

# Grants are not seen everywhere at once.
resource "terraform_data" "build_grants" {
  triggers_replace = [
    google_project_iam_member.build_logs.id,
    google_project_iam_member.build_source.id,
    google_artifact_registry_repository_iam_member.build.id,
  ]

  provisioner "local-exec" {
    command = "sleep ${var.settle_seconds}"
  }
}
