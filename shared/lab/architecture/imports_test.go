package architecture

import (
	"path"
	"slices"
	"testing"
)

// groups are the deployed packages, from the bottom up: a package imports only
// its own group and those before it. shared/deployment and the root compose
// them, and nothing imports those two.
var groups = []string{"proto", "shared/fleet", "shared/cloud", "shared/combine", "shared/records", "shared/identity", "shared/config", "shared/leasing", "shared/job", "functions", "shared/deployment", "."}

// lab is never deployed: simulations, stand-ins, conformance suites.
const lab = "shared/lab"

// contracts are the packages through which the suite uses the outside. The
// folders below each hold its adapters, which only the composition roots import.
var contracts = []string{"shared/cloud/catalog", "shared/cloud/compute", "shared/cloud/event", "shared/cloud/store"}

var adapters = []string{"shared/cloud/catalog/client", "shared/cloud/compute/rest", "shared/cloud/pubsub", "shared/cloud/store/firestore"}

// owners are the packages that use an outside API; no other package imports it.
// The commands for people may: they are a separate module.
var owners = map[string][]string{
	"cloud.google.com/go/auth":                              {"shared/identity"},
	"cloud.google.com/go/compute":                           {"shared/cloud/compute", "shared/lab/simulator"},
	"cloud.google.com/go/firestore":                         {"shared/cloud/store/firestore", "shared/lab/gate"},
	"cloud.google.com/go/pubsub":                            {"shared/cloud/pubsub"},
	"cloud.google.com/go/storage":                           {"shared/config/configsource"},
	"github.com/GoogleCloudPlatform/functions-framework-go": {".", "shared/deployment"},
	"github.com/googleapis/gax-go/v2/apierror":              {"shared/cloud/failure"},
	"github.com/sethvargo/go-envconfig":                     {"shared/cloud/environment"},
	"go.yaml.in/yaml":                                       {"shared/job/manifest", "terraform"},
	"gocloud.dev":                                           {"shared/config/configsource", "shared/lab/configsourcetest"},
	"google.golang.org/api/oauth2":                          {"shared/identity"},
	"google.golang.org/protobuf/encoding/prototext":         {"shared/config"},
	module + "/proto/config/configpb":                       {"shared/config", "shared/leasing/access", "functions/processconfig", "shared/lab/world"},
	module + "/proto/machineprovider/machineproviderpb":     {"shared/cloud/catalog", "shared/leasing/wire", "functions/machineprovider"},
}

func TestTheDomainUsesTheStandardLibraryOnly(t *testing.T) {
	for _, f := range code(t) {
		if f.folder != "shared/fleet" {
			continue
		}
		for _, name := range f.imports {
			if !standard(name) || slices.Contains([]string{"math/rand", "math/rand/v2", "os", "net", "net/http"}, name) {
				t.Errorf("%s imports %s: the domain is pure", f.path, name)
			}
		}
	}
}

func TestDirection(t *testing.T) {
	for _, f := range code(t) {
		if within(f.folder, lab, "scripts", "terraform") {
			continue
		}
		from := group(f.folder)
		if from < 0 {
			t.Errorf("%s is in no group", f.path)
		}
		for _, name := range f.imports {
			switch to := group(name); {
			case !ours(name):
			case within(name, lab, "scripts", "terraform"):
				t.Errorf("%s imports %s, which is never deployed", f.path, name)
			case to > from || to < 0:
				t.Errorf("%s imports %s, against the direction", f.path, name)
			case within(name, "functions") && within(f.folder, "functions") && f.folder != "functions":
				t.Errorf("%s imports %s: functions never import each other", f.path, name)
			}
		}
	}
}

// group returns the index of a folder's group, or -1.
func group(folder string) int {
	return slices.IndexFunc(groups, func(of string) bool { return within(folder, of) })
}

func TestOnlyCompositionRootsKnowAdapters(t *testing.T) {
	for _, f := range code(t) {
		if within(f.folder, lab, "scripts", "shared/deployment") {
			continue
		}
		for _, name := range f.imports {
			if within(name, adapters...) && !within(f.folder, name) {
				t.Errorf("%s imports the adapter %s: use its contract", f.path, name)
			}
		}
	}
}

func TestOnePackageKnowsEachOutsideAPI(t *testing.T) {
	for _, f := range code(t) {
		if f.generated || within(f.folder, "scripts") {
			continue
		}
		for _, name := range f.imports {
			full := name
			if ours(name) && name != module {
				full = module + "/" + name
			}
			for api, allowed := range owners {
				if within(full, api) && !within(f.folder, allowed...) {
					t.Errorf("%s imports %s, which only %v may", f.path, full, allowed)
				}
			}
		}
	}
}

// messages are the messages that a contract may use: a template is Compute
// Engine's own message, because a type of ours would repeat each of its fields.
var messages = []string{"cloud.google.com/go/compute/apiv1/computepb", "google.golang.org/protobuf"}

// The contracts must not expose a client's types to the jobs.
func TestContractsKnowNoClient(t *testing.T) {
	for _, f := range code(t) {
		if !slices.Contains(contracts, f.folder) && !within(f.folder, "shared/records") && f.folder != "shared/job" {
			continue
		}
		for _, name := range f.imports {
			if !standard(name) && !ours(name) && !within(name, messages...) {
				t.Errorf("%s imports %s", f.path, name)
			}
		}
	}
}

func TestOneRootPackage(t *testing.T) {
	var packages []string
	for _, f := range sources(t) {
		if f.folder == "." && !slices.Contains(packages, f.syntax.Name.Name) {
			packages = append(packages, f.syntax.Name.Name)
		}
		if f.folder == "." && path.Base(f.path) != "functions.go" {
			t.Errorf("%s: functions.go is the only Go file at the root", f.path)
		}
	}
	if len(packages) != 1 || packages[0] == "main" {
		t.Errorf("packages at the root: %v; the Go buildpack wants one, not main", packages)
	}
}
