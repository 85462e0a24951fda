# Compute Engine's audit messages about VMs that were created, deleted, preempted
# or repaired; the last message of each operation.
resource "google_logging_project_sink" "activity" {
  count = var.activity_topic == null ? 0 : 1

  project                = var.project
  name                   = "${var.deployment}-vm-activity"
  description            = "Tells fetch-instances of VMs that came and went."
  destination            = "pubsub.googleapis.com/${var.activity_topic}"
  unique_writer_identity = true

  filter = <<-EOT
    logName=("projects/${var.project}/logs/cloudaudit.googleapis.com%2Factivity" OR "projects/${var.project}/logs/cloudaudit.googleapis.com%2Fsystem_event")
    resource.type="gce_instance"
    operation.last=true
    protoPayload.methodName=~"compute\.instances\.(insert|bulkInsert|delete|preempted|hostError|guestTerminate|stop|repair\.recreateInstance)$"
  EOT
}

resource "google_pubsub_topic_iam_member" "activity" {
  count = var.activity_topic == null ? 0 : 1

  project = split("/", var.activity_topic)[1]
  topic   = split("/", var.activity_topic)[3]
  role    = "roles/pubsub.publisher"
  member  = google_logging_project_sink.activity[0].writer_identity
}
