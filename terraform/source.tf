# The code, as one zip for all functions. It is called after the content of its
# files, so that functions are built again when that changes, and only then.
locals {
  root  = "${path.module}/.."
  globs = compact([for line in split("\n", file("${path.module}/source.txt")) : startswith(line, "#") ? "" : trimspace(line)])

  source_files = setsubtract(
    flatten([for glob in local.globs : tolist(fileset(local.root, glob)) if !startswith(glob, "!")]),
    flatten([for glob in local.globs : tolist(fileset(local.root, trimprefix(glob, "!"))) if startswith(glob, "!")]),
  )
  source_hash = sha256(jsonencode({ for f in local.source_files : f => filesha256("${local.root}/${f}") }))
}

data "archive_file" "source" {
  type        = "zip"
  output_path = "${path.module}/.build/source.zip"

  dynamic "source" {
    for_each = local.source_files

    content {
      filename = source.value
      content  = file("${local.root}/${source.value}")
    }
  }
}

# No object here expires by itself: Terraform deletes the one before, and Cloud
# Functions keeps a copy of its own.
resource "google_storage_bucket" "source" {
  name                        = "${var.project}-gce-backend-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [terraform_data.apis]
}

resource "google_storage_bucket_object" "source" {
  name   = "${local.source_hash}.zip"
  bucket = google_storage_bucket.source.name
  source = data.archive_file.source.output_path

  lifecycle {
    create_before_destroy = true
  }
}
