# A topic per job, which ticks and forces it, and one per fact. Everyone may
# subscribe to a fact, so there are also topics that no function listens to.
resource "google_pubsub_topic" "this" {
  for_each = local.topics

  name   = each.key
  labels = { kind = contains(keys(local.jobs), each.key) ? "job" : "fact" }

  depends_on = [terraform_data.apis]
}

# What a function failed to handle again and again, kept as long as Pub/Sub can.
resource "google_pubsub_topic" "dead_letter" {
  name   = "dead-letter"
  labels = { kind = "dead-letter" }

  depends_on = [terraform_data.apis]
}

resource "google_pubsub_subscription" "dead_letter" {
  name                       = "dead-letter"
  topic                      = google_pubsub_topic.dead_letter.name
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "dead_letter" {
  topic  = google_pubsub_topic.dead_letter.name
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent

  depends_on = [terraform_data.pubsub_agent]
}
