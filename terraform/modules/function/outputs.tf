output "member" {
  description = "The function's account as an IAM member."
  value       = google_service_account.this.member
}

output "service" {
  description = "Name of the Cloud Run service behind the function."
  value       = google_cloudfunctions2_function.this.name
}

output "grants" {
  description = "Ids of the grants by which it is called and does its work."
  value = concat(
    [google_project_iam_member.firestore.id],
    [for topic, g in google_pubsub_topic_iam_member.announces : g.id],
    google_cloud_run_v2_service_iam_member.push[*].id,
    google_service_account_iam_member.push[*].id,
    [for topic, g in google_pubsub_subscription_iam_member.dead_letter : g.id],
  )
}
