package bench

import (
	"context"
	"maps"
	"os"
	"strconv"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/suite"
)

// Run is one measurement.
type Run struct {
	What string `json:"what"`
	// Wall ends once the awaited state is reached; CPU and the counts end once
	// nothing is under way any more. CPU and memory are those of this process,
	// which also runs the simulator and, without emulators, the store.
	Wall       time.Duration            `json:"wall_ns"`
	CPU        time.Duration            `json:"cpu_ns"`
	PeakMemory int64                    `json:"peak_memory_bytes"`
	Store      suite.StoreCounters      `json:"store"`
	Compute    map[string]int           `json:"compute"`
	Mutations  int                      `json:"compute_mutations"`
	Machines   map[string]int           `json:"machine_provider"`
	Messages   map[string]int           `json:"messages"`
	Deliveries map[string]int           `json:"deliveries"`
	Longest    map[string]time.Duration `json:"longest_run_ns"`
	LogLines   int64                    `json:"log_lines"`
	LogBytes   int64                    `json:"log_bytes"`
	Problems   int64                    `json:"problems"` // warnings and errors in the log
}

// stretch is a measurement under way.
type stretch struct {
	system *system
	before suite.Counters
	cpu    time.Duration
	begin  time.Time
	wall   time.Duration
}

func (s *system) measure() *stretch {
	resetPeak()
	s.runs.reset()
	return &stretch{system: s, before: s.Counters(), cpu: processCPU(), begin: time.Now()}
}

// reached notes that what was waited for is there.
func (m *stretch) reached(context.Context) error {
	m.wall = time.Since(m.begin)
	return nil
}

// end ends the measurement and returns its result.
func (m *stretch) end(what string) Run {
	if m.wall == 0 {
		m.wall = time.Since(m.begin)
	}
	now := m.system.Counters()
	r := &m.system.runs
	r.mu.Lock()
	longest := maps.Clone(r.longest)
	r.mu.Unlock()
	return Run{
		What: what, Wall: m.wall, CPU: processCPU() - m.cpu, PeakMemory: peakMemory(strconv.Itoa(os.Getpid())),
		Store:   now.Store.Since(m.before.Store),
		Compute: since(m.before.Compute, now.Compute), Mutations: now.Mutations - m.before.Mutations,
		Machines: since(m.before.MachineProvider, now.MachineProvider),
		Messages: since(m.before.Published, now.Published), Deliveries: since(m.before.Deliveries, now.Deliveries),
		Longest: longest, LogLines: r.lines.Load(), LogBytes: r.bytes.Load(), Problems: r.problems.Load(),
	}
}

func since(before, now map[string]int) map[string]int {
	grown := map[string]int{}
	for name, n := range now {
		if n > before[name] {
			grown[name] = n - before[name]
		}
	}
	return grown
}

// total adds up counts.
func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// changes returns the number of writes and deletes in the wanted collections.
func (r Run) changes(wanted func(collection string) bool) int64 {
	var sum int64
	for _, part := range r.Store.Parts {
		if wanted(part.Collection) {
			sum += part.Writes + part.Deletes
		}
	}
	return sum
}
