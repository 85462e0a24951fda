# What the functions may do where VMs run: in this project, and in others.
module "vm_project" {
  source   = "./modules/vm-project"
  for_each = merge({ (var.project) = { machine_service_accounts = var.machine_service_accounts } }, var.vm_projects)

  project                  = each.key
  project_number           = data.google_project.this[each.key].number
  deployment               = var.deployment
  functions                = local.vm_functions
  machine_service_accounts = each.value.machine_service_accounts
  activity_topic           = "projects/${var.project}/topics/${google_pubsub_topic.this["vm-activity"].name}"

  depends_on = [terraform_data.apis]
}

# Images and subnetworks that other projects share. Whoever makes a template or a
# VM of them needs the role there: the functions that name them, and the Google
# APIs service agent of each project with VMs, which makes the VMs of a group.
locals {
  shared_roles = merge(
    { for project in var.image_projects : "${project} image" => { project = project, role = "roles/compute.imageUser", permission = "compute.images.useReadOnly" } },
    { for project in var.network_projects : "${project} network" => { project = project, role = "roles/compute.networkUser", permission = "compute.subnetworks.use" } },
  )
  shared_grants = merge(flatten([
    for key, r in local.shared_roles : [
      { for name, f in local.vm_functions : "${key} ${name}" => merge(r, { member = f.member }) if contains(f.permissions, r.permission) },
      { for project, p in data.google_project.this : "${key} google-apis ${project}" => merge(r, { member = "serviceAccount:${p.number}@cloudservices.gserviceaccount.com" }) },
    ]
  ])...)
}

resource "google_project_iam_member" "shared" {
  for_each = local.shared_grants

  project = each.value.project
  role    = each.value.role
  member  = each.value.member
}

locals {
  vm_functions = {
    for name, f in local.jobs : name => {
      member      = module.function[name].member
      permissions = f.compute
      act_as      = f.act_as
    } if length(f.compute) > 0
  }
}
