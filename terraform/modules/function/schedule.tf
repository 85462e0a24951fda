# A tick that Pub/Sub did not take is not tried again: the next one comes soon.
resource "google_cloud_scheduler_job" "tick" {
  count = var.schedule == null ? 0 : 1

  name        = var.name
  region      = var.deployment.region
  description = "Ticks ${var.name}."
  schedule    = var.schedule
  time_zone   = "Etc/UTC"
  paused      = var.paused

  pubsub_target {
    topic_name = "projects/${var.deployment.project}/topics/${var.name}"
    data       = base64encode("{}")
  }

  # Nothing should tick before there is who listens.
  depends_on = [google_pubsub_subscription.this]
}
