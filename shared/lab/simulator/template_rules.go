package simulator

import (
	"fmt"
	"regexp"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// checkTemplate refuses the templates that the service refuses. The service
// checks zone-dependent rules only when a group creates a VM: see
// creationProblem.
func (c *Cloud) checkTemplate(p *project, m *computepb.InstanceTemplate) error {
	if err := checkName("resource.name", m.GetName()); err != nil {
		return err
	}
	properties := m.GetProperties()
	if properties == nil {
		return required("resource.properties")
	}
	for _, check := range []func(*project, *computepb.InstanceProperties) error{
		checkMachineType, checkAccelerators, c.checkDisks, c.checkNetworks, checkMetadata, checkAccounts, checkTags,
	} {
		if err := check(p, properties); err != nil {
			return err
		}
	}
	return checkLabels("resource.properties.labels", properties.GetLabels())
}

// InstanceProperties.machineType accepts a name only, by the API's description: for a
// URL the service fails with INTERNAL_ERROR.
func checkMachineType(_ *project, p *computepb.InstanceProperties) error {
	if name := p.GetMachineType(); strings.Contains(name, "/") {
		return invalidField("resource.properties.machineType", name, "Machine type '"+name+"' must be a valid resource name (not an url).")
	}
	return nil
}

// The message is in the source of the Terraform provider,
// google/services/compute/resource_compute_instance_template.go.
func checkAccelerators(_ *project, p *computepb.InstanceProperties) error {
	for i, a := range p.GetGuestAccelerators() {
		if kind := a.GetAcceleratorType(); strings.Contains(kind, "/") {
			return invalidField(fmt.Sprintf("resource.properties.guestAccelerators[%d].acceleratorType", i), kind,
				"Accelerator type '"+kind+"' must be a valid resource name (not an url).")
		}
	}
	return nil
}

// checkDisks follows the API's descriptions of AttachedDisk and
// AttachedDiskInitializeParams. Two rules have other sources: a disk type is a
// name here (github.com/ansible-collections/google.cloud pull request 516), and
// it must exist (github.com/broadinstitute/cromwell issue 3776).
func (c *Cloud) checkDisks(p *project, properties *computepb.InstanceProperties) error {
	if len(properties.GetDisks()) == 0 {
		return invalid("At least one disk must be specified in the instance template's properties.")
	}
	for i, d := range properties.GetDisks() {
		field := fmt.Sprintf("resource.properties.disks[%d]", i)
		init := d.GetInitializeParams()
		image, snapshot := init.GetSourceImage(), init.GetSourceSnapshot()
		switch {
		case d.GetSource() != "" && init != nil:
			return invalidField(field, "", "Only one of source and initializeParams can be specified.")
		case image != "" && snapshot != "":
			return invalidField(field+".initializeParams", "", "Only one of sourceImage and sourceSnapshot can be specified.")
		case d.GetBoot() && d.GetSource() == "" && image == "" && snapshot == "":
			return invalidField(field, "", "Boot disk must have a source specified")
		}
		if image != "" {
			if _, err := c.resolveImage(p, field+".initializeParams.sourceImage", image); err != nil {
				return err
			}
		}
		if snapshot != "" {
			if _, err := p.resolve(field+".initializeParams.sourceSnapshot", snapshot, "snapshots"); err != nil {
				return err
			}
		}
		field += ".initializeParams.diskType"
		switch kind := init.GetDiskType(); {
		case strings.Contains(kind, "/"):
			return invalidField(field, kind, "DiskType '"+kind+"' must be a valid resource name (not an url).")
		case kind != "" && !knownDiskType(kind):
			return referenceMissing(field, kind, "diskType")
		}
		if err := checkLabels(field, init.GetLabels()); err != nil {
			return err
		}
	}
	return nil
}

// checkNetworks follows the API's description of NetworkInterface. The messages are
// in github.com/ansible-collections/google.cloud issue 358 (no interface) and
// terraform-provider-google issue 2140 (no such subnetwork). A network or subnetwork
// with a valid name is taken to exist.
func (c *Cloud) checkNetworks(p *project, properties *computepb.InstanceProperties) error {
	if len(properties.GetNetworkInterfaces()) == 0 {
		return invalidField("resource.properties.networkInterfaces", "", "At least one network interface is required.")
	}
	for i, n := range properties.GetNetworkInterfaces() {
		field := fmt.Sprintf("resource.properties.networkInterfaces[%d]", i)
		if url := n.GetNetwork(); url != "" {
			ref, err := p.resolve(field+".network", url, "networks")
			if err != nil {
				return err
			}
			if !namePattern.MatchString(ref.name) || ref.zone != "" || ref.region != "" {
				return referenceMissing(field+".network", url, "network")
			}
		}
		if url := n.GetSubnetwork(); url != "" {
			ref, err := p.resolve(field+".subnetwork", url, "subnetworks")
			if err != nil {
				return err
			}
			if _, ok := c.regionFixtures(p.id).find(ref.region); !ok || !namePattern.MatchString(ref.name) {
				return referenceMissing(field+".subnetwork", url, "subnetwork")
			}
		}
	}
	return nil
}

// checkMetadata follows the API's description of Metadata.items.
func checkMetadata(_ *project, p *computepb.InstanceProperties) error {
	const field = "resource.properties.metadata"
	seen := map[string]bool{}
	for i, item := range p.GetMetadata().GetItems() {
		switch {
		case seen[item.GetKey()]:
			return invalidField(field, item.GetKey(), "Metadata has duplicate keys.")
		case !metadataKey.MatchString(item.GetKey()):
			return invalidField(fmt.Sprintf("%s.items[%d].key", field, i), item.GetKey(), "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'")
		case len(item.GetValue()) > 256<<10:
			return invalidField(fmt.Sprintf("%s.items[%d].value", field, i), "", "Must be 262144 bytes or less.")
		}
		seen[item.GetKey()] = true
	}
	return nil
}

// "Only one service account per VM instance is supported": the API's description of
// Instance.serviceAccounts.
func checkAccounts(_ *project, p *computepb.InstanceProperties) error {
	if len(p.GetServiceAccounts()) > 1 {
		return invalidField("resource.properties.serviceAccounts", "", "At most one service account can be specified.")
	}
	return nil
}

// A tag complies with RFC 1035: the API's description of Tags.items.
func checkTags(_ *project, p *computepb.InstanceProperties) error {
	for i, tag := range p.GetTags().GetItems() {
		if err := checkName(fmt.Sprintf("resource.properties.tags.items[%d]", i), tag); err != nil {
			return err
		}
	}
	return nil
}

var (
	metadataKey = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
	labelKey    = regexp.MustCompile(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$`)
	labelValue  = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)
)

// checkLabels applies the rules of
// cloud.google.com/compute/docs/labeling-resources; the message is in
// github.com/oap-project/cloudtik issue 14.
func checkLabels(field string, labels map[string]string) error {
	if len(labels) > 64 {
		return invalidField(field, "", "At most 64 labels can be specified.")
	}
	for key, value := range labels {
		const rule = "can only contain lowercase letters, numeric characters, underscores and dashes. " +
			"The %[1]s can be at most 63 characters long. International characters are allowed."
		if !labelKey.MatchString(key) {
			return invalidField(field, "", fmt.Sprintf("Label key '%[2]s' violates format constraints. The %[1]s "+rule, "key", key))
		}
		if !labelValue.MatchString(value) {
			return invalidField(field, "", fmt.Sprintf("Label value '%[2]s' violates format constraints. The %[1]s "+rule, "value", value))
		}
	}
	return nil
}
