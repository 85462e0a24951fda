package rest

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
)

// Snapshots is snapshots.list. The filter only saves traffic: what it lets
// through is looked at again.
func (e *Engine) Snapshots(ctx context.Context, project, name string, labels map[string]string) ([]compute.Snapshot, error) {
	var snapshots []compute.Snapshot
	filter := snapshotFilter(name, labels)
	c := call{method: "snapshots.list", target: filter, project: project, group: reads}
	err := e.list(ctx, c, func(ctx context.Context, clients *opened, token string) (string, error) {
		client, err := gce.NewSnapshotsRESTClient(ctx, clients.listing(ctx)...)
		if err != nil {
			return "", err
		}
		pages := client.List(ctx, &computepb.ListSnapshotsRequest{Project: project, Filter: &filter})
		items, next, err := pages.InternalFetch(pageSize, token)
		if err != nil {
			return "", err
		}
		for _, item := range items {
			if matches(item, name, labels) {
				snapshots = append(snapshots, compute.Snapshot{
					Name: item.GetName(), URL: item.GetSelfLink(), Created: timeOf(item.GetCreationTimestamp())})
			}
		}
		list, _ := pages.Response.(*computepb.SnapshotList)
		return next, incomplete(nil, list.GetWarning())
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(snapshots, func(i, j int) bool { return snapshots[i].Created.After(snapshots[j].Created) })
	return snapshots, nil
}

// plain is what can stand in a filter without being read as part of it.
var plain = regexp.MustCompile(`^[a-z0-9_-]+$`)

func snapshotFilter(name string, labels map[string]string) string {
	terms := []string{`(status = "READY")`}
	if plain.MatchString(name) {
		terms = append(terms, fmt.Sprintf(`(name = "%s")`, name))
	}
	keys := make([]string, 0, len(labels))
	for key := range labels {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if plain.MatchString(key) && plain.MatchString(labels[key]) {
			terms = append(terms, fmt.Sprintf(`(labels.%s = "%s")`, key, labels[key]))
		}
	}
	return strings.Join(terms, " AND ")
}

func matches(item *computepb.Snapshot, name string, labels map[string]string) bool {
	if item.GetStatus() != computepb.Snapshot_READY.String() || (name != "" && item.GetName() != name) {
		return false
	}
	for key, value := range labels {
		if have, ok := item.GetLabels()[key]; !ok || have != value {
			return false
		}
	}
	return true
}
