package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

func TestConverges(t *testing.T) {
	t.Parallel()
	code, printed := run(t, "local", append([]string{"--until", "converged"}, quick...)...)
	if code != 0 || !strings.Contains(printed, "Converged after") {
		t.Errorf("exit code %d:\n%s", code, printed)
	}
}

// With one tick at the start, whatever follows is driven by events.
func TestConvergesByEvents(t *testing.T) {
	t.Parallel()
	code, printed := run(t, "local", append([]string{"--until", "converged", "--tick", "1h", "--timeout", "30s"}, quick...)...)
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, printed)
	}
}

func TestConvergesOnTheEmulators(t *testing.T) {
	t.Parallel()
	probe, err := emulators.Start(t.Context(), emulators.PubSub)
	if errors.Is(err, emulators.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED on the emulators: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	probe.Stop()
	code, printed := run(t, "local", append([]string{"--until", "converged", "--emulators", "--tick", "1h", "--timeout", "1m"}, quick...)...)
	if code != 0 || !strings.Contains(printed, "Firestore") {
		t.Errorf("exit code %d:\n%s", code, printed)
	}
}

func TestSaysWhyItDidNotConverge(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configure(t, folder, zone{"linux-small", "us-central1-a", 3})
	code, printed := run(t, "local", "--until", "converged", "--config", folder, "--timeout", "3s", "--vm-boot", "1h", "--operation", "10ms")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"not converged within 3s", "linux-small", "us-central1-a: 0 of 3 cataloged", "3 VMs to "} {
		if !strings.Contains(printed, want) {
			t.Errorf("it does not say %q:\n%s", want, printed)
		}
	}
}

func TestSaysWhatIsInvalid(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configure(t, folder, zone{"linux-small", "us-central1-a", 3}, zone{"linux-small", "us-central1-a", 4})
	write(t, folder, "settings.cfg", "mp_server: \"ftp://nowhere\"\n")
	code, printed := run(t, "local", "--until", "converged", "--config", folder, "--timeout", "1m")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"not valid", "managers.cfg:2:", "settings.cfg:1:"} {
		if !strings.Contains(printed, want) {
			t.Errorf("it does not say %q:\n%s", want, printed)
		}
	}
}

func TestRefusesFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--until", "tomorrow"}, {"--tick", "0s", "--until", "converged"}, {"--nonsense"},
		{"--config", "/nowhere/at/all", "--until", "converged", "--timeout", "2s"},
	} {
		if code, printed := run(t, "local", args...); code == 0 || strings.TrimSpace(printed) == "" {
			t.Errorf("%v: exit code %d:\n%s", args, code, printed)
		}
	}
}
