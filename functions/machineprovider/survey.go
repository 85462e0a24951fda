package machineprovider

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

func (a *api) countMachines(ctx context.Context, c caller, in *pb.CatalogMachineCountRequest) (*pb.CatalogMachineCountResponse, error) {
	backend, err := backendOf(c, in.Backend)
	if err != nil {
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
		return nil, err
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

func (a *api) listChanges(ctx context.Context, c caller, in *pb.CatalogChangesRequest) (*pb.CatalogChangesResponse, error) {
	backend, err := backendOf(c, in.Backend)
	if err != nil {
		return nil, err
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
