# Alert policies. Each is called as its page in docs/operations, and carries it.
locals {
  # Jobs that must succeed within ten minutes: the query looks five back, and must
  # find nothing for five more, in which new functions have their first runs.
  watched_jobs = [
    for name, f in local.jobs : name
    if contains(["* * * * *", "*/2 * * * *"], coalesce(try(var.schedules[name].schedule, null), f.schedule, "never")) && !try(var.schedules[name].paused, false)
  ]

  # A job that logs nothing at all has no series, so each gets a zero to compare.
  successes = join(" or ", concat(
    ["sum by (job) (increase(${local.metric.job_done}{${local.on_run}, outcome=\"ok\", job=~\"${join("|", local.watched_jobs)}\"}[5m]))"],
    [for job in local.watched_jobs : "label_replace(vector(0), \"job\", \"${job}\", \"\", \"\")"],
  ))

  alerts = {
    job-without-success = {
      title    = "A job has not succeeded for ten minutes"
      severity = "CRITICAL"
      duration = "300s"
      query    = "(${local.successes}) < 0.5"
    }
    dead-letters = {
      title    = "There are dead letters"
      severity = "ERROR"
      duration = "60s"
      query    = "max(pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\", subscription_id=\"${google_pubsub_subscription.dead_letter.name}\"}) > 0"
    }
    configuration-invalid = {
      title    = "The configuration is invalid"
      severity = "ERROR"
      duration = "60s"
      query    = "sum(increase(${local.metric.config_invalid}{${local.on_run}}[10m])) > 0"
    }
    pool-below-minimum = {
      title    = "A pool has been below its minimum for 15 minutes"
      severity = "ERROR"
      duration = "900s"
      query    = "${local.group_mean.deficit} > 0"
    }
    deletion-stuck = {
      title    = "A deletion is stuck"
      severity = "ERROR"
      duration = "60s"
      query    = "sum by (base_name, zone) (increase(${local.metric.deletion_stuck}{${local.on_run}}[15m])) > 0"
    }
    brake-engaged = {
      title    = "The brake stopped the removal of machines"
      severity = "ERROR"
      duration = "60s"
      query    = "sum by (base_name, zone) (increase(${local.metric.brake_engaged}{${local.on_run}}[10m])) > 0"
    }
    quota-or-stockout = {
      title    = "Compute Engine has no quota or no machines left"
      severity = "WARNING"
      duration = "60s"
      query    = "sum by (code, zone) (increase(${local.metric.operation_errors}{${local.on_run}, code=~\".*QUOTA.*|.*quota.*|.*RESOURCE_POOL_EXHAUSTED.*|.*STOCKOUT.*|rateLimitExceeded|RATE_LIMIT_EXCEEDED|RESOURCE_OPERATION_RATE_EXCEEDED|IP_SPACE_EXHAUSTED.*|INSUFFICIENT_CAPACITY|VM_MIN_COUNT_NOT_REACHED\"}[10m])) > 0"
    }
    lease-wait = {
      title    = "Lease requests wait for longer than ${var.lease_wait_seconds} seconds"
      severity = "WARNING"
      duration = "300s"
      query    = "${local.mean.leases_oldest_wait} > ${var.lease_wait_seconds}"
    }
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "GCE Backend: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = { app = "gce-backend", alert = each.key }

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = each.value.duration
      evaluation_interval       = "60s"
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "1800s"
  }

  documentation {
    subject   = "GCE Backend: ${each.value.title}"
    content   = file("${path.module}/../docs/operations/${each.key}.md")
    mime_type = "text/markdown"

    links {
      display_name = "${each.key}.md"
      url          = "${var.docs_url}/operations/${each.key}.md"
    }
  }

  # Before the first tick nothing succeeds.
  depends_on = [google_logging_metric.this, google_cloud_scheduler_job.tick]
}
