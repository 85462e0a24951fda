package wire

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// MachineMessage returns the catalog's response about a machine.
func MachineMessage(m leasing.Machine) *machineproviderpb.CatalogMachineRetrievalResponse {
	return &machineproviderpb.CatalogMachineRetrievalResponse{
		Dimensions:         DimensionsMessage(m.Dimensions),
		Policies:           policiesMessage(m.Policies),
		State:              proto.String(string(m.State)),
		LeaseExpirationTs:  Seconds(m.LeaseExpiration),
		LeasedIndefinitely: Flag(m.LeasedIndefinitely),
	}
}

// LeaseMessage returns the response about a request.
func LeaseMessage(l leasing.Lease) *machineproviderpb.LeaseResponse {
	message := &machineproviderpb.LeaseResponse{
		RequestHash:        proto.String(l.Hash),
		ClientRequestId:    proto.String(l.RequestID),
		LeaseExpirationTs:  Seconds(l.ExpiresAt),
		LeasedIndefinitely: Flag(l.Indefinite()),
	}
	if n, ok := machineproviderpb.LeaseResponse_State_value[string(l.State)]; ok {
		message.State = machineproviderpb.LeaseResponse_State(n).Enum()
	}
	if l.Running() {
		message.Hostname = proto.String(l.Hostname)
	}
	return message
}

// Seconds returns a time in seconds since 1970, as on the wire; nil for the
// zero time.
func Seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return proto.Int64(t.Unix())
}

// Flag returns a flag as on the wire: absent if it is false.
func Flag(is bool) *bool {
	if !is {
		return nil
	}
	return &is
}
