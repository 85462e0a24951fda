package world

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/job"
)

const (
	// vmActivity and configUploaded are topics that the world publishes to.
	vmActivity     = "vm-activity"
	configUploaded = "config-uploaded"
	// attempts is how often a message is delivered before it becomes a dead
	// letter.
	attempts = 5
	retry    = 10 * time.Second
)

// mail is the state of the messages.
type mail struct {
	listeners map[string][]string // functions by topic
	sent      int
	underWay  int
	// Counts of deliveries by function, for tests.
	delivered map[string]int
	// held are the functions that currently get no messages.
	held map[string]bool
	// history holds the messages that each function got, if the world keeps a
	// trace.
	history map[string][]event.Message
	// lanes hold, by function and scope, the runs that wait behind a running one.
	lanes map[string]*lane
}

type lane struct {
	running int
	waiting []func(error)
	message event.Message
}

// runner is a job with the world's dependencies.
type runner struct {
	job    job.Job
	runner *job.Runner
}

func newMail(w *World) mail {
	m := mail{listeners: map[string][]string{}, delivered: map[string]int{}, lanes: map[string]*lane{}, held: map[string]bool{}, history: map[string][]event.Message{}}
	for _, subscription := range w.suite.Manifest.Subscriptions() {
		m.listeners[subscription.Topic] = append(m.listeners[subscription.Topic], subscription.Function)
	}
	return m
}

func newRunners(w *World) map[string]*runner {
	runners := map[string]*runner{}
	for _, each := range w.suite.Jobs {
		skew := w.fault.skew(w)
		now := func() time.Time { return w.clock.Add(skew) }
		deps := job.Dependencies{
			Store: documents{w}, Compute: w.engine, Catalog: w.catalog(now), Publisher: publisher{w},
			Source: w.Config, Now: now, Sleep: w.sleep, Rand: w.rand, Project: Project, Deployment: Deployment, Serial: true,
		}
		if plant := w.Options.Plant.Dependencies; plant != nil {
			deps = plant(each.Name, deps)
		}
		timeout := cmp.Or(w.TimeLimit(each.Name), 2*time.Minute)
		runners[each.Name] = &runner{job: each, runner: job.NewRunner(each, deps, timeout, w.log)}
	}
	return runners
}

// publisher publishes messages of tasks.
type publisher struct{ world *World }

func (p publisher) Publish(ctx context.Context, topic event.Topic, messages ...event.Message) error {
	w := p.world
	what := func() string { return fmt.Sprintf("publish %s %s", topic.Name, messages[0].Data) }
	_, err := gated(ctx, w, what, func() (struct{}, error) {
		if len(messages) == 0 {
			return struct{}{}, nil
		}
		if err := w.fail(PublishDown, failure.Transient, "the topic is unavailable"); err != nil {
			return struct{}{}, err
		}
		lost := w.fail(PublishLost, failure.Transient, "the answer was lost")
		for _, message := range messages {
			message.Topic = topic.Name
			w.post(message)
		}
		return struct{}{}, lost
	})
	return err
}

// post sends a message to all subscribers of its topic.
func (w *World) post(message event.Message) {
	if w.Options.NoEvents && message.Topic != "" && w.runners[message.Topic] == nil {
		return
	}
	message = w.stamped(message)
	for _, function := range w.mail.listeners[message.Topic] {
		if w.runners[function] == nil || w.mail.held[function] {
			continue
		}
		for range w.fault.copies(w) {
			w.carry(function, message, 1, w.fault.latency(w))
		}
	}
}

// Post publishes a message that comes from no job.
func (w *World) Post(topic string, data string) {
	w.post(event.Message{Topic: topic, Data: []byte(data)})
}

// PostAfter publishes a message after a duration.
func (w *World) PostAfter(d time.Duration, topic string, data string) {
	w.After(d, func() { w.Post(topic, data) })
}

func (w *World) carry(function string, message event.Message, attempt int, latency time.Duration) {
	w.mail.underWay++
	w.After(latency, func() { w.deliver(function, message, attempt) })
}

