output "grants" {
  description = "Ids of the grants by which the functions do their work here."
  value = concat(
    [for name, g in google_project_iam_member.this : g.id],
    [for pair, g in google_service_account_iam_member.function : g.id],
    [for email, g in google_service_account_iam_member.google_apis_agent : g.id],
    [google_project_iam_member.google_apis_agent.id],
  )
}
