package statuspage

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/job/status"
)

// The size and the margins of the chart, in units of its viewBox.
const (
	chartWidth, chartHeight         = 720, 236
	chartLeft, chartRight           = 76, 12
	chartTop, chartBottom           = 20, 36
	chartDay                        = 24 * time.Hour
	plotWidth, plotHeight   float64 = chartWidth - chartLeft - chartRight, chartHeight - chartTop - chartBottom
)

// layer is one of the stacked areas.
type layer struct {
	name  string
	count func(status.Sample) int
}

var layers = []layer{
	{"leased", func(s status.Sample) int { return s.Leased }},
	{"free", func(s status.Sample) int { return s.Cataloged }},
	{"booting", func(s status.Sample) int { return s.Found }},
	{"leaving", func(s status.Sample) int { return s.Pending }},
}

// draw draws the fleet over the last day as stacked areas, in steps: a sample
// holds until the next one.
func draw(samples []status.Sample, now time.Time) string {
	begin, most := now.Add(-chartDay), 0
	for _, sample := range samples {
		most = max(most, sample.Total())
	}
	top := scaleTop(most)
	x := func(t time.Time) float64 {
		share := float64(t.Sub(begin)) / float64(chartDay)
		return chartLeft + plotWidth*min(max(share, 0), 1)
	}
	y := func(n int) float64 { return chartTop + plotHeight*(1-float64(n)/float64(top)) }
	var svg strings.Builder
	last := samples[len(samples)-1]
	fmt.Fprintf(&svg, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-labelledby="chart-title">`, chartWidth, chartHeight)
	fmt.Fprintf(&svg, `<title id="chart-title">Machines over the last 24 hours: now %d leased, %d free, %d booting, %d leaving; at most %d at a time.</title>`,
		last.Leased, last.Cataloged, last.Found, last.Pending, most)
	for i := range 5 {
		n := top * i / 4
		fmt.Fprintf(&svg, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%d</text>`,
			chartLeft, chartWidth-chartRight, y(n), y(n), chartLeft-8, y(n)+4, n)
	}
	for hour := begin.Truncate(6 * time.Hour).Add(6 * time.Hour); hour.Before(now); hour = hour.Add(6 * time.Hour) {
		fmt.Fprintf(&svg, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			x(hour), x(hour), chartTop, chartHeight-chartBottom, x(hour), chartHeight-8, hour.UTC().Format("15:04"))
	}
	below := make([]int, len(samples))
	for _, l := range layers {
		above := make([]int, len(samples))
		for i, sample := range samples {
			above[i] = below[i] + l.count(sample)
		}
		if !slices.Equal(below, above) {
			fmt.Fprintf(&svg, `<path class="area-%s" d="%s"/>`, l.name, area(samples, below, above, x, y))
		}
		below = above
	}
	svg.WriteString(`</svg>`)
	return svg.String()
}

// area returns the outline of the area between two step lines.
func area(samples []status.Sample, below, above []int, x func(time.Time) float64, y func(int) float64) string {
	steps := func(line []int) []string {
		var points []string
		for i, sample := range samples {
			if i > 0 {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(sample.At), y(line[i-1])))
			}
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(sample.At), y(line[i])))
		}
		return points
	}
	back := steps(below)
	slices.Reverse(back)
	return "M" + strings.Join(append(steps(above), back...), "L") + "Z"
}

// scaleTop returns the upper end of the scale: a round multiple of four, and at
// least n.
func scaleTop(n int) int {
	for power := 1; power < math.MaxInt/40; power *= 10 {
		for _, factor := range []int{4, 8, 12, 20} {
			if top := factor * power; top >= n {
				return top
			}
		}
	}
	return n
}
