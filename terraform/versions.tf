# Both google 6.50 and 7.x are accepted: nothing here uses an argument that only
# one of them has. Archive 2.4 is the first with output_sha256.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4, < 3"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # Some APIs, that of the database's rules among them, ask a person's call for
  # the project that it counts for.
  user_project_override = true
  billing_project       = var.project

  default_labels = {
    app        = "gce-backend"
    deployment = var.deployment
  }
}
