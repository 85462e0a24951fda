variable "project" {
  description = "Id of the Google Cloud project to deploy to."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, starts with a letter and does not end with a hyphen."
  }
}

variable "region" {
  description = "Region of the functions, the scheduler, the buckets and, unless firestore_location says otherwise, the database. The VMs' zones stand in managers.cfg and may be anywhere."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region looks like us-central1."
  }
}

variable "deployment" {
  description = "Name of this deployment. With the project before it, PROJECT--DEPLOYMENT, it is the value of the label gce-backend on the instance templates, groups and VMs that it owns. Custom roles and log sinks in the projects with VMs are called after the name alone: two deployments with VMs in one project need different names."
  type        = string
  default     = "gce-backend"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", var.deployment))
    error_message = "A deployment's name has up to 30 lower-case letters, digits and hyphens, starts with a letter and does not end with a hyphen: it goes into a label and into the ids of custom roles."
  }
}

# ---- Data ----

variable "firestore_database" {
  description = "Name of the Firestore database. The project's (default) database is left alone unless it is named here."
  type        = string
  default     = "gce-backend"

  validation {
    condition     = var.firestore_database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.firestore_database))
    error_message = "A database is called (default), or has 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "firestore_location" {
  description = "Location of the database, such as nam5 or europe-west1; null: the region. It cannot change later."
  type        = string
  default     = null
}

variable "point_in_time_recovery" {
  description = "Whether the database can be read as it was at any minute of the last seven days, and copied from there. It costs storage; see docs/cost.md."
  type        = bool
  default     = true
}

variable "backup_days" {
  description = "For how many days a daily backup of the database is kept; 0: no backups. See docs/cost.md."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 0 && var.backup_days <= 98 && floor(var.backup_days) == var.backup_days
    error_message = "Between 0 and 98 whole days."
  }
}

variable "firestore_kms_key" {
  description = "The key of Cloud KMS that encrypts the database, by full name, in the database's location; null: Google's own. It cannot change later, and Firestore's service agent must be able to use it; see docs/deploy.md."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.firestore_kms_key))
    error_message = "A key is named projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }
}

variable "left_indexes" {
  description = "Indexes that an earlier deployment left with the database, by the key of google_firestore_index.this, so that they are taken over instead of made; docs/deploy.md has the command that lists them."
  type        = map(string)
  default     = {}
}

variable "delete_data" {
  description = "Whether terraform destroy also deletes what holds data: the database, the configuration bucket's objects, the history in BigQuery. Apply it as true before destroying."
  type        = bool
  default     = false
}

variable "bigquery_history" {
  description = "Whether every fact and every machine's life events are kept in BigQuery tables as well."
  type        = bool
  default     = false
}

# ---- Configuration ----

variable "config_source" {
  description = "Where import-config reads templates.cfg, managers.cfg and settings.cfg: gs://BUCKET/PREFIX, or luci-config://HOST/services/ID. Empty: the bucket that is made here."
  type        = string
  default     = ""

  validation {
    condition     = var.config_source == "" || can(regex("^(gs|luci-config)://[^/]+(/.*)?$", var.config_source))
    error_message = "A configuration source is gs://BUCKET/PREFIX or luci-config://HOST/services/ID."
  }
}

variable "config_writers" {
  description = "IAM members who may put configuration into the bucket, such as group:fleet@example.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for m in var.config_writers : can(regex("^(user|group|serviceAccount|principal|principalSet):", m))])
    error_message = "A writer is user:EMAIL, group:EMAIL, serviceAccount:EMAIL or a principal; never everyone."
  }
}

# ---- Functions ----

variable "schedules" {
  description = "Other cadences than functions.yaml has, by function: a cron line, or paused. The alert on jobs without success watches those ticked every minute or two."
  type = map(object({
    schedule = optional(string)
    paused   = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.schedules), [for name, f in local.functions : name if f.schedule != null])) == 0
    error_message = "Only a function that functions.yaml gives a schedule can have another one."
  }
}

