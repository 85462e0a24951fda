# Optional: every fact, and every event in a machine's life, in BigQuery.
locals {
  history_tables = var.bigquery_history ? toset(["facts", "machine_events"]) : toset([])

  # The topic of each subscription that writes to a table.
  history_topics = var.bigquery_history ? merge(
    { for fact in local.facts : fact => "facts" },
    { (google_pubsub_topic.machine_events[0].name) = "machine_events" },
  ) : {}
}

resource "google_pubsub_topic" "machine_events" {
  count = var.bigquery_history ? 1 : 0

  name   = "machine-events"
  labels = { kind = "history" }

  depends_on = [terraform_data.apis]
}

resource "google_logging_project_sink" "machine_events" {
  count = var.bigquery_history ? 1 : 0

  name                   = "${var.deployment}-machine-events"
  description            = "Machines' life events, to BigQuery by way of Pub/Sub."
  destination            = "pubsub.googleapis.com/projects/${var.project}/topics/${google_pubsub_topic.machine_events[0].name}"
  unique_writer_identity = true
  filter                 = google_logging_metric.this["machine_events"].filter
}

resource "google_pubsub_topic_iam_member" "machine_events" {
  count = var.bigquery_history ? 1 : 0

  topic  = google_pubsub_topic.machine_events[0].name
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.machine_events[0].writer_identity
}

resource "google_bigquery_dataset" "history" {
  count = var.bigquery_history ? 1 : 0

  dataset_id                 = replace("${var.deployment}_history", "-", "_")
  location                   = var.region
  description                = "Facts and machines' life events of GCE Backend."
  delete_contents_on_destroy = var.delete_data

  depends_on = [terraform_data.apis]
}

# The form that a subscription with write_metadata wants.
resource "google_bigquery_table" "history" {
  for_each = local.history_tables

  dataset_id          = google_bigquery_dataset.history[0].dataset_id
  table_id            = each.key
  deletion_protection = !var.delete_data

  schema = jsonencode([
    { name = "subscription_name", type = "STRING", mode = "NULLABLE" },
    { name = "message_id", type = "STRING", mode = "NULLABLE" },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE" },
    { name = "data", type = "STRING", mode = "NULLABLE" },
    { name = "attributes", type = "STRING", mode = "NULLABLE" },
  ])

  time_partitioning {
    type  = "DAY"
    field = "publish_time"
  }
}

resource "google_bigquery_dataset_iam_member" "history" {
  for_each = var.bigquery_history ? toset(["roles/bigquery.dataEditor", "roles/bigquery.metadataViewer"]) : toset([])

  dataset_id = google_bigquery_dataset.history[0].dataset_id
  role       = each.key
  member     = local.pubsub_agent

  depends_on = [terraform_data.pubsub_agent]
}

resource "google_pubsub_subscription" "history" {
  for_each = local.history_topics

  name  = "history.${each.key}"
  topic = each.key

  bigquery_config {
    table          = "${var.project}.${google_bigquery_dataset.history[0].dataset_id}.${google_bigquery_table.history[each.value].table_id}"
    write_metadata = true
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_bigquery_dataset_iam_member.history, google_pubsub_topic.this]
}
