package client

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Remove is catalog.delete_machines, or catalog.delete_machine for each: LUCI's
// Machine Provider, which has only that, knows none of the fields that are ours.
func (c *Client) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	results, err := batches(c, "delete_machines", removals, func(batch []catalog.Removal) ([]manipulation, error) {
		request := &pb.CatalogMachineBatchDeletionRequest{}
		for _, removal := range batch {
			one := deletion(removal.Hostname)
			one.Gone, one.Instance = optional(removal.Gone), optional(removal.Instance)
			if removal.Settle {
				one.Settle = proto.Int64(removal.Offer)
			}
			request.Requests = append(request.Requests, one)
		}
		answer, err := ours[responses[manipulation]](ctx, c, server, "delete_machines", request)
		return answer.Responses, err
	}, func(response manipulation, removal catalog.Removal) error {
		return response.result("delete_machines", removal.Hostname)
	}, asResult)
	if !errors.Is(err, catalog.ErrUnsupported) {
		return results, err
	}
	return singles(c, removals, func(removal catalog.Removal) (result, err error) {
		response, err := call[manipulation](ctx, c, server, "delete_machine", deletion(removal.Hostname))
		if err != nil {
			return nil, err
		}
		return response.result("delete_machine", removal.Hostname), nil
	}, asResult)
}

func deletion(hostname string) *pb.CatalogMachineDeletionRequest {
	return &pb.CatalogMachineDeletionRequest{
		Dimensions: &pb.Dimensions{Hostname: proto.String(hostname), Backend: pb.Backend_GCE.Enum()},
	}
}
