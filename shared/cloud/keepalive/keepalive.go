// Package keepalive makes a gRPC connection that has gone silent end within
// seconds. Otherwise the kernel keeps such a connection for some 15 minutes,
// and every call on it waits for its deadline.
package keepalive

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// A connection with a waiting call is pinged after interval, the shortest that
// gRPC allows, and is closed if there is no response within timeout. A
// connection without calls is not pinged: servers treat such pings as abuse.
const (
	interval = 10 * time.Second
	timeout  = 5 * time.Second
)

// Option returns the dial option for every gRPC connection.
func Option() grpc.DialOption {
	return grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: interval, Timeout: timeout})
}
