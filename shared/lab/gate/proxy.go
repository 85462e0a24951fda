package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw is a codec that leaves messages as they are. It has the name of the codec
// that it replaces, so that neither side notices.
type raw struct{}

type message []byte

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, fmt.Errorf("a %T is not a message of the gate", v)
	}
	return *m, nil
}

func (raw) Unmarshal(data []byte, v any) error {
	m, ok := v.(*message)
	if !ok {
		return fmt.Errorf("a %T is not a message of the gate", v)
	}
	*m = data
	return nil
}

// handle forwards one call, whatever its method and kind.
func (g *Gate) handle(_ any, client grpc.ServerStream) error {
	full, ok := grpc.MethodFromServerStream(client)
	if !ok {
		return status.Error(codes.Internal, "a call without a method")
	}
	fault := g.faultOf(path.Base(full))
	if err := fault.wait(client.Context()); err != nil {
		return err
	}
	if err := fault.err(); err != nil && !fault.Late {
		return err
	}
	headers, _ := metadata.FromIncomingContext(client.Context())
	ctx, cancel := context.WithCancelCause(metadata.NewOutgoingContext(client.Context(), headers))
	defer cancel(nil)
	emulator, err := g.emulator.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, full)
	if err != nil {
		return fmt.Errorf("call the emulator: %w", err)
	}
	go func() {
		if err := g.requests(full, headers, client, emulator); err != nil {
			cancel(err)
		}
	}()
	if err := answers(client, emulator, fault); err != nil {
		var refused *refusal
		if errors.As(context.Cause(ctx), &refused) {
			return refused.err
		}
		return err
	}
	return fault.err()
}

// refusal is an error with which the gate itself ends a call.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// requests forwards the client's messages after checking them.
func (g *Gate) requests(method string, headers metadata.MD, client grpc.ServerStream, emulator grpc.ClientStream) error {
	for {
		var sent message
		err := client.RecvMsg(&sent)
		if errors.Is(err, io.EOF) {
			return emulator.CloseSend()
		}
		if err != nil {
			return err
		}
		if err := g.check(method, headers, sent); err != nil {
			return &refusal{err}
		}
		if err := emulator.SendMsg(&sent); err != nil {
			return nil // the answer says why
		}
	}
}

// answers forwards the emulator's messages, unless a fault loses the answer.
func answers(client grpc.ServerStream, emulator grpc.ClientStream, fault Fault) error {
	for first := true; ; first = false {
		var sent message
		err := emulator.RecvMsg(&sent)
		if first && err == nil && fault.Code == codes.OK {
			headers, err := emulator.Header()
			if err != nil {
				return err
			}
			if err := client.SendHeader(headers); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			client.SetTrailer(emulator.Trailer())
			return nil
		case err != nil:
			return err
		case fault.Code != codes.OK:
			continue
		}
		if err := client.SendMsg(&sent); err != nil {
			return err
		}
	}
}
