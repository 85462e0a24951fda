# Cloud Scheduler ticks the jobs, once they can be called and can do their work.
#
# A push that is refused five times is over in little more than a minute, and
# grants take longer than that to be seen everywhere.
resource "terraform_data" "grants" {
  triggers_replace = concat(
    flatten([for name, f in module.function : f.grants]),
    flatten([for project, p in module.vm_project : p.grants]),
    [for name, g in google_storage_bucket_iam_member.config_reader : g.id],
    [for name, g in google_cloud_run_v2_service_iam_member.machine_provider_backend : g.id],
    [for name, g in google_project_iam_member.shared : g.id],
    [google_pubsub_topic_iam_member.dead_letter.id],
  )

  provisioner "local-exec" {
    command = "sleep ${var.settle_seconds}"
  }
}

# A tick that Pub/Sub did not take is not tried again: the next one comes soon.
resource "google_cloud_scheduler_job" "tick" {
  for_each = { for name, f in local.jobs : name => f if f.schedule != null }

  name        = each.key
  region      = var.region
  description = "Ticks ${each.key}."
  schedule    = coalesce(try(var.schedules[each.key].schedule, null), each.value.schedule)
  time_zone   = "Etc/UTC"
  paused      = try(var.schedules[each.key].paused, false)

  pubsub_target {
    topic_name = "projects/${var.project}/topics/${each.key}"
    data       = base64encode("{}")
  }

  # Nothing should tick before there is who listens, and may.
  depends_on = [module.function, terraform_data.grants]
}

# ---- Deployments that have the ticks within modules/function ----

moved {
  from = module.function["import-config"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["import-config"]
}

moved {
  from = module.function["process-config"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["process-config"]
}

moved {
  from = module.function["create-instance-templates"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["create-instance-templates"]
}

moved {
  from = module.function["create-instance-group-managers"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["create-instance-group-managers"]
}

moved {
  from = module.function["resize-instance-groups"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["resize-instance-groups"]
}

moved {
  from = module.function["fetch-instances"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["fetch-instances"]
}

moved {
  from = module.function["catalog-instances"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["catalog-instances"]
}

moved {
  from = module.function["update-cataloged-instances"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["update-cataloged-instances"]
}

moved {
  from = module.function["delete-instances-pending-deletion"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["delete-instances-pending-deletion"]
}

moved {
  from = module.function["remove-cataloged-instances"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["remove-cataloged-instances"]
}

moved {
  from = module.function["delete-instance-group-managers"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["delete-instance-group-managers"]
}

moved {
  from = module.function["delete-instance-templates"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["delete-instance-templates"]
}

moved {
  from = module.function["cleanup-entities"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["cleanup-entities"]
}

moved {
  from = module.function["reclaim-machines"].google_cloud_scheduler_job.tick[0]
  to   = google_cloud_scheduler_job.tick["reclaim-machines"]
}
