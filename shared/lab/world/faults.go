package world

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	MessageDropped      Kind = "message dropped"
	MessageDoubled      Kind = "message doubled"
	MessageLate         Kind = "message delayed by up to an hour"
	Killed              Kind = "process killed"
	Slow                Kind = "outside call slow"
	StoreDown           Kind = "store call failed"
	StoreConflict       Kind = "store commit conflicted"
	StoreLost           Kind = "store commit done, answered an error"
	PublishDown         Kind = "publishing failed"
	PublishLost         Kind = "published, answered an error"
	RateLimited         Kind = "compute 403 rateLimitExceeded until the minute turns"
	ComputeRefused      Kind = "compute 429, 500 or 503"
	ComputeDropped      Kind = "compute request lost"
	ComputeLost         Kind = "compute answer lost after the change"
	OperationFailed     Kind = "operation ended in QUOTA_EXCEEDED or a stockout"
	OperationStuck      Kind = "operation never ends"
	OperationSlow       Kind = "operation takes minutes"
	ListOdd             Kind = "list page empty or partial"
	ListFailed          Kind = "list page failed"
	VMNotCreated        Kind = "VM not created: stockout"
	VMStuck             Kind = "VM stuck in creation or deletion"
	ProviderDown        Kind = "machine provider down for minutes"
	ProviderForgetful   Kind = "machine provider answers 404 to everything"
	ProviderUnavailable Kind = "machine provider call failed"
	ClocksApart         Kind = "clocks minutes apart"
	SourceDown          Kind = "configuration source down"
	HalfWritten         Kind = "configuration uploaded file by file"
	ProviderEmptied     Kind = "machine provider's database emptied"
	Preempted           Kind = "VM preempted"
	Repaired            Kind = "VM repaired under its name"
)

// Kinds lists all kinds of faults.
var Kinds = []Kind{
	MessageDropped, MessageDoubled, MessageLate, Killed, Slow, StoreDown, StoreConflict, StoreLost, PublishDown, PublishLost,
	RateLimited, ComputeRefused, ComputeDropped, ComputeLost, OperationFailed, OperationStuck, OperationSlow, ListOdd, ListFailed,
	VMNotCreated, VMStuck, ProviderDown, ProviderForgetful, ProviderUnavailable, ProviderEmptied, ClocksApart, SourceDown, HalfWritten,
	Preempted, Repaired,
}

// Faults holds the probability of each kind at each opportunity; a missing kind
// never happens.
type Faults map[Kind]float64

// usual holds the probabilities of the kinds that a trial chooses.
var usual = Faults{
	MessageDropped: 0.3, MessageDoubled: 0.3, MessageLate: 0.05, Killed: 0.01, Slow: 0.01, StoreDown: 0.02, StoreConflict: 0.03,
	StoreLost: 0.03, PublishDown: 0.1, PublishLost: 0.1, RateLimited: 0.01, ComputeRefused: 0.05, ComputeDropped: 0.05,
	ComputeLost: 0.1, OperationFailed: 0.1, OperationStuck: 0.03, OperationSlow: 0.1, ListOdd: 0.3, ListFailed: 0.1,
	VMNotCreated: 0.1, VMStuck: 0.05, ProviderDown: 0.003, ProviderForgetful: 0.002, ProviderUnavailable: 0.03,
	ProviderEmptied: 0.02, ClocksApart: 1, SourceDown: 0.2, HalfWritten: 0.7, Preempted: 0.3, Repaired: 0.2,
}

// faultState holds the faults of the moment.
type faultState struct {
	off          bool
	limitedUntil time.Time
	downUntil    time.Time
	emptyUntil   time.Time
	// providerApart is the error of the Machine Provider's clock.
	providerApart time.Duration
}

// Calm ends all faults.
func (w *World) Calm() {
	w.fault = faultState{off: true}
	w.Cloud.ClearFaults()
	w.Cloud.Unstick()
	w.Note("faults stop")
}

// Forget lets the Machine Provider answer 404 to everything for a while.
func (w *World) Forget(d time.Duration) { w.fault.emptyUntil = w.clock.Add(d) }

// roll decides whether a fault of a kind happens now.
func (w *World) roll(kind Kind) bool {
	rate := w.Options.Faults[kind]
	if w.fault.off || rate == 0 || w.rand.Float64() >= rate {
		return false
	}
	w.Stats.Faults[kind]++
	return true
}

// fail returns an error if a fault of a kind hits a call of a task.
func (w *World) fail(kind Kind, class failure.Class, what string) error {
	if w.tasks.current != nil && w.roll(kind) {
		return failure.New(class, "%s (injected)", what)
	}
	return nil
}

// strikes reports whether a task is killed now.
func (faultState) strikes(w *World, t *task) bool { return !t.killed && w.roll(Killed) }

// slow returns how long an outside call takes: mostly no time, sometimes a
// moment, so that other tasks run in between.
func (faultState) slow(w *World) time.Duration {
	switch {
	case w.roll(Slow):
		return time.Duration(w.rand.IntN(200)) * time.Second
	case !w.Options.Serial && w.rand.IntN(5) == 0:
		return time.Duration(1 + w.rand.Int64N(int64(400*time.Millisecond)))
	}
	return 0
}

