package screen

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/pools"
)

// live repaints a table in place.
type live struct {
	out     io.Writer
	start   time.Time
	size    func() (width, height int)
	painted int // number of lines that the next painting replaces
}

const (
	reset  = "\x1b[0m"
	dim    = "\x1b[2m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	erase  = "\x1b[0J" // from the cursor to the end of the screen
)

func (l *live) Say(format string, args ...any) {
	l.wipe()
	_, _ = fmt.Fprintf(l.out, format+"\n", args...)
}

// Close leaves the last painting on the screen.
func (l *live) Close() { l.painted = 0 }

func (l *live) wipe() {
	if l.painted > 0 {
		_, _ = fmt.Fprintf(l.out, "\x1b[%dA\r%s", l.painted, erase)
	}
	l.painted = 0
}

// Show paints with a single write, to avoid flicker.
func (l *live) Show(report pools.Report) {
	width, height := l.size()
	lines := l.lines(report, width, max(height-1, 5))
	var text strings.Builder
	if l.painted > 0 {
		fmt.Fprintf(&text, "\x1b[%dA\r", l.painted)
	}
	text.WriteString(erase)
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	l.painted = len(lines)
	_, _ = io.WriteString(l.out, text.String())
}

func (l *live) lines(report pools.Report, width, height int) []string {
	lines := []string{shorten(fmt.Sprintf("%s  configuration %s", time.Since(l.start).Round(time.Second), short(report.Imported)), width)}
	if report.Waits != "" {
		colour := yellow
		if len(report.Problems) > 0 {
			colour = red
		}
		lines = append(lines, colour+shorten(report.Waits, width)+reset)
	}
	shown, hidden := fit(report.Pools, height-len(lines)-2)
	table := rows(shown)
	lines = append(lines, dim+shorten(table[0], width)+reset)
	for i, row := range table[1:] {
		lines = append(lines, colourOf(shown[i])+shorten(row, width)+reset)
	}
	if hidden > 0 {
		lines = append(lines, dim+shorten(fmt.Sprintf("… and %d more", hidden), width)+reset)
	}
	return lines
}

// fit keeps as many pools as there is room for, first those that wait for
// something.
func fit(all []pools.Group, room int) (shown []pools.Group, hidden int) {
	if len(all) <= room {
		return all, 0
	}
	waits := func(g pools.Group) int { return min(len(g.Waits), 1) }
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b pools.Group) int { return waits(b) - waits(a) })
	room = max(room, 1)
	return sorted[:room], len(all) - room
}

func colourOf(pool pools.Group) string {
	switch {
	case pool.State == "drained":
		return dim
	case pool.Waits == "":
		return green
	}
	return yellow
}

// rows arranges the pools in columns, below a heading.
func rows(all []pools.Group) []string {
	cells := [][]string{{"TEMPLATE", "REVISION", "ZONE", "RUNNING", "CATALOGED", "LEASED", "TARGET", "WAITS FOR"}}
	for _, pool := range all {
		cells = append(cells, []string{
			pool.BaseName, short(pool.Revision), pool.Zone, number(pool.Running), number(pool.Cataloged),
			number(pool.Leased), target(pool), pool.Waits,
		})
	}
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	lines := make([]string, len(cells))
	for n, row := range cells {
		var line strings.Builder
		for i, cell := range row {
			if i >= 3 && i <= 6 {
				fmt.Fprintf(&line, "%*s  ", widths[i], cell)
			} else {
				fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
			}
		}
		lines[n] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

func number(n int) string { return fmt.Sprint(n) }

func target(pool pools.Group) string {
	if pool.State == "drained" {
		return "drained"
	}
	return number(pool.Target)
}

func short(revision string) string {
	if revision == "" {
		return "not imported yet"
	}
	return revision[:min(len(revision), 12)]
}
