package rest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
)

// Snapshots calls snapshots.list. The filter only saves traffic: the results
// are checked again here.
func (e *Engine) Snapshots(ctx context.Context, project, name string, labels map[string]string) ([]compute.Snapshot, error) {
	filter := snapshotFilter(name, labels)
	items := list(ctx, e, call{method: "snapshots.list", target: filter, project: project, group: reads}, gce.NewSnapshotsRESTClient,
		func(ctx context.Context, client *gce.SnapshotsClient) (fetch[*computepb.Snapshot], *any) {
			pages := client.List(ctx, &computepb.ListSnapshotsRequest{Project: project, Filter: &filter})
			return pages.InternalFetch, &pages.Response
		})
	var snapshots []compute.Snapshot
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		if matches(item, name, labels) {
			snapshots = append(snapshots, compute.Snapshot{
				Name: item.GetName(), URL: item.GetSelfLink(), Created: timeOf(item.GetCreationTimestamp())})
		}
	}
	slices.SortStableFunc(snapshots, func(a, b compute.Snapshot) int { return b.Created.Compare(a.Created) })
	return snapshots, nil
}

// plain matches text that can be put into a filter without being parsed as part
// of it.
var plain = regexp.MustCompile(`^[a-z0-9_-]+$`)

func snapshotFilter(name string, labels map[string]string) string {
	terms := []string{`(status = "READY")`}
	if plain.MatchString(name) {
		terms = append(terms, fmt.Sprintf(`(name = "%s")`, name))
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
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
