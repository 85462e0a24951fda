# Applied with every option.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project        = "fleet-test"
  region         = "europe-west1"
  deployment     = "fleet-two"
  settle_seconds = 0

  firestore_database = "(default)"
  firestore_location = "eur3"
  delete_data        = true
  bigquery_history   = true

  config_source  = "luci-config://config.example.com/services/fleet"
  config_writers = ["group:admins@example.com"]

  schedules = {
    import-config     = { schedule = "*/30 * * * *" }
    fetch-instances   = { schedule = "*/2 * * * *" }
    catalog-instances = { paused = true }
  }

  machine_service_accounts = ["builder@fleet-test.iam.gserviceaccount.com"]
  vm_projects = {
    other-project = { machine_service_accounts = ["123-compute@developer.gserviceaccount.com", "builder@other-project.iam.gserviceaccount.com"] }
    third-project = {}
  }

  point_in_time_recovery = false
  backup_days            = 0
  firestore_kms_key      = "projects/fleet-keys/locations/eur3/keyRings/ring/cryptoKeys/key"

  image_projects   = ["image-project"]
  network_projects = ["image-project", "host-project"]

  machine_provider_url      = "https://machines.example.com"
  machine_provider_invokers = ["group:ci@example.com", "domain:example.com"]
  notification_channels     = ["projects/fleet-test/notificationChannels/1"]
  lease_wait_seconds        = 120
}

run "applies" {
  assert {
    condition     = google_firebaserules_release.firestore.name == "cloud.firestore"
    error_message = "The default database has rules of another name."
  }

  assert {
    condition     = google_firestore_database.this.deletion_policy == "DELETE" && google_storage_bucket.config.force_destroy && length(output.kept_on_destroy) == 0
    error_message = "With delete_data, terraform destroy must leave nothing."
  }

  assert {
    condition     = output.before_destroy == null
    error_message = "With delete_data, the indexes go with the database."
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED" && length(google_firestore_backup_schedule.daily) == 0
    error_message = "Recovery and backups can be left out."
  }

  assert {
    condition     = google_firestore_database.this.cmek_config[0].kms_key_name == var.firestore_kms_key
    error_message = "The database must be encrypted with the key that was named."
  }

  # The mocked projects have one number, and so one agent; there are three.
  assert {
    condition = toset(keys(google_project_iam_member.shared)) == toset(flatten([
      for key in ["image-project image", "image-project network", "host-project network"] : [
        for who in ["create-instance-templates", "resize-instance-groups", "google-apis fleet-test", "google-apis other-project", "google-apis third-project"] : "${key} ${who}"
      ]
    ]))
    error_message = "Those who name images and subnetworks, and those who make VMs of them, must be able to use them."
  }

  assert {
    condition = alltrue([
      for key, g in google_project_iam_member.shared :
      g.project == split(" ", key)[0] && g.role == (split(" ", key)[1] == "image" ? "roles/compute.imageUser" : "roles/compute.networkUser")
    ])
    error_message = "Images need the one role, subnetworks the other."
  }

  assert {
    condition = alltrue([
      for key, g in google_project_iam_member.shared :
      g.member == (split(" ", key)[2] == "google-apis" ? "serviceAccount:123456789012@cloudservices.gserviceaccount.com" : module.function[split(" ", key)[2]].member)
    ])
    error_message = "Each must be granted to whom it is named after."
  }

  assert {
    condition     = local.environment["import-config"].CONFIG_SOURCE == "luci-config://config.example.com/services/fleet"
    error_message = "import-config must be told where its configuration is."
  }

  assert {
    condition     = output.machine_provider_url == "https://machines.example.com"
    error_message = "Machines must be added to the Machine Provider that was named."
  }

  assert {
    condition     = local.environment["machine-provider"].FUNCTION_URL == "https://machine-provider-123456789012.europe-west1.run.app"
    error_message = "The Machine Provider that is deployed here keeps its own address."
  }

  assert {
    condition     = google_cloud_scheduler_job.tick["import-config"].schedule == "*/30 * * * *" && google_cloud_scheduler_job.tick["fetch-instances"].schedule == "*/2 * * * *"
    error_message = "A schedule can be overridden."
  }

  assert {
    condition     = google_cloud_scheduler_job.tick["catalog-instances"].paused && google_cloud_scheduler_job.tick["catalog-instances"].schedule == "* * * * *"
    error_message = "A tick can be paused."
  }

  assert {
    condition     = contains(local.watched_jobs, "fetch-instances") && !contains(local.watched_jobs, "import-config") && !contains(local.watched_jobs, "catalog-instances")
    error_message = "A job that is not ticked in five minutes, or is paused, must not raise an alert."
  }

  assert {
    condition     = toset(keys(module.vm_project)) == toset(["fleet-test", "other-project", "third-project"])
    error_message = "Every project with VMs must have its grants."
  }

  assert {
    condition     = length(google_pubsub_subscription.history) == length(local.facts) + 1
    error_message = "Every fact, and machines' events, must go to BigQuery."
  }

  assert {
    condition     = google_pubsub_subscription.history["machine-events"].bigquery_config[0].table == "fleet-test.fleet_two_history.machine_events"
    error_message = "Machines' events must go to their table."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.machine_provider_client) == 2
    error_message = "Those who lease machines must be able to call the Machine Provider."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["lease-wait"].conditions[0].condition_prometheus_query_language[0].query, "> 120")
    error_message = "The bound on the wait for a lease must reach its alert."
  }
}
