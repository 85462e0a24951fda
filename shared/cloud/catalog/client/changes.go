package client

import (
	"context"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Changes calls catalog.list_changes.
func (c *Client) Changes(ctx context.Context, cursor string) (catalog.Changes, error) {
	server, err := c.server(ctx)
	if err != nil {
		return catalog.Changes{}, err
	}
	answer, err := ours[struct {
		Cursor  string `json:"cursor"`
		More    bool   `json:"more"`
		Changes []struct {
			Hostname string `json:"hostname"`
			Instance string `json:"instance"`
			Removed  bool   `json:"removed"`
		} `json:"changes"`
	}](ctx, c, server, "list_changes", &pb.CatalogChangesRequest{Cursor: optional(cursor), Backend: pb.Backend_GCE.Enum()})
	if err != nil {
		return catalog.Changes{}, err
	}
	changes := catalog.Changes{Cursor: answer.Cursor, More: answer.More}
	for _, change := range answer.Changes {
		changes.Changed = append(changes.Changed, catalog.Change(change))
	}
	return changes, nil
}

// counted is the response for one prefix.
type counted struct {
	Available integer `json:"available"`
	Leased    integer `json:"leased"`
}

// Count calls catalog.count_machines. For a failed batch it returns counts that
// match no real count, so that its groups are looked at.
func (c *Client) Count(ctx context.Context, prefixes ...string) ([]catalog.Count, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	return batches(c, "count_machines", prefixes, func(batch []string) ([]counted, error) {
		answer, err := ours[struct {
			Counts []counted `json:"counts"`
		}](ctx, c, server, "count_machines", &pb.CatalogMachineCountRequest{Backend: pb.Backend_GCE.Enum(), HostnamePrefixes: batch})
		return answer.Counts, err
	}, func(count counted, _ string) catalog.Count {
		return catalog.Count{Available: int(count.Available), Leased: int(count.Leased)}
	}, func(string, error) catalog.Count { return catalog.Count{Available: -1} })
}

// List calls catalog.list_machines for all pages.
func (c *Client) List(ctx context.Context, prefix string) ([]catalog.Machine, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	var machines []catalog.Machine
	request := &pb.CatalogMachineListRequest{Backend: pb.Backend_GCE.Enum(), HostnamePrefix: proto.String(prefix)}
	for {
		page, err := ours[struct {
			Machines []retrieval `json:"machines"`
			More     bool        `json:"more"`
		}](ctx, c, server, "list_machines", request)
		if err != nil {
			return nil, err
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
