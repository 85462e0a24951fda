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

locals {
  vm_functions = {
    for name, f in local.jobs : name => {
      member      = module.function[name].member
      permissions = f.compute
      act_as      = f.act_as
    } if length(f.compute) > 0
  }
}
