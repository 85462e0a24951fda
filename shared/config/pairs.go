package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
)

// Limits of Compute Engine's metadata and labels:
// https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
// https://cloud.google.com/compute/docs/labeling-resources#requirements
const (
	maxMetadataValueBytes = 256 << 10
	maxMetadataBytes      = 512 << 10
)

var (
	metadataKey = newPattern(`^[a-zA-Z0-9_-]{1,128}$`)
	labelKey    = newPattern(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$`)
	labelValue  = newPattern(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)
)

// dimension is a dimension of machines that a template may give.
type dimension struct {
	values []string // of an enumeration
	kind   string   // of a number: "whole number" or "number"
}

var dimensions = map[string]dimension{
	"os_family":    {values: []string{"LINUX", "OSX", "WINDOWS"}},
	"linux_flavor": {values: []string{"UBUNTU", "DEBIAN"}},
	"os_version":   {},
	"num_cpus":     {kind: wholeNumber},
	"memory_gb":    {kind: number},
	"disk_gb":      {kind: wholeNumber},
	"disk_type":    {values: []string{"HDD", "SSD"}},
	"project":      {},
	"snapshot":     {},
	snapshotLabels: {},
}

// snapshotLabels is the one dimension that has a list of values, each
// key:value again.
const snapshotLabels = "snapshot_labels"

const (
	wholeNumber = "whole number"
	number      = "number"
)

// dimensionNames are the keys of dimensions in the order of the documentation.
var dimensionNames = []string{
	"os_family", "linux_flavor", "os_version", "num_cpus", "memory_gb", "disk_gb", "disk_type", "project", "snapshot", snapshotLabels,
}

// pairs checks that entries are key:value and no key is given twice, in one list
// or in several that share seen.
type pairs struct {
	source *source
	seen   map[string]string // the path of each key
	secret bool              // an entry without a key may be a secret
	many   string            // the one key that may have several values
}

// each calls check for each entry that has a key of its own.
func (p pairs) each(path string, entries []string, check func(path, key, value string)) {
	for i, entry := range entries {
		element := elementPath(path, i)
		key, value, ok := strings.Cut(entry, ":")
		if !ok || key == "" {
			p.malformed(element, entry, ok)
			continue
		}
		once, what := key, "the key"
		if key == p.many {
			once, what = entry, "the entry"
		}
		if before, ok := p.seen[once]; ok {
			p.source.errorf(element, "%s %q is given twice; the first one is in line %d", what, once, p.source.position(before).line)
			continue
		}
		p.seen[once] = element
		check(element, key, value)
	}
}

func (p pairs) malformed(path, entry string, colon bool) {
	what := "the entry"
	if !p.secret && len(entry) <= 60 {
		what = strconv.Quote(entry)
	}
	if colon {
		p.source.errorf(path, "%s has no key before the colon; it must be key:value", what)
		return
	}
	meant := ""
	if key, value, ok := strings.Cut(entry, "="); ok && !p.secret && len(entry) <= 60 {
		meant = "; did you mean " + strconv.Quote(key+":"+value) + "?"
	}
	p.source.errorf(path, "%s has no colon; it must be key:value%s", what, meant)
}

func checkPairs(s *source, path string, template *configpb.InstanceTemplate) {
	dimensions := pairs{source: s, seen: map[string]string{}, many: snapshotLabels}
	dimensions.each(path+".dimensions", template.GetDimensions(), func(path, key, value string) {
		checkDimension(s, path, key, value)
	})
	pairs{source: s, seen: map[string]string{}}.each(path+".snapshot_labels", template.GetSnapshotLabels(), func(path, key, value string) {
		if !labelKey.MatchString(key) || !labelValue.MatchString(value) {
			s.warnf(path, "%q cannot be a label: key and value have at most 63 lower-case letters, digits, hyphens and underscores, the key a letter first", key+":"+value)
		}
	})
	metadata := pairs{source: s, seen: map[string]string{}, secret: true}
	metadata.each(path+".metadata", template.GetMetadata(), func(path, key, value string) {
		checkMetadataKey(s, path, key)
		checkMetadataSize(s, path, key, len(value))
	})
	metadata.secret = false
	metadata.each(path+".metadata_from_file", template.GetMetadataFromFile(), func(path, key, file string) {
		checkMetadataKey(s, path, key)
		if file == "" {
			s.errorf(path, "%q has no path after the colon; it must be key:path", key+":")
		} else if _, err := cleanPath(file); err != nil {
			s.errorf(path, "%v", err)
		}
	})
}

func checkMetadataKey(s *source, path, key string) {
	if !metadataKey.MatchString(key) {
		s.warnf(path, "%q cannot be a metadata key: at most 128 letters, digits, hyphens and underscores", key)
	}
}

func checkMetadataSize(s *source, path, key string, bytes int) {
	if bytes > maxMetadataValueBytes {
		s.errorf(path, "the value of %q has %d bytes; it may have %d", key, bytes, maxMetadataValueBytes)
	}
}

func checkDimension(s *source, path, key, value string) {
	rule, ok := dimensions[key]
	switch {
	case key == "hostname" || key == "backend":
		s.errorf(path, "the dimension %s is each machine's own and cannot be given", key)
	case !ok:
		s.errorf(path, "unknown dimension %q%s", key, hint(key, dimensionNames, "the dimensions are"))
	case rule.values != nil && !slices.Contains(rule.values, value):
		s.errorf(path, "%s cannot be %q%s", key, value, hint(value, rule.values, "it is one of"))
	case key == snapshotLabels && strings.Index(value, ":") < 1:
		s.errorf(path, "a value of %s must be key:value, not %q", key, value)
	case rule.kind != "" && !isNumber(rule.kind, value):
		s.errorf(path, "%s must be a %s that is not negative, not %q", key, rule.kind, value)
	}
}

var decimal = newPattern(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)

func isNumber(kind, value string) bool {
	return decimal.MatchString(value) && (kind == number || !strings.Contains(value, "."))
}
