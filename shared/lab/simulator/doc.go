// Package simulator is a stateful stand-in for the Compute Engine v1 REST API:
// instance templates, zonal managed instance groups, their VMs and disks,
// snapshots and operations, as far as the jobs and gcloud use them. The Terraform
// provider's calls for templates and groups are among them, but were never tried
// with the real provider.
//
// A [Cloud] is an [net/http.Handler]; [Cloud.Transport] calls it without a
// network. Nothing happens in the background: each request, [Cloud.Advance] and
// [Cloud.Run] carry the state forward to what Options.Now says. Time and
// randomness are injected, so that a controlled clock and a seed replay a world
// exactly. Faults come in by the admin endpoint under /admin/, by
// [Cloud.Inject], or by Options.Fault.
//
// # The admin endpoint
//
// Each has a Go method that does the same. Bodies and answers are JSON.
//
//	GET  /admin/state         counts: groups with their VMs by state, templates, …
//	GET  /admin/vms           every VM
//	GET  /admin/calls         calls by method, and how many of them were mutations
//	POST /admin/calls/reset
//	POST /admin/faults        {"method": "instanceGroupManagers.resize", "count": 2,
//	                           "fault": {"status": 503}}: an [Injection]
//	POST /admin/faults/clear
//	POST /admin/unstick       goes on with what "neverEnds" holds
//	POST /admin/quota         {"mutations": 1500, "reads": 1500, "heavyReads": 1500}; {} is off
//	POST /admin/snapshots     {"project": "p", "name": "s", "labels": {"a": "b"}}: a [Snapshot]
//	POST /admin/vms/preempt, stop, delete, repair   {"project": "p", "zone": "z", "name": "vm"}
//	POST /admin/advance, /admin/reset
//
// Where the simulator is simpler than the real thing:
//   - the per-VM operations of a managed group are in the audit log but not in
//     the list of operations;
//   - a patch of a group's template reaches the VMs created afterwards
//     (updatePolicy OPPORTUNISTIC); there are no rolling updates;
//   - any project exists, and so does any image with a valid name.
package simulator
