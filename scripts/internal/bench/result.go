package bench

import (
	"fmt"
	"strings"
	"time"
)

// Result is the result of a benchmark.
type Result struct {
	Name    string   `json:"name"`
	Machine Machine  `json:"machine"`
	Backing string   `json:"backing"` // embedded or emulators
	Figures []Figure `json:"figures"`
	Runs    []Run    `json:"runs,omitempty"`
	// Notes explain the figures.
	Notes []string `json:"notes,omitempty"`
}

func newResult(name string, o Options) Result {
	backing := "embedded"
	if o.Emulators {
		backing = "emulators"
	}
	return Result{Name: name, Machine: thisMachine(), Backing: backing}
}

// Figure is a measured value, with its target if it has one.
type Figure struct {
	What    string `json:"what"`
	Target  string `json:"target"` // "" if it has no target
	Reached string `json:"reached"`
	// Met is "yes", "no", or "" without a target.
	Met string `json:"met,omitempty"`
}

// figure adds a figure without a target.
func (r *Result) figure(what, reached string) {
	r.Figures = append(r.Figures, Figure{What: what, Reached: reached})
}

// target adds a figure with its target.
func (r *Result) target(what, target, reached string, met bool) {
	word := "no"
	if met {
		word = "yes"
	}
	r.Figures = append(r.Figures, Figure{What: what, Target: target, Reached: reached, Met: word})
}

// atMost adds a figure that must not exceed its limit.
func (r *Result) atMost(what string, limit, reached float64, unit string) {
	r.target(what, "≤ "+number(limit)+unit, number(reached)+unit, reached <= limit)
}

func (r *Result) duration(what string, limit, reached time.Duration) {
	r.target(what, "≤ "+limit.String(), round(reached).String(), reached <= limit)
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Missed reports whether a target is missed.
func (r *Result) Missed() bool {
	for _, f := range r.Figures {
		if f.Met == "no" {
			return true
		}
	}
	return false
}

// number writes a number with at most two decimals, and commas.
func number(value float64) string {
	text := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", value), "0"), ".")
	whole, rest, _ := strings.Cut(text, ".")
	if rest != "" {
		rest = "." + rest
	}
	return commas(whole) + rest
}

func count[N int | int64](n N) string { return commas(fmt.Sprint(n)) }

func commas(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// round keeps about three digits.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit >= time.Microsecond; unit /= 10 {
		if d >= 10*unit {
			return d.Round(unit / 10)
		}
	}
	return d
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }
