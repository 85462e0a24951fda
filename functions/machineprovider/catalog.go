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

// backendOf is the backend that a call of the catalog is about: a backend's
// own is implied, and it may not name another; others must name one.
func backendOf(c caller, named *pb.Backend) (string, error) {
	switch {
	case named == nil && c.backend == "":
		return "", leasing.UnspecifiedBackend
	case named == nil:
		return c.backend, nil
	case c.administrator || c.viewer || named.String() == c.backend:
		return named.String(), nil
	}
	return "", leasing.MismatchedBackend
}

// managedBackend is backendOf for a change: there a viewer is nobody.
func managedBackend(c caller, named *pb.Backend) (string, error) {
	c.viewer = false
	return backendOf(c, named)
}

func (a *api) get(ctx context.Context, c caller, in *pb.CatalogMachineRetrievalRequest) (*pb.CatalogMachineRetrievalResponse, error) {
	if in.Settle != nil {
		return nil, badRequest("settle: get_machines takes it")
	}
	id, err := machineID("", c, in)
	if err != nil {
		return nil, retrievalError(err)
	}
	machine, err := a.broker.Machine(ctx, id)
	if err != nil {
		return nil, retrievalError(err)
	}
	return wire.MachineMessage(machine), nil
}

// retrievalError is how get answers what the other calls answer as a value.
func retrievalError(err error) error {
	switch {
	case errors.Is(err, leasing.UnspecifiedBackend):
		return badRequest("backend: an administrator or a viewer must name one")
	case errors.Is(err, leasing.MismatchedBackend):
		return forbidden("backend: the machine is another backend's")
	case errors.Is(err, leasing.UnspecifiedHostname):
		return badRequest("hostname: it is required")
	case errors.Is(err, leasing.EntryNotFound):
		return notFound("the catalog has no such machine")
	}
	return err
}

func machineID(path string, c caller, in *pb.CatalogMachineRetrievalRequest) (broker.MachineID, error) {
	backend, err := backendOf(c, in.Backend)
	if in.Settle != nil { // it writes
		backend, err = managedBackend(c, in.Backend)
	}
	if err != nil {
		return broker.MachineID{}, err
	}
	if in.GetHostname() == "" {
		return broker.MachineID{}, leasing.UnspecifiedHostname
	}
	if err := leasing.CheckHostname(in.GetHostname()); err != nil {
		return broker.MachineID{}, badRequest("%shostname: %w", path, err)
	}
	return broker.MachineID{Backend: backend, Hostname: in.GetHostname()}, required(path+"instance", in.Settle == nil || in.GetInstance() != "")
}

func (a *api) getMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchRetrievalRequest) (*pb.CatalogMachineBatchRetrievalResponse, error) {
	if err := limitBatch(in.GetRequests()); err != nil {
		return nil, err
	}
	answers := make([]*pb.CatalogMachineRetrievalResponse, len(in.GetRequests()))
	var ids []broker.MachineID
	var places []int
	for i, request := range in.GetRequests() {
		id, err := machineID(fmt.Sprintf("requests[%d].", i), c, request)
		if err == nil {
			ids, places = append(ids, id), append(places, i)
			continue
		}
		if answers[i], err = refusedRetrieval(err); err != nil {
			return nil, err
		}
	}
	machines, errs, err := a.broker.Machines(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		request := in.GetRequests()[place]
		settle := request.Settle != nil && (errs[i] != nil || machines[i].Instance() != request.GetInstance())
		if settle {
			machines[i], errs[i] = a.broker.Settle(ctx, ids[i], request.GetInstance(), request.GetSettle())
		}
		if errs[i] == nil {
			answers[place] = wire.MachineMessage(machines[i])
		} else if answers[place], err = refusedRetrieval(errs[i]); err != nil {
			return nil, err
		} else {
			answers[place].Settled = wire.Flag(settle)
		}
	}
	return &pb.CatalogMachineBatchRetrievalResponse{Responses: answers}, nil
}

func refusedRetrieval(err error) (*pb.CatalogMachineRetrievalResponse, error) {
	refusal, err := catalogRefusal(err)
	if err != nil {
		return nil, err
	}
	return &pb.CatalogMachineRetrievalResponse{Error: refusal}, nil
}

// catalogRefusal is an error as the catalog's answers have it; one that is no
// answer is given back.
func catalogRefusal(err error) (*pb.CatalogManipulationResponse_Error, error) {
	return refusalOf[pb.CatalogManipulationResponse_Error](pb.CatalogManipulationResponse_Error_value, err)
}

// refusalOf finds an error among the values of an enum; one that is not there
// is given back.
func refusalOf[E ~int32](values map[string]int32, err error) (*E, error) {
	var refusal leasing.Refusal
	if err == nil || !errors.As(err, &refusal) {
		return nil, err
	}
	number, ok := values[string(refusal)]
	if !ok {
		return nil, err
	}
	value := E(number)
	return &value, nil
}
