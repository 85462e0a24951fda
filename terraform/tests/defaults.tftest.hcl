# Applied with nothing but a project.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project        = "fleet-test"
  settle_seconds = 0
}

run "applies" {
  assert {
    condition     = length(module.function) == length(local.manifest.functions)
    error_message = "There must be a function for each entry of functions.yaml."
  }

  assert {
    condition     = output.machine_provider_url == "https://machine-provider-123456789012.us-central1.run.app"
    error_message = "Machines must be added to the Machine Provider that is deployed here."
  }

  assert {
    condition     = local.environment["machine-provider"].FUNCTION_URL == local.environment["catalog-instances"].MACHINE_PROVIDER_URL
    error_message = "The Machine Provider must know the address that tokens are for."
  }

  assert {
    condition     = local.environment["status-page"].FUNCTION_URL == "https://status-page-123456789012.us-central1.run.app"
    error_message = "The status page must know the address that tokens are for."
  }

  assert {
    condition     = output.config_source == "gs://fleet-test-gce-backend-config/config"
    error_message = "Configuration must come from the bucket that is made here."
  }

  assert {
    condition     = google_storage_notification.config.object_name_prefix == "config/" && google_storage_notification.config.topic == "projects/fleet-test/topics/config-uploaded"
    error_message = "An upload of configuration must be told to config-uploaded."
  }

  assert {
    condition     = google_firebaserules_release.firestore.name == "cloud.firestore/gce-backend" && google_firebaserules_release.firestore.ruleset_name == "projects/fleet-test/rulesets/ruleset"
    error_message = "The rules must be released for the database that is made here."
  }

  assert {
    condition     = google_firestore_database.this.deletion_policy == "ABANDON" && google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database must outlive terraform destroy."
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_backup_schedule.daily[0].retention == "604800s"
    error_message = "What was deleted by mistake must be had again."
  }

  assert {
    condition     = length(google_firestore_database.this.cmek_config) == 0
    error_message = "Another key must be asked for."
  }

  assert {
    condition     = output.before_destroy == "terraform state rm google_firestore_index.this google_firestore_field.group google_firestore_field.ttl google_firestore_field.unindexed"
    error_message = "The database that is left must be able to keep its indexes."
  }

  assert {
    condition     = length(google_project_iam_member.shared) == 0
    error_message = "Other projects' images and networks must be asked for."
  }

  assert {
    condition     = length(output.kept_on_destroy) == 2
    error_message = "terraform destroy must say what it leaves behind."
  }

  assert {
    condition     = output.publish["import-config"] == "gcloud pubsub topics publish import-config --project=fleet-test --message='{}'"
    error_message = "There must be a command that runs a job now."
  }

  assert {
    condition     = output.dashboard == "https://console.cloud.google.com/monitoring/dashboards/builder/dashboard?project=fleet-test"
    error_message = "There must be a link to the dashboard."
  }

  assert {
    condition     = google_storage_bucket_object.source.name == "${local.source_hash}.zip"
    error_message = "The source must be called after its content."
  }

  assert {
    condition     = !anytrue([for f in local.source_files : endswith(f, "_test.go") || strcontains(f, "testdata/") || startswith(f, "scripts/")])
    error_message = "Only what is deployed may be in the source."
  }

  assert {
    condition     = length(google_pubsub_subscription.history) == 0
    error_message = "The history in BigQuery must be asked for."
  }
}
