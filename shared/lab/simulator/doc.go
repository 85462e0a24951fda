// Package simulator is a stateful stand-in for the Compute Engine v1 REST API:
// instance templates, zonal managed instance groups, their VMs and disks,
// snapshots, images and operations, as far as the jobs, gcloud's lists and
// Terraform's google provider use them.
//
// A [Cloud] is an [net/http.Handler]; [Cloud.Transport] calls it without a
// network. Nothing happens in the background: each request, [Cloud.Advance] and
// [Cloud.Run] bring the state up to what Options.Now returns. Time and randomness
// are injected, so that a controlled clock and a seed replay a world exactly. Faults
// come from the admin endpoint under /admin/, from [Cloud.Inject], or from
// Options.Fault.
//
// # What it refuses
//
// It refuses what the service refuses, with the service's messages where they are
// published. Each rule names its source in the code:
//   - bodies and query parameters of mutations, by the API's description: package
//     api. The description's table has its revision in its first line;
//   - templates: template_rules.go. What depends on zone and machine type is found
//     when a VM is created, and shown in the member's lastAttempt: creation_rules.go;
//   - more than six disks or images an hour from one snapshot: snapshots.go;
//   - references to resources of another kind, of another zone, or to nothing. Every
//     network, subnetwork and image of a private project is taken to exist where a
//     template or disk refers to it by a valid name, because the simulator cannot know
//     which ones exist; images.get knows those that were created here and the public
//     ones.
//
// What it answers has the service's defaults and full links.
//
// # What it does not do
//
// A method that is not in api/methods.txt is answered 501, with "not supported by
// the simulator"; never 404, which means to a client that a resource is gone. The
// same answer goes to requests for target pools of a group and for images of raw
// disks. Accepted and without effect:
//   - health checks never probe, autoscalers are never there;
//   - there are no rolling updates: a patch of a group's template reaches the VMs
//     that are created afterwards (updatePolicy OPPORTUNISTIC), and the target sizes
//     of versions are shown but not enforced;
//   - stateful policies, standby policies, resource policies, allInstancesConfig and
//     per-instance configurations change no VM;
//   - local SSDs (type SCRATCH) are disks like others; Shared VPC, permissions and
//     quotas of CPUs or addresses are not checked;
//   - the per-VM operations of a managed group are in the audit log but not in the
//     list of operations;
//   - every project exists, and every zone has every machine type and disk type.
//
// # The admin endpoint
//
// Each command has a Go method that does the same. Bodies and answers are JSON.
//
//	GET  /admin/state         counts: groups with their VMs by state, templates, …
//	GET  /admin/vms           every VM
//	GET  /admin/calls         calls by method, and how many of them were mutations
//	POST /admin/calls/reset
//	POST /admin/faults        {"method": "instanceGroupManagers.resize", "count": 2,
//	                           "fault": {"status": 503}}: an [Injection]
//	POST /admin/faults/clear
//	POST /admin/unstick       ends what "neverEnds" holds
//	POST /admin/quota         {"mutations": 1500, "reads": 1500, "heavyReads": 1500}; {} is off
//	POST /admin/settings      {"deletedLeavesMember": true}: [Settings]
//	POST /admin/snapshots     {"project": "p", "name": "s", "labels": {"a": "b"}}: a [Snapshot]
//	POST /admin/vms/preempt, stop, delete, repair   {"project": "p", "zone": "z", "name": "vm"}
//	POST /admin/advance, /admin/reset
package simulator
