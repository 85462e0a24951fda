package config

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/dimension"
)

// Limits of Compute Engine's metadata and labels:
// https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
// https://cloud.google.com/compute/docs/labeling-resources#requirements
const (
	maxMetadataValueBytes = 256 << 10
	maxMetadataBytes      = 512 << 10
)

var (
	metadataKey = lazily(`^[a-zA-Z0-9_-]{1,128}$`)
	labelKey    = lazily(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$`)
	labelValue  = lazily(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)
)

// snapshotLabels is the only dimension with a list of values, each of which is
// again key:value.
const snapshotLabels = "snapshot_labels"

// pairs checks that entries are key:value and that no key is given twice, in
// one list or in several lists that share seen.
type pairs struct {
	source *source
	seen   map[string]string // the path of each key
	secret bool              // an entry without a key may be a secret
	many   string            // the one key that may have several values
}

// each calls check for each entry whose key was not given before.
func (p pairs) each(path string, entries []string, check func(path, key, value string)) {
	for i, entry := range entries {
		element := elementPath(path, i)
		key, value, ok := strings.Cut(entry, ":")
		if !ok || key == "" {
			p.malformed(element, entry)
			continue
		}
		once, what := key, "the key"
		if key == p.many {
			once, what = entry, "the entry"
		}
		if line := p.source.earlier(p.seen, once, element); line > 0 {
			p.source.errorf(element, "%s %q is given twice; the first one is in line %d", what, once, line)
		}
		check(element, key, value)
	}
}

func (p pairs) malformed(path, entry string) {
	what, wrong, meant := "the entry", "no colon", ""
	if !p.secret && len(entry) <= 60 {
		what = strconv.Quote(entry)
		if key, value, ok := strings.Cut(entry, "="); ok {
			meant = didYouMean(key + ":" + value)
		}
	}
	if strings.HasPrefix(entry, ":") {
		wrong, meant = "no key before the colon", ""
	}
	p.source.errorf(path, "%s has %s; it must be key:value%s", what, wrong, meant)
}

// checkPairs checks the fields whose entries are key:value, and puts the
// contents of the files that metadata_from_file names into metadata.
func checkPairs(s *source, path string, template *configpb.InstanceTemplate, read func(string) ([]byte, error)) {
	dimensions := pairs{source: s, seen: map[string]string{}, many: snapshotLabels}
	dimensions.each(path+".dimensions", template.GetDimensions(), func(path, key, value string) { checkDimension(s, path, key, value) })
	labels := pairs{source: s, seen: map[string]string{}}
	labels.each(path+".snapshot_labels", template.GetSnapshotLabels(), func(path, key, value string) {
		if !labelKey().MatchString(key) || !labelValue().MatchString(value) {
			s.warnf(path, "%q cannot be a label: key and value have at most 63 lower-case letters, digits, hyphens and underscores, the key a letter first", key+":"+value)
		}
	})
	metadata := pairs{source: s, seen: map[string]string{}, secret: true}
	metadata.each(path+".metadata", template.GetMetadata(), func(path, key, value string) { checkMetadata(s, path, key, value) })
	metadata.secret = false
	metadata.each(path+".metadata_from_file", template.GetMetadataFromFile(), func(path, key, file string) {
		content, err := metadataFile(file, read)
		checkMetadata(s, path, key, content)
		switch {
		case file == "":
			s.errorf(path, "%q has no path after the colon; it must be key:path", key+":")
		case err != nil:
			s.errorf(path, "%v", err)
		}
		template.Metadata = append(template.Metadata, key+":"+content)
	})
	template.MetadataFromFile = nil
	if total := len(strings.Join(template.GetMetadata(), "")); total > maxMetadataBytes {
		s.errorf(path+".metadata", "the metadata, files included, has %d bytes; it may have %d", total, maxMetadataBytes)
	}
}

func checkMetadata(s *source, path, key, value string) {
	if !metadataKey().MatchString(key) {
		s.warnf(path, "%q cannot be a metadata key: at most 128 letters, digits, hyphens and underscores", key)
	}
	if len(value) > maxMetadataValueBytes {
		s.errorf(path, "the value of %q has %d bytes; it may have %d", key, len(value), maxMetadataValueBytes)
	}
}

func checkDimension(s *source, path, key, value string) {
	field := dimension.Field(key)
	switch {
	case dimension.Own(key):
		s.errorf(path, "the dimension %s is each machine's own and cannot be given", key)
		return
	case field == nil:
		s.errorf(path, "unknown dimension %q%s", key, hint(key, dimension.Names(), "the dimensions are"))
		return
	case field.IsList() && strings.Index(value, ":") < 1:
		s.errorf(path, "a value of %s must be key:value, not %q", key, value)
	}
	switch field.Kind() {
	case protoreflect.EnumKind:
		if values := dimension.Values(field); !slices.Contains(values, value) {
			s.errorf(path, "%s cannot be %q%s", key, value, hint(value, values, "it is one of"))
		}
	case protoreflect.Int64Kind:
		if !decimal().MatchString(value) || strings.Contains(value, ".") {
			s.errorf(path, "%s must be a whole number that is not negative, not %q", key, value)
		}
	case protoreflect.DoubleKind:
		if !decimal().MatchString(value) {
			s.errorf(path, "%s must be a number that is not negative, not %q", key, value)
		}
	}
}

var decimal = lazily(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)
