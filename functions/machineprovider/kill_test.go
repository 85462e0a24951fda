package machineprovider

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
	"github.com/gce-backend/gce-backend/shared/lab/loadtest"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// The environment variables that turn this test's program into the process that
// is killed.
const (
	killAddress = "MACHINE_PROVIDER_TEST_ADDRESS"
	killProject = "MACHINE_PROVIDER_TEST_PROJECT"
)

// impatient returns limits with which half-done work is soon completed.
func impatient() leasing.Limits {
	limits := leasing.DefaultLimits()
	limits.Resend = time.Second
	return limits
}

// TestServeToBeKilled is the process that TestKilledAtRandom starts.
func TestServeToBeKilled(t *testing.T) {
	address := os.Getenv(killAddress)
	if address == "" {
		return // it has nothing to test by itself
	}
	documents := firestore.Open(context.Background(), os.Getenv(killProject), "")
	w := newWorld(t, func(w *world) { w.now, w.store, w.limits = time.Now, documents, impatient() })
	go func() {
		b := w.broker()
		for range time.Tick(500 * time.Millisecond) {
			_, _ = b.Sweep(context.Background())
		}
	}()
	server := &http.Server{Addr: address, Handler: w.handler, ReadHeaderTimeout: time.Minute}
	t.Fatal(server.ListenAndServe())
}

// TestKilledAtRandom kills the process with SIGKILL and starts it again, while
// clients lease and release machines. They repeat calls without a response.
func TestKilledAtRandom(t *testing.T) {
	emulatortest.Firestore(t, gate.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, project := listener.Addr().String(), "killed-"+time.Now().Format("150405")
	_ = listener.Close()
	start := func() *exec.Cmd {
		process := exec.Command(os.Args[0], "-test.run=^TestServeToBeKilled$")
		process.Env = append(os.Environ(), killAddress+"="+address, killProject+"="+project)
		if err := process.Start(); err != nil {
			t.Error(err)
		}
		return process
	}
	done, killed := make(chan struct{}), make(chan int)
	go func() {
		dice, times := rand.New(rand.NewPCG(5, 6)), 0
		for process := start(); ; times++ {
			select {
			case <-done:
				killed <- times
				<-killed // the machines are looked at once more
				_ = process.Process.Kill()
				_ = process.Wait()
				close(killed)
				return
			case <-time.After(700*time.Millisecond + time.Duration(dice.IntN(900))*time.Millisecond):
			}
			_ = process.Process.Kill()
			_ = process.Wait()
			process = start()
		}
	}()
	options := loadtest.Options{
		URL: "http://" + address, Backend: "dev:" + backend, Lessee: "dev:" + lessee,
		Clients: 16, Machines: 12, Prefix: "killed", Duration: 8 * time.Second, Hold: 10 * time.Millisecond,
		Topic: "leases-changed", Rand: rand.New(rand.NewPCG(1, 1)), Patience: time.Minute,
	}
	report, err := loadtest.Run(context.Background(), options)
	close(done)
	times := <-killed
	t.Logf("killed %d times: %s", times, report)
	if err != nil || len(report.Problems) > 0 || times < 3 || report.Leases == 0 {
		t.Errorf("%v, %.500q", err, report.Problems)
	}
	killed <- 0
	<-killed

	// Work that the last kill left half done is completed, and then nothing
	// changes any more.
	documents := firestore.Open(context.Background(), project, "")
	defer func() { _ = documents.Close() }()
	messages := &publisher{}
	b := broker.New(broker.Options{
		Store: documents, Publisher: messages, Now: func() time.Time { return time.Now().Add(time.Minute) },
		Rand: rand.New(rand.NewPCG(1, 2)), Log: slog.New(slog.DiscardHandler), Project: "own-project", Limits: impatient,
	})
	if _, err := b.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	all, err := store.FindAs[leasing.Lease](context.Background(), documents, store.Query{Collection: "leases"})
	if err = errors.Join(append(all.Corrupt, err)...); err != nil {
		t.Fatal(err)
	}
	for _, lease := range all.Items {
		if l := lease.Value; l.EndedAt.IsZero() || len(l.Unsent) != 0 {
			t.Errorf("lease %s: %s, ended %v, unsent %v", l.RequestID, l.State, l.EndedAt, l.Unsent)
		}
	}
}
