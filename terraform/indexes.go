// Package terraform holds what both Terraform and the laboratory read.
package terraform

import (
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"
)

//go:embed indexes.yaml
var deployed []byte

// Indexes are the indexes of a Firestore database, in the form of indexes.yaml,
// which says what each list is.
type Indexes struct {
	Composite             []Composite
	CollectionGroupFields []Field `yaml:"collectionGroupFields"`
	TTL                   []Field `yaml:"ttl"`
	Unindexed             []Field `yaml:"unindexed"`
}

// Composite is an index of several fields.
type Composite struct {
	Collection string
	Scope      string              // COLLECTION or COLLECTION_GROUP
	Fields     []map[string]string // of one entry each: path to ASCENDING, DESCENDING or CONTAINS
}

// Field is a field of a collection's documents.
type Field struct{ Collection, Field string }

// ParseIndexes reads indexes.
func ParseIndexes(data []byte) (Indexes, error) {
	var read Indexes
	if err := yaml.Unmarshal(data, &read); err != nil {
		return Indexes{}, fmt.Errorf("read the indexes: %w", err)
	}
	return read, nil
}

// DeployedIndexes returns the indexes that a deployment has.
func DeployedIndexes() (Indexes, error) { return ParseIndexes(deployed) }
