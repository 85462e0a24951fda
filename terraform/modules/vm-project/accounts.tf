# VMs of a group are created by the Google APIs service agent on behalf of the
# function that resized it; both must be allowed to attach the VMs' accounts.
locals {
  google_apis_agent = "serviceAccount:${var.project_number}@cloudservices.gserviceaccount.com"

  # The account of NAME@PROJECT.iam.gserviceaccount.com is in PROJECT; that of a
  # default account is in the VMs' own project.
  account_names = {
    for email in var.machine_service_accounts :
    email => "projects/${try(regex("@([^.]+)\\.iam\\.gserviceaccount\\.com$", email)[0], var.project)}/serviceAccounts/${email}"
  }

  attachers = { for name, f in var.functions : name => f.member if f.act_as }
  attach    = { for pair in setproduct(keys(local.account_names), keys(local.attachers)) : "${pair[0]} ${pair[1]}" => { email = pair[0], function = pair[1] } }
}

resource "google_service_account_iam_member" "function" {
  for_each = local.attach

  service_account_id = local.account_names[each.value.email]
  role               = "roles/iam.serviceAccountUser"
  member             = local.attachers[each.value.function]
}

resource "google_service_account_iam_member" "google_apis_agent" {
  for_each = local.account_names

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = local.google_apis_agent
}

resource "google_project_iam_member" "google_apis_agent" {
  project = var.project
  role    = "roles/compute.instanceAdmin.v1"
  member  = local.google_apis_agent
}
