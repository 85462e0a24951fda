package simulator

import (
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/config/machinetype"
)

// The existing disk types, from cloud.google.com/compute/docs/disks (November
// 2026).
var diskTypeNames = []string{"hyperdisk-balanced", "hyperdisk-balanced-high-availability", "hyperdisk-extreme",
	"hyperdisk-ml", "hyperdisk-throughput", "local-ssd", "pd-balanced", "pd-extreme", "pd-ssd", "pd-standard"}

func knownDiskType(name string) bool { return slices.Contains(diskTypeNames, name) }

// seriesRule restricts the VMs of a machine series.
type seriesRule struct {
	noDisks     []string // prefixes of disk types
	defaultDisk string
	terminate   bool // no live migration: onHostMaintenance must be TERMINATE
}

var (
	noPD       = []string{"pd-"}
	noStandard = []string{"pd-standard"}
)

// seriesRules are as of November 2026:
//   - disk types: cloud.google.com/compute/docs/disks/persistent-disks and
//     …/hyperdisks, "machine series support"; GoogleCloudPlatform/cluster-toolkit
//     pull request 1601 (c3, h3) and DataBiosphere/dsub issue 301 (n4);
//   - default disk types: the API's description of
//     AttachedDiskInitializeParams.diskType; pd-standard for all others;
//   - live migration: cloud.google.com/compute/docs/instances/live-migration-process.
var seriesRules = map[string]seriesRule{
	"a2":  {terminate: true},
	"a3":  {noDisks: noStandard, defaultDisk: "hyperdisk-balanced", terminate: true},
	"a4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced", terminate: true},
	"a4x": {noDisks: noPD, defaultDisk: "hyperdisk-balanced", terminate: true},
	"c3":  {noDisks: noStandard, defaultDisk: "pd-balanced"},
	"c3d": {noDisks: noStandard, defaultDisk: "pd-balanced"},
	"c4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"c4a": {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"c4d": {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"e2":  {noDisks: []string{"hyperdisk-"}},
	"f1":  {noDisks: []string{"hyperdisk-"}},
	"g1":  {noDisks: []string{"hyperdisk-"}},
	"g2":  {noDisks: noStandard, defaultDisk: "pd-balanced", terminate: true},
	"g4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced", terminate: true},
	"h3":  {noDisks: []string{"pd-standard", "pd-ssd", "pd-extreme"}, defaultDisk: "hyperdisk-balanced", terminate: true},
	"h4d": {noDisks: noPD, defaultDisk: "hyperdisk-balanced", terminate: true},
	"m3":  {noDisks: noStandard, defaultDisk: "pd-balanced"},
	"m4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"n4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"n4a": {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"n4d": {noDisks: noPD, defaultDisk: "hyperdisk-balanced"},
	"x4":  {noDisks: noPD, defaultDisk: "hyperdisk-balanced", terminate: true},
	"z3":  {noDisks: noStandard, defaultDisk: "hyperdisk-balanced"},
}

func ruleOf(p *computepb.InstanceProperties) seriesRule {
	series, _, _ := strings.Cut(p.GetMachineType(), "-")
	return seriesRules[series]
}

// diskTypeOf returns the type of a VM's disk.
func diskTypeOf(p *computepb.InstanceProperties, d *computepb.AttachedDisk) string {
	if kind := d.GetInitializeParams().GetDiskType(); kind != "" {
		return kind
	}
	if kind := ruleOf(p).defaultDisk; kind != "" {
		return kind
	}
	return "pd-standard"
}

// creationProblem returns why the service refuses to create a VM of a template
// in a zone; nil if it accepts it.
func creationProblem(z *zone, p *computepb.InstanceProperties) *OperationError {
	name, rule := p.GetMachineType(), ruleOf(p)
	if _, err := machinetype.Parse(name); err != nil {
		// terraform-provider-google issue 5951.
		return operationError("RESOURCE_NOT_FOUND", notFound(z.path("machineTypes", name)))
	}
	for _, d := range p.GetDisks() {
		if d.GetSource() != "" {
			continue
		}
		kind := diskTypeOf(p, d)
		if slices.ContainsFunc(rule.noDisks, func(prefix string) bool { return strings.HasPrefix(kind, prefix) }) {
			// kubernetes-sigs/gcp-compute-persistent-disk-csi-driver pull request
			// 1212 and DataBiosphere/dsub issue 301.
			return &OperationError{Code: "UNSUPPORTED_OPERATION",
				Message: fmt.Sprintf("[%s, %s] features are not compatible for creating instance.", kind, name)}
		}
	}
	s := p.GetScheduling()
	maintenance := s.GetOnHostMaintenance()
	switch {
	case maintenance != "TERMINATE" && len(p.GetGuestAccelerators()) > 0:
		// cloud.google.com/compute/docs/gpus: they cannot live-migrate.
		return &OperationError{Code: "INVALID_USAGE", Message: "Instances with guest accelerators do not support live migration."}
	case maintenance != "TERMINATE" && (rule.terminate || strings.HasSuffix(name, "-metal")):
		// aerospike-community/aerolab pull request 503.
		return operationError("INVALID_FIELD_VALUE", invalidField("resource.scheduling.onHostMaintenance", maintenance,
			"Scheduling must have onHostMaintenance be one of the following valid types: [TERMINATE]. But was "+maintenance))
	case maintenance == "TERMINATE" && strings.HasPrefix(name, "e2-") && !s.GetPreemptible():
		// jenkinsci/google-compute-engine-plugin issue 215.
		return &OperationError{Code: "INVALID_USAGE",
			Message: "e2 instances do not support onHostMaintenance=TERMINATE unless they are preemptible."}
	case p.GetMinCpuPlatform() != "" && strings.HasPrefix(name, "e2-"):
		// cloud.google.com/compute/docs/instances/specify-min-cpu-platform.
		return &OperationError{Code: "UNSUPPORTED_OPERATION",
			Message: fmt.Sprintf("[%s, %s] features are not compatible for creating instance.", p.GetMinCpuPlatform(), name)}
	}
	return nil
}

func operationError(code string, e *apiError) *OperationError {
	return &OperationError{Code: code, Message: e.Message}
}
