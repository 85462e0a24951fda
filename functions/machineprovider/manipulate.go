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

func (a *api) addMachine(ctx context.Context, c caller, in *pb.CatalogMachineAdditionRequest) (*pb.CatalogManipulationResponse, error) {
	answers, err := a.add(ctx, c, "", in)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

func (a *api) addMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchAdditionRequest) (*pb.CatalogBatchManipulationResponse, error) {
	if err := limitBatch(in.GetRequests()); err != nil {
		return nil, err
	}
	answers, err := a.add(ctx, c, "requests[%d].", in.GetRequests()...)
	if err != nil {
		return nil, err
	}
	return &pb.CatalogBatchManipulationResponse{Responses: answers}, nil
}

// add reads all requests before it does anything: what is not well-formed
// leaves nothing behind.
func (a *api) add(ctx context.Context, c caller, path string, requests ...*pb.CatalogMachineAdditionRequest) ([]*pb.CatalogManipulationResponse, error) {
	answers := make([]*pb.CatalogManipulationResponse, len(requests))
	var machines []leasing.Machine
	var places []int
	for i, request := range requests {
		answers[i] = &pb.CatalogManipulationResponse{MachineAdditionRequest: request}
		machine, err := a.addition(at(path, i), c, request)
		if answers[i].Error, err = catalogRefusal(err); err != nil {
			return nil, err
		}
		if answers[i].Error == nil {
			machines, places = append(machines, machine), append(places, i)
		}
	}
	for i, err := range a.broker.Add(ctx, machines...) {
		if answers[places[i]].Error, err = catalogRefusal(err); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// addition reads a machine. The backend, where it is implied, is filled into
// the request.
func (a *api) addition(path string, c caller, in *pb.CatalogMachineAdditionRequest) (leasing.Machine, error) {
	if err := errors.Join(required(path+"dimensions", in.Dimensions != nil), required(path+"policies", in.Policies != nil)); err != nil {
		return leasing.Machine{}, err
	}
	backend, err := managedBackend(c, in.Dimensions.Backend)
	if err != nil {
		return leasing.Machine{}, err
	}
	in.Dimensions.Backend = pb.Backend(pb.Backend_value[backend]).Enum()
	if in.Dimensions.GetHostname() == "" {
		return leasing.Machine{}, leasing.UnspecifiedHostname
	}
	machine := leasing.Machine{Backend: backend, Hostname: in.Dimensions.GetHostname(), Number: in.GetOffer()}
	if machine.Dimensions, err = wire.Dimensions(path+"dimensions", in.Dimensions); err != nil {
		return machine, badRequest("%w", err)
	}
	if machine.Policies, err = wire.Policies(path+"policies", in.Policies); err != nil {
		return machine, badRequest("%w", err)
	}
	machine.Policies.Backend, err = machine.Policies.Backend.Check(a.project)
	return machine, err
}

func at(path string, i int) string {
	if path == "" {
		return ""
	}
	return fmt.Sprintf(path, i)
}

func (a *api) deleteMachine(ctx context.Context, c caller, in *pb.CatalogMachineDeletionRequest) (*pb.CatalogManipulationResponse, error) {
	answers, err := a.remove(ctx, c, "", in)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

func (a *api) deleteMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchDeletionRequest) (*pb.CatalogBatchManipulationResponse, error) {
	if err := limitBatch(in.GetRequests()); err != nil {
		return nil, err
	}
	answers, err := a.remove(ctx, c, "requests[%d].", in.GetRequests()...)
	if err != nil {
		return nil, err
	}
	return &pb.CatalogBatchManipulationResponse{Responses: answers}, nil
}

func (a *api) remove(ctx context.Context, c caller, path string, requests ...*pb.CatalogMachineDeletionRequest) ([]*pb.CatalogManipulationResponse, error) {
	answers := make([]*pb.CatalogManipulationResponse, len(requests))
	var removals []broker.Removal
	var places []int
	for i, request := range requests {
		answers[i] = &pb.CatalogManipulationResponse{MachineDeletionRequest: request}
		removal, err := removalOf(at(path, i), c, request)
		if answers[i].Error, err = catalogRefusal(err); err != nil {
			return nil, err
		}
		if answers[i].Error == nil {
			removals, places = append(removals, removal), append(places, i)
		}
	}
	for i, err := range a.broker.Remove(ctx, removals...) {
		answer := answers[places[i]]
		answer.Settled = wire.Flag(removals[i].Settle != nil && errors.Is(err, leasing.EntryNotFound))
		if answer.Error, err = catalogRefusal(err); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func removalOf(path string, c caller, in *pb.CatalogMachineDeletionRequest) (broker.Removal, error) {
	if err := required(path+"dimensions", in.Dimensions != nil); err != nil {
		return broker.Removal{}, err
	}
	backend, err := managedBackend(c, in.Dimensions.Backend)
	if err != nil {
		return broker.Removal{}, err
	}
	in.Dimensions.Backend = pb.Backend(pb.Backend_value[backend]).Enum()
	hostname := in.Dimensions.GetHostname()
	if hostname == "" {
		return broker.Removal{}, leasing.UnspecifiedHostname
	}
	if err := leasing.CheckHostname(hostname); err != nil {
		return broker.Removal{}, badRequest("%sdimensions.hostname: %w", path, err)
	}
	removal := broker.Removal{
		MachineID: broker.MachineID{Backend: backend, Hostname: hostname},
		Instance:  in.GetInstance(),
		Settle:    in.Settle,
		Gone:      in.GetGone(),
	}
	if err := required(path+"instance", in.Settle == nil || in.Instance != nil); err != nil {
		return broker.Removal{}, err
	}
	if c.backend != backend {
		removal.By = c.email
	}
	return removal, nil
}
