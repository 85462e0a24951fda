# One function of each kind.

mock_provider "google" {
  source = "../../tests/mocks"
}

variables {
  name = "delete-instances-pending-deletion"
  settings = {
    summary       = "Deletes VMs."
    http          = false
    listens       = ["instances-marked"]
    announces     = ["instances-deleted"]
    firestore     = "user"
    timeout       = 300
    memory        = "512Mi"
    concurrency   = 8
    max_instances = 3
  }
  environment = { PROJECT = "fleet-test" }
  deployment = {
    project           = "fleet-test"
    region            = "us-central1"
    database          = "gce-backend"
    dead_letter_topic = "dead-letter"
    pubsub_agent      = "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"
    source            = { bucket = "source", object = "source.zip" }
    build             = { service_account = "projects/fleet-test/serviceAccounts/build@fleet-test.iam.gserviceaccount.com", repository = "projects/fleet-test/locations/us-central1/repositories/gce-backend" }
  }
}

run "job" {
  assert {
    condition     = google_service_account.this.account_id == "delete-instances-pending-${substr(sha1(var.name), 0, 4)}"
    error_message = "A long name must be cut for the account."
  }

  assert {
    condition     = toset(keys(google_pubsub_subscription.this)) == toset([var.name, "instances-marked"])
    error_message = "Its own topic and each fact must wake it."
  }

  assert {
    condition     = google_pubsub_subscription.this["instances-marked"].push_config[0].push_endpoint == "https://function.example.com/projects/fleet-test/topics/instances-marked"
    error_message = "The path must name the topic."
  }

  assert {
    condition     = google_pubsub_subscription.this["instances-marked"].push_config[0].oidc_token[0].audience == "https://function.example.com"
    error_message = "The token must be for the service, not for the path."
  }

  assert {
    condition     = alltrue([for s in google_pubsub_subscription.this : s.ack_deadline_seconds >= var.settings.timeout])
    error_message = "Every subscription must wait for the function."
  }

  assert {
    condition     = google_pubsub_subscription.this["instances-marked"].dead_letter_policy[0].dead_letter_topic == "projects/fleet-test/topics/dead-letter" && toset(keys(google_pubsub_subscription_iam_member.dead_letter)) == toset(["instances-marked"])
    error_message = "What cannot be done of a fact must be put aside."
  }

  assert {
    condition     = length(google_pubsub_subscription.this[var.name].dead_letter_policy) == 0
    error_message = "A tick is worthless when the next one comes: it must not become a dead letter."
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" && google_cloudfunctions2_function.this.service_config[0].available_cpu == "1"
    error_message = "A job must be internal, and have a whole CPU for requests at the same time."
  }
}

run "one_request_at_a_time" {
  variables {
    settings = {
      summary       = "Deletes VMs."
      http          = false
      listens       = []
      announces     = []
      firestore     = "viewer"
      timeout       = 600
      memory        = "256Mi"
      concurrency   = 1
      max_instances = 1
    }
  }

  assert {
    condition     = google_project_iam_member.firestore.role == "roles/datastore.viewer"
    error_message = "A function that only reads."
  }

  assert {
    condition     = google_pubsub_subscription.this[var.name].ack_deadline_seconds == 600
    error_message = "Pub/Sub waits at most 600 seconds."
  }
}

run "http" {
  variables {
    name = "machine-provider"
    settings = {
      summary       = "Serves an API."
      http          = true
      listens       = []
      announces     = ["leases-changed"]
      firestore     = "user"
      timeout       = 60
      memory        = "512Mi"
      concurrency   = 80
      max_instances = 10
    }
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "An HTTP function must be reachable."
  }

  assert {
    condition     = length(google_pubsub_subscription.this) + length(google_service_account.push) + length(google_cloud_run_v2_service_iam_member.push) == 0
    error_message = "Nothing may be pushed to an HTTP function."
  }
}

run "refuses_a_long_run" {
  command = plan

  variables {
    settings = {
      summary       = "Deletes VMs."
      http          = false
      listens       = []
      announces     = []
      firestore     = "owner"
      timeout       = 601
      memory        = "256Mi"
      concurrency   = 1
      max_instances = 1
    }
  }

  expect_failures = [var.settings]
}
