output "member" {
  description = "The function's account as an IAM member."
  value       = google_service_account.this.member
}

output "service" {
  description = "Name of the Cloud Run service behind the function."
  value       = google_cloudfunctions2_function.this.name
}

output "tick" {
  description = "Its scheduler job, or null."
  value       = one(google_cloud_scheduler_job.tick[*])
}
