# How the log-based metrics are called in PromQL, which the dashboard and the
# alerts use: unlike a filter it may name a metric that has no data yet.
locals {
  metric   = { for name, _ in local.log_metrics : name => "logging_googleapis_com:user_gce_backend_${name}" }
  on_run   = "monitored_resource=\"cloud_run_revision\""
  by_group = "by (${join(", ", local.group_labels)})"

  # The mean over five minutes of what a distribution took in, per instance group
  # or over all lines.
  group_mean = {
    for field, _ in local.pool_fields : field =>
    "(sum ${local.by_group} (increase(${local.metric["pool_${field}"]}_sum{${local.on_run}}[5m])) / sum ${local.by_group} (increase(${local.metric["pool_${field}"]}_count{${local.on_run}}[5m])))"
  }
  mean = {
    for name in ["leases_waiting", "leases_oldest_wait"] : name =>
    "(sum(increase(${local.metric[name]}_sum{${local.on_run}}[5m])) / sum(increase(${local.metric[name]}_count{${local.on_run}}[5m])))"
  }
}
