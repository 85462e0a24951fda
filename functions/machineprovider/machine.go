package machineprovider

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

func (a *api) poll(ctx context.Context, c caller, in *pb.PollRequest) (*pb.PollResponse, error) {
	machine, err := a.ownMachine(ctx, c, in.Backend, in.GetHostname())
	if err != nil {
		return nil, err
	}
	instruction, state, err := a.broker.Poll(ctx, machine, isItself(c, machine))
	if err != nil || instruction == "" {
		return &pb.PollResponse{}, err
	}
	return &pb.PollResponse{
		Instruction: &pb.Instruction{SwarmingServer: proto.String(instruction)},
		State:       proto.String(string(state)),
	}, nil
}

func (a *api) ack(ctx context.Context, c caller, body []byte) (proto.Message, error) {
	in := &pb.AckRequest{}
	if err := wire.Decode(body, in); err != nil {
		return nil, badRequest("%w", err)
	}
	machine, err := a.ownMachine(ctx, c, in.Backend, in.GetHostname())
	if err != nil {
		return nil, err
	}
	if err := a.broker.Ack(ctx, machine); errors.Is(err, leasing.NotFound) {
		return nil, badRequest("the machine has no instruction")
	} else if err != nil {
		return nil, err
	}
	return nil, nil
}

// ownMachine reads a machine for itself, its backend or an administrator. For
// anyone else it is not there: who may not know of a machine does not learn
// that it exists.
func (a *api) ownMachine(ctx context.Context, c caller, named *pb.Backend, hostname string) (leasing.Machine, error) {
	if err := required("hostname", hostname != ""); err != nil {
		return leasing.Machine{}, err
	}
	if err := leasing.CheckHostname(hostname); err != nil {
		return leasing.Machine{}, badRequest("hostname: %w", err)
	}
	backend := c.backend
	if named != nil {
		backend = named.String()
	}
	if err := required("backend", backend != ""); err != nil {
		return leasing.Machine{}, err
	}
	machine, err := a.broker.Machine(ctx, broker.MachineID{Backend: backend, Hostname: hostname})
	if err != nil {
		return machine, retrievalError(err)
	}
	if !isItself(c, machine) && c.backend != machine.Backend && !c.administrator {
		a.log.Warn("refused to say that a machine exists", "event", "MACHINE_HIDDEN", "caller", c.email, "hostname", hostname)
		return leasing.Machine{}, retrievalError(leasing.EntryNotFound)
	}
	return machine, nil
}

// isItself reports whether the machine's own service account calls.
func isItself(c caller, machine leasing.Machine) bool {
	return machine.Policies.ServiceAccount != "" && strings.EqualFold(c.email, machine.Policies.ServiceAccount)
}
