package screen

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gce-backend/gce-backend/scripts/internal/pools"
)

var small = pools.Group{
	BaseName: "linux-small", Revision: "421e2958f77900", Zone: "us-central1-a", State: "active",
	Running: 6, Cataloged: 5, Leased: 2, Minimum: 8, Target: 8, Waits: "2 VMs to be created",
}

func TestPlainPrintsWhatChanged(t *testing.T) {
	var out bytes.Buffer
	screen := &plain{out: &out, last: map[string]string{}}
	report := pools.Report{Pools: []pools.Group{small}}
	screen.Show(report)
	screen.Show(report)
	report.Pools[0].Cataloged = 6
	screen.Show(report)
	screen.Show(pools.Report{Waits: "the configuration is not imported yet"})
	const want = `linux-small 421e2958f77900 us-central1-a: 6 running, 5 cataloged, 2 leased of 8; waits for 2 VMs to be created
linux-small 421e2958f77900 us-central1-a: 6 running, 6 cataloged, 2 leased of 8; waits for 2 VMs to be created
the configuration is not imported yet
linux-small 421e2958f77900 us-central1-a: gone
`
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}

// terminal returns a live screen of a given size.
func terminal(out *bytes.Buffer, width, height int) *live {
	return &live{out: out, start: time.Now(), size: func() (int, int) { return width, height }}
}

func TestTerminalWithoutSize(t *testing.T) {
	for _, c := range []struct {
		width, height int
		err           error
		want          [2]int
	}{
		{120, 40, nil, [2]int{120, 40}},
		{0, 0, nil, [2]int{80, 24}},
		{0, 0, errors.New("no terminal"), [2]int{80, 24}},
	} {
		if width, height := usable(c.width, c.height, c.err); [2]int{width, height} != c.want {
			t.Errorf("%d by %d, %v: %d by %d", c.width, c.height, c.err, width, height)
		}
	}
}

func TestLiveFitsTheTerminal(t *testing.T) {
	report := pools.Report{Imported: "abc"}
	for n := range 100 {
		pool := small
		pool.Zone = fmt.Sprintf("zone-%d", n)
		if n != 99 {
			pool.Waits = ""
		}
		report.Pools = append(report.Pools, pool)
	}
	for _, size := range [][2]int{{80, 24}, {40, 10}, {200, 3}} {
		var out bytes.Buffer
		screen := terminal(&out, size[0], size[1])
		screen.Show(report)
		lines := strings.Split(strings.TrimSuffix(plainText(out.String()), "\n"), "\n")
		if len(lines) > max(size[1]-1, 5) || len(lines) != screen.painted {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > size[0] {
				t.Errorf("%v: %q is too wide", size, line)
			}
		}
		if !strings.Contains(out.String(), "more") || size[0] > 40 && !strings.Contains(out.String(), "zone-99") {
			t.Errorf("%v: the pool that waits is not shown first:\n%s", size, out.String())
		}
	}
}

func TestLiveRepaintsInPlace(t *testing.T) {
	var out bytes.Buffer
	screen := terminal(&out, 120, 24)
	screen.Show(pools.Report{Pools: []pools.Group{small}})
	out.Reset()
	screen.Show(pools.Report{Pools: []pools.Group{small, small}})
	if !strings.HasPrefix(out.String(), "\x1b[3A\r\x1b[0J") {
		t.Errorf("painted %q", out.String())
	}
	out.Reset()
	screen.Say("hello")
	if out.String() != "\x1b[4A\r\x1b[0Jhello\n" || screen.painted != 0 {
		t.Errorf("said %q", out.String())
	}
}

// plainText removes the control sequences of a terminal.
func plainText(text string) string {
	for _, code := range []string{reset, dim, green, yellow, red, erase} {
		text = strings.ReplaceAll(text, code, "")
	}
	return text
}
