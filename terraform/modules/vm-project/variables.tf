variable "project" {
  description = "Id of the project that VMs run in."
  type        = string
}

variable "project_number" {
  description = "Number of that project, after which its Google APIs service agent is called. It is not looked up here, so that a plan always knows it."
  type        = string
}

variable "deployment" {
  description = "Name of the deployment; the custom roles are called after it."
  type        = string
}

variable "functions" {
  description = "Who needs what: per function its account as an IAM member, its Compute Engine permissions, and whether it attaches service accounts to VMs."
  type = map(object({
    member      = string
    permissions = list(string)
    act_as      = bool
  }))
}

variable "machine_service_accounts" {
  description = "Emails of the service accounts that VMs in this project run as."
  type        = set(string)
  default     = []
}

variable "activity_topic" {
  description = "Full name of the topic that Compute Engine's audit messages about VMs go to; null: none."
  type        = string
  default     = null
}
