package job

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// unknown names what a scope names and no record knows; empty where all is
// known. One record is read: that of the most that the scope names.
func unknown(ctx context.Context, documents store.Store, scope event.Scope, log *slog.Logger) (string, error) {
	e := records.Records{Store: documents, Log: log}
	if len(scope.Instances) > 0 {
		found, err := e.Instances(ctx, scope.Instances...)
		if err != nil || len(found) > 0 {
			return "", err
		}
		return fmt.Sprintf("instance %.200q", scope.Instances[0]), nil
	}
	key, what, err := named(scope)
	if key == "" && err == nil {
		return "", nil
	}
	if err != nil {
		return what, nil //nolint:nilerr // what cannot be the name of anything is unknown
	}
	found, err := documents.Get(ctx, key)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", what, err)
	}
	if found[0].Exists() {
		return "", nil
	}
	return what, nil
}

func named(scope event.Scope) (key store.Key, what string, err error) {
	switch {
	case scope.BaseName == "":
		if scope.Revision != "" {
			return "", "a revision without its template", failure.New(failure.NotFound, "no base name")
		}
		return "", "", nil
	case scope.Revision == "":
		key, err = records.TemplateKey(scope.BaseName)
		return key, fmt.Sprintf("template %.200q", scope.BaseName), err
	case scope.Zone == "":
		key, err = records.RevisionKey(scope.BaseName, scope.Revision)
		return key, fmt.Sprintf("revision %.200q of template %.200q", scope.Revision, scope.BaseName), err
	}
	manager := fleet.ManagerKey{BaseName: scope.BaseName, Revision: scope.Revision, Zone: scope.Zone}
	key, err = records.ManagerKey(manager)
	return key, fmt.Sprintf("manager %.200q", manager), err
}
