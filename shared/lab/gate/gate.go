package gate

import (
	"context"
	"fmt"
	"math"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gce-backend/gce-backend/terraform"
)

// Options adjust a gate. The zero value is fine.
type Options struct {
	// Indexes are the database's indexes; those of a deployment when nil.
	Indexes *terraform.Indexes
}

// Gate is a running gate. It is safe for concurrent use.
type Gate struct {
	// Host is the address that it listens on, as host:port.
	Host string

	listener *Listener
	server   *grpc.Server
	served   chan struct{}
	emulator *grpc.ClientConn
	indexes  terraform.Indexes

	mu     sync.Mutex
	inject func(method string) Fault
}

// Start starts a gate in front of the Firestore emulator at host:port. It runs
// until Stop.
func Start(ctx context.Context, emulator string, options Options) (*Gate, error) {
	g := &Gate{served: make(chan struct{}), inject: func(string) Fault { return Fault{} }}
	var err error
	if options.Indexes != nil {
		g.indexes = *options.Indexes
	} else if g.indexes, err = terraform.DeployedIndexes(); err != nil {
		return nil, err
	}
	g.emulator, err = grpc.NewClient(emulator,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}),
			grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	if err != nil {
		return nil, fmt.Errorf("connect to the emulator at %s: %w", emulator, err)
	}
	if g.listener, err = Listen(ctx); err != nil {
		_ = g.emulator.Close() // nothing was sent
		return nil, err
	}
	g.Host = g.listener.Addr().String()
	g.server = grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(g.handle),
		grpc.MaxRecvMsgSize(math.MaxInt32), grpc.MaxSendMsgSize(math.MaxInt32))
	go func() {
		defer close(g.served)
		_ = g.server.Serve(g.listener) // ends with Stop
	}()
	return g, nil
}

// Stop ends the gate and the calls under way. The emulator goes on.
func (g *Gate) Stop() {
	g.server.Stop()
	<-g.served
	_ = g.emulator.Close() // its calls have ended
}

// Silence makes all connections that are open now silent, as
// [Listener.Silence] does.
func (g *Gate) Silence() int { return g.listener.Silence() }
