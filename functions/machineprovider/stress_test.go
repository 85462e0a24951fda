package machineprovider

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/shared/lab/loadtest"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

func load(t *testing.T, w *world, change func(*loadtest.Options)) loadtest.Report {
	t.Helper()
	options := loadtest.Options{
		URL: w.url, Backend: "dev:" + backend, Lessee: "dev:" + lessee,
		Clients: 64, Machines: 1000, Prefix: "load", Duration: time.Minute, Leases: 2000,
		Topic: "leases-changed", Rand: rand.New(rand.NewPCG(1, 1)),
	}
	change(&options)
	report, err := loadtest.Run(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report.String())
	if len(report.Problems) > 0 {
		t.Fatalf("%d problems, such as %q", len(report.Problems), report.Problems[0])
	}
	return report
}

func realTime(w *world) { w.now, w.store = time.Now, memory.New(time.Now) }

func TestManyClientsInMemory(t *testing.T) {
	report := load(t, newWorld(t, realTime), func(*loadtest.Options) {})
	if report.Leases != 2000 {
		t.Fatalf("%d leases", report.Leases)
	}
}

func TestFewMachinesInMemory(t *testing.T) {
	report := load(t, newWorld(t, realTime), func(o *loadtest.Options) { o.Machines, o.Leases, o.Hold = 8, 800, time.Millisecond })
	if report.Waited == 0 {
		t.Fatal("nobody waited")
	}
}

func TestManyClientsOnFirestore(t *testing.T) {
	onFirestore(t, func(*loadtest.Options) {})
}

func TestFewMachinesOnFirestore(t *testing.T) {
	onFirestore(t, func(o *loadtest.Options) { o.Machines, o.Leases, o.Hold = 8, 300, time.Millisecond })
}

func onFirestore(t *testing.T, change func(*loadtest.Options)) {
	t.Helper()
	emulatortest.Firestore(t, gate.Options{})
	documents := firestore.Open(context.Background(), "leases-"+time.Now().Format("150405"), "")
	t.Cleanup(func() { _ = documents.Close() })
	load(t, newWorld(t, func(w *world) { w.now, w.store = time.Now, documents }), change)
}
