// Package simulator is a stateful stand-in for the Compute Engine v1 REST API:
// instance templates, zonal managed instance groups, their VMs and disks,
// snapshots and operations, as far as the jobs, gcloud and the Terraform
// provider use them.
//
// A [Cloud] is an [net/http.Handler]; [Cloud.Transport] calls it without a
// network. It has no goroutines of its own: each request, [Cloud.Advance] and
// [Cloud.Run] carry the state forward to what Options.Now says. Time and
// randomness are injected, so that a controlled clock and a seed replay a world
// exactly. Faults come in by the admin endpoint under /admin/, by
// [Cloud.Inject], or by Options.Fault.
//
// Where the simulator is simpler than the real thing:
//   - the per-VM operations of a managed group are in the audit log but not in
//     the list of operations;
//   - a patch of a group's template reaches the VMs created afterwards
//     (updatePolicy OPPORTUNISTIC); there are no rolling updates;
//   - any project exists, and so does any image with a valid name.
package simulator
