package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
)

// provider is a Machine Provider, with LUCI's calls only or also with ours.
type provider struct {
	extended bool
	url      string

	mu       sync.Mutex
	machines map[string]map[string]any // the additions, by hostname
	leases   map[string]map[string]any // fields beside them
	refuse   map[string]string         // errors to answer, by hostname
	fences   map[string]string         // by instance: the number up to which its offers are refused
	calls    map[string]int
	sizes    []int
	bodies   []map[string]any
	// before responds in place of the provider if it returns true.
	before func(w http.ResponseWriter, method string) bool
}

func newProvider(t *testing.T, extended bool) *provider {
	t.Helper()
	p := &provider{extended: extended, machines: map[string]map[string]any{}, leases: map[string]map[string]any{},
		refuse: map[string]string{}, fences: map[string]string{}, calls: map[string]int{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// own are the calls that LUCI's Machine Provider does not have.
var own = []string{"get_machines", "delete_machines", "list_changes", "count_machines", "list_machines"}

type object = map[string]any

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	method := path.Base(r.URL.Path)
	p.calls[method]++
	switch {
	case p.before != nil && p.before(w, method):
		return
	case r.Method != http.MethodPost || r.URL.Path != "/_ah/api/catalog/v1/"+method,
		!p.extended && slices.Contains(own, method):
		http.Error(w, "404 Not Found", http.StatusNotFound)
		return
	case r.Header.Get("Authorization") != "Bearer token for "+p.url:
		p.refused(w, http.StatusUnauthorized, "who are you?")
		return
	}
	var body object
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		p.refused(w, http.StatusBadRequest, err.Error())
		return
	}
	p.bodies = append(p.bodies, body)
	p.answer(w, method, body)
}

func (p *provider) answer(w http.ResponseWriter, method string, body object) {
	switch method {
	case "get":
		answer, ok := p.get(body)
		if !ok {
			p.refused(w, http.StatusNotFound, "CatalogMachineEntry not found")
			return
		}
		p.write(w, http.StatusOK, answer)
	case "get_machines":
		p.batch(w, body, func(one object) object {
			answer, ok := p.get(one)
			if !ok {
				return p.absent(object{}, one["instance"], one["settle"])
			}
			return answer
		})
	case "add_machines":
		p.batch(w, body, p.add)
	case "count_machines":
		var counts []object
		for _, prefix := range body["hostname_prefixes"].([]any) {
			free, leased := p.count(prefix.(string))
			counts = append(counts, object{"available": fmt.Sprint(free), "leased": fmt.Sprint(leased)})
		}
		p.write(w, http.StatusOK, object{"counts": counts})
	case "list_machines":
		p.write(w, http.StatusOK, p.list(fmt.Sprint(body["hostname_prefix"]), body["after"]))
	case "delete_machine":
		p.write(w, http.StatusOK, p.remove(body))
	case "delete_machines":
		p.batch(w, body, p.remove)
	case "list_changes":
		p.write(w, http.StatusOK, object{"cursor": fmt.Sprint(body["cursor"], "+1"), "more": true, "changes": []object{
			{"hostname": "vm-1", "instance": "key-1", "state": "LEASED", "lease_expiration_ts": "1767323045"},
			{"hostname": "vm-2", "instance": "key-2", "removed": true}}})
	default:
		p.refused(w, http.StatusNotFound, "no such method")
	}
}

func (p *provider) batch(w http.ResponseWriter, body object, one func(object) object) {
	requests, _ := body["requests"].([]any)
	p.sizes = append(p.sizes, len(requests))
	responses := make([]object, len(requests))
	for i, request := range requests {
		responses[i] = one(request.(object))
	}
	p.write(w, http.StatusOK, object{"kind": "machine-provider#batch", "responses": responses})
}

func (p *provider) get(body object) (object, bool) {
	hostname, _ := body["hostname"].(string)
	machine, ok := p.machines[hostname]
	if !ok {
		return nil, false
	}
	answer := object{"kind": "machine-provider#machine", "etag": "x", "state": "AVAILABLE"}
	for _, part := range []object{machine, p.leases[hostname]} {
		for key, value := range part {
			answer[key] = value
		}
	}
	return answer, true
}

func hostnameOf(body object) string {
	dimensions, _ := body["dimensions"].(object)
	hostname, _ := dimensions["hostname"].(string)
	return hostname
}

func (p *provider) add(body object) object {
	hostname := hostnameOf(body)
	answer := object{"machine_addition_request": body}
	switch _, taken := p.machines[hostname]; {
	case p.refuse[hostname] != "":
		answer["error"] = p.refuse[hostname]
	case taken:
		answer["error"] = "HOSTNAME_REUSE"
	case p.fences[instanceOf(body)] != "" && number(body["offer"]) <= p.fences[instanceOf(body)]:
		answer["error"] = "SETTLED"
	default:
		p.machines[hostname] = body
	}
	return answer
}

func (p *provider) remove(body object) object {
	hostname := hostnameOf(body)
	answer := object{"machine_deletion_request": body}
	switch _, known := p.machines[hostname]; {
	case p.refuse[hostname] != "":
		answer["error"] = p.refuse[hostname]
	case !known:
		p.absent(answer, body["instance"], body["settle"])
	case len(p.leases[hostname]) > 0 && body["gone"] != true:
		answer["error"] = "LEASED"
	default:
		delete(p.machines, hostname)
	}
	return answer
}

// absent responds that there is no such machine, and sets the requested fence.
func (p *provider) absent(answer object, instance, settle any) object {
	answer["error"] = "ENTRY_NOT_FOUND"
	if settle != nil && p.extended {
		p.fences[fmt.Sprint(instance)], answer["settled"] = number(settle), true
	}
	return answer
}

// number returns an offer's number, which has one digit in these tests.
func number(field any) string {
	if field == nil {
		return "0"
	}
	return fmt.Sprint(field)
}

func instanceOf(body object) string {
	policies, _ := body["policies"].(object)
	attributes, _ := policies["backend_attributes"].([]any)
	if len(attributes) == 0 {
		return ""
	}
	return fmt.Sprint(attributes[0].(object)["value"])
}

func (p *provider) count(prefix string) (free, leased int) {
	for hostname := range p.machines {
		switch {
		case !strings.HasPrefix(hostname, prefix):
		case len(p.leases[hostname]) > 0:
			leased++
		default:
			free++
		}
	}
	return free, leased
}

// list returns two machines per page.
func (p *provider) list(prefix string, after any) object {
	var machines []object
	for _, hostname := range slices.Sorted(maps.Keys(p.machines)) {
		if !strings.HasPrefix(hostname, prefix) || after != nil && hostname <= after.(string) {
			continue
		}
		if len(machines) == 2 {
			return object{"machines": machines, "more": true}
		}
		answer, _ := p.get(object{"hostname": hostname})
		machines = append(machines, answer)
	}
	return object{"machines": machines}
}

func (p *provider) refused(w http.ResponseWriter, status int, message string) {
	p.write(w, status, object{"error": object{"code": status, "message": message}})
}

func (p *provider) write(w http.ResponseWriter, status int, answer object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client is in the same test
}

func (p *provider) client(change ...func(*client.Options)) *client.Client {
	options := client.Options{
		Base:  func(context.Context) (string, error) { return p.url, nil },
		Token: func(_ context.Context, audience string) (string, error) { return "token for " + audience, nil },
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
	for _, f := range change {
		f(&options)
	}
	return client.New(options)
}

func entries(count int) []catalog.Entry {
	all := make([]catalog.Entry, count)
	for i := range all {
		all[i] = catalog.Entry{Hostname: fmt.Sprintf("vm-%d", i), Instance: fmt.Sprintf("key-%d", i),
			ServiceAccount: "machine@example.com", Project: "p", Topic: "leases-changed"}
	}
	return all
}

func questions(hostnames ...string) []catalog.Question {
	all := make([]catalog.Question, len(hostnames))
	for i, hostname := range hostnames {
		all[i].Hostname = hostname
	}
	return all
}

func hostnames(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("vm-%d", i)
	}
	return names
}
