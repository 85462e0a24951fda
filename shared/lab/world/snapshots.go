package world

import (
	"fmt"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

const (
	// snapshotLabel is the label by which a pool's snapshots are found.
	snapshotLabel  = "pool"
	snapshotPrefix = "snapshot-"
)

// snapshot takes a snapshot for a pool.
func (w *World) snapshot(base string) {
	w.snapshots++
	name := fmt.Sprintf("%s%s-%d", snapshotPrefix, base, w.snapshots)
	w.Note("by hand: snapshot %s", name)
	err := w.Cloud.CreateSnapshot(simulator.Snapshot{Project: Project, Name: name, Labels: map[string]string{snapshotLabel: base}})
	if err != nil {
		panic(err) // the name is valid
	}
}

// snapshotOf reports whether a URL names a snapshot of a pool.
func snapshotOf(base, url string) bool {
	name := url[strings.LastIndexByte(url, '/')+1:]
	return strings.HasPrefix(name, snapshotPrefix+base+"-")
}

// wrongSnapshots lists the templates whose snapshot is not one of their pool's.
func (w *World) wrongSnapshots() (wrong []string) {
	for base, pool := range w.Config.Pools {
		revision := w.mirror.Revisions[fleet.TemplateName(base, w.mirror.Templates[base].ActiveRevision)]
		if pool.Snapshot && !snapshotOf(base, revision.SnapshotURL) {
			wrong = append(wrong, fmt.Sprintf("template %s has snapshot %q", base, revision.SnapshotURL))
		}
	}
	return wrong
}
