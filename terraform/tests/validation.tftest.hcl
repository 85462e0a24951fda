# What is refused before anything is made: all at once, because a plan takes its
# time.

mock_provider "google" {
  source = "./tests/mocks"
}

run "refuses" {
  command = plan

  variables {
    project                     = "X"
    region                      = "us-central1-a"
    deployment                  = "Fleet"
    firestore_database          = "(other)"
    config_source               = "https://example.com"
    config_writers              = ["allAuthenticatedUsers"]
    schedules                   = { machine-provider = { paused = true } }
    settle_seconds              = -1
    backup_days                 = 99
    firestore_kms_key           = "key"
    compute_requests_per_minute = 1
    machine_service_accounts    = ["serviceAccount:builder@fleet-test.iam.gserviceaccount.com"]
    machine_provider_url        = "http://machines.example.com"
    machine_provider_invokers   = ["allUsers"]
    notification_channels       = ["admins@example.com"]
    lease_wait_seconds          = 1
  }

  expect_failures = [
    var.project,
    var.region,
    var.deployment,
    var.firestore_database,
    var.config_source,
    var.config_writers,
    var.schedules,
    var.settle_seconds,
    var.backup_days,
    var.firestore_kms_key,
    var.compute_requests_per_minute,
    var.machine_service_accounts,
    var.machine_provider_url,
    var.machine_provider_invokers,
    var.notification_channels,
    var.lease_wait_seconds,
  ]
}

run "refuses_the_project_twice" {
  command = plan

  variables {
    project          = "fleet-test"
    vm_projects      = { fleet-test = {} }
    image_projects   = ["fleet-test"]
    network_projects = ["fleet-test"]
  }

  expect_failures = [var.vm_projects, var.image_projects, var.network_projects]
}

run "refuses_names_of_other_kinds" {
  command = plan

  variables {
    project          = "fleet-test"
    image_projects   = ["projects/other-project"]
    network_projects = ["Other"]
  }

  expect_failures = [var.image_projects, var.network_projects]
}
