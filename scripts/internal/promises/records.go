package promises

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Records are the documents of a suite, by their place.
type Records struct {
	Templates map[string]fleet.TemplateRecord
	Revisions map[string]fleet.Revision // by the template's name in Compute Engine
	Managers  map[fleet.ManagerKey]fleet.Manager
	Instances map[string]fleet.Instance  // by the instance's key
	Machines  map[string]leasing.Machine // by the instance's key
	Leases    map[string]leasing.Lease   // by hash
	Orphans   []string
}

// read reads all documents. Instances come first, then machines, then leases:
// what is over by an earlier one must be so by a later. What does not decode is
// among the problems.
func read(ctx context.Context, from store.Store) (r Records, problems []error, err error) {
	r = Records{
		Templates: map[string]fleet.TemplateRecord{}, Revisions: map[string]fleet.Revision{}, Managers: map[fleet.ManagerKey]fleet.Manager{},
		Instances: map[string]fleet.Instance{}, Machines: map[string]leasing.Machine{}, Leases: map[string]leasing.Lease{},
	}
	err = errors.Join(
		each(ctx, from, "instances", &problems, func(key store.Key, i fleet.Instance) { r.Instances[key.ID()] = i }),
		each(ctx, from, "machines", &problems, func(key store.Key, m leasing.Machine) {
			if !m.Entry() {
				return
			}
			if m.Instance() == "" || key.ID() != m.Backend+":"+m.Hostname {
				problems = append(problems, fmt.Errorf("%s is the machine %q of instance %q", key, m.Hostname, m.Instance()))
			}
			r.Machines[m.Instance()] = m
		}),
		each(ctx, from, "leases", &problems, func(key store.Key, l leasing.Lease) {
			l.Hash = key.ID()
			r.Leases[l.Hash] = l
		}),
		each(ctx, from, "managers", &problems, func(_ store.Key, m fleet.Manager) { r.Managers[m.Key()] = m }),
		each(ctx, from, "revisions", &problems, func(_ store.Key, v fleet.Revision) { r.Revisions[v.TemplateName()] = v }),
		each(ctx, from, "instanceTemplates", &problems, func(_ store.Key, t fleet.TemplateRecord) { r.Templates[t.BaseName] = t }),
		each(ctx, from, "orphans", &problems, func(key store.Key, _ struct{}) { r.Orphans = append(r.Orphans, key.ID()) }),
	)
	return r, problems, err
}

func each[T any](ctx context.Context, from store.Store, collection string, problems *[]error, take func(store.Key, T)) error {
	page, err := store.FindAs[T](ctx, from, store.Query{Name: "all " + collection, Collection: collection, Group: true})
	if err != nil {
		return fmt.Errorf("read the collection %s: %w", collection, err)
	}
	*problems = append(*problems, page.Corrupt...)
	for _, item := range page.Items {
		take(item.Key(), item.Value)
	}
	return nil
}

// placeOf takes a group's place apart.
func placeOf(zone, group string) place {
	base, _, _ := fleet.SplitTemplateName(group)
	return place{base, zone}
}

// named are the VMs that a request names by their URLs.
func named(urls []string) map[string]bool {
	names := map[string]bool{}
	for _, url := range urls {
		names[path.Base(strings.TrimSuffix(url, "/"))] = true
	}
	return names
}
