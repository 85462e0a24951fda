package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// manipulation is the result of an addition or a deletion. It is decoded
// without the generated type, which would drop an unknown error and make it
// look like success.
type manipulation struct {
	Error    string `json:"error"`
	Settled  bool   `json:"settled"`
	Addition echo   `json:"machine_addition_request"`
	Deletion echo   `json:"machine_deletion_request"`
}

// echo is the request that a response repeats. Every Machine Provider repeats
// it, and any other server at the URL does not.
type echo struct {
	Dimensions struct {
		Hostname string `json:"hostname"`
	} `json:"dimensions"`
}

// result returns the error of the requested machine; nil for success.
func (m manipulation) result(method, hostname string) error {
	about := cmp.Or(m.Addition.Dimensions.Hostname, m.Deletion.Dimensions.Hostname)
	if about != hostname && (about != "" || m.Error == "") {
		return foreign(method, fmt.Errorf("it is about %q and not about %q", about, hostname))
	}
	switch m.Error {
	case "":
		return nil
	case pb.CatalogManipulationResponse_LEASED.String():
		return catalog.ErrLeased
	case pb.CatalogManipulationResponse_ENTRY_NOT_FOUND.String():
		return absence(m.Settled)
	case pb.CatalogManipulationResponse_SETTLED.String():
		return catalog.ErrSettled
	case pb.CatalogManipulationResponse_HOSTNAME_REUSE.String():
		return catalog.ErrReused
	}
	return failure.New(failure.Permanent, "the Machine Provider refused %s: %s", hostname, m.Error)
}

func absence(settled bool) error {
	if settled {
		return catalog.ErrSettled
	}
	return catalog.ErrNotFound
}

// Add calls catalog.add_machines.
func (c *Client) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	return batches(c, "add_machines", entries, func(batch []catalog.Entry) ([]manipulation, error) {
		request := &pb.CatalogMachineBatchAdditionRequest{}
		for _, entry := range batch {
			request.Requests = append(request.Requests, addition(entry))
		}
		answer, err := call[responses[manipulation]](ctx, c, server, "add_machines", request)
		return answer.Responses, err
	}, func(response manipulation, entry catalog.Entry) error {
		return response.result("add_machines", entry.Hostname)
	}, asResult)
}

// addition returns an entry in the API's form.
func addition(entry catalog.Entry) *pb.CatalogMachineAdditionRequest {
	dimensions := &pb.Dimensions{Hostname: proto.String(entry.Hostname), Backend: pb.Backend_GCE.Enum()}
	proto.Merge(dimensions, entry.Dimensions)
	policies := &pb.Policies{
		MachineServiceAccount: optional(entry.ServiceAccount),
		OnReclamation:         pb.MachineReclamationPolicy_DELETE.Enum(),
		BackendTopic:          optional(entry.Topic),
		BackendProject:        optional(entry.Project),
	}
	if entry.Instance != "" {
		policies.BackendAttributes = []*pb.KeyValuePair{
			{Key: proto.String(event.AttributeInstance), Value: proto.String(entry.Instance)},
		}
	}
	return &pb.CatalogMachineAdditionRequest{Dimensions: dimensions, Policies: policies, Offer: optional(entry.Offer)}
}

// Remove calls catalog.delete_machines, or else catalog.delete_machine for each
// machine. LUCI's Machine Provider has only the latter, without the fields that
// we added.
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

func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}
