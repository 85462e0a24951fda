# The dashboard: what the fleet does, where it hurts, and what costs.
locals {
  rate_window = "[5m]"

  charts = [
    {
      title   = "Pool"
      legends = { for field in ["wanted", "running", "cataloged", "leased", "draining"] : field => "sum by (base_name) (${local.group_mean[field]})" }
    },
    {
      title   = "Machines missing up to the minimum"
      legends = { "" = "sum by (base_name, zone) (${local.group_mean.deficit}) > 0" }
    },
    {
      title   = "Machines' lives, events per minute"
      legends = { "" = "sum by (event) (rate(${local.metric.machine_events}{${local.on_run}}${local.rate_window})) * 60" }
    },
    {
      title   = "Compute Engine errors per minute, by code"
      legends = { "" = "sum by (code) (rate(${local.metric.operation_errors}{${local.on_run}}${local.rate_window})) * 60" }
    },
    {
      title   = "Job duration, 95th percentile in ms"
      legends = { "" = "histogram_quantile(0.95, sum by (job, le) (rate(${local.metric.job_duration}_bucket{${local.on_run}}${local.rate_window})))" }
    },
    {
      title   = "Runs that failed per minute, by job and class"
      legends = { "" = "sum by (job, error_class) (rate(${local.metric.job_done}{${local.on_run}, outcome!=\"ok\"}${local.rate_window})) * 60" }
    },
    {
      title   = "Age of the oldest message in seconds"
      legends = { "" = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\"})" }
    },
    {
      title   = "Dead letters"
      legends = { kept = "max(pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\", subscription_id=\"${google_pubsub_subscription.dead_letter.name}\"})", "" = "sum by (subscription_id) (increase(pubsub_googleapis_com:subscription_dead_letter_message_count{monitored_resource=\"pubsub_subscription\"}${local.rate_window})) > 0" }
    },
    {
      title   = "Leases waiting"
      legends = { waiting = local.mean.leases_waiting, "oldest, seconds" = local.mean.leases_oldest_wait }
    },
    {
      title   = "Time to lease in ms"
      legends = { for q in ["0.5", "0.95"] : "quantile ${q}" => "histogram_quantile(${q}, sum by (le) (rate(${local.metric.lease_wait}_bucket{${local.on_run}}${local.rate_window})))" }
    },
    {
      title   = "Firestore operations per second"
      legends = { for op in ["read", "write", "delete"] : op => "sum(rate(firestore_googleapis_com:document_${op}_ops_count{monitored_resource=\"firestore.googleapis.com/Database\", database_id=\"${var.firestore_database}\"}${local.rate_window}))" }
    },
    {
      title   = "Cost: CPU that is billed, by function (seconds per second)"
      legends = { "" = "sum by (service_name) (rate(run_googleapis_com:container_billable_instance_time{monitored_resource=\"cloud_run_revision\"}${local.rate_window}))" }
    },
    {
      title   = "Cost: VMs that run"
      legends = { "" = "sum by (zone) (${local.group_mean.running})" }
    },
    {
      title   = "Cost: log bytes per second"
      legends = { "" = "sum by (resource_type) (rate(logging_googleapis_com:billing_bytes_ingested{monitored_resource=\"global\"}${local.rate_window}))" }
    },
    {
      title   = "Cost: Pub/Sub bytes per second, by topic"
      legends = { "" = "sum by (topic_id) (rate(pubsub_googleapis_com:topic_byte_cost{monitored_resource=\"pubsub_topic\"}${local.rate_window}))" }
    },
  ]

  # Cloud Monitoring forgets zeros and empty texts, and would be told of them at
  # each apply, so they are left out.
  chart_tiles = [
    for i, chart in local.charts : merge(
      {
        width  = 16
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [for legend, query in chart.legends : merge(
              {
                plotType        = "LINE"
                targetAxis      = "Y1"
                timeSeriesQuery = { prometheusQuery = query }
              },
              legend == "" ? {} : { legendTemplate = legend },
            )]
          }
        }
      },
      i % 3 == 0 ? {} : { xPos = i % 3 * 16 },
      i < 3 ? {} : { yPos = floor(i / 3) * 16 },
    )
  ]

  log_tile = {
    yPos   = ceil(length(local.charts) / 3) * 16
    width  = 48
    height = 20
    widget = {
      title = "Warnings and errors"
      logsPanel = {
        filter = "resource.type=\"cloud_run_revision\"\njsonPayload.job!=\"\"\nseverity>=WARNING"
      }
    }
  }
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "GCE Backend (${var.deployment})"
    mosaicLayout = {
      columns = 48
      tiles   = concat(local.chart_tiles, [local.log_tile])
    }
  })

  depends_on = [terraform_data.apis]
}
