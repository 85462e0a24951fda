// Package config reads the configuration of the suite: it parses and validates
// templates.cfg, managers.cfg and settings.cfg, and stores the last valid
// configuration.
package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// The files of a configuration.
const (
	TemplatesFile = "templates.cfg"
	ManagersFile  = "managers.cfg"
	SettingsFile  = "settings.cfg" // may be absent
)

// Config is a configuration at one revision. Its metadata includes the contents
// of the files that metadata_from_file names.
type Config struct {
	Revision   string
	ImportedAt time.Time // zero: not imported
	Templates  *configpb.InstanceTemplateConfig
	Managers   *configpb.InstanceGroupManagerConfig
	Settings   *configpb.SettingsCfg
}

// Empty returns the configuration of a system that has none yet. It asks for no
// VMs and gives nobody access; its messages are empty, not nil.
func Empty() Config {
	return Config{
		Templates: &configpb.InstanceTemplateConfig{},
		Managers:  &configpb.InstanceGroupManagerConfig{},
		Settings:  &configpb.SettingsCfg{},
	}
}

// Template finds a template by its base name; nil if it is not configured.
func (c Config) Template(baseName string) *configpb.InstanceTemplate {
	for _, template := range c.Templates.GetTemplates() {
		if template.GetBaseName() == baseName {
			return template
		}
	}
	return nil
}

// Files are the files of a configuration at one revision.
type Files struct {
	Revision string
	// Templates, Managers and Settings are the contents of these files; nil if
	// a file does not exist.
	Templates, Managers, Settings []byte
	// Read reads another file of the same revision, by its path relative to the
	// configuration's folder. If the file does not exist, the error is
	// fs.ErrNotExist.
	Read func(path string) ([]byte, error)
}

// Parse parses and validates the files. It finds all problems of all files at
// once; the configuration may be used only when none of them is an error.
func Parse(files Files) (Config, Problems) {
	config := Empty()
	config.Revision = files.Revision
	templates := read(TemplatesFile, files.Templates, config.Templates)
	managers := read(ManagersFile, files.Managers, config.Managers)
	settings := read(SettingsFile, append([]byte{}, files.Settings...), config.Settings) // a missing file counts as empty

	known := newTemplateNames(templates.parsed, config.Templates)
	if templates.parsed {
		checkTemplates(templates, config.Templates, files.Read)
	}
	if templates.parsed && managers.parsed {
		checkDerivedNames(templates, config)
	}
	if managers.parsed {
		checkManagers(managers, config.Managers, known)
	}
	if settings.parsed {
		checkSettings(settings, config.Settings, known)
	}
	return config, slices.Concat(templates.sorted(), managers.sorted(), settings.sorted())
}

// templateNames holds the names of the templates that other files may refer to.
// References cannot be checked if templates.cfg did not parse.
type templateNames struct {
	parsed bool
	names  []string
	known  map[string]bool
	// compared counts the comparisons of unknown names with known ones, which
	// are made for hints.
	compared int
}

// maxCompared bounds the search for hints, so that a file full of wrong names is
// checked as fast as a good one.
const maxCompared = 1_000_000

func newTemplateNames(parsed bool, templates *configpb.InstanceTemplateConfig) *templateNames {
	t := &templateNames{parsed: parsed, known: map[string]bool{}}
	for _, template := range templates.GetTemplates() {
		t.names = append(t.names, template.GetBaseName())
		t.known[template.GetBaseName()] = true
	}
	return t
}

// unknown describes what is wrong with a name that no template has, with the
// template that was perhaps meant; "" for a known name.
func (t *templateNames) unknown(name, consequence string) string {
	if !t.parsed || t.known[name] {
		return ""
	}
	message := fmt.Sprintf("there is no template %q%s", name, consequence)
	if t.compared += len(t.names); t.compared > maxCompared {
		return message
	}
	return message + spelling.DidYouMean(name, t.names)
}
