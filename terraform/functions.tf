# One function per entry of functions.yaml.
module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name        = each.key
  settings    = each.value
  environment = local.environment[each.key]
  deployment  = local.deployment

  depends_on = [
    terraform_data.build_grants,
    terraform_data.pubsub_agent,
    google_pubsub_topic.this,
    google_firestore_index.this,
    google_firestore_field.group,
  ]
}

locals {
  # What all functions share.
  deployment = {
    project           = var.project
    region            = var.region
    database          = google_firestore_database.this.name
    dead_letter_topic = google_pubsub_topic.dead_letter.name
    pubsub_agent      = local.pubsub_agent
    source            = { bucket = google_storage_bucket.source.name, object = google_storage_bucket_object.source.name }
    build = {
      service_account = "projects/${var.project}/serviceAccounts/${google_service_account.build.email}"
      repository      = "projects/${var.project}/locations/${var.region}/repositories/${google_artifact_registry_repository.functions.repository_id}"
    }
  }

  # Limits are kept by each instance by itself, so each gets its part: most have
  # little to ask, while fetch-instances lists every group each minute.
  compute_shares = sum([for f in local.functions : f.compute_share])
  compute_share  = { for name, f in local.functions : name => max(1, floor(var.compute_requests_per_minute * f.compute_share / local.compute_shares / f.max_instances)) }

  own_environment = {
    CONFIG_SOURCE = local.config_source
  }
  environment = {
    for name, f in local.functions : name => merge(
      {
        PROJECT                     = var.project
        FIRESTORE_DATABASE          = google_firestore_database.this.name
        DEPLOYMENT                  = var.deployment
        COMPUTE_REQUESTS_PER_MINUTE = tostring(local.compute_share[name])
      },
      f.machine_provider ? { MACHINE_PROVIDER_URL = local.machine_provider_url } : {},
      f.http ? { FUNCTION_URL = local.http_url[name], INVOKERS_CHECKED = "true" } : {},
      { for variable in f.environment : variable => local.own_environment[variable] },
    )
  }
}
