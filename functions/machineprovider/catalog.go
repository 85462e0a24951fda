package machineprovider

import (
	"context"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// backendOf returns the backend that a catalog call is about. A backend may
// leave it out, and may name only itself; other callers must name one.
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

// machineID returns the machine that a catalog call is about. With an error it
// returns the part of the id that is known.
func machineID(c caller, named *pb.Backend, hostname string) (broker.MachineID, error) {
	backend, err := backendOf(c, named)
	id := broker.MachineID{Backend: backend, Hostname: hostname}
	if err != nil {
		return id, err
	}
	if hostname == "" {
		return id, leasing.UnspecifiedHostname
	}
	if err := leasing.CheckHostname(hostname); err != nil {
		return id, badRequest("hostname: %w", err)
	}
	return id, nil
}

func (a *api) get(ctx context.Context, c caller, in *pb.CatalogMachineRetrievalRequest) (*pb.CatalogMachineRetrievalResponse, error) {
	if in.Settle != nil {
		return nil, badRequest("settle: only get_machines accepts it")
	}
	id, err := machineID(c, in.Backend, in.GetHostname())
	if err != nil {
		return nil, err
	}
	machine, err := a.broker.Machine(ctx, id)
	return wire.MachineMessage(machine), err
}

func (a *api) getMachines(ctx context.Context, c caller, in *pb.CatalogMachineBatchRetrievalRequest) (*pb.CatalogMachineBatchRetrievalResponse, error) {
	ids, errs, err := readEach(in.GetRequests(), func(one *pb.CatalogMachineRetrievalRequest) (broker.MachineID, error) {
		c := c
		c.viewer = c.viewer && one.Settle == nil // settling writes
		id, err := machineID(c, one.Backend, one.GetHostname())
		if err != nil {
			return id, err
		}
		return id, required("instance", one.Settle == nil || one.GetInstance() != "")
	})
	if err != nil {
		return nil, err
	}
	machines, absent, err := a.broker.Machines(ctx, ids...)
	if err != nil {
		return nil, err
	}
	batch := &pb.CatalogMachineBatchRetrievalResponse{}
	next := 0
	for i, request := range in.GetRequests() {
		response, err := &pb.CatalogMachineRetrievalResponse{}, errs[i]
		if err == nil {
			response, err = a.retrieved(ctx, request, ids[next], machines[next], absent[next])
			next++
		}
		if err := refuse(&response.Error, err); err != nil {
			return nil, err
		}
		batch.Responses = append(batch.Responses, response)
	}
	return batch, nil
}

// retrieved returns the response about a machine that was looked up. If the
// catalog does not have the request's instance and the request asks to settle
// that, it first makes the absence final. It returns a response even if it
// returns an error.
func (a *api) retrieved(ctx context.Context, in *pb.CatalogMachineRetrievalRequest, id broker.MachineID, machine leasing.Machine, err error) (*pb.CatalogMachineRetrievalResponse, error) {
	settle := in.Settle != nil && (err != nil || machine.Instance() != in.GetInstance())
	if settle {
		machine, err = a.broker.Settle(ctx, id, in.GetInstance(), in.GetSettle())
	}
	if err == nil {
		return wire.MachineMessage(machine), nil
	}
	return &pb.CatalogMachineRetrievalResponse{Settled: wire.Flag(settle)}, err
}
