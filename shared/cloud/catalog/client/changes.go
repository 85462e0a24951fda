package client

import (
	"context"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// ours calls a method that LUCI's Machine Provider does not have, and has no
// substitute there: then the error is catalog.ErrUnsupported.
func (c *Client) ours(ctx context.Context, method string, request proto.Message) ([]byte, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	if !c.unknown.known(server, method) {
		return nil, catalog.ErrUnsupported
	}
	answer, err := c.send(ctx, server, method, request)
	if methodUnknown(err) {
		c.unknown.forget(server, method)
		return nil, catalog.ErrUnsupported
	}
	return answer, err
}

// Changes is catalog.list_changes.
func (c *Client) Changes(ctx context.Context, cursor string) (catalog.Changes, error) {
	answer, err := c.ours(ctx, "list_changes", &pb.CatalogChangesRequest{Cursor: optional(cursor), Backend: pb.Backend_GCE.Enum()})
	if err != nil {
		return catalog.Changes{}, err
	}
	var response pb.CatalogChangesResponse
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, &response); err != nil {
		return catalog.Changes{}, foreign("list_changes", err)
	}
	changes := catalog.Changes{Cursor: response.GetCursor(), More: response.GetMore()}
	for _, change := range response.GetChanges() {
		changes.Changed = append(changes.Changed, catalog.Change{
			Hostname: change.GetHostname(), Instance: change.GetInstance(), Removed: change.GetRemoved()})
	}
	return changes, nil
}

// Count is catalog.count_machines.
func (c *Client) Count(ctx context.Context, prefixes ...string) ([]catalog.Count, error) {
	return batches(prefixes, c.options.Batch, func(chunk []string) ([]catalog.Count, error) {
		answer, err := c.ours(ctx, "count_machines", &pb.CatalogMachineCountRequest{Backend: pb.Backend_GCE.Enum(), HostnamePrefixes: chunk})
		if err != nil {
			return nil, err
		}
		var response pb.CatalogMachineCountResponse
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, &response); err != nil {
			return nil, foreign("count_machines", err)
		}
		if len(response.GetCounts()) != len(chunk) {
			return nil, foreign("count_machines", fmt.Errorf("%d answers for %d prefixes", len(response.GetCounts()), len(chunk)))
		}
		counts := make([]catalog.Count, len(chunk))
		for i, count := range response.GetCounts() {
			counts[i] = catalog.Count{Available: int(count.GetAvailable()), Leased: int(count.GetLeased())}
		}
		return counts, nil
	}, func(string, error) catalog.Count { return catalog.Count{Available: -1} }) // it equals nothing: the group is looked at
}

// List is catalog.list_machines, all its pages.
func (c *Client) List(ctx context.Context, prefix string) ([]catalog.Machine, error) {
	var machines []catalog.Machine
	request := &pb.CatalogMachineListRequest{Backend: pb.Backend_GCE.Enum(), HostnamePrefix: proto.String(prefix)}
	for {
		answer, err := c.ours(ctx, "list_machines", request)
		if err != nil {
			return nil, err
		}
		var page struct {
			Machines []retrieval `json:"machines"`
			More     bool        `json:"more"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, foreign("list_machines", err)
		}
		for _, one := range page.Machines {
			machines = append(machines, one.machine("list_machines", one.Dimensions.Hostname))
		}
		if !page.More || len(page.Machines) == 0 {
			return machines, nil
		}
		request.After = proto.String(machines[len(machines)-1].Hostname)
	}
}
