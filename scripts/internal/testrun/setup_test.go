package testrun

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func lacking(names ...string) []tool {
	return slices.DeleteFunc(tools(), func(t tool) bool { return !slices.Contains(names, t.name) })
}

func TestSetupCommands(t *testing.T) {
	for _, c := range []struct {
		name, system string
		root         bool
		lacking      []tool
		want         string
	}{
		{"a compiler", debian, false, lacking("compiler"), `sudo apt-get update
sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev`},
		{"as root", ubuntu, true, lacking("compiler", "chromium"), `apt-get update
env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium-browser gcc libc6-dev`},
		{"from a maker", debian, true, lacking("terraform", "curl"), `apt-get update
env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates curl
mkdir -p /etc/apt/keyrings
curl -fsSL https://apt.releases.hashicorp.com/gpg | tee /etc/apt/keyrings/hashicorp.asc >/dev/null
echo "deb [signed-by=/etc/apt/keyrings/hashicorp.asc] https://apt.releases.hashicorp.com $(. /etc/os-release && echo "${UBUNTU_CODENAME:-$VERSION_CODENAME}") main" | tee /etc/apt/sources.list.d/hashicorp.list
apt-get update
env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends terraform`},
		{"emulators", debian, false, lacking("emulators"), `sudo apt-get update
sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates curl
sudo mkdir -p /etc/apt/keyrings
curl -fsSL https://packages.cloud.google.com/apt/doc/apt-key.gpg | sudo tee /etc/apt/keyrings/google-cloud-sdk.asc >/dev/null
echo "deb [signed-by=/etc/apt/keyrings/google-cloud-sdk.asc] https://packages.cloud.google.com/apt cloud-sdk main" | sudo tee /etc/apt/sources.list.d/google-cloud-sdk.list
sudo apt-get update
sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends google-cloud-cli google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator`},
		{"on macOS", mac, false, lacking("java", "terraform"), "brew install --cask temurin\nbrew install hashicorp/tap/terraform"},
	} {
		if got := strings.Join(setupCommands(c.system, c.root, c.lacking), "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// Each tool has a purpose and a way to install it on each system, and is listed
// in the README.
func TestToolsAreComplete(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	terraform, err := os.ReadFile(filepath.Join(repository(t), "terraform", "versions.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range tools() {
		row := fmt.Sprintf("| %s | %s | %s |", each.title, each.needed, each.checks)
		if !bytes.Contains(readme, []byte(row)) {
			t.Errorf("README.md has no row %s", row)
		}
		if each.name == "terraform" && !bytes.Contains(terraform, []byte(`">= `+each.needed+`"`)) {
			t.Errorf("terraform/versions.tf does not require %s", each.needed)
		}
		if each.title == "" || each.needed == "" || each.checks == "" || len(each.debian) == 0 || each.mac == "" || each.there == nil {
			t.Errorf("%+v", each)
		}
	}
}

func TestSetupAsks(t *testing.T) {
	t.Setenv("PATH", "/nowhere") // no tool is found on this path
	t.Setenv("JAVA_HOME", "")
	var printed bytes.Buffer
	err := Setup(context.WithoutCancel(t.Context()), strings.NewReader("n\n"), &printed, false)
	if system() == "" {
		t.Skip("there are no commands for this system")
	}
	if err == nil || err.Error() != "nothing was installed" || !strings.Contains(printed.String(), "Run them? [y/N]") {
		t.Errorf("%v\n%s", err, printed.String())
	}
	for _, want := range []string{"Terraform 1.9 or later", "C compiler", "apt.releases.hashicorp.com"} {
		if system() != mac && !strings.Contains(printed.String(), want) {
			t.Errorf("it does not say %s:\n%s", want, printed.String())
		}
	}
}
