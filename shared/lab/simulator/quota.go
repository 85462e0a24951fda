package simulator

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"time"
)

// Quota limits the requests of a project per minute, by group of methods; zero
// means no limit. The real default is 1,500 for each group.
type Quota struct {
	Mutations  int `json:"mutations"` // listManagedInstances included
	Reads      int `json:"reads"`
	HeavyReads int `json:"heavyReads"` // aggregatedList and operations.wait
}

// SetQuota sets the quota; nil removes it.
func (c *Cloud) SetQuota(q *Quota) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quota = newQuotaMeter(q)
}

type quotaMeter struct {
	limit  *Quota
	minute time.Time
	spent  map[quotaKey]int
}

type quotaKey struct {
	project string
	group   class
}

func newQuotaMeter(q *Quota) *quotaMeter {
	return &quotaMeter{limit: q, spent: map[quotaKey]int{}}
}

func (m *quotaMeter) spend(project string, k class, now time.Time) error {
	if m.limit == nil {
		return nil
	}
	if minute := now.Truncate(time.Minute); !minute.Equal(m.minute) {
		m.minute = minute
		clear(m.spent)
	}
	limit, metric := m.limit.Reads, "Read requests"
	switch k {
	case mutation, listing:
		k, limit, metric = mutation, m.limit.Mutations, "Queries"
	case heavyRead:
		limit, metric = m.limit.HeavyReads, "Heavy-weight read requests"
	}
	key := quotaKey{project, k}
	if limit > 0 && m.spent[key] >= limit {
		return &apiError{Status: http.StatusForbidden, Reason: "rateLimitExceeded", Domain: "usageLimits",
			Message: fmt.Sprintf("Quota exceeded for quota metric '%s' and limit '%s per minute' of service "+
				"'compute.googleapis.com' for consumer 'project_number:%d'.", metric, metric, projectNumber(project))}
	}
	m.spent[key]++
	return nil
}

// projectNumber returns a number that depends on the project id only.
func projectNumber(project string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(project)) // never fails
	return 100_000_000_000 + h.Sum64()%900_000_000_000
}
