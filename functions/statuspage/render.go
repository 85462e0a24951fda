package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

// view is what a page shows; scripts get it as JSON.
type view any

// renderer makes pages of views.
type renderer struct {
	templates *template.Template
	style     template.CSS
	// policy lets the page use its own style, and nothing else.
	policy string
}

func newRenderer() (renderer, error) {
	templates, err := template.New("page").Funcs(template.FuncMap{
		"ago": func(time.Time) string { return "" }, "clock": func(time.Time) string { return "" }, // bound at each rendering
		"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"link":    link, "many": fleet.Many, "chart": chart, "short": short,
		"state": stateInWords,
	}).Parse(pageHTML)
	if err != nil {
		return renderer{}, fmt.Errorf("parse the page: %w", err)
	}
	sum := sha256.Sum256([]byte(styleCSS))
	return renderer{
		templates: templates,
		style:     template.CSS(styleCSS), //nolint:gosec // our own
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

// shownPage is what the page's template is given.
type shownPage struct {
	Style  template.CSS
	Title  string
	View   view
	Query  url.Values // of this page
	Script string     // the link to the same as JSON
}

// page renders a view as a page.
func (r renderer) page(v view, request *http.Request) ([]byte, error) {
	name, title, now := kind(v)
	templates, err := r.templates.Clone()
	if err != nil {
		return nil, err
	}
	templates.Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return fleet.Clock(t, now) },
		"ago":   func(t time.Time) string { return ago(now.Sub(t)) },
	})
	query := request.URL.Query()
	query.Set("format", "json")
	var body bytes.Buffer
	err = templates.ExecuteTemplate(&body, name, shownPage{Style: r.style, Title: title, View: v, Query: request.URL.Query(), Script: "?" + query.Encode()})
	return body.Bytes(), err
}

func kind(v view) (name, title string, now time.Time) {
	switch v := v.(type) {
	case *Overview:
		return "overview", "GCE Backend", v.At
	case *GroupView:
		return "pool", v.Pool.BaseName + " in " + v.Pool.Zone, v.At
	case *InstanceView:
		return "instance", v.Instance.Hostname, v.At
	case *LeasesView:
		return "leases", "Leases " + v.Which, v.At
	case *Problem:
		return "problem", http.StatusText(v.Problem.Code), v.At
	}
	return "", "", time.Time{}
}

// link makes a link of names and values in turn; empty values are left out.
func link(parts ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i+1] != "" {
			query.Set(parts[i], parts[i+1])
		}
	}
	return "?" + query.Encode()
}

// ago is a length of time in one unit.
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

// short is enough of a revision for people.
func short(revision string) string { return revision[:min(len(revision), 8)] }

func stateInWords(state string) string {
	if state == "pendingDeletion" {
		return "to be deleted"
	}
	return state
}

// chart is the picture of the fleet over the last day.
func chart(o *Overview) template.HTML {
	samples := append(append([]status.Sample{}, o.LastDay...), o.Fleet)
	return template.HTML(draw(samples, o.At)) //nolint:gosec // numbers and our own words
}
