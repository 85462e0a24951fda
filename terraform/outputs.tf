output "publish" {
  description = "The command that runs a job now, per job."
  value       = { for name, _ in local.jobs : name => "gcloud pubsub topics publish ${name} --project=${var.project} --message='{}'" }
}

output "logs" {
  description = "The Logs Explorer, per function."
  value = {
    for name, _ in local.functions : name =>
    "https://console.cloud.google.com/logs/query;query=${urlencode("resource.type=\"cloud_run_revision\"\nresource.labels.service_name=\"${name}\"")}?project=${var.project}"
  }
}

output "machine_provider_url" {
  description = "Address of the Machine Provider that machines are added to."
  value       = local.machine_provider_url
}

output "status_page" {
  description = "The command that opens the status page at http://localhost:8080, for those in status_page_viewers."
  value       = "gcloud run services proxy ${local.status_page} --project=${var.project} --region=${var.region}"
}

output "backend_members" {
  description = "The accounts that add machines to the catalog: members of the backend in settings.cfg."
  value       = [for name, f in local.jobs : trimprefix(module.function[name].member, "serviceAccount:") if f.machine_provider]
}

output "machine_provider_account" {
  description = "The Machine Provider's account. Whoever names a topic in a lease request lets it publish there."
  value       = trimprefix(module.function[local.machine_provider].member, "serviceAccount:")
}

output "dashboard" {
  description = "The dashboard in the Cloud Console."
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.this.id)}?project=${var.project}"
}

output "push_config" {
  description = "The command that pushes a configuration: run it in the folder that holds templates.cfg, managers.cfg, settings.cfg and the files that they name."
  value       = "gcloud storage rsync --recursive . ${local.config_url}"
}

output "config_source" {
  description = "Where import-config reads the configuration."
  value       = local.config_source
}

output "vm_functions" {
  description = "What modules/vm-project takes as functions, as JSON, for a project whose owner applies it there."
  value       = jsonencode(local.vm_functions)
}

output "before_destroy" {
  description = "What to run before terraform destroy, so that the database that it leaves keeps its indexes."
  value       = var.delete_data ? null : "terraform state rm google_firestore_index.this google_firestore_field.group google_firestore_field.ttl google_firestore_field.unindexed"
}

output "kept_on_destroy" {
  description = "What terraform destroy leaves behind, because it holds data, and how to delete it."
  value = var.delete_data ? {} : merge(
    {
      database = "gcloud firestore databases update --project=${var.project} --database='${google_firestore_database.this.name}' --no-delete-protection && gcloud firestore databases delete --project=${var.project} --database='${google_firestore_database.this.name}'"
      config   = "gcloud storage rm --recursive gs://${google_storage_bucket.config.name}"
    },
    var.bigquery_history ? { history = "bq rm -r -d ${var.project}:${google_bigquery_dataset.history[0].dataset_id}" } : {},
  )
}
