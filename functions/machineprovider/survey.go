package machineprovider

import (
	"context"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

func (a *api) countMachines(ctx context.Context, c caller, in *pb.CatalogMachineCountRequest) (*pb.CatalogMachineCountResponse, error) {
	backend, err := backendOf(c, in.Backend)
	if err != nil {
		return nil, retrievalError(err)
	}
	if err := limitBatch(in.GetHostnamePrefixes()); err != nil {
		return nil, err
	}
	answer := &pb.CatalogMachineCountResponse{}
	for _, prefix := range in.GetHostnamePrefixes() {
		var counts [2]int
		for i, state := range []leasing.MachineState{leasing.Available, leasing.OnLease} {
			if counts[i], err = a.broker.Count(ctx, backend, prefix, state); err != nil {
				return nil, err
			}
		}
		answer.Counts = append(answer.Counts, &pb.CatalogMachineCount{
			Available: proto.Int64(int64(counts[0])), Leased: proto.Int64(int64(counts[1]))})
	}
	return answer, nil
}

func (a *api) listMachines(ctx context.Context, c caller, in *pb.CatalogMachineListRequest) (*pb.CatalogMachineListResponse, error) {
	backend, err := backendOf(c, in.Backend)
	if err != nil {
		return nil, retrievalError(err)
	}
	machines, more, err := a.broker.List(ctx, backend, in.GetHostnamePrefix(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	answer := &pb.CatalogMachineListResponse{More: wire.Flag(more)}
	for _, machine := range machines {
		answer.Machines = append(answer.Machines, wire.MachineMessage(machine))
	}
	return answer, nil
}
