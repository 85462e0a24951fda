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

// cleanPath normalizes a path that metadata_from_file names, and refuses one
// that leaves the configuration's folder.
func cleanPath(name string) (string, error) {
	clean := path.Clean(name)
	if strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\\x00") || clean == "." || !fs.ValidPath(clean) {
		return "", fmt.Errorf("%q leaves the configuration's folder or names no file in it; a path is relative to that folder, with slashes", name)
	}
	return clean, nil
}

// MetadataFiles returns the sorted paths of the files that a templates.cfg
// names, as far as it can be parsed. These files belong to the revision too.
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

// metadataFile reads a file that metadata_from_file names.
func metadataFile(name string, read func(string) ([]byte, error)) (string, error) {
	file, err := cleanPath(name)
	if err != nil {
		return "", err
	}
	if read == nil {
		return "", fmt.Errorf("the file %q cannot be read: this source has no further files", file)
	}
	content, err := read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the file %q does not exist", file)
	case err != nil:
		return "", fmt.Errorf("the file %q cannot be read: %w", file, err)
	case !utf8.Valid(content):
		return "", fmt.Errorf("the file %q is not text in UTF-8, which metadata must be", file)
	}
	return string(content), nil
}
