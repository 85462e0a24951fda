package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Zones are the zones of the world.
var Zones = []string{"europe-west1-b", "us-central1-a", "us-central1-b"}

// Pool is a template as configured.
type Pool struct {
	// Variant makes the revision: two pools of one name with the same variant
	// are the same revision.
	Variant int
	Zones   map[string]fleet.Sizes
}

// Configuration is what the world's configuration source holds.
type Configuration struct {
	world *World
	Pools map[string]Pool
	// Freeze are the pools that settings.cfg freezes.
	Freeze []string
	// Extra is text that is added to the templates: something broken.
	Extra  string
	serial int
}

func newConfiguration(w *World) *Configuration {
	return &Configuration{world: w, Pools: map[string]Pool{}}
}

// Set changes the configuration and announces it, as an upload does.
func (c *Configuration) Set(change func(c *Configuration)) {
	change(c)
	c.serial++
	c.world.Note("configuration %d: %s", c.serial, c.String())
	c.world.Post(configUploaded, "{}")
}

func (c *Configuration) String() string {
	var text strings.Builder
	for _, base := range slices.Sorted(maps.Keys(c.Pools)) {
		fmt.Fprintf(&text, "%s/%d %v; ", base, c.Pools[base].Variant, c.Pools[base].Zones)
	}
	if c.Extra != "" {
		text.WriteString("broken")
	}
	return text.String()
}

// Read is configsource.Source.
func (c *Configuration) Read(ctx context.Context) (config.Files, error) {
	return gated(ctx, c.world, func() string { return "read the configuration" }, func() (config.Files, error) {
		if c.world.roll(SourceDown) {
			return config.Files{}, failure.New(failure.Transient, "the configuration source is down (injected)")
		}
		files := config.Files{
			Revision:  fmt.Sprintf("%08d", c.serial),
			Templates: []byte(c.templates() + c.Extra),
			Managers:  []byte(c.managers()),
			Settings:  []byte(c.settings()),
		}
		return files, nil
	})
}

// Close is configsource.Source.
func (c *Configuration) Close() error { return nil }

func (c *Configuration) templates() string {
	var text strings.Builder
	for _, base := range slices.Sorted(maps.Keys(c.Pools)) {
		fmt.Fprintf(&text, `templates { base_name: %q project: %q machine_type: "e2-standard-4" image_name: "debian-%d"
service_accounts { name: "vm@%s.iam.gserviceaccount.com" scopes: "https://www.googleapis.com/auth/cloud-platform" }
dimensions: "os_family:LINUX" disk_size_gb: 20 metadata: "pool:%s" }
`, base, Project, c.Pools[base].Variant, Project, base)
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
	return text
}
