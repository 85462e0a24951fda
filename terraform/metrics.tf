# Log-based metrics, out of the fixed-form lines that the functions log: each has
# jsonPayload.event. A metric with a value is a distribution; its mean is exact.
locals {
  group_labels = ["base_name", "revision", "zone", "project"]

  pool_fields = {
    wanted    = "Machines that leases and limits ask for."
    running   = "VMs that run."
    cataloged = "Machines in the Machine Provider's catalog."
    leased    = "Machines that are leased."
    draining  = "Machines that are on their way out."
    minimum   = "The least that the configuration asks for."
    deficit   = "Machines that are missing up to the minimum."
  }

  log_metrics = merge(
    { for field, description in local.pool_fields : "pool_${field}" => { event = "POOL", value = field, labels = local.group_labels, unit = "1", description = description } },
    {
      job_done = {
        event       = "JOB_DONE"
        labels      = ["job", "outcome", "error_class"]
        description = "Runs of a job."
      }
      job_duration = {
        event       = "JOB_DONE"
        value       = "duration_ms"
        unit        = "ms"
        labels      = ["job", "outcome"]
        description = "How long a run of a job took."
      }
      machine_events = {
        events      = ["CREATED", "CATALOGED", "DELETION_PROPOSED", "DELETION_SCHEDULED", "DELETION_SUCCEEDED", "DELETED"]
        labels      = ["event", "base_name", "zone", "project"]
        description = "Events in machines' lives."
      }
      operation_errors = {
        event       = "OPERATION_ERROR"
        labels      = ["code", "method", "base_name", "zone"]
        description = "Errors that Compute Engine answered with."
      }
      brake_engaged = {
        event       = "BRAKE_ENGAGED"
        labels      = ["base_name", "zone"]
        description = "Times that the brake stopped the removal of machines that the catalog misses."
      }
      deletion_stuck = {
        event       = "DELETION_STUCK"
        labels      = ["base_name", "zone"]
        description = "Deletions that make no progress."
      }
      config_invalid = {
        event       = "CONFIG_INVALID"
        labels      = []
        description = "Imports of a configuration that is invalid."
      }
      config_valid = {
        event       = "CONFIG_VALID"
        labels      = []
        description = "Imports of a configuration that is valid."
      }
      lease_wait = {
        event       = "LEASE_FULFILLED"
        value       = "wait_ms"
        unit        = "ms"
        labels      = []
        description = "How long a lease request waited until it was fulfilled."
      }
      leases_waiting = {
        event       = "LEASES_WAITING"
        value       = "count"
        unit        = "1"
        labels      = []
        description = "Lease requests that wait."
      }
      leases_oldest_wait = {
        event       = "LEASES_WAITING"
        value       = "oldest_wait_seconds"
        unit        = "s"
        labels      = []
        description = "How long the oldest waiting lease request has waited."
      }
    },
  )
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  name        = "gce_backend/${each.key}"
  description = each.value.description

  filter = join(" ", [
    "resource.type=\"cloud_run_revision\"",
    "jsonPayload.event=(${join(" OR ", [for event in try(each.value.events, [each.value.event]) : "\"${event}\""])})",
  ])

  value_extractor  = can(each.value.value) ? "EXTRACT(jsonPayload.${each.value.value})" : null
  label_extractors = { for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit        = try(each.value.unit, "1")

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  dynamic "bucket_options" {
    for_each = can(each.value.value) ? [1] : []

    content {
      exponential_buckets {
        num_finite_buckets = 60
        growth_factor      = 1.4
        scale              = 1
      }
    }
  }

  depends_on = [terraform_data.apis]
}
