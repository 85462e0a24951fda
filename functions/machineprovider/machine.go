package machineprovider

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
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

func (a *api) ack(ctx context.Context, c caller, in *pb.AckRequest) (proto.Message, error) {
	machine, err := a.ownMachine(ctx, c, in.Backend, in.GetHostname())
	if err != nil {
		return nil, err
	}
	err = a.broker.Ack(ctx, machine)
	if errors.Is(err, leasing.NotFound) {
		err = badRequest("the machine has no instruction")
	}
	return nil, err
}

// ownMachine reads a machine for itself, its backend or an administrator.
// Anyone else gets the same answer as for a machine that does not exist, and so
// learns nothing.
func (a *api) ownMachine(ctx context.Context, c caller, named *pb.Backend, hostname string) (leasing.Machine, error) {
	if err := required("backend", named != nil || c.backend != ""); err != nil {
		return leasing.Machine{}, err
	}
	id, err := machineID(caller{administrator: true, backend: c.backend}, named, hostname)
	if err != nil {
		return leasing.Machine{}, err
	}
	machine, err := a.broker.Machine(ctx, id)
	if err != nil {
		return machine, err
	}
	if !isItself(c, machine) && c.backend != machine.Backend && !c.administrator {
		a.Log.Warn("refused to say that a machine exists", "event", "MACHINE_HIDDEN", "caller", c.email, "hostname", hostname)
		return leasing.Machine{}, leasing.EntryNotFound
	}
	return machine, nil
}

// isItself reports whether the caller is the machine's own service account.
func isItself(c caller, machine leasing.Machine) bool {
	return machine.Policies.ServiceAccount != "" && strings.EqualFold(c.email, machine.Policies.ServiceAccount)
}
