// Package firestore implements the document store with Cloud Firestore. Its
// commits only write, with preconditions, and never in transactions:
// transactions lock what they read, cost another round trip, and collapse on a
// contended document.
package firestore

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	apiv1 "cloud.google.com/go/firestore/apiv1"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/grpc/metadata"
)

// DefaultDatabase is the database of a deployment that does not name one. It is
// also the default of Terraform's variable firestore_database.
const DefaultDatabase = "gce-backend"

// callTimeout bounds a call whose context has no earlier deadline.
const callTimeout = 30 * time.Second

// Store keeps documents in a Firestore database. It is safe for concurrent
// use.
type Store struct {
	ctx      context.Context // only its values are used, for the connection
	database string          // projects/…/databases/…
	routing  []string        // headers of every call, names and values

	mu     sync.Mutex
	client *apiv1.Client
}

var _ store.Store = (*Store)(nil)

// Open makes a store for a database; an empty name means DefaultDatabase. It
// connects at the first call, and to the emulator if FIRESTORE_EMULATOR_HOST is
// set.
func Open(ctx context.Context, project, database string) *Store {
	if database == "" {
		database = DefaultDatabase
	}
	name := "projects/" + project + "/databases/" + database
	return &Store{
		ctx:      context.WithoutCancel(ctx),
		database: name,
		routing: []string{
			"google-cloud-resource-prefix", name,
			"x-goog-request-params", "project_id=" + url.QueryEscape(project) + "&database_id=" + url.QueryEscape(database),
		},
	}
}

// connected returns the client. After a failed attempt the next call tries
// again, so that an instance of a function recovers.
func (s *Store) connected() (*apiv1.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	options, err := clientOptions()
	if err != nil {
		return nil, err
	}
	client, err := apiv1.NewClient(s.ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Firestore: %w", err)
	}
	// The client must not retry a commit whose response was lost: if the commit
	// succeeded, the retry would fail on its own precondition.
	client.CallOptions.Commit = nil
	s.client = client
	return client, nil
}

// Close closes the connection, if there is one.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil
	}
	err := s.client.Close()
	s.client = nil
	return err
}

// begin starts a call: it returns the client, and a context with a deadline and
// with the headers that route the call to the database. The generated client
// does not send a header that names the database, and the service has refused
// calls to a named database without it ("Invalid request routing header").
// Google's higher-level client adds these two headers as well.
func (s *Store) begin(ctx context.Context) (*apiv1.Client, context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, nil, err
	}
	client, err := s.connected()
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	return client, metadata.AppendToOutgoingContext(ctx, s.routing...), cancel, nil
}

// root returns the parent of the outermost collections.
func (s *Store) root() string { return s.database + "/documents" }

func (s *Store) name(key store.Key) string { return s.root() + "/" + string(key) }

func (s *Store) key(name string) store.Key { return store.Key(name[len(s.root())+1:]) }
