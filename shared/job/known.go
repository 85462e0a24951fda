package job

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// unknown describes the entity that the run's scope names, if it has no record;
// otherwise it returns "". It reads one record: that of the most specific
// entity named.
func (r Run) unknown(ctx context.Context) (string, error) {
	scope := r.Scope
	if len(scope.Instances) > 0 {
		found, err := r.Records.Instances(ctx, scope.Instances...)
		if err != nil || len(found) > 0 {
			return "", err
		}
		return fmt.Sprintf("instance %.200q", scope.Instances[0]), nil
	}
	var key store.Key
	var what string
	var unusable error // no record has a name that cannot be part of a key
	switch {
	case scope.BaseName == "" && scope.Revision == "":
		return "", nil
	case scope.BaseName == "":
		return "a revision without its template", nil
	case scope.Revision == "":
		key, unusable = records.TemplateKey(scope.BaseName)
		what = fmt.Sprintf("template %.200q", scope.BaseName)
	case scope.Zone == "":
		key, unusable = records.RevisionKey(scope.BaseName, scope.Revision)
		what = fmt.Sprintf("revision %.200q of template %.200q", scope.Revision, scope.BaseName)
	default:
		manager := fleet.ManagerKey{BaseName: scope.BaseName, Revision: scope.Revision, Zone: scope.Zone}
		key, unusable = records.ManagerKey(manager)
		what = fmt.Sprintf("manager %.200q", manager)
	}
	if unusable != nil {
		return what, nil //nolint:nilerr // see above
	}
	found, err := r.Store.Get(ctx, key)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", what, err)
	}
	if found[0].Exists() {
		return "", nil
	}
	return what, nil
}
