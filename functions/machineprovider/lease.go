package machineprovider

import (
	"context"
	"errors"
	"time"

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
	request, err := leaseRequest(in)
	if err != nil {
		return nil, err
	}
	lease, err := a.broker.Lease(ctx, c.email, request)
	return leaseResponse(c, request.ID, lease, err)
}

func leaseResponse(c caller, id string, lease leasing.Lease, err error) (*pb.LeaseResponse, error) {
	if err == nil {
		return wire.LeaseMessage(lease), nil
	}
	response := &pb.LeaseResponse{ClientRequestId: &id, RequestHash: proto.String(leasing.Hash(c.email, id))}
	return response, refuse(&response.Error, err)
}

func (a *api) batchedLease(ctx context.Context, c caller, in *pb.BatchedLeaseRequest) (*pb.BatchedLeaseResponse, error) {
	requests, _, err := readEach(in.GetRequests(), leaseRequest)
	if err != nil {
		return nil, err
	}
	batch := &pb.BatchedLeaseResponse{}
	begin := a.Now()
	for _, request := range requests {
		var lease leasing.Lease
		err := a.inBatch(begin, func() (err error) {
			lease, err = a.broker.Lease(ctx, c.email, request)
			return err
		})
		response, err := leaseResponse(c, request.ID, lease, err)
		if err != nil {
			return nil, err
		}
		batch.Responses = append(batch.Responses, response)
	}
	return batch, nil
}

// inBatch does one request of a batch that began at begin. It returns a refusal
// when batchTimeout is over, and for a request that failed but may succeed
// later, so that the other requests still get their responses.
func (a *api) inBatch(begin time.Time, do func() error) error {
	if a.Now().Sub(begin) > batchTimeout {
		return leasing.DeadlineExceeded
	}
	err := do()
	var refusal leasing.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	a.Log.Error("one request of a batch: "+err.Error(), "event", "CALL_FAILED", "error_class", string(failure.ClassOf(err)),
		"next", "nothing is tried again here; the caller asks again")
	if failure.Temporary(err) {
		return leasing.TransientError
	}
	return err
}

// leaseRequest reads a request for a machine.
func leaseRequest(in *pb.LeaseRequest) (leasing.Request, error) {
	id, err := requestID(in)
	if err != nil {
		return leasing.Request{}, err
	}
	if err := required("dimensions", in.Dimensions != nil); err != nil {
		return leasing.Request{}, err
	}
	request := leasing.Request{
		ID:          id,
		Length:      leasing.Length{Seconds: in.Duration, Until: in.LeaseExpirationTs, Indefinite: in.GetIndefinite()},
		Lessee:      leasing.Destination{Topic: in.GetPubsubTopic(), Project: in.GetPubsubProject()},
		Instruction: in.GetOnLease().GetSwarmingServer(),
	}
	if request.Dimensions, err = wire.Dimensions("dimensions", in.Dimensions); err != nil {
		return request, badRequest("%w", err)
	}
	return request, checkText("on_lease.swarming_server", request.Instruction, maxInstruction)
}

// requestID returns the id of a request of any kind.
func requestID[In interface{ GetRequestId() string }](in In) (string, error) {
	id := in.GetRequestId()
	if err := required("request_id", id != ""); err != nil {
		return "", err
	}
	return id, checkText("request_id", id, maxRequestID)
}

func (a *api) release(ctx context.Context, c caller, in *pb.LeaseReleaseRequest) (*pb.LeaseReleaseResponse, error) {
	id, err := requestID(in)
	if err != nil {
		return nil, err
	}
	return releaseResponse(c, id, a.broker.Release(ctx, c.email, id))
}

func releaseResponse(c caller, id string, err error) (*pb.LeaseReleaseResponse, error) {
	response := &pb.LeaseReleaseResponse{ClientRequestId: &id, RequestHash: proto.String(leasing.Hash(c.email, id))}
	return response, refuse(&response.Error, err)
}

func (a *api) batchedRelease(ctx context.Context, c caller, in *pb.BatchedLeaseReleaseRequest) (*pb.BatchedLeaseReleaseResponse, error) {
	ids, _, err := readEach(in.GetRequests(), requestID[*pb.LeaseReleaseRequest])
	if err != nil {
		return nil, err
	}
	batch := &pb.BatchedLeaseReleaseResponse{}
	begin := a.Now()
	for _, id := range ids {
		err := a.inBatch(begin, func() error { return a.broker.Release(ctx, c.email, id) })
		response, err := releaseResponse(c, id, err)
		if err != nil {
			return nil, err
		}
		batch.Responses = append(batch.Responses, response)
	}
	return batch, nil
}

func (a *api) renew(ctx context.Context, c caller, in *pb.LeaseRenewalRequest) (*pb.LeaseRenewalResponse, error) {
	id, err := requestID(in)
	if err != nil {
		return nil, err
	}
	lease, err := a.broker.Renew(ctx, c.email, id, leasing.Length{Seconds: in.Duration, Until: in.LeaseExpirationTs})
	response := &pb.LeaseRenewalResponse{ClientRequestId: &id, RequestHash: proto.String(leasing.Hash(c.email, id))}
	if err == nil {
		response.LeaseExpirationTs = wire.Seconds(lease.ExpiresAt)
	}
	return response, refuse(&response.Error, err)
}

func (a *api) instruct(ctx context.Context, c caller, in *pb.MachineInstructionRequest) (*pb.MachineInstructionResponse, error) {
	id, err := requestID(in)
	if err != nil {
		return nil, err
	}
	instruction := in.GetInstruction().GetSwarmingServer()
	if err := checkText("instruction.swarming_server", instruction, maxInstruction); err != nil {
		return nil, err
	}
	err = a.broker.Instruct(ctx, c.email, id, instruction)
	if errors.Is(err, leasing.NotFound) {
		return nil, notFound("there is no such lease")
	}
	response := &pb.MachineInstructionResponse{ClientRequestId: &id}
	return response, refuse(&response.Error, err)
}
