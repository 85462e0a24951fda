// Package keepalive makes a gRPC connection that has gone silent end within
// seconds. Without it the kernel keeps such a connection for some 15 minutes,
// and every call on it waits for its deadline.
package keepalive

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// A connection on which a call waits is asked for a sign of life after
// interval, the least that gRPC allows, and ends when none comes in timeout.
// One without a call is left alone: servers count such pings as abuse.
const (
	interval = 10 * time.Second
	timeout  = 5 * time.Second
)

// Option is for every gRPC connection that is dialed.
func Option() grpc.DialOption {
	return grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: interval, Timeout: timeout})
}
