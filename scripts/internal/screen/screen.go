// Package screen shows the progress of the pools: on a terminal as a table
// repainted in place, elsewhere as a line for every change.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/gce-backend/gce-backend/scripts/internal/pools"
)

// Screen shows reports.
type Screen interface {
	Show(report pools.Report)
	// Say prints a line that stays.
	Say(format string, args ...any)
	// Close leaves the last report on the screen.
	Close()
}

// New returns a live screen if out is a terminal that nobody else writes to, and
// a plain one otherwise.
func New(out *os.File, alone bool) Screen {
	if alone && term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb" {
		return &live{out: out, start: time.Now(), size: func() (int, int) {
			return usable(term.GetSize(int(out.Fd())))
		}}
	}
	return &plain{out: out, last: map[string]string{}}
}

// usable returns a terminal's size, or the usual size if it is unknown: a
// recording or a container has 0 by 0.
func usable(width, height int, err error) (int, int) {
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// plain prints a line for each pool that changed.
type plain struct {
	out   io.Writer
	last  map[string]string // by pool
	waits string
}

func (p *plain) Say(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format+"\n", args...) }

func (p *plain) Close() {}

func (p *plain) Show(report pools.Report) {
	if report.Waits != p.waits && report.Waits != "" {
		p.Say("%s", report.Waits)
	}
	p.waits = report.Waits
	seen := map[string]bool{}
	for _, pool := range report.Pools {
		name := strings.Join([]string{pool.BaseName, pool.Revision, pool.Zone}, " ")
		seen[name] = true
		if now := summary(pool); p.last[name] != now {
			p.last[name] = now
			p.Say("%s: %s", name, now)
		}
	}
	for name := range p.last {
		if !seen[name] {
			delete(p.last, name)
			p.Say("%s: gone", name)
		}
	}
}

func summary(pool pools.Group) string {
	line := fmt.Sprintf("%d running, %d cataloged, %d leased of %d", pool.Running, pool.Cataloged, pool.Leased, pool.Target)
	if pool.State == "drained" {
		line = fmt.Sprintf("drained, %d running, %d leased", pool.Running, pool.Leased)
	}
	if pool.Waits != "" {
		return line + "; waits for " + pool.Waits
	}
	return line
}

// shorten cuts a line to the width of the terminal.
func shorten(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)]) + "…"
}
