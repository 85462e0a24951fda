package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Summary is the result of all worlds.
type Summary struct {
	Seeds    int           `json:"seeds"`
	Took     time.Duration `json:"tookNanoseconds"`
	Stats    world.Stats   `json:"stats"`
	Failures []Failure     `json:"failures"`
	// Longest is the longest time that a world took to come to rest.
	Longest time.Duration `json:"longestConvergenceNanoseconds"`
	// flags are the command-line flags of the worlds, except for the seeds.
	flags string
	// Trace is the file with the trace, if there was a single seed.
	Trace string `json:"trace,omitempty"`
}

// Failure is a world in which an invariant was broken.
type Failure struct {
	Seed      uint64 `json:"seed"`
	Invariant string `json:"invariant"`
	Detail    string `json:"detail"`
	// End is the end of the trace; File has all of it.
	End  []string `json:"end"`
	File string   `json:"file"`
}

// endLines is how many lines of a trace are shown.
const endLines = 60

func (s *Summary) add(outcome world.Outcome) {
	s.Seeds++
	s.Stats = s.Stats.Plus(outcome.Stats)
	s.Longest = max(s.Longest, outcome.Took)
	if outcome.Broken == nil {
		return
	}
	lines := strings.Split(outcome.Trace, "\n")
	s.Failures = append(s.Failures, Failure{
		Seed: outcome.Seed, Invariant: outcome.Broken.Invariant, Detail: outcome.Broken.Detail,
		End: lines[max(len(lines)-endLines, 0):],
	})
}

// JSON writes the summary for programs.
func (s Summary) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(s)
}

// Text writes the summary for people.
func (s Summary) Text(w io.Writer) error {
	var text strings.Builder
	for _, failure := range s.Failures {
		fmt.Fprintf(&text, "seed %d broke: %s\n  %s\n", failure.Seed, failure.Invariant, failure.Detail)
		for _, line := range failure.End {
			fmt.Fprintf(&text, "    %.200s\n", line)
		}
		fmt.Fprintf(&text, "  the whole trace: %s\n  again: scripts/simulate --seed %d%s\n  keep it, once it is mended: a line in functions/testdata/seeds.txt\n\n",
			failure.File, failure.Seed, s.flags)
	}
	if s.Trace != "" {
		fmt.Fprintf(&text, "the whole trace: %s\n\n", s.Trace)
	}
	fmt.Fprintf(&text, "%d worlds in %s: %d broken\n", s.Seeds, s.Took.Round(time.Second), len(s.Failures))
	fmt.Fprintf(&text, "%d runs of jobs, %d outside calls, %d Compute Engine mutations, %d document writes, %d leases\n",
		s.Stats.Runs, s.Stats.Steps, s.Stats.Mutations, s.Stats.Writes, s.Stats.Leases)
	fmt.Fprintf(&text, "the longest time to rest after the faults had stopped: %s\n", s.Longest.Round(time.Second))
	table(&text, "faults injected", s.Stats.Faults)
	table(&text, "invariants checked", s.Stats.Checked)
	_, err := io.WriteString(w, text.String())
	return err
}

func table[K ~string](text *strings.Builder, title string, counts map[K]int) {
	fmt.Fprintf(text, "%s:\n", title)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(text, "%12d  %s\n", counts[name], name)
	}
}
