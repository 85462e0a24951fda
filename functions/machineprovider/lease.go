package machineprovider

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

const (
	maxRequestID   = 1000 // bytes of request_id
	maxInstruction = 2000 // bytes of a Swarming server's URL
)

func (a *api) lease(ctx context.Context, c caller, in *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	request, err := leaseRequest("", in)
	if err != nil {
		return nil, err
	}
	return a.leaseOne(ctx, c, request)
}

func (a *api) leaseOne(ctx context.Context, c caller, request leasing.Request) (*pb.LeaseResponse, error) {
	lease, err := a.broker.Lease(ctx, c.email, request)
	if err == nil {
		return wire.LeaseMessage(lease), nil
	}
	refusal, err := refusalOf[pb.LeaseResponse_Error](pb.LeaseResponse_Error_value, err)
	if err != nil {
		return nil, err
	}
	return &pb.LeaseResponse{
		ClientRequestId: proto.String(request.ID),
		RequestHash:     proto.String(leasing.Hash(c.email, request.ID)),
		Error:           refusal,
	}, nil
}

func (a *api) batchedLease(ctx context.Context, c caller, in *pb.BatchedLeaseRequest) (*pb.BatchedLeaseResponse, error) {
	if err := limitBatch(in.GetRequests()); err != nil {
		return nil, err
	}
	requests := make([]leasing.Request, len(in.GetRequests()))
	for i, one := range in.GetRequests() {
		var err error
		if requests[i], err = leaseRequest(fmt.Sprintf("requests[%d].", i), one); err != nil {
			return nil, err
		}
	}
	answer := &pb.BatchedLeaseResponse{}
	begin := a.now()
	for _, request := range requests {
		var response *pb.LeaseResponse
		err := error(leasing.DeadlineExceeded)
		if a.now().Sub(begin) <= batchTimeout {
			response, err = a.leaseOne(ctx, c, request)
		}
		if err != nil {
			refusal, err := a.batchRefusal(err)
			if err != nil {
				return nil, err
			}
			response = &pb.LeaseResponse{
				ClientRequestId: proto.String(request.ID),
				RequestHash:     proto.String(leasing.Hash(c.email, request.ID)),
				Error:           pb.LeaseResponse_Error(pb.LeaseResponse_Error_value[string(refusal)]).Enum(),
			}
		}
		answer.Responses = append(answer.Responses, response)
	}
	return answer, nil
}

// batchRefusal is how a batched call answers a request that could not be dealt
// with: the others stand for themselves.
func (a *api) batchRefusal(err error) (leasing.Refusal, error) {
	if errors.Is(err, leasing.DeadlineExceeded) {
		return leasing.DeadlineExceeded, nil
	}
	a.log.Error("one request of a batch: "+err.Error(), "event", "CALL_FAILED", "error_class", string(failure.ClassOf(err)),
		"next", "nothing is tried again here; the caller asks again")
	switch failure.ClassOf(err) {
	case failure.Transient, failure.Quota, failure.Conflict:
		return leasing.TransientError, nil
	}
	return "", err
}

// leaseRequest reads a request for a machine.
func leaseRequest(path string, in *pb.LeaseRequest) (leasing.Request, error) {
	if err := requestID(path, in.RequestId); err != nil {
		return leasing.Request{}, err
	}
	if err := required(path+"dimensions", in.Dimensions != nil); err != nil {
		return leasing.Request{}, err
	}
	request := leasing.Request{
		ID:     in.GetRequestId(),
		Length: leasing.Length{Seconds: in.Duration, Until: in.LeaseExpirationTs, Indefinite: in.GetIndefinite()},
		Lessee: leasing.Destination{Topic: in.GetPubsubTopic(), Project: in.GetPubsubProject()},
	}
	var err error
	if request.Dimensions, err = wire.Dimensions(path+"dimensions", in.Dimensions); err != nil {
		return request, badRequest("%w", err)
	}
	request.Instruction = in.GetOnLease().GetSwarmingServer()
	if err := wire.Text(path+"on_lease.swarming_server", request.Instruction, maxInstruction); err != nil {
		return request, badRequest("%w", err)
	}
	return request, nil
}

func requestID(path string, id *string) error {
	path += "request_id"
	if id == nil || *id == "" {
		return badRequest("%s: it is required", path)
	}
	if err := wire.Text(path, *id, maxRequestID); err != nil {
		return badRequest("%w", err)
	}
	return nil
}
