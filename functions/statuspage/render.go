package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"maps"
	"net/url"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var style template.CSS

// templates returns the templates of the page. clock and ago depend on the time
// of the view and are replaced at each rendering.
var templates = sync.OnceValue(func() *template.Template {
	unbound := func(time.Time) string { return "" }
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"ago": unbound, "clock": unbound,
		"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"link":    link, "chart": chart, "short": short, "state": stateInWords,
	}).Parse(pageHTML))
})

// policy returns the Content-Security-Policy: the page may use its own style, and
// nothing else.
var policy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// view is what a page shows. Scripts get its content as JSON.
type view struct {
	template, title string
	at              time.Time
	content         any
}

// html returns the view as a page.
func (v view) html(query url.Values) ([]byte, error) {
	bound, err := templates().Clone()
	if err != nil {
		return nil, err
	}
	bound.Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return fleet.Clock(t, v.at) },
		"ago":   func(t time.Time) string { return ago(v.at.Sub(t)) },
	})
	script := maps.Clone(query)
	script.Set("format", "json")
	var body bytes.Buffer
	err = bound.ExecuteTemplate(&body, v.template, map[string]any{
		"Style": style, "Title": v.title, "View": v.content, "At": v.at, "Query": query, "Script": "?" + script.Encode(),
	})
	return body.Bytes(), err
}

// link returns the link with a query of alternating names and values, without
// the empty ones.
func link(parts ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i+1] != "" {
			query.Set(parts[i], parts[i+1])
		}
	}
	return "?" + query.Encode()
}

// ago returns a length of time in one unit.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "in " + ago(-d)
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return fleet.Many(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return fleet.Many(int(d/time.Hour), "hour")
	}
	return fleet.Many(int(d/(24*time.Hour)), "day")
}

// short returns as much of a revision as people need.
func short(revision string) string { return revision[:min(len(revision), 8)] }

func stateInWords(state string) string {
	if state == "pendingDeletion" {
		return "to be deleted"
	}
	return state
}

// chart returns the picture of the fleet over the last day.
func chart(o *Overview) template.HTML {
	samples := append(append([]status.Sample{}, o.LastDay...), o.Fleet)
	return template.HTML(draw(samples, o.At)) //nolint:gosec // numbers and our own words
}
