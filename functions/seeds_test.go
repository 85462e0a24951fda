//go:build !race

package functions_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// TestKeptSeeds replays the worlds in which something once broke.
func TestKeptSeeds(t *testing.T) {
	s := suite(t)
	for _, trial := range keptSeeds(t) {
		t.Run(fmt.Sprint(trial.Seed), func(t *testing.T) {
			t.Parallel()
			if broken := trial.Run(s).Broken; broken != nil {
				t.Error(broken)
			}
		})
	}
}

func keptSeeds(t *testing.T) []world.Trial {
	t.Helper()
	file, err := os.Open("testdata/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var trials []world.Trial
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var trial world.Trial
		if n, _ := fmt.Sscan(line, &trial.Seed, &trial.VMs, &trial.Steps); n != 1 && n != 3 {
			t.Fatalf("a line is a seed, or a seed and the numbers of VMs and steps, and what broke: %s", line)
		}
		trials = append(trials, trial)
	}
	if len(trials) == 0 {
		t.Fatal("there are no seeds: this test tests nothing")
	}
	return trials
}
