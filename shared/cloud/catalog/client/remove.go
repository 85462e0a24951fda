package client

import (
	"context"
	"encoding/json"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Remove is catalog.delete_machines, or catalog.delete_machine for each.
func (c *Client) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	server, err := c.server(ctx)
	if err != nil || len(removals) == 0 {
		return nil, err
	}
	failed := func(_ catalog.Removal, err error) error { return err }
	if c.unknown.known(server, "delete_machines") {
		results, err := batches(removals, c.options.Batch, func(chunk []catalog.Removal) ([]error, error) {
			return c.removeBatch(ctx, server, chunk)
		}, failed)
		if err == nil || !methodUnknown(err) {
			return results, err
		}
		c.unknown.forget(server, "delete_machines")
	}
	return c.removeEach(ctx, server, removals)
}

func (c *Client) removeBatch(ctx context.Context, server string, removals []catalog.Removal) ([]error, error) {
	request := &pb.CatalogMachineBatchDeletionRequest{}
	hostnames := make([]string, len(removals))
	for i, removal := range removals {
		hostnames[i] = removal.Hostname
		one := deletion(removal.Hostname)
		one.Gone = optional(removal.Gone)
		one.Instance = optional(removal.Instance)
		if removal.Settle {
			one.Settle = proto.Int64(removal.Offer)
		}
		request.Requests = append(request.Requests, one)
	}
	answer, err := c.send(ctx, server, "delete_machines", request)
	if err != nil {
		return nil, err
	}
	return manipulations("delete_machines", answer, hostnames)
}

// removeEach is for LUCI's Machine Provider, which knows neither of the fields
// that are ours.
func (c *Client) removeEach(ctx context.Context, server string, removals []catalog.Removal) ([]error, error) {
	type outcome struct{ err error }
	outcomes, err := singles(ctx, removals, c.options.Concurrency, func(ctx context.Context, removal catalog.Removal) (outcome, error) {
		answer, err := c.send(ctx, server, "delete_machine", deletion(removal.Hostname))
		if err != nil {
			return outcome{}, err
		}
		var response manipulation
		if err := json.Unmarshal(answer, &response); err != nil {
			return outcome{}, foreign("delete_machine", err)
		}
		return outcome{response.result("delete_machine", removal.Hostname)}, nil
	}, func(_ catalog.Removal, err error) outcome { return outcome{err} })
	if err != nil {
		return nil, err
	}
	results := make([]error, len(outcomes))
	for i, o := range outcomes {
		results[i] = o.err
	}
	return results, nil
}

func deletion(hostname string) *pb.CatalogMachineDeletionRequest {
	return &pb.CatalogMachineDeletionRequest{
		Dimensions: &pb.Dimensions{Hostname: proto.String(hostname), Backend: pb.Backend_GCE.Enum()},
	}
}
