package architecture

import (
	"path"
	"slices"
	"testing"
)

// compositionRoots put the others together; nobody else knows an adapter.
var compositionRoots = []string{".", "shared/deployment", "scripts"}

// adapters are the implementations of contracts by outside things.
var adapters = []string{"shared/compute/rest", "shared/store/firestore", "shared/pubsub", "shared/catalog/client"}

// support serves tests, simulations and the local suite. It is never deployed.
var support = []string{
	"shared/architecture", "shared/bus", "shared/catalog/catalogtest", "shared/configsource/configsourcetest", "shared/emulators", "shared/leasing/loadtest",
	"shared/simulator", "shared/store/faulty", "shared/store/memory", "shared/store/metered", "shared/store/storetest", "shared/world",
}

// owners are the packages that know an outside API; nobody else imports it. The
// commands for people may: they are a module of their own.
var owners = map[string][]string{
	"cloud.google.com/go/auth":                              {"shared/configsource", "shared/catalog/client", "functions/machineprovider"},
	"cloud.google.com/go/compute":                           {"shared/compute/rest", "shared/simulator"},
	"cloud.google.com/go/firestore":                         {"shared/store/firestore"},
	"cloud.google.com/go/pubsub":                            {"shared/pubsub"},
	"cloud.google.com/go/storage":                           {"shared/configsource"},
	"github.com/GoogleCloudPlatform/functions-framework-go": {".", "shared/deployment"},
	"github.com/googleapis/gax-go/v2/apierror":              {"shared/failure"},
	"github.com/sethvargo/go-envconfig":                     {"shared/environment"},
	"go.yaml.in/yaml":                                       {"shared/manifest"},
	"gocloud.dev":                                           {"shared/configsource"},
	"google.golang.org/api/idtoken":                         {"shared/catalog/client", "functions/machineprovider"},
	"google.golang.org/api/oauth2":                          {"functions/machineprovider"},
	"google.golang.org/protobuf/encoding/prototext":         {"shared/config"},
	module + "/proto/config/configpb":                       {"shared/config", "shared/leasing/access", "functions/processconfig", "shared/world"},
	module + "/proto/machineprovider/machineproviderpb":     {"shared/catalog/client", "shared/leasing/wire", "functions/machineprovider"},
}

// layers say what each package of the core may import of the repository. The
// direction: functions → shared/job → contracts → shared/fleet.
var layers = map[string][]string{
	"shared/fleet":       {},
	"shared/failure":     {},
	"shared/event":       {},
	"shared/machinetype": {"shared/spelling"},
	"shared/manifest":    {},
	"shared/logging":     {},
	"shared/environment": {},
	"shared/spacing":     {},
	"shared/sharedrand":  {},
	"shared/store":       {"shared/failure"},
	"shared/compute":     {"shared/failure"},
	"shared/catalog":     {},
	"shared/entities":    {"shared/store", "shared/fleet", "shared/failure"},
	"shared/orphan":      {"shared/entities"},
	"shared/offer":       {"shared/entities", "shared/catalog", "shared/fleet", "shared/failure"},
	"shared/host":        {"shared/event"},
	"shared/job": {"shared/catalog", "shared/compute", "shared/config", "shared/configsource", "shared/entities", "shared/event",
		"shared/failure", "shared/fleet", "shared/store"},
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

func TestLayers(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range code(t) {
		allowed, layered := layers[f.folder]
		if !layered {
			continue
		}
		seen[f.folder] = true
		for _, name := range f.imports {
			if ours(name) && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s, against the direction", f.path, name)
			}
		}
	}
	for folder := range layers {
		if !seen[folder] {
			t.Errorf("%s has no code; take it out of this list", folder)
		}
	}
}

func TestFunctionsStandAlone(t *testing.T) {
	for _, f := range code(t) {
		for _, name := range f.imports {
			if !within(name, "functions") {
				continue
			}
			switch {
			case f.folder == "functions", within(f.folder, compositionRoots[1:]...), f.folder == ".":
			case within(f.folder, support...):
			case within(f.folder, "functions"):
				t.Errorf("%s imports %s: functions never import each other", f.path, name)
			default:
				t.Errorf("%s imports %s: only functions.go and the composition roots know the functions", f.path, name)
			}
		}
	}
}

func TestOnlyCompositionRootsKnowAdapters(t *testing.T) {
	for _, f := range code(t) {
		if f.folder == "." || within(f.folder, compositionRoots[1:]...) || within(f.folder, support...) {
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

// What tests and the local suite need is not linked into what is deployed.
func TestNothingForTestsIsDeployed(t *testing.T) {
	imports := map[string][]string{}
	for _, f := range code(t) {
		imports[f.folder] = append(imports[f.folder], f.imports...)
	}
	via := map[string]string{".": ""}
	queue := []string{"."}
	for len(queue) > 0 {
		folder := queue[0]
		queue = queue[1:]
		for _, name := range imports[folder] {
			if _, known := via[name]; !known && ours(name) {
				via[name], queue = folder, append(queue, name)
			}
		}
	}
	if len(via) < 20 {
		t.Fatalf("only %d packages are deployed: the roots are not found", len(via))
	}
	for name, from := range via {
		if within(name, support...) || within(name, "scripts", "terraform") {
			t.Errorf("%s is deployed, by way of %s", name, from)
		}
	}
}

// The contracts of jobs with the outside must not leak a type of a client.
func TestContractsKnowNoClient(t *testing.T) {
	for _, f := range code(t) {
		if !slices.Contains([]string{"shared/store", "shared/compute", "shared/catalog", "shared/event", "shared/entities", "shared/offer", "shared/orphan", "shared/job"}, f.folder) {
			continue
		}
		for _, name := range f.imports {
			if !standard(name) && !ours(name) {
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