variable "settle_seconds" {
  description = "How long the first apply waits after it enabled APIs, after it granted the build account its roles, and after it granted the functions theirs, before their first tick: all of these take a while to be seen everywhere. 0 is for tests: Google is not asked for Pub/Sub's service agent either."
  type        = number
  default     = 60

  validation {
    condition     = var.settle_seconds >= 0 && var.settle_seconds <= 600 && floor(var.settle_seconds) == var.settle_seconds
    error_message = "Between 0 and 600 whole seconds."
  }
}

# ---- VMs ----

variable "compute_requests_per_minute" {
  description = "Compute Engine requests that all functions together may send in a minute, per project that holds VMs. Each instance of a function limits itself to its part of it."
  type        = number
  default     = 1500

  validation {
    condition     = var.compute_requests_per_minute >= 60 && var.compute_requests_per_minute <= 100000
    error_message = "Between 60 and 100000 requests."
  }
}

variable "machine_service_accounts" {
  description = "Emails of the service accounts that VMs in this project run as; those that templates.cfg names. Only these can be attached to VMs."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.machine_service_accounts : can(regex("^[^@\\s:]+@[^@\\s]+\\.gserviceaccount\\.com$", email))])
    error_message = "A service account is given by its email, NAME@PROJECT.iam.gserviceaccount.com."
  }
}

variable "vm_projects" {
  description = "Other projects that VMs run in, by id, with the service accounts of the VMs there. The deployer must be able to set IAM policies in them; otherwise see modules/vm-project."
  type = map(object({
    machine_service_accounts = optional(set(string), [])
  }))
  default = {}

  validation {
    condition     = !contains(keys(var.vm_projects), var.project)
    error_message = "The project that is deployed to always may have VMs; use machine_service_accounts for it."
  }
}

variable "image_projects" {
  description = "Other projects whose images and snapshots templates name. The functions, and the Google APIs service agents of the projects with VMs, get roles/compute.imageUser there; the deployer must be able to set IAM policies in them."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for p in var.image_projects : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", p)) && p != var.project])
    error_message = "Projects are given by their ids, and the one that is deployed to is not among them."
  }
}

variable "network_projects" {
  description = "Host projects of a Shared VPC whose subnetworks templates name. The functions, and the Google APIs service agents of the projects with VMs, get roles/compute.networkUser there; the deployer must be able to set IAM policies in them."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for p in var.network_projects : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", p)) && p != var.project])
    error_message = "Projects are given by their ids, and the one that is deployed to is not among them."
  }
}

# ---- Machine Provider ----

variable "machine_provider_url" {
  description = "Address of another Machine Provider to add machines to. Empty: the one that is deployed here."
  type        = string
  default     = ""

  validation {
    condition     = var.machine_provider_url == "" || can(regex("^https://[^/]+", var.machine_provider_url))
    error_message = "The address of a Machine Provider starts with https://."
  }
}

variable "machine_provider_invokers" {
  description = "IAM members who may call the Machine Provider, beside the functions: those who lease machines, and the machines' own service accounts."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for m in var.machine_provider_invokers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", m))])
    error_message = "An invoker is user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:NAME or a principal; never allUsers or allAuthenticatedUsers."
  }
}

variable "status_page_viewers" {
  description = "IAM members who may reach the status page; settings.cfg names them as well, in catalog_viewers or catalog_administrators."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for m in var.status_page_viewers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):", m))])
    error_message = "A viewer is user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:NAME or a principal; never allUsers or allAuthenticatedUsers."
  }
}

# ---- Alerts ----

variable "notification_channels" {
  description = "Notification channels that alerts go to, by full name: projects/PROJECT/notificationChannels/ID."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", c))])
    error_message = "A channel is named projects/PROJECT/notificationChannels/ID."
  }
}

variable "lease_wait_seconds" {
  description = "How long a lease request may wait before an alert."
  type        = number
  default     = 600

  validation {
    condition     = var.lease_wait_seconds >= 60
    error_message = "At least 60 seconds."
  }
}

variable "docs_url" {
  description = "Where docs/ can be read; each alert links to its page there."
  type        = string
  default     = "https://github.com/gce-backend/gce-backend/blob/main/docs"
}
