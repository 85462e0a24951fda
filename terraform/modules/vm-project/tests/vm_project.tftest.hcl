# A project with VMs, with and without what can be left out.

mock_provider "google" {
  source = "../../tests/mocks"
}

variables {
  project        = "vm-project"
  project_number = "123456789012"
  deployment     = "fleet-two"
  functions = {
    fetch-instances           = { member = "serviceAccount:fetch@fleet-test.iam.gserviceaccount.com", permissions = ["compute.instances.list"], act_as = false }
    create-instance-templates = { member = "serviceAccount:create@fleet-test.iam.gserviceaccount.com", permissions = ["compute.instanceTemplates.create"], act_as = true }
  }
  machine_service_accounts = ["builder@accounts.iam.gserviceaccount.com", "123-compute@developer.gserviceaccount.com"]
  activity_topic           = "projects/fleet-test/topics/vm-activity"
}

run "all" {
  assert {
    condition     = google_project_iam_custom_role.this["create-instance-templates"].role_id == "fleet_two_create_instance_templates"
    error_message = "A role must be called after the deployment and the function."
  }

  assert {
    condition     = google_project_iam_member.this["fetch-instances"].role == "projects/vm-project/roles/fleet_two_fetch_instances"
    error_message = "Each function must have its own role."
  }

  assert {
    condition     = toset([for m in google_service_account_iam_member.function : m.member]) == toset(["serviceAccount:create@fleet-test.iam.gserviceaccount.com"])
    error_message = "Only who creates VMs may attach accounts."
  }

  assert {
    condition = toset([for m in google_service_account_iam_member.function : m.service_account_id]) == toset([
      "projects/accounts/serviceAccounts/builder@accounts.iam.gserviceaccount.com",
      "projects/vm-project/serviceAccounts/123-compute@developer.gserviceaccount.com",
    ])
    error_message = "An account must be looked for in its own project."
  }

  assert {
    condition     = google_project_iam_member.google_apis_agent.member == "serviceAccount:123456789012@cloudservices.gserviceaccount.com"
    error_message = "The Google APIs service agent must be able to create VMs."
  }

  assert {
    condition     = google_pubsub_topic_iam_member.activity[0].project == "fleet-test" && google_pubsub_topic_iam_member.activity[0].topic == "vm-activity"
    error_message = "The sink must be able to publish."
  }
}

run "least" {
  variables {
    machine_service_accounts = []
    activity_topic           = null
  }

  assert {
    condition     = length(google_logging_project_sink.activity) + length(google_service_account_iam_member.function) == 0
    error_message = "The sink and the accounts can be left out."
  }
}
