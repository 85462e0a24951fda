package machineprovider

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

func (a *api) release(ctx context.Context, c caller, in *pb.LeaseReleaseRequest) (*pb.LeaseReleaseResponse, error) {
	if err := requestID("", in.RequestId); err != nil {
		return nil, err
	}
	return a.releaseOne(ctx, c, in.GetRequestId())
}

func (a *api) releaseOne(ctx context.Context, c caller, id string) (*pb.LeaseReleaseResponse, error) {
	err := a.broker.Release(ctx, c.email, id)
	refusal, err := refusalOf[pb.LeaseReleaseResponse_Error](pb.LeaseReleaseResponse_Error_value, err)
	if err != nil {
		return nil, err
	}
	return released(c, id, refusal), nil
}

func released(c caller, id string, refusal *pb.LeaseReleaseResponse_Error) *pb.LeaseReleaseResponse {
	return &pb.LeaseReleaseResponse{
		RequestHash:     proto.String(leasing.Hash(c.email, id)),
		ClientRequestId: proto.String(id),
		Error:           refusal,
	}
}

func (a *api) batchedRelease(ctx context.Context, c caller, in *pb.BatchedLeaseReleaseRequest) (*pb.BatchedLeaseReleaseResponse, error) {
	if err := limitBatch(in.GetRequests()); err != nil {
		return nil, err
	}
	for i, one := range in.GetRequests() {
		if err := requestID(fmt.Sprintf("requests[%d].", i), one.RequestId); err != nil {
			return nil, err
		}
	}
	answer := &pb.BatchedLeaseReleaseResponse{}
	begin := a.now()
	for _, one := range in.GetRequests() {
		var response *pb.LeaseReleaseResponse
		err := error(leasing.DeadlineExceeded)
		if a.now().Sub(begin) <= batchTimeout {
			response, err = a.releaseOne(ctx, c, one.GetRequestId())
		}
		if err != nil {
			refusal, err := a.batchRefusal(err)
			if err != nil {
				return nil, err
			}
			value := pb.LeaseReleaseResponse_Error(pb.LeaseReleaseResponse_Error_value[string(refusal)])
			response = released(c, one.GetRequestId(), &value)
		}
		answer.Responses = append(answer.Responses, response)
	}
	return answer, nil
}

func (a *api) renew(ctx context.Context, c caller, in *pb.LeaseRenewalRequest) (*pb.LeaseRenewalResponse, error) {
	if err := requestID("", in.RequestId); err != nil {
		return nil, err
	}
	answer := &pb.LeaseRenewalResponse{
		RequestHash:     proto.String(leasing.Hash(c.email, in.GetRequestId())),
		ClientRequestId: in.RequestId,
	}
	length := leasing.Length{Seconds: in.Duration, Until: in.LeaseExpirationTs}
	lease, err := a.broker.Renew(ctx, c.email, in.GetRequestId(), length)
	if answer.Error, err = refusalOf[pb.LeaseRenewalResponse_Error](pb.LeaseRenewalResponse_Error_value, err); err != nil {
		return nil, err
	}
	if answer.Error == nil {
		answer.LeaseExpirationTs = wire.Seconds(lease.ExpiresAt)
	}
	return answer, nil
}

func (a *api) instruct(ctx context.Context, c caller, in *pb.MachineInstructionRequest) (*pb.MachineInstructionResponse, error) {
	if err := requestID("", in.RequestId); err != nil {
		return nil, err
	}
	instruction := in.GetInstruction().GetSwarmingServer()
	if err := wire.Text("instruction.swarming_server", instruction, maxInstruction); err != nil {
		return nil, badRequest("%w", err)
	}
	answer := &pb.MachineInstructionResponse{ClientRequestId: in.RequestId}
	err := a.broker.Instruct(ctx, c.email, in.GetRequestId(), instruction)
	if errors.Is(err, leasing.NotFound) {
		return nil, notFound("there is no such lease")
	}
	answer.Error, err = refusalOf[pb.MachineInstructionResponse_Error](pb.MachineInstructionResponse_Error_value, err)
	if err != nil {
		return nil, err
	}
	return answer, nil
}
