//go:build !race

package functions_test

import (
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// A message may contain any names, and they reach only the documents of these
// names. Each message here would reach an existing document if names were
// simply joined to paths.
func TestNamesInMessagesReachNothingElse(t *testing.T) {
	for _, each := range functions.Jobs() {
		t.Run(each.Name, func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 132})
			w.Config.Set(one(2, 4))
			w.Converge(20)
			group := w.Cloud.State().Groups[0].Name
			base, revision, _ := fleet.SplitTemplateName(group)
			instance := someInstance(w)
			w.HoldOthers("") // to hold back whatever the job may announce
			w.Settle(time.Minute)
			aside := outcomes(w)
			messages := evil(base, revision, instance)
			before := w.Stats
			for _, message := range messages {
				w.Deliver(each.Name, message)
			}
			w.Settle(10 * time.Minute)
			if after := w.Stats; after.Writes != before.Writes || after.Calls != before.Calls {
				t.Errorf("%d writes, %d calls to Compute Engine", after.Writes-before.Writes, after.Calls-before.Calls)
			}
			if aside["set_aside"] != len(messages) {
				t.Errorf("%d of %d messages were set aside: %v", aside["set_aside"], len(messages), aside)
			}
		})
	}
}

// evil returns messages whose names, joined to paths, lead to existing
// documents.
func evil(base, revision, instance string) []event.Message {
	var messages []event.Message
	for _, scope := range []event.Scope{
		{BaseName: base + "/revisions/" + revision}, {BaseName: "x/../" + base}, {BaseName: "../instanceTemplates/" + base}, {BaseName: "./" + base},
		{BaseName: base + "\x00"}, {BaseName: base + "/"}, {BaseName: "/" + base}, {BaseName: ".."}, {BaseName: "__" + base + "__"},
		{BaseName: base, Revision: revision + "/managers/us-central1-a"}, {BaseName: base, Revision: "../revisions/" + revision},
		{BaseName: base, Revision: revision, Zone: "../managers/us-central1-a"}, {BaseName: base, Revision: revision, Zone: "us-central1-a/"},
		{BaseName: base, Revision: revision, Zone: "."}, {Revision: revision},
		{Instances: []string{"../instances/" + instance}}, {Instances: []string{instance + "/"}}, {Instances: []string{"/" + instance}},
		{Instances: []string{"..", "instanceTemplates/" + base, strings.ToUpper(instance)}},
	} {
		messages = append(messages, event.Message{Data: scope.Encode()})
	}
	for _, data := range []string{`{"hostnames":["no-such-vm"]}`, `{"reclaimed":true}`, `{"instances":[]}`, `{"instances":["no-such-vm:1"]}`, `{"baseName":""}`, `{"zone":null}`} {
		messages = append(messages, event.Message{Data: []byte(data)})
	}
	for _, name := range []string{"../instances/" + instance, instance + "/", "../instanceTemplates/" + base, ""} {
		messages = append(messages, event.Message{Data: []byte(event.Reclaimed), Attributes: map[string]string{event.AttributeHostname: "vm", event.AttributeInstance: name}})
	}
	return messages
}

// someInstance returns the name of an existing instance.
func someInstance(w *world.World) string {
	vm := w.Cloud.VMs()[0]
	return vm.Name + ":" + strconv.FormatUint(vm.ID, 10)
}

// outcomes counts the outcomes of runs.
func outcomes(w *world.World) map[string]int {
	counts := map[string]int{}
	w.Listen(func(record slog.Record, _ []slog.Attr) {
		record.Attrs(func(a slog.Attr) bool {
			if a.Key == "outcome" {
				counts[a.Value.String()]++
			}
			return true
		})
	})
	return counts
}
