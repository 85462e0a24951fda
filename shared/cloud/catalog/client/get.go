package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// integer is a 64-bit integer, written as a string (the API's form) or as a
// number.
type integer int64

// UnmarshalJSON accepts either form.
func (n *integer) UnmarshalJSON(data []byte) error {
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	value, err := strconv.ParseInt(number.String(), 10, 64)
	*n = integer(value)
	return err
}

// retrieval is the API's state of a machine. Like manipulation it is decoded
// without the generated type.
type retrieval struct {
	echo
	Policies struct {
		BackendAttributes []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"backend_attributes"`
	} `json:"policies"`
	LeaseExpiration    integer `json:"lease_expiration_ts"`
	LeasedIndefinitely bool    `json:"leased_indefinitely"`
	Error              string  `json:"error"`
	Settled            bool    `json:"settled"`
}

// machine returns the state of the requested machine. A response that does not
// name the machine is an error.
func (r retrieval) machine(method, hostname string) catalog.Machine {
	machine := catalog.Machine{Hostname: hostname}
	switch {
	case r.Error == pb.CatalogManipulationResponse_ENTRY_NOT_FOUND.String():
		machine.Err = absence(r.Settled)
	case r.Error != "":
		machine.Err = failure.New(failure.Permanent, "the Machine Provider says nothing of %s: %s", hostname, r.Error)
	case r.Dimensions.Hostname != hostname:
		machine.Err = foreign(method, fmt.Errorf("it is about %q and not about %q", r.Dimensions.Hostname, hostname))
	default:
		for _, attribute := range r.Policies.BackendAttributes {
			if attribute.Key == event.AttributeInstance {
				machine.Instance = attribute.Value
			}
		}
		machine.LeasedIndefinitely = r.LeasedIndefinitely
		if !r.LeasedIndefinitely && r.LeaseExpiration != 0 {
			machine.LeaseExpiration = time.Unix(int64(r.LeaseExpiration), 0).UTC()
		}
	}
	return machine
}

// Get calls catalog.get_machines, or else catalog.get for each machine.
func (c *Client) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	server, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	machines, err := batches(c, "get_machines", questions, func(batch []catalog.Question) ([]retrieval, error) {
		request := &pb.CatalogMachineBatchRetrievalRequest{}
		for _, question := range batch {
			one := retrievalRequest(question.Hostname)
			if question.Settle {
				one.Settle, one.Instance = proto.Int64(question.Offer), proto.String(question.Instance)
			}
			request.Requests = append(request.Requests, one)
		}
		answer, err := ours[responses[retrieval]](ctx, c, server, "get_machines", request)
		return answer.Responses, err
	}, func(response retrieval, question catalog.Question) catalog.Machine {
		return response.machine("get_machines", question.Hostname)
	}, unknownMachine)
	if !errors.Is(err, catalog.ErrUnsupported) {
		return machines, err
	}
	machines, err = singles(c, questions, func(question catalog.Question) (catalog.Machine, error) {
		return c.getOne(ctx, server, question.Hostname)
	}, unknownMachine)
	if err == nil {
		c.doubt(ctx, server, machines)
	}
	return machines, err
}

// doubt calls a method that every Machine Provider has. If the response is 404
// again, this server's 404 proves nothing, and doubt replaces ErrNotFound of
// the machines with a transient error.
func (c *Client) doubt(ctx context.Context, server string, machines []catalog.Machine) {
	missing := func(m catalog.Machine) bool { return errors.Is(m.Err, catalog.ErrNotFound) }
	if !slices.ContainsFunc(machines, missing) {
		return
	}
	_, err := c.send(ctx, server, "add_machines", &pb.CatalogMachineBatchAdditionRequest{}) // adds none
	r, refused := errors.AsType[*refusal](err)
	if err == nil || refused && !methodUnknown(err) && r.status < http.StatusInternalServerError {
		return
	}
	for i := range machines {
		if missing(machines[i]) {
			machines[i].Err = failure.New(failure.Transient, "the Machine Provider's 404 is not to be believed: %w", err)
		}
	}
}

func unknownMachine(question catalog.Question, err error) catalog.Machine {
	return catalog.Machine{Hostname: question.Hostname, Err: err}
}

// getOne asks for one machine. LUCI's Machine Provider responds with 404 and
// its own error message if it does not have the machine; any other 404 comes
// from a wrong URL.
func (c *Client) getOne(ctx context.Context, server, hostname string) (catalog.Machine, error) {
	response, err := call[retrieval](ctx, c, server, "get", retrievalRequest(hostname))
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusNotFound && r.said {
		return catalog.Machine{Hostname: hostname, Err: catalog.ErrNotFound}, nil
	}
	if err != nil {
		return catalog.Machine{}, err
	}
	return response.machine("get", hostname), nil
}

func retrievalRequest(hostname string) *pb.CatalogMachineRetrievalRequest {
	return &pb.CatalogMachineRetrievalRequest{Hostname: proto.String(hostname), Backend: pb.Backend_GCE.Enum()}
}
