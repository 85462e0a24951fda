package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/configsourcetest"
)

// Zones are the default zones of a world.
var Zones = []string{"europe-west1-b", "us-central1-a", "us-central1-b"}

// Pool is a template as configured.
type Pool struct {
	// Variant determines the revision: two pools with the same name and variant
	// are the same revision.
	Variant int
	// Snapshot gives each VM a disk from the newest snapshot that carries the
	// pool's label.
	Snapshot bool
	Zones    map[string]fleet.Sizes
}

// Configuration is the wanted content of the world's configuration bucket.
type Configuration struct {
	Pools map[string]Pool
	// Freeze lists the pools that settings.cfg freezes.
	Freeze []string
	// Brake is the reclaim_brake_percent of settings.cfg, which omits it when 0.
	Brake int
	// Extra is text appended to the templates to break the configuration.
	Extra string

	world  *World
	serial int // for the trace
	bucket *configsourcetest.Bucket
	held   files           // what the bucket holds
	whole  map[string]bool // the revisions that were once uploaded completely
}

// Set changes the configuration and uploads it.
func (c *Configuration) Set(change func(c *Configuration)) {
	change(c)
	c.serial++
	c.world.Note("configuration %d: %s", c.serial, c.String())
	c.upload()
}

func (c *Configuration) String() string {
	var text strings.Builder
	for _, base := range slices.Sorted(maps.Keys(c.Pools)) {
		fmt.Fprintf(&text, "%s/%d %v; ", base, c.Pools[base].Variant, c.Pools[base].Zones)
	}
	if len(c.Freeze) > 0 {
		fmt.Fprintf(&text, "frozen %v; ", c.Freeze)
	}
	if c.Extra != "" {
		text.WriteString("broken")
	}
	return text.String()
}

// files holds the contents of templates.cfg, managers.cfg and settings.cfg.
type files [3]string

func (c *Configuration) files() files {
	return files{c.templates() + c.Extra, c.managers(), c.settings()}
}

func (c *Configuration) templates() string {
	var text strings.Builder
	for _, base := range slices.Sorted(maps.Keys(c.Pools)) {
		fmt.Fprintf(&text, `templates { base_name: %q project: %q machine_type: "e2-standard-4" image_name: "debian-%d"
service_accounts { name: "vm@%s.iam.gserviceaccount.com" scopes: "https://www.googleapis.com/auth/cloud-platform" }
dimensions: "os_family:LINUX" disk_size_gb: 20 metadata: "pool:%s" `, base, Project, c.Pools[base].Variant, Project, base)
		if c.Pools[base].Snapshot {
			fmt.Fprintf(&text, "snapshot_labels: \"%s:%s\" ", snapshotLabel, base)
		}
		text.WriteString("}\n")
	}
	return text.String()
}

func (c *Configuration) managers() string {
	var text strings.Builder
	for _, base := range slices.Sorted(maps.Keys(c.Pools)) {
		for _, zone := range slices.Sorted(maps.Keys(c.Pools[base].Zones)) {
			sizes := c.Pools[base].Zones[zone]
			fmt.Fprintf(&text, "managers { template_base_name: %q zone: %q minimum_size: %d maximum_size: %d }\n",
				base, zone, sizes.Minimum, sizes.Maximum)
		}
	}
	return text.String()
}

func (c *Configuration) settings() string {
	text := "backends { name: \"GCE\" members: \"" + Backend + "\" }\nlessees: \"" + Lessee + "\"\n"
	for _, name := range c.Freeze {
		text += fmt.Sprintf("freeze: %q\n", name)
	}
	if c.Brake > 0 {
		text += fmt.Sprintf("reclaim_brake_percent: %d\n", c.Brake)
	}
	return text
}
