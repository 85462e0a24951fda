# A push subscription for its own topic and for each fact that it listens to.
locals {
  topics = toset(var.settings.http ? [] : concat([var.name], var.settings.listens))
  facts  = setsubtract(local.topics, [var.name])
}

resource "google_pubsub_subscription" "this" {
  for_each = local.topics

  name  = "${var.name}.${each.key}"
  topic = each.key

  # The deadline is how long Pub/Sub waits for the answer to a push; an instance
  # that must be started first takes some of it.
  ack_deadline_seconds = min(600, var.settings.timeout + 30)

  # The next tick makes the one before worthless, the next sweep a fact.
  message_retention_duration = each.key == var.name ? "600s" : "3600s"

  push_config {
    # The functions framework reads the event's source out of the path.
    push_endpoint = "${google_cloudfunctions2_function.this.service_config[0].uri}/projects/${var.deployment.project}/topics/${each.key}"

    oidc_token {
      service_account_email = google_service_account.push[0].email
      audience              = google_cloudfunctions2_function.this.service_config[0].uri
    }
  }

  # A tick is tried again until it is too old to be kept, less and less often: the
  # next ones come meanwhile. Of a fact nobody says again what it says.
  retry_policy {
    minimum_backoff = "5s"
    maximum_backoff = each.key == var.name ? "600s" : "60s"
  }

  dynamic "dead_letter_policy" {
    for_each = contains(local.facts, each.key) ? [1] : []

    content {
      dead_letter_topic     = "projects/${var.deployment.project}/topics/${var.deployment.dead_letter_topic}"
      max_delivery_attempts = 5
    }
  }

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub takes what it moves to the dead-letter topic off the subscription.
resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each = local.facts

  project      = var.deployment.project
  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = var.deployment.pubsub_agent
}

# ---- Whom the messages are pushed as ----

# An account per function, so that no subscription can call another function.
resource "google_service_account" "push" {
  count = var.settings.http ? 0 : 1

  account_id   = "push-${substr(sha1(var.name), 0, 8)}"
  display_name = "Pushes to ${var.name}"
}

resource "google_cloud_run_v2_service_iam_member" "push" {
  count = var.settings.http ? 0 : 1

  project  = var.deployment.project
  location = var.deployment.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = google_service_account.push[0].member
}

# Projects from before April 2021 do not give Pub/Sub this by themselves.
resource "google_service_account_iam_member" "push" {
  count = var.settings.http ? 0 : 1

  service_account_id = "projects/${var.deployment.project}/serviceAccounts/${google_service_account.push[0].email}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = var.deployment.pubsub_agent
}
