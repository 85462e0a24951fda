package world

import (
	"fmt"
	"strings"

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
		panic(err) // the name is a good one
	}
}

// snapshotOf reports whether a URL is that of a pool's snapshot.
func snapshotOf(base, url string) bool {
	name := url[strings.LastIndexByte(url, '/')+1:]
	return strings.HasPrefix(name, snapshotPrefix+base+"-")
}

// disks checks that each VM has its boot disk, and its disk from a snapshot
// where it wants one, and that no disk outlived its VM.
func (c *census) disks() {
	wanted := 0
	for _, vm := range c.world.Cloud.VMs() {
		if vm.ID == 0 {
			continue
		}
		wanted++
		base, revision := SplitName(vm.Template)
		if c.world.mirror.revisions[[2]string{base, revision}].SnapshotURL != "" {
			wanted++
		}
	}
	if have := c.world.Cloud.State().Disks; have != wanted {
		c.wrongf("there are %d disks; the VMs have %d", have, wanted)
	}
}
