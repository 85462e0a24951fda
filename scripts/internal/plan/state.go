package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// State is the part of the stored state that a plan needs.
type State struct {
	// InForce is the revision of the imported configuration; "" if there is none.
	InForce string `json:"in_force"`
	// Config is that configuration, a StoredConfig. Metadata values are replaced
	// by hashes: a plan only says which ones change.
	Config    []byte                 `json:"config"`
	Templates []fleet.TemplateRecord `json:"templates"`
	Revisions []Revision             `json:"revisions"`
	Managers  []fleet.Manager        `json:"managers"`
	// Machines counts the instances of each manager, by its key.
	Machines map[string]fleet.Machines `json:"machines"`
}

// Revision is a template's revision without its fields: the id identifies them.
type Revision struct {
	BaseName string      `json:"base_name"`
	ID       string      `json:"id"`
	State    fleet.State `json:"state"`
	URL      string      `json:"url"`
	Deleting bool        `json:"deleting,omitempty"`
}

// Read reads the state and changes nothing.
func Read(ctx context.Context, s store.Store, log *slog.Logger) (State, error) {
	current, err := config.Current(ctx, s)
	if err != nil {
		return State{}, err
	}
	state := State{InForce: current.Revision}
	hashMetadata(current)
	stored := &configpb.StoredConfig{Templates: current.Templates, Managers: current.Managers, Settings: current.Settings}
	if state.Config, err = proto.Marshal(stored); err != nil {
		return State{}, fmt.Errorf("encode the imported configuration: %w", err)
	}
	e := records.Records{Store: s, Log: log}
	templates, err := e.Templates(ctx)
	if err != nil {
		return State{}, err
	}
	for _, template := range templates {
		state.Templates = append(state.Templates, template.Value)
	}
	revisions, err := e.RevisionHeads(ctx)
	if err != nil {
		return State{}, err
	}
	for _, revision := range revisions {
		r := revision.Value
		state.Revisions = append(state.Revisions, Revision{BaseName: r.BaseName, ID: r.ID, State: r.State, URL: r.URL, Deleting: r.Deleting})
	}
	managers, err := e.Managers(ctx)
	if err != nil {
		return State{}, err
	}
	groups := make([]*fleet.Group, len(managers))
	for i, manager := range managers {
		state.Managers = append(state.Managers, manager.Value)
		groups[i] = &fleet.Group{Manager: manager.Value}
	}
	err = e.Count(ctx, groups...)
	state.Machines = map[string]fleet.Machines{}
	for _, group := range groups {
		state.Machines[group.Manager.Key().String()] = group.Machines
	}
	return state, err
}

// hashMetadata replaces metadata values by hashes, because they may be secret
// and large.
func hashMetadata(c config.Config) {
	for _, template := range c.Templates.GetTemplates() {
		for i, entry := range template.GetMetadata() {
			key, value, _ := strings.Cut(entry, ":")
			sum := sha256.Sum256([]byte(value))
			template.Metadata[i] = key + ":" + hex.EncodeToString(sum[:])
		}
	}
}

// imported returns the configuration in force, as far as the state holds it.
func (s State) imported() (config.Config, error) {
	stored := &configpb.StoredConfig{}
	if err := proto.Unmarshal(s.Config, stored); err != nil {
		return config.Config{}, fmt.Errorf("decode the imported configuration: %w", err)
	}
	c := config.Empty()
	c.Revision = s.InForce
	proto.Merge(c.Templates, stored.GetTemplates())
	proto.Merge(c.Managers, stored.GetManagers())
	proto.Merge(c.Settings, stored.GetSettings())
	return c, nil
}

// records returns the records of one template.
func (s State) records(baseName string) fleet.Records {
	records := fleet.Records{Revisions: map[string]fleet.Revision{}, Managers: map[fleet.ManagerKey]fleet.Manager{}}
	for _, template := range s.Templates {
		if template.BaseName == baseName {
			records.Template = template
		}
	}
	for _, r := range s.Revisions {
		if r.BaseName == baseName {
			records.Revisions[r.ID] = fleet.Revision{BaseName: baseName, ID: r.ID, Resource: fleet.Resource{State: r.State, URL: r.URL, Deleting: r.Deleting}}
		}
	}
	for _, m := range s.Managers {
		if m.BaseName == baseName {
			records.Managers[m.Key()] = m
		}
	}
	return records
}
