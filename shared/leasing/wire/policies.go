package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Limits of attributes: the two lengths are Pub/Sub's.
const (
	maxAttributes     = 32
	maxAttributeKey   = 256
	maxAttributeValue = 1024
	maxAccount        = 254
)

// Policies reads a machine's policies. The destination is not checked.
func Policies(path string, message *machineproviderpb.Policies) (leasing.Policies, error) {
	read := leasing.Policies{
		Backend:        leasing.Destination{Topic: message.GetBackendTopic(), Project: message.GetBackendProject()},
		ServiceAccount: message.GetMachineServiceAccount(),
	}
	if message.OnReclamation != nil {
		read.OnReclamation = leasing.Reclamation(message.GetOnReclamation().String())
	}
	if err := Text(join(path, "machine_service_account"), read.ServiceAccount, maxAccount); err != nil {
		return read, err
	}
	path = join(path, "backend_attributes")
	if n := len(message.GetBackendAttributes()); n > maxAttributes {
		return read, fmt.Errorf("%s: it has %d entries; the limit is %d", path, n, maxAttributes)
	}
	for i, pair := range message.GetBackendAttributes() {
		at := fmt.Sprintf("%s[%d]", path, i)
		if pair.GetKey() == "" {
			return read, fmt.Errorf("%s.key: it is required", at)
		}
		if err := Text(at+".key", pair.GetKey(), maxAttributeKey); err != nil {
			return read, err
		}
		if err := Text(at+".value", pair.GetValue(), maxAttributeValue); err != nil {
			return read, err
		}
		read.Attributes = append(read.Attributes, leasing.Attribute{Key: pair.GetKey(), Value: pair.GetValue()})
	}
	return read, nil
}

// policiesMessage is the inverse of Policies.
func policiesMessage(p leasing.Policies) *machineproviderpb.Policies {
	message := &machineproviderpb.Policies{
		BackendTopic:          optional(p.Backend.Topic),
		BackendProject:        optional(p.Backend.Project),
		MachineServiceAccount: optional(p.ServiceAccount),
	}
	if n, ok := machineproviderpb.MachineReclamationPolicy_value[string(p.OnReclamation)]; ok {
		message.OnReclamation = machineproviderpb.MachineReclamationPolicy(n).Enum()
	}
	for _, attribute := range p.Attributes {
		message.BackendAttributes = append(message.BackendAttributes, &machineproviderpb.KeyValuePair{
			Key: proto.String(attribute.Key), Value: optional(attribute.Value),
		})
	}
	return message
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
