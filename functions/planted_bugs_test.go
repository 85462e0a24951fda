//go:build !race

package functions_test

import (
	"context"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// The parts of the planted bugs.

type blind struct{ compute.Engine }

func (e blind) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	groups, err := e.Engine.Groups(ctx, project)
	for i := range groups {
		groups[i].TargetSize = 0
	}
	return groups, err
}

func (e blind) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	group, err := e.Engine.Group(ctx, ref)
	group.TargetSize = 0
	return group, err
}

type heedless struct{ catalog.Catalog }

func (c heedless) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	answers, err := c.Catalog.Remove(ctx, removals...)
	for i := range answers {
		answers[i] = nil
	}
	return answers, err
}

// Get has the same bug, because otherwise the last look before the deletion
// would find the lease.
func (c heedless) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, questions...)
	for i := range machines {
		if machines[i].LeasedIndefinitely {
			machines[i].Err = catalog.ErrNotFound
		}
	}
	return machines, err
}

type credulous struct{ catalog.Catalog }

func (c credulous) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, questions...)
	if err != nil {
		machines = make([]catalog.Machine, len(questions))
		for i := range machines {
			machines[i] = catalog.Machine{Hostname: questions[i].Hostname, Err: catalog.ErrNotFound}
		}
	}
	return machines, nil
}

func (c credulous) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	answers, err := c.Catalog.Remove(ctx, removals...)
	if err != nil {
		answers = make([]error, len(removals)) // all removed
	}
	return answers, nil
}

type nameless struct{ catalog.Catalog }

func (c nameless) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	for i := range removals {
		removals[i].Instance = ""
	}
	return c.Catalog.Remove(ctx, removals...)
}

func (c nameless) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, questions...)
	for i := range machines {
		machines[i].Instance = ""
	}
	return machines, err
}

type emptying struct{ compute.Engine }

func (e emptying) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	group, err := e.Engine.Group(ctx, ref)
	if group.Actions != nil {
		group.TargetSize, group.Actions = 0, &compute.Actions{}
	}
	return group, err
}

func (e emptying) VMs(context.Context, compute.GroupRef) ([]compute.VM, error) { return nil, nil }

type countless struct{ store.Store }

func (s countless) Count(context.Context, store.Query) (int, error) { return 0, nil }

type hasty struct{ compute.Engine }

func (e hasty) VMs(ctx context.Context, ref compute.GroupRef) ([]compute.VM, error) {
	vms, err := e.Engine.VMs(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		return vms, err
	}
	return vms, nil
}

type selfish struct{ store.Store }

func (s selfish) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	found, err := s.Store.Find(ctx, query)
	return slices.DeleteFunc(found, func(d store.Document) bool {
		return d.Key.Group() == "managers" && d.Fields["state"] == "drained"
	}), err
}

type grasping struct{ compute.Engine }

func (e grasping) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	groups, err := e.Engine.Groups(ctx, project)
	for i := range groups {
		groups[i].Labels = map[string]string{compute.OwnershipLabel: owner.Label()}
	}
	return groups, err
}

type overwriting struct{ store.Store }

func (s overwriting) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	for i := range writes {
		writes[i].Condition = store.Always
	}
	return s.Store.Commit(ctx, writes...)
}

type claimless struct{ store.Store }

func (s claimless) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	for i := range writes {
		writes[i].Fields = store.Clone(writes[i].Fields)
		delete(writes[i].Fields, "deleting")
	}
	return s.Store.Commit(ctx, writes...)
}

type monotonous struct{ compute.Engine }

const oneID = "00000000-0000-5000-8000-000000000001"

func (e monotonous) DeleteVMs(ctx context.Context, ref compute.GroupRef, urls []string, _ string) error {
	return e.Engine.DeleteVMs(ctx, ref, urls, oneID)
}

func (e monotonous) ResizeGroup(ctx context.Context, ref compute.GroupRef, size int, _ string) error {
	return e.Engine.ResizeGroup(ctx, ref, size, oneID)
}

type leaseless struct{ catalog.Catalog }

func (c leaseless) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, questions...)
	for i := range machines {
		machines[i].LeaseExpiration, machines[i].LeasedIndefinitely = time.Time{}, false
	}
	return machines, err
}

type draining struct{ store.Store }

func (s draining) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	if query.Name == "managers by state" {
		query.Where = nil
	}
	return s.Store.Find(ctx, query)
}

// resettled reads settings that differ from those in force.
type resettled struct {
	store.Store
	change func(*configpb.SettingsCfg)
}

func (s resettled) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	documents, err := s.Store.Get(ctx, keys...)
	for i, document := range documents {
		if document.Key != config.Key || !document.Exists() {
			continue
		}
		current, err := config.Decode(document.Fields)
		if err != nil {
			return nil, err
		}
		s.change(current.Settings)
		if documents[i].Fields, err = config.Encode(current, time.Time{}); err != nil {
			return nil, err
		}
	}
	return documents, err
}

// impatient returns what it reads first, without checking it.
type impatient struct{ *world.Configuration }

func (s impatient) Read(ctx context.Context) (config.Files, error) {
	read := map[string][]byte{}
	for _, name := range []string{config.TemplatesFile, config.ManagersFile, config.SettingsFile} {
		content, err := s.Bucket().Get(ctx, name)
		if err != nil {
			return config.Files{}, err
		}
		read[name] = content
	}
	return config.Files{Revision: configsource.Revision(read), Templates: read[config.TemplatesFile],
		Managers: read[config.ManagersFile], Settings: read[config.SettingsFile]}, nil
}
