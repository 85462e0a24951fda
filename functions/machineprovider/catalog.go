package machineprovider

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

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
	if err != nil {
		return broker.MachineID{}, err
	}
	if in.GetHostname() == "" {
		return broker.MachineID{}, leasing.UnspecifiedHostname
	}
	if err := leasing.CheckHostname(in.GetHostname()); err != nil {
		return broker.MachineID{}, badRequest("%shostname: %w", path, err)
	}
	return broker.MachineID{Backend: backend, Hostname: in.GetHostname()}, nil
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
		if errs[i] == nil {
			answers[place] = wire.MachineMessage(machines[i])
		} else if answers[place], err = refusedRetrieval(errs[i]); err != nil {
			return nil, err
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
	machine := leasing.Machine{Backend: backend, Hostname: in.Dimensions.GetHostname()}
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
		if answers[places[i]].Error, err = catalogRefusal(err); err != nil {
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
		Gone:      in.GetGone(),
	}
	if c.backend != backend {
		removal.By = c.email
	}
	return removal, nil
}

func (a *api) listChanges(ctx context.Context, c caller, in *pb.CatalogChangesRequest) (*pb.CatalogChangesResponse, error) {
	backend, err := backendOf(c, in.Backend)
	if err != nil {
		return nil, retrievalError(err)
	}
	limit := int64(broker.MaxChanges)
	if in.Limit != nil {
		limit = in.GetLimit()
	}
	if limit < 1 || limit > broker.MaxChanges {
		return nil, badRequest("limit: %d is not between 1 and %d", limit, broker.MaxChanges)
	}
	changes, err := a.broker.Changes(ctx, backend, in.GetCursor(), int(limit))
	if errors.Is(err, broker.ErrCursor) {
		return nil, badRequest("cursor: %w", err)
	}
	if err != nil {
		return nil, err
	}
	answer := &pb.CatalogChangesResponse{
		Cursor: proto.String(changes.Cursor),
		More:   wire.Flag(changes.More),
		Reset_: wire.Flag(changes.Reset),
	}
	for _, change := range changes.Changes {
		answer.Changes = append(answer.Changes, changeMessage(change))
	}
	return answer, nil
}

func changeMessage(change broker.Change) *pb.CatalogMachineChange {
	message := &pb.CatalogMachineChange{Hostname: proto.String(change.Hostname)}
	if change.Instance != "" {
		message.Instance = proto.String(change.Instance)
	}
	if change.Machine == nil {
		message.Removed = proto.Bool(true)
		return message
	}
	message.State = proto.String(string(change.Machine.State))
	message.LeaseExpirationTs = wire.Seconds(change.Machine.LeaseExpiration)
	message.LeasedIndefinitely = wire.Flag(change.Machine.LeasedIndefinitely)
	return message
}