// copies returns how often a message is delivered.
func (faultState) copies(w *World) int {
	switch {
	case w.roll(MessageDropped):
		return 0
	case w.roll(MessageDoubled):
		return 2 + w.rand.IntN(2)
	}
	return 1
}

func (faultState) latency(w *World) time.Duration {
	if w.roll(MessageLate) {
		return time.Duration(w.rand.IntN(3600)) * time.Second
	}
	return time.Millisecond + time.Duration(w.rand.Int64N(int64(w.Options.Latency)))
}

// mostApart is the largest error of a clock.
const mostApart = 150 * time.Second

// skew returns the error of a clock.
func (faultState) skew(w *World) time.Duration {
	if !w.roll(ClocksApart) {
		return 0
	}
	return time.Duration(w.rand.Int64N(int64(2*mostApart))) - mostApart
}

// computeFault returns the fault of a call of Compute Engine, or of a group's
// attempt to create or delete a VM; nil for none.
func (w *World) computeFault(method string, r *simulator.Request) *simulator.Fault {
	if w.fault.off || len(w.Options.Faults) == 0 || w.tasks.current == nil && r.Group == "" {
		return nil
	}
	if r.Group != "" {
		return w.vmFault(method)
	}
	if w.clock.Before(w.fault.limitedUntil) {
		w.Stats.Faults[RateLimited]++
		return limited
	}
	if w.roll(RateLimited) {
		w.fault.limitedUntil = w.clock.Truncate(time.Minute).Add(time.Minute)
		return limited
	}
	switch {
	case w.roll(ComputeRefused):
		statuses := []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
		return &simulator.Fault{Status: statuses[w.rand.IntN(len(statuses))]}
	case w.roll(ComputeDropped):
		return &simulator.Fault{DropRequest: true}
	case w.roll(ComputeLost):
		return &simulator.Fault{LoseResponse: true}
	}
	if slices.Contains(lists, method) {
		return w.listFault()
	}
	return w.operationFault(method)
}

var limited = &simulator.Fault{Status: http.StatusForbidden, Reason: "rateLimitExceeded"}

var lists = []string{"instanceGroupManagers.listManagedInstances", "instanceGroupManagers.aggregatedList", "instanceTemplates.list", "zoneOperations.list"}

func (w *World) listFault() *simulator.Fault {
	switch {
	case w.roll(ListOdd):
		pages := []string{simulator.PageEmpty, simulator.PagePartial, simulator.PageEmptyLast}
		return &simulator.Fault{Page: pages[w.rand.IntN(len(pages))]}
	case w.roll(ListFailed):
		return &simulator.Fault{Status: http.StatusServiceUnavailable}
	}
	return nil
}

var changes = []string{"instanceTemplates.insert", "instanceTemplates.delete", "instanceGroupManagers.insert",
	"instanceGroupManagers.delete", "instanceGroupManagers.resize", "instanceGroupManagers.deleteInstances"}

func (w *World) operationFault(method string) *simulator.Fault {
	if !slices.Contains(changes, method) {
		return nil
	}
	switch {
	case w.roll(OperationFailed):
		return &simulator.Fault{OperationErrors: w.shortage()}
	case w.roll(OperationStuck):
		return &simulator.Fault{NeverEnds: true}
	case w.roll(OperationSlow):
		return &simulator.Fault{OperationDelay: time.Duration(w.rand.IntN(400)) * time.Second}
	}
	return nil
}

func (w *World) shortage() []simulator.OperationError {
	codes := []string{"QUOTA_EXCEEDED", "ZONE_RESOURCE_POOL_EXHAUSTED", "INTERNAL_ERROR"}
	return []simulator.OperationError{{Code: codes[w.rand.IntN(len(codes))], Message: "injected"}}
}

func (w *World) vmFault(method string) *simulator.Fault {
	switch {
	case method == "instances.insert" && w.roll(VMNotCreated):
		return &simulator.Fault{OperationErrors: w.shortage()}
	case w.roll(VMStuck):
		return &simulator.Fault{NeverEnds: true}
	}
	return nil
}

// providerFault answers in place of the Machine Provider.
func (w *World) providerFault() (*http.Response, error) {
	if w.tasks.current == nil || w.fault.off {
		return nil, nil
	}
	if w.roll(ProviderDown) {
		w.fault.downUntil = w.clock.Add(time.Duration(1+w.rand.IntN(10)) * time.Minute)
	}
	if w.roll(ProviderForgetful) {
		w.fault.emptyUntil = w.clock.Add(time.Duration(1+w.rand.IntN(10)) * time.Minute)
	}
	switch {
	case w.clock.Before(w.fault.emptyUntil):
		w.Stats.Faults[ProviderForgetful]++
		return answerOf(http.StatusNotFound, `{"error":{"code":404,"message":"not found (injected)"}}`), nil
	case w.clock.Before(w.fault.downUntil), w.roll(ProviderUnavailable):
		w.Stats.Faults[ProviderDown]++
		if w.rand.IntN(2) == 0 {
			return nil, errReset
		}
		return answerOf(http.StatusServiceUnavailable, "unavailable (injected)"), nil
	}
	return nil, nil
}

func answerOf(status int, body string) *http.Response {
	return &http.Response{Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
}
