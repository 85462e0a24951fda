package client

import (
	"context"

	"google.golang.org/protobuf/encoding/protojson"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Changes is catalog.list_changes.
func (c *Client) Changes(ctx context.Context, cursor string) (catalog.Changes, error) {
	server, err := c.server(ctx)
	if err != nil {
		return catalog.Changes{}, err
	}
	if !c.unknown.known(server, "list_changes") {
		return catalog.Changes{}, catalog.ErrUnsupported
	}
	answer, err := c.send(ctx, server, "list_changes", &pb.CatalogChangesRequest{
		Cursor: optional(cursor), Backend: pb.Backend_GCE.Enum()})
	if methodUnknown(err) {
		c.unknown.forget(server, "list_changes")
		return catalog.Changes{}, catalog.ErrUnsupported
	}
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
