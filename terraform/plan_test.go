package terraform

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// notChecked is the status of ./check where neither the provider registry nor
// the offline tool can be had.
const notChecked = 75

// resource is one that the plan creates, or a data source that it reads.
type resource struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Index   any    `json:"index"`
	Change  struct {
		After   map[string]any `json:"after"`
		Unknown map[string]any `json:"after_unknown"`
	} `json:"change"`
}

// text is an argument that the plan knows; "" where it does not.
func (r resource) text(path string) string {
	value, _ := at(r.Change.After, path).(string)
	return value
}

func (r resource) number(path string) float64 {
	value, _ := at(r.Change.After, path).(float64)
	return value
}

// function is the function whose module the resource is in.
func (r resource) function() string {
	if !strings.Contains(r.Module, "function[") {
		return ""
	}
	return strings.Split(r.Module, `"`)[1]
}

// at follows a path such as "push_config.oidc_token"; of a list it takes the
// first entry, because blocks are lists.
func at(value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		if list, ok := value.([]any); ok {
			if len(list) == 0 {
				return nil
			}
			value = list[0]
		}
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

type plan []resource

// of returns the resources of a type.
func (p plan) of(kind string) plan {
	var found plan
	for _, r := range p {
		if r.Type == kind {
			found = append(found, r)
		}
	}
	return found
}

// within returns the resources of a function.
func (p plan) within(function string) plan {
	var found plan
	for _, r := range p {
		if r.function() == function {
			found = append(found, r)
		}
	}
	return found
}

// result is what ./check found.
type result struct {
	plan          plan
	graph         graph
	configuration configuration
}

// configuration is what stands in the files, as far as no plan shows it.
type configuration struct {
	Providers map[string]struct {
		Expressions map[string]expression `json:"expressions"`
	} `json:"provider_config"`
	Root struct {
		Resources []struct {
			Address      string `json:"address"`
			Provisioners []struct {
				Expressions map[string]expression `json:"expressions"`
			} `json:"provisioners"`
		} `json:"resources"`
	} `json:"root_module"`
}

// expression is a constant, or names what it is made of.
type expression struct {
	Constant   any      `json:"constant_value"`
	References []string `json:"references"`
}

var checked = sync.OnceValues(func() (result, error) {
	dir, err := os.MkdirTemp("", "plan")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	planFile, graphFile := filepath.Join(dir, "plan.json"), filepath.Join(dir, "graph.dot")
	output, err := exec.Command("./check", "--plan", planFile, "--graph", graphFile).CombinedOutput()
	if err != nil {
		return result{}, errors.Join(err, errors.New(string(output)))
	}
	data, err := os.ReadFile(planFile)
	if err != nil {
		return result{}, err
	}
	var read struct {
		Changes       plan          `json:"resource_changes"`
		Configuration configuration `json:"configuration"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return result{}, err
	}
	dot, err := os.ReadFile(graphFile)
	return result{plan: read.Changes, graph: parseGraph(string(dot)), configuration: read.Configuration}, err
})

// planned checks the folder once and returns its plan.
func planned(t *testing.T) plan {
	t.Helper()
	return check(t).plan
}

// check checks the folder once. Where Terraform or its providers cannot be had
// it skips the test, or fails it when the environment has TERRAFORM_REQUIRED.
func check(t *testing.T) result {
	t.Helper()
	found, err := checked()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == notChecked && os.Getenv("TERRAFORM_REQUIRED") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(found.plan) == 0 {
		t.Fatal("the plan is empty")
	}
	return found
}

func functions(t *testing.T) manifest.Manifest {
	t.Helper()
	data, err := os.ReadFile("../functions/functions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
