package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
)

// cleanPath makes the plain form of a path that metadata_from_file names, and
// refuses one that leaves the configuration's folder.
func cleanPath(name string) (string, error) {
	clean := path.Clean(name)
	if strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\\x00") || clean == "." || !fs.ValidPath(clean) {
		return "", fmt.Errorf("%q leaves the configuration's folder or names no file in it; a path is relative to that folder, with slashes", name)
	}
	return clean, nil
}

// MetadataFiles returns the sorted paths of the files that a templates.cfg names,
// as far as it can be parsed: they belong to the revision too.
func MetadataFiles(templates []byte) []string {
	config := &configpb.InstanceTemplateConfig{}
	read(TemplatesFile, templates, config)
	var paths []string
	for _, template := range config.GetTemplates() {
		for _, entry := range template.GetMetadataFromFile() {
			_, file, _ := strings.Cut(entry, ":")
			if clean, err := cleanPath(file); err == nil && file != "" {
				paths = append(paths, clean)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// errNoReader is the error of reading a file of a configuration that has none.
var errNoReader = errors.New("this source has no further files")

// resolveMetadataFiles puts the contents of the files that metadata_from_file
// names into metadata.
func resolveMetadataFiles(s *source, templates *configpb.InstanceTemplateConfig, read func(string) ([]byte, error)) {
	if read == nil {
		read = func(string) ([]byte, error) { return nil, errNoReader }
	}
	for i, template := range templates.GetTemplates() {
		at := elementPath("templates", i)
		for j, entry := range template.GetMetadataFromFile() {
			element := elementPath(at+".metadata_from_file", j)
			key, file, _ := strings.Cut(entry, ":")
			clean, err := cleanPath(file)
			if key == "" || file == "" || err != nil {
				continue // reported already
			}
			if content, ok := metadataFile(s, element, key, clean, read); ok {
				template.Metadata = append(template.Metadata, key+":"+content)
			}
		}
		template.MetadataFromFile = nil
		if total := totalBytes(template.GetMetadata()); total > maxMetadataBytes {
			s.errorf(at+".metadata", "the metadata, files included, has %d bytes; it may have %d", total, maxMetadataBytes)
		}
	}
}

func metadataFile(s *source, element, key, file string, read func(string) ([]byte, error)) (string, bool) {
	content, err := read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.errorf(element, "the file %q does not exist", file)
	case err != nil:
		s.errorf(element, "the file %q cannot be read: %v", file, err)
	case !utf8.Valid(content):
		s.errorf(element, "the file %q is not text in UTF-8, which metadata must be", file)
	default:
		checkMetadataSize(s, element, key, len(content))
		return string(content), true
	}
	return "", false
}

func totalBytes(entries []string) int {
	total := 0
	for _, entry := range entries {
		total += len(entry)
	}
	return total
}
