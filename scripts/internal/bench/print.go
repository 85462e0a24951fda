package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Table prints the figures of results and their targets.
func Table(w io.Writer, results ...Result) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIGURE\tTARGET\tREACHED\tMET")
	for _, result := range results {
		for _, f := range result.Figures {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.What, f.Target, f.Reached, f.Met)
		}
	}
	_ = table.Flush() // to a screen, where an error cannot be shown
	for _, result := range results {
		for _, note := range result.Notes {
			fmt.Fprintf(w, "%s: %s.\n", result.Name, note)
		}
	}
}

// Details prints all counts of a result's runs.
func Details(w io.Writer, result Result) {
	m := result.Machine
	fmt.Fprintf(w, "%s, %s: %d cores, %s, %s, load %s at the start\n", result.Name, result.Backing, m.Cores, m.OS, m.Go, m.Load)
	for _, run := range result.Runs {
		fmt.Fprintf(w, "\n%s\n", run.What)
		fmt.Fprintf(w, "  wall %s, CPU %s, peak memory of all in one process %.0f MiB\n", round(run.Wall), round(run.CPU), mebibytes(run.PeakMemory))
		fmt.Fprintf(w, "  Firestore: %s reads, %s writes, %s deletes\n", count(run.Store.Reads), count(run.Store.Writes), count(run.Store.Deletes))
		storeParts(w, run)
		named(w, fmt.Sprintf("Compute Engine: %s calls, %s mutations", count(total(run.Compute)), count(run.Mutations)), run.Compute)
		named(w, fmt.Sprintf("Machine Provider: %s calls", count(total(run.Machines))), run.Machines)
		named(w, fmt.Sprintf("Pub/Sub: %s messages", count(total(run.Messages))), run.Messages)
		named(w, fmt.Sprintf("deliveries: %s", count(total(run.Deliveries))), run.Deliveries)
		fmt.Fprintf(w, "  log: %s lines, %s bytes, %d of them warnings or errors\n", count(run.LogLines), count(run.LogBytes), run.Problems)
		longest(w, run.Longest)
	}
	fmt.Fprintln(w)
}

func storeParts(w io.Writer, run Run) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tjob\tcollection\treads\twrites\tdeletes\t")
	for _, part := range run.Store.Parts {
		fmt.Fprintf(table, "\t%s\t%s\t%s\t%s\t%s\t\n", part.Job, part.Collection, count(part.Reads), count(part.Writes), count(part.Deletes))
	}
	_ = table.Flush() // to a screen, where an error cannot be shown
}

func named(w io.Writer, title string, counts map[string]int) {
	fmt.Fprintf(w, "  %s\n", title)
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	for _, name := range names {
		fmt.Fprintf(w, "    %s %s\n", name, count(counts[name]))
	}
}

func longest(w io.Writer, jobs map[string]time.Duration) {
	var parts []string
	for _, job := range slices.Sorted(maps.Keys(jobs)) {
		parts = append(parts, job+" "+jobs[job].String())
	}
	fmt.Fprintf(w, "  longest run: %s\n", strings.Join(parts, ", "))
}
