variable "name" {
  description = "Name of the function, its entry point and its topic."
  type        = string
}

variable "settings" {
  description = "Its entry in functions.yaml, with defaults filled in."
  type = object({
    summary       = string
    http          = bool
    listens       = list(string)
    announces     = list(string)
    firestore     = string
    timeout       = number
    memory        = string
    concurrency   = number
    max_instances = number
  })

  validation {
    condition     = contains(["user", "viewer"], var.settings.firestore)
    error_message = "The role on the database is user or viewer."
  }

  validation {
    condition     = var.settings.http || var.settings.timeout <= 600
    error_message = "A function that messages wake has at most 600 seconds: Pub/Sub waits no longer for a push."
  }
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "deployment" {
  description = "What all functions share."
  type = object({
    project           = string
    region            = string
    database          = string
    dead_letter_topic = string
    pubsub_agent      = string
    source            = object({ bucket = string, object = string })
    build             = object({ service_account = string, repository = string })
  })
}
