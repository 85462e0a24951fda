package statuspage

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The response to any request is a page or a polite refusal, never an internal
// error, and the query never becomes part of the page's markup.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "format=json", "after=linux-small/3f2c77ab0011/us-central1-a", "pool=linux-small/3f2c77ab0011/us-central1-a&state=leased",
		"pool=../..//", "pool=linux-small/3f2c77ab0011/us-central1-a&after=../x", "instance=linux-small-3f2c77ab-us-central1-a-le01:4711001",
		"instance=%3Cscript%3E", "leases=waiting&after=x/y", "leases=running", "pool=%00&format=%ff", "%zz",
	} {
		f.Add(query, "text/html")
	}
	f.Add("leases=running", "application/json")
	handler := quiet(f).handler(nil)
	f.Fuzz(func(t *testing.T, query, accept string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: "/", RawQuery: query}
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusNotFound {
			t.Errorf("%q: %d %s", query, w.Code, w.Body)
		}
		if html := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"); html && strings.Contains(strings.ToLower(w.Body.String()), "<script") {
			t.Errorf("%q: %s", query, w.Body)
		}
	})
}