// deliver starts the run that a message asks for. As in job.Runner, a message
// often waits for the end of a run of its scope, and then shares the next run
// with the others that wait. Sometimes it gets a concurrent run at once, as it
// would in another instance of the function.
func (w *World) deliver(function string, message event.Message, attempt int) {
	key := w.laneOf(function, message)
	on := w.mail.lanes[key]
	if on == nil {
		on = &lane{}
		w.mail.lanes[key] = on
	}
	done := func(err error) {
		w.mail.underWay--
		if err != nil && attempt < attempts {
			w.carry(function, message, attempt+1, retry<<attempt)
		}
	}
	if on.running > 0 && (len(on.waiting) > 0 || w.rand.IntN(3) > 0) {
		on.message, on.waiting = message, append(on.waiting, done)
		return
	}
	w.start(function, key, on, message, done)
}

// laneOf names the lane of a message: messages of one scope may share a run.
func (w *World) laneOf(function string, message event.Message) string {
	scope, err := w.runners[function].job.Scope(message)
	if err != nil {
		return function + " " + message.ID
	}
	return function + " " + string(scope.Encode())
}

func (w *World) start(function, key string, on *lane, message event.Message, done func(error)) {
	on.running++
	w.mail.delivered[function]++
	if w.trace.keep {
		w.mail.history[function] = append(w.mail.history[function], message)
	}
	w.Stats.Runs++
	w.stir(key)
	begin := w.clock
	w.spawn(function, func(ctx context.Context) error {
		w.Note("delivered %s", message.Topic+" "+string(message.Data)+strings.TrimPrefix(fmt.Sprint(message.Attributes), "map"))
		return w.runners[function].runner.Deliver(ctx, message)
	}, func(err error) {
		w.load.longest[function] = max(w.load.longest[function], w.clock.Sub(begin))
		done(err)
		on.running--
		if on.running == 0 && len(on.waiting) > 0 {
			waiting := on.waiting
			on.waiting = nil
			w.start(function, key, on, on.message, func(err error) {
				for _, each := range waiting {
					each(err)
				}
			})
		}
		if on.running == 0 && len(on.waiting) == 0 {
			delete(w.mail.lanes, key)
		}
	})
}

// Deliver delivers a message to one job only.
func (w *World) Deliver(function string, message event.Message) {
	w.carry(function, w.stamped(message), attempts, 0)
}

func (w *World) stamped(message event.Message) event.Message {
	w.mail.sent++
	message.ID, message.Published = fmt.Sprint(w.mail.sent), w.clock
	return message
}

// Hold keeps messages from functions: their messages are dropped.
func (w *World) Hold(functions ...string) {
	for _, function := range functions {
		w.mail.held[function] = true
	}
}

// HoldOthers keeps messages from all functions but one.
func (w *World) HoldOthers(but string) {
	w.Hold(w.suite.Manifest.Names()...)
	delete(w.mail.held, but)
}

// ReleaseAll lets messages through again.
func (w *World) ReleaseAll() { clear(w.mail.held) }

// History returns the messages that a function got so far.
func (w *World) History(function string) []event.Message { return w.mail.history[function] }

// Runs returns how many runs of a function began.
func (w *World) Runs(function string) int { return w.mail.delivered[function] }

// Tick sends each job's tick of this minute.
func (w *World) Tick() {
	for _, name := range w.suite.Manifest.Names() {
		if w.suite.Manifest.Functions[name].Schedule != "" {
			w.post(event.Message{Topic: name, Data: []byte("{}")})
		}
	}
}

// Minutes runs the world for n minutes, each with its ticks.
func (w *World) Minutes(n int) {
	for range n {
		if w.broken != nil {
			return
		}
		w.Tick()
		w.RunUntil(w.clock.Truncate(time.Minute).Add(time.Minute))
	}
}

func (w *World) activity(entry []byte) {
	w.post(event.Message{Topic: vmActivity, Data: entry})
}
