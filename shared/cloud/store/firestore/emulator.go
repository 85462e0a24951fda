package firestore

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/gce-backend/gce-backend/shared/cloud/keepalive"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// EmulatorHost is the environment variable with the emulator's host:port, which
// all Firestore clients use.
const EmulatorHost = "FIRESTORE_EMULATOR_HOST"

func clientOptions() ([]option.ClientOption, error) {
	sizes := grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32))
	host := os.Getenv(EmulatorHost)
	if host == "" {
		return []option.ClientOption{option.WithGRPCDialOption(sizes), option.WithGRPCDialOption(keepalive.Option())}, nil
	}
	connection, err := grpc.NewClient(host, sizes, keepalive.Option(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(owner{}))
	if err != nil {
		return nil, fmt.Errorf("connect to the Firestore emulator at %s: %w", host, err)
	}
	return []option.ClientOption{option.WithGRPCConn(connection)}, nil
}

// owner is the identity for which the emulator skips its security rules.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }
