package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/promises"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// vmProject is the project of the VMs.
const vmProject = "example-builders"

// usualPools are configured at the beginning.
var usualPools = []promises.Pool{
	{BaseName: "linux", Zone: "us-central1-a", Image: "debian-12", Sizes: fleet.Sizes{Minimum: 3, Maximum: 6}},
	{BaseName: "linux", Zone: "us-central1-b", Image: "debian-12", Sizes: fleet.Sizes{Minimum: 2, Maximum: 4}},
	{BaseName: "other", Zone: "us-central1-a", Image: "debian-12", Sizes: fleet.Sizes{Minimum: 2, Maximum: 5}},
}

// configuration is the folder that the suite reads.
type configuration struct {
	folder  string
	checker *promises.Checker

	mu    sync.Mutex
	pools []promises.Pool
}

func (c *configuration) current() []promises.Pool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.pools)
}

// write configures pools, file by file, as a person does.
func (c *configuration) write(pools []promises.Pool) error {
	c.mu.Lock()
	c.pools = slices.Clone(pools)
	c.mu.Unlock()
	c.checker.Note("configured %v", pools)
	templates, managers, known := "", "", map[string]bool{}
	for _, pool := range pools {
		if !known[pool.BaseName] {
			known[pool.BaseName] = true
			templates += templateText(pool.BaseName, pool.Image)
		}
		managers += managerText(pool.BaseName, pool.Zone, pool.Minimum, pool.Maximum)
	}
	settings, err := os.ReadFile(exampleSettings)
	if err != nil {
		return err
	}
	c.checker.Configured(pools, configsource.Revision(map[string][]byte{
		config.TemplatesFile: []byte(templates), config.ManagersFile: []byte(managers), config.SettingsFile: settings,
	}))
	for name, text := range map[string]string{config.TemplatesFile: templates, config.ManagersFile: managers} {
		if err := replace(filepath.Join(c.folder, name), text); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file such that nobody sees half of it.
func replace(path, text string) error {
	fresh := path + "~"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// people edit the configuration and take VMs away.
type people struct {
	*killing
	dice *rand.Rand
}

// meddle goes on until it is to stop.
func (p *people) meddle(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(500*time.Millisecond + time.Duration(p.dice.Int64N(int64(2*time.Second)))):
		}
		if p.dice.IntN(2) == 0 {
			p.edit()
		} else {
			p.take()
		}
	}
}

// edit changes one thing, often back to what it was.
func (p *people) edit() {
	pools := p.config.current()
	one := &pools[p.dice.IntN(len(pools))]
	switch p.dice.IntN(3) {
	case 0: // another revision, or the one before
		image := map[string]string{"debian-12": "debian-13", "debian-13": "debian-12"}[one.Image]
		for i := range pools {
			if pools[i].BaseName == one.BaseName {
				pools[i].Image = image
			}
		}
	case 1:
		one.Minimum = 1 + p.dice.IntN(3)
		one.Maximum = one.Minimum + 1 + p.dice.IntN(3)
	case 2: // take a pool away, or put it back
		if len(pools) == len(usualPools) {
			pools = pools[1:]
		} else {
			pools = p.complete(pools)
		}
	}
	if err := p.config.write(pools); err != nil {
		p.checker.Break(invariants.Converges, "%v", err)
	}
	p.written.Add(1)
}

// complete adds the pool that is missing.
func (p *people) complete(pools []promises.Pool) []promises.Pool {
	images := map[string]string{}
	for _, pool := range pools {
		images[pool.BaseName] = pool.Image
	}
	for _, usual := range usualPools {
		there := slices.ContainsFunc(pools, func(pool promises.Pool) bool { return pool.BaseName == usual.BaseName && pool.Zone == usual.Zone })
		if !there {
			if image := images[usual.BaseName]; image != "" {
				usual.Image = image
			}
			pools = append(pools, usual)
		}
	}
	return pools
}

// take deletes or preempts a VM, leased or not, except for those that lessees
// keep to the end.
func (p *people) take() {
	vms := slices.DeleteFunc(p.compute.cloud.VMs(), func(vm simulator.VM) bool {
		return strings.HasPrefix(vm.Group, invariants.Foreign) || vm.Status != "RUNNING" || p.checker.Book.Kept(invariants.KeyOf(vm))
	})
	if len(vms) == 0 {
		return
	}
	vm := vms[p.dice.IntN(len(vms))]
	take, how := p.compute.cloud.DeleteVM, "deleted"
	if p.dice.IntN(2) == 0 {
		take, how = p.compute.cloud.Preempt, "preempted"
	}
	p.checker.Book.Harm(invariants.KeyOf(vm))
	p.checker.Note("by hand: %s is %s", invariants.KeyOf(vm), how)
	if err := take(vm.Project, vm.Zone, vm.Name); err == nil { // else it is gone already
		p.lost.Add(1)
	}
}
