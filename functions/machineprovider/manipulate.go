package machineprovider

import (
	"context"
	"errors"
	"fmt"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// readEach reads all requests of a batch before anything is done, so that a batch
// with a malformed request changes nothing. errs has the refusal of each request,
// or nil; items has, in order, the requests that were not refused.
func readEach[In, Item any](requests []In, read func(In) (Item, error)) (items []Item, errs []error, err error) {
	errs = make([]error, len(requests))
	for i, request := range requests {
		item, err := read(request)
		var refusal leasing.Refusal
		switch {
		case err == nil:
			items = append(items, item)
		case errors.As(err, &refusal):
			errs[i] = err
		default:
			return nil, nil, within(fmt.Sprintf("requests[%d]", i), err)
		}
	}
	return items, errs, nil
}

// manipulate makes a batch of changes to the catalog.
func manipulate[In, Item any](ctx context.Context, requests []In, read func(In) (Item, error), do func(context.Context, ...Item) []error,
	respond func(In, error) (*pb.CatalogManipulationResponse, error)) (*pb.CatalogBatchManipulationResponse, error) {
	items, errs, err := readEach(requests, read)
	if err != nil {
		return nil, err
	}
	done := do(ctx, items...)
	batch := &pb.CatalogBatchManipulationResponse{}
	for i, request := range requests {
		err := errs[i]
		if err == nil {
			err, done = done[0], done[1:]
		}
		response, err := respond(request, err)
		if err != nil {
			return nil, err
		}
		batch.Responses = append(batch.Responses, response)
	}
	return batch, nil
}

func (a *api) addMachine(ctx context.Context, c caller, in *pb.CatalogMachineAdditionRequest) (*pb.CatalogManipulationResponse, error) {
	machine, err := a.addition(c, in)
	if err == nil {
		err = a.broker.Add(ctx, machine)[0]
	}
	return added(in, err)
}

func (a *api) addMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchAdditionRequest) (*pb.CatalogBatchManipulationResponse, error) {
	read := func(one *pb.CatalogMachineAdditionRequest) (leasing.Machine, error) { return a.addition(c, one) }
	return manipulate(ctx, in.GetRequests(), read, a.broker.Add, added)
}

func added(in *pb.CatalogMachineAdditionRequest, err error) (*pb.CatalogManipulationResponse, error) {
	response := &pb.CatalogManipulationResponse{MachineAdditionRequest: in}
	return response, refuse(&response.Error, err)
}

// addition reads a machine to add.
func (a *api) addition(c caller, in *pb.CatalogMachineAdditionRequest) (leasing.Machine, error) {
	if err := errors.Join(required("dimensions", in.Dimensions != nil), required("policies", in.Policies != nil)); err != nil {
		return leasing.Machine{}, err
	}
	id, err := managedMachine(c, in.Dimensions)
	if err != nil {
		return leasing.Machine{}, err
	}
	machine := leasing.Machine{Backend: id.Backend, Hostname: id.Hostname, Number: in.GetOffer()}
	if machine.Dimensions, err = wire.Dimensions("dimensions", in.Dimensions); err != nil {
		return machine, badRequest("%w", err)
	}
	if machine.Policies, err = wire.Policies("policies", in.Policies); err != nil {
		return machine, badRequest("%w", err)
	}
	machine.Policies.Backend, err = machine.Policies.Backend.Check(a.Project)
	return machine, err
}

// managedMachine returns the machine that a change is about. The viewer's role
// does not allow changes. A backend that the request leaves out is filled in.
func managedMachine(c caller, in *pb.Dimensions) (broker.MachineID, error) {
	c.viewer = false
	id, err := machineID(c, in.Backend, in.GetHostname())
	if id.Backend != "" {
		in.Backend = pb.Backend(pb.Backend_value[id.Backend]).Enum()
	}
	return id, within("dimensions", err)
}

func (a *api) deleteMachine(ctx context.Context, c caller, in *pb.CatalogMachineDeletionRequest) (*pb.CatalogManipulationResponse, error) {
	removal, err := removalOf(c, in)
	if err == nil {
		err = a.broker.Remove(ctx, removal)[0]
	}
	return removed(in, err)
}

func (a *api) deleteMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchDeletionRequest) (*pb.CatalogBatchManipulationResponse, error) {
	read := func(one *pb.CatalogMachineDeletionRequest) (broker.Removal, error) { return removalOf(c, one) }
	return manipulate(ctx, in.GetRequests(), read, a.broker.Remove, removed)
}

func removed(in *pb.CatalogMachineDeletionRequest, err error) (*pb.CatalogManipulationResponse, error) {
	response := &pb.CatalogManipulationResponse{
		MachineDeletionRequest: in,
		Settled:                wire.Flag(in.Settle != nil && errors.Is(err, leasing.EntryNotFound)),
	}
	return response, refuse(&response.Error, err)
}

// removalOf reads a machine to remove.
func removalOf(c caller, in *pb.CatalogMachineDeletionRequest) (broker.Removal, error) {
	if err := required("dimensions", in.Dimensions != nil); err != nil {
		return broker.Removal{}, err
	}
	id, err := managedMachine(c, in.Dimensions)
	if err != nil {
		return broker.Removal{}, err
	}
	removal := broker.Removal{MachineID: id, Instance: in.GetInstance(), Settle: in.Settle, Gone: in.GetGone()}
	if c.backend != id.Backend {
		removal.By = c.email
	}
	return removal, required("instance", in.Settle == nil || in.Instance != nil)
}
