package fleet

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"slices"
)

// TemplateSpec holds all fields of a configured instance template except its
// base name.
type TemplateSpec struct {
	Project         string           `firestore:"project" json:"project,omitempty"`
	Dimensions      []string         `firestore:"dimensions,omitempty" json:"dimensions,omitempty"`
	ImageName       string           `firestore:"imageName" json:"imageName,omitempty"`
	ImageProject    string           `firestore:"imageProject,omitempty" json:"imageProject,omitempty"`
	DiskSizeGB      int              `firestore:"diskSizeGb,omitempty" json:"diskSizeGb,omitempty"`
	DiskType        string           `firestore:"diskType,omitempty" json:"diskType,omitempty"`
	ServiceAccounts []ServiceAccount `firestore:"serviceAccounts" json:"serviceAccounts,omitempty"`
	Tags            []string         `firestore:"tags,omitempty" json:"tags,omitempty"`
	// Metadata may hold secrets: it is never logged.
	Metadata       map[string]string `firestore:"metadata,omitempty" json:"metadata,omitempty"`
	MachineType    string            `firestore:"machineType" json:"machineType,omitempty"`
	Network        string            `firestore:"network,omitempty" json:"network,omitempty"`
	ExternalIP     bool              `firestore:"autoAssignExternalIp,omitempty" json:"autoAssignExternalIp,omitempty"`
	MinCPUPlatform string            `firestore:"minCpuPlatform,omitempty" json:"minCpuPlatform,omitempty"`
	SnapshotName   string            `firestore:"snapshotName,omitempty" json:"snapshotName,omitempty"`
	SnapshotLabels map[string]string `firestore:"snapshotLabels,omitempty" json:"snapshotLabels,omitempty"`
}

// ServiceAccount is attached to the VMs.
type ServiceAccount struct {
	Name   string   `firestore:"name" json:"name,omitempty"`
	Scopes []string `firestore:"scopes,omitempty" json:"scopes,omitempty"`
}

// LogValue keeps the metadata out of every log line.
func (s TemplateSpec) LogValue() slog.Value {
	return slog.GroupValue(slog.String("project", s.Project), slog.String("machine_type", s.MachineType),
		slog.String("image", s.ImageName), slog.Int("metadata_keys", len(s.Metadata)))
}

// String keeps the metadata out of every error, and of records that are printed
// with fmt.
func (s TemplateSpec) String() string { return s.LogValue().String() }

// MarshalJSON keeps the metadata out of records that are logged as JSON.
func (s TemplateSpec) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// allFields is a TemplateSpec that is written with its metadata.
type allFields TemplateSpec

// WantsSnapshot reports whether the VMs get a disk from a snapshot.
func (s TemplateSpec) WantsSnapshot() bool { return s.SnapshotName != "" || len(s.SnapshotLabels) > 0 }

// RevisionID returns a hash of the fields. The order of tags, scopes,
// dimensions, metadata and snapshot labels does not matter, and neither does
// the order of the service accounts after the first: the first one is the
// account that calls the Machine Provider.
func (s TemplateSpec) RevisionID() string {
	// encoding/json sorts the keys of maps and omits empty fields: a field that
	// is added later does not change the revisions that do not use it.
	text, err := json.Marshal(allFields(s.normalized()))
	if err != nil { // a struct of strings can always be written
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:RevisionLength]
}

func (s TemplateSpec) normalized() TemplateSpec {
	s.Tags, s.Dimensions = sorted(s.Tags), sorted(s.Dimensions)
	s.ServiceAccounts = slices.Clone(s.ServiceAccounts)
	for i := range s.ServiceAccounts {
		s.ServiceAccounts[i].Scopes = sorted(s.ServiceAccounts[i].Scopes)
	}
	if len(s.ServiceAccounts) > 1 {
		slices.SortFunc(s.ServiceAccounts[1:], func(a, b ServiceAccount) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Scopes, b.Scopes))
		})
	}
	return s
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
