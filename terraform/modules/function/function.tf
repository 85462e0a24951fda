resource "google_cloudfunctions2_function" "this" {
  name        = var.name
  location    = var.deployment.region
  description = var.settings.summary
  labels      = { job = var.name }

  build_config {
    runtime           = "go126"
    entry_point       = var.name
    service_account   = var.deployment.build.service_account
    docker_repository = var.deployment.build.repository

    # Without Cloud Storage's gRPC client, which nothing here uses, and without
    # what only a debugger reads, the binary is half as large.
    environment_variables = {
      GOFLAGS          = "-tags=disable_grpc_modules"
      GOOGLE_GOLDFLAGS = "-s -w"
    }

    source {
      storage_source {
        bucket = var.deployment.source.bucket
        object = var.deployment.source.object
      }
    }
  }

  service_config {
    # More than one request at a time needs a whole CPU.
    available_cpu                    = var.settings.concurrency > 1 ? "1" : null
    available_memory                 = var.settings.memory
    timeout_seconds                  = var.settings.timeout
    max_instance_count               = var.settings.max_instances
    max_instance_request_concurrency = var.settings.concurrency
    service_account_email            = google_service_account.this.email
    ingress_settings                 = var.settings.http ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    environment_variables            = var.environment
  }

  # The first run must find its rights.
  depends_on = [google_project_iam_member.firestore, google_pubsub_topic_iam_member.announces]
}
