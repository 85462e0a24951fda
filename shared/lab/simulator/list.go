package simulator

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/filter"
)

const maxPage = 500

// listSpec holds the fields of a list beside its items.
type listSpec struct{ kind, id, link string }

// listQuery holds the parameters of a list request.
type listQuery struct {
	filter     filter.Expression
	newest     bool // orderBy=creationTimestamp desc
	maxResults int
	after      *position
	fault      string
}

// position is the end of the previous page. A page token is a position in
// base64.
type position struct {
	Key     string    `json:"k"`
	Created time.Time `json:"c,omitzero"`
	Last    bool      `json:"l,omitempty"` // the previous page held the last item
}

func (p position) token() string {
	raw, _ := json.Marshal(p) // strings and a time: never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseList(r *Request) (q listQuery, err error) {
	q.maxResults = maxPage
	if v := r.Query.Get("maxResults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > maxPage {
			return q, invalidField("maxResults", v, "Must be a number from 0 to 500.")
		}
		if n > 0 {
			q.maxResults = n
		}
	}
	switch order := r.Query.Get("orderBy"); order {
	case "", "name", "name asc":
	case "creationTimestamp desc":
		q.newest = true
	default:
		return q, invalidField("orderBy", order, "Must be 'name' or 'creationTimestamp desc'.")
	}
	if q.filter, err = filter.Parse(r.Query.Get("filter")); err != nil {
		return q, invalidField("filter", r.Query.Get("filter"), "Invalid list filter expression: "+err.Error())
	}
	if token := r.Query.Get("pageToken"); token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			err = json.Unmarshal(raw, &q.after)
		}
		if err != nil || q.after == nil {
			return q, invalidField("pageToken", token, "Invalid page token.")
		}
	}
	if r.fault != nil {
		q.fault = r.fault.Page
	}
	return q, nil
}

// page returns the items after the query's position and the next page token. The
// items must be ordered by key.
func page[T resource](q listQuery, items []T) (picked []T, next string) {
	if q.after != nil && q.after.Last || q.fault == PageUnreachable {
		return nil, ""
	}
	items = matching(q.filter, items)
	if q.newest {
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b T) int { return compareNewest(a, b.createdAt(), b.key()) })
	}
	if q.after != nil {
		items = items[sort.Search(len(items), func(i int) bool { return q.behind(items[i]) }):]
	}
	n := min(q.maxResults, len(items))
	more := n < len(items)
	switch q.fault {
	case PageEmpty:
		if q.after != nil {
			return nil, q.after.token()
		}
		return nil, position{}.token()
	case PagePartial:
		if half := n / 2; half > 0 {
			n, more = half, true
		}
	}
	picked = items[:n]
	if n > 0 && more {
		last := picked[n-1]
		return picked, position{Key: last.key(), Created: last.createdAt()}.token()
	}
	if q.fault == PageEmptyLast {
		return picked, position{Last: true}.token()
	}
	return picked, ""
}

// compareNewest orders by creation time, latest first, then by key.
func compareNewest(a resource, created time.Time, key string) int {
	return cmp.Or(created.Compare(a.createdAt()), strings.Compare(a.key(), key))
}

// behind reports whether an item comes after the position.
func (q listQuery) behind(item resource) bool {
	if q.newest {
		return compareNewest(item, q.after.Created, q.after.Key) > 0
	}
	return item.key() > q.after.Key
}

func matching[T resource](f filter.Expression, items []T) []T {
	if f == nil {
		return items
	}
	var kept []T
	for _, item := range items {
		if f.Match(item.json()) {
			kept = append(kept, item)
		}
	}
	return kept
}

// listOf returns the answer to a list request.
func listOf[T resource](r *Request, s listSpec, items []T) (any, error) {
	q, err := parseList(r)
	if err != nil {
		return nil, err
	}
	picked, next := page(q, items)
	answer := map[string]any{"kind": s.kind, "id": s.id, "selfLink": s.link}
	if len(picked) > 0 {
		answer["items"] = rendered(picked)
	}
	q.complete(answer, next)
	return answer, nil
}

// complete adds the page token and the warning to a list.
func (q listQuery) complete(answer map[string]any, next string) {
	if next != "" {
		answer["nextPageToken"] = next
	}
	if q.fault == PageUnreachable {
		answer["warning"] = map[string]any{"code": "UNREACHABLE",
			"message": "The list may be incomplete: some scopes were unreachable."}
	}
}

func rendered[T resource](items []T) []map[string]any {
	out := make([]map[string]any, len(items))
	for i, item := range items {
		out[i] = item.json()
	}
	return out
}
