package gate

import (
	"net/url"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// checkRouting refuses a call that does not name its database in its headers,
// in one of the two forms that Google's own client sends.
//
// Source: cloud.google.com/go/firestore, client.go: "requestParamsHeader is
// routing header required to access named databases". The error is the one that
// users reported for calls without the header from 2023 to December 2025; other
// users report that such calls pass. The default database is said to need no
// header. It is checked too, because a client that sends the header for one
// database sends it for all.
func checkRouting(headers metadata.MD, request proto.Message) error {
	name := resource(request)
	if name == "" {
		return nil // the first message of a stream names the database, the later ones need not
	}
	parts := strings.Split(name, "/")
	if len(parts) < 4 || parts[0] != "projects" || parts[2] != "databases" {
		return status.Errorf(codes.InvalidArgument, "Resource name %q is malformed", name)
	}
	if slices.Contains(headers.Get("google-cloud-resource-prefix"), strings.Join(parts[:4], "/")) {
		return nil
	}
	for _, text := range headers.Get("x-goog-request-params") {
		params, err := url.ParseQuery(text)
		if err == nil && params.Get("project_id") == parts[1] && params.Get("database_id") == parts[3] {
			return nil
		}
	}
	return status.Error(codes.InvalidArgument, "Invalid request routing header. Please refer to "+
		"https://firebase.google.com/docs/firestore/manage-databases#access_a_named_database_with_a_client_library for correct header format.")
}

// resource returns the resource name of a request, which begins with its
// database.
func resource(request proto.Message) string {
	switch r := request.(type) {
	case interface{ GetDatabase() string }:
		return r.GetDatabase()
	case interface{ GetParent() string }:
		return r.GetParent()
	case interface{ GetName() string }:
		return r.GetName()
	case *pb.UpdateDocumentRequest:
		return r.GetDocument().GetName()
	}
	return ""
}
