package machineprovider

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

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
