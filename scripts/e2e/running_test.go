package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gce-backend/gce-backend/scripts/internal/suite"
)

func TestEditingTheConfiguration(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configure(t, folder, zone{"linux-small", "us-central1-a", 3})
	l := start(t, "--config", folder, "--tick", "200ms")
	first := l.converged()

	configure(t, folder, zone{"linux-small", "us-central1-a", 5}, zone{"linux-small", "us-central1-b", 2}, zone{"linux-large", "us-central1-b", 1})
	l.eventually("the change is imported", func() error {
		if now := l.pools(); now.Imported == first.Imported {
			return errors.New("it is the old revision")
		}
		return nil
	})
	second := l.converged()
	if len(second.Pools) != 3 || second.Pools[1].Cataloged != 5 || second.Pools[1].Revision != first.Pools[0].Revision {
		t.Errorf("after the change: %+v", second.Pools)
	}

	write(t, folder, "templates.cfg", "templates { base_name: ")
	l.eventually("the mistake is reported", func() error {
		if len(l.logged(`"severity":"ERROR"`, "templates.cfg:1:")) == 0 {
			return errors.New("nothing is logged")
		}
		return nil
	})
	broken := l.pools()
	if broken.Imported != second.Imported || len(broken.Problems) == 0 || len(broken.Pools) != 3 {
		t.Errorf("while broken: %+v", broken)
	}

	configure(t, folder, zone{"linux-small", "us-central1-a", 6}, zone{"linux-small", "us-central1-b", 2}, zone{"linux-large", "us-central1-b", 1})
	if mended := l.converged(); mended.Pools[1].Cataloged != 6 {
		t.Errorf("after mending: %+v", mended.Pools)
	}
}

func TestQuietWithNothingToDo(t *testing.T) {
	t.Parallel()
	l := start(t, "--tick", "100ms")
	l.converged()
	ticks := func(n int) (before, after suite.Counters) {
		before = l.counters()
		l.eventually(fmt.Sprintf("%d ticks passed", n), func() error {
			after = l.counters()
			if passed := after.Published["import-config"] - before.Published["import-config"]; passed < n {
				return fmt.Errorf("%d ticks", passed)
			}
			return nil
		})
		return before, after
	}
	l.eventually("all is quiet", func() error { // what convergence left under way
		before, after := ticks(5)
		return changed(before.Mutations, after.Mutations, before.Store.Writes, after.Store.Writes)
	})
	before, after := ticks(20)
	if err := changed(before.Mutations, after.Mutations, before.Store.Writes, after.Store.Writes); err != nil {
		t.Errorf("%v: %+v", err, after.Store.Parts)
	}
	if after.Store.Deletes != before.Store.Deletes || after.DeadLetters != 0 {
		t.Errorf("%d deletes, %d dead letters", after.Store.Deletes-before.Store.Deletes, after.DeadLetters)
	}
}

func changed(mutationsBefore, mutations int, writesBefore, writes int64) error {
	if mutations != mutationsBefore || writes != writesBefore {
		return fmt.Errorf("%d mutations and %d writes", mutations-mutationsBefore, writes-writesBefore)
	}
	return nil
}

func TestMalformedMessages(t *testing.T) {
	t.Parallel()
	l := start(t, "--tick", "1h")
	l.converged()
	for name, data := range map[string][]byte{
		"not JSON":    []byte("{oops"),
		"wrong types": []byte(`{"baseName": 7}`),
		"a list":      []byte(`[1, 2]`),
		"unknown":     []byte(`{"basename_": "x"}`),
		"10 MB":       bytes.Repeat([]byte("x"), 10<<20-1000),
	} {
		before := l.counters()
		id := l.publish("resize-instance-groups", data)
		l.eventually(name+" is logged", func() error {
			if len(l.logged(`"severity":"ERROR"`, `"event_id":"`+id+`"`)) == 0 {
				return errors.New("nothing is logged")
			}
			return nil
		})
		l.eventually("it is idle", func() error {
			if !l.counters().Idle {
				return errors.New("a delivery is under way")
			}
			return nil
		})
		if lines := l.logged(`"severity":"ERROR"`, `"event_id":"`+id+`"`); len(lines) != 1 {
			t.Errorf("%s: logged %d times", name, len(lines))
		}
		after := l.counters()
		if after.DeadLetters != 0 || after.Store.Writes != before.Store.Writes || after.Mutations != before.Mutations {
			t.Errorf("%s: %+v, before %+v", name, after, before)
		}
	}
	id := l.publish("resize-instance-groups", []byte(`{"baseName": "nobody", "revision": "x", "zone": "../y"}`))
	l.eventually("an unknown entity is dealt with", func() error {
		if len(l.logged(`"event_id":"`+id+`"`)) == 0 {
			return errors.New("nothing is logged")
		}
		return nil
	})
	if err := l.converged().Converged(); err != nil {
		t.Error(err)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		l := start(t, "--tick", "50ms")
		if err := l.command.Process.Signal(signal); err != nil { // in the middle of everything
			t.Fatal(err)
		}
		if code := l.wait(); code != 0 {
			t.Errorf("%v: exit code %d", signal, code)
		}
		for _, url := range []string{l.endpoints.Functions, l.endpoints.Compute, l.endpoints.MachineProvider} {
			if connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
				_ = connection.Close()
				t.Errorf("%v: %s is still open", signal, url)
			}
		}
		if lines := l.logged(`"severity":"ERROR"`); len(lines) > 0 {
			t.Errorf("%v: %s", signal, lines)
		}
	}
}

func TestKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	l := start(t, "--state", state)
	l.converged()
	if err := l.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	l.wait()
	// The simulator's VMs died with it: the records come back, and the fleet
	// is built again.
	again := start(t, "--state", state, "--tick", "1h")
	if len(again.pools().Pools) == 0 {
		t.Error("nothing was kept")
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	l := start(t, "--tick", "1h")
	l.converged()
	file := l.file
	before := l.counters().Published["import-config"]
	code, printed := run(t, "publish", "import-config", "--endpoints", file, "--attribute", "a=b", "--attribute", "c=d;e=f,g")
	if code != 0 || l.counters().Published["import-config"] != before+1 {
		t.Errorf("exit code %d: %s", code, printed)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"import-confg", "--endpoints", file}, "Did you mean import-config?"},
		{[]string{"import-config", "{oops", "--endpoints", file}, "not JSON"},
		{[]string{"import-config"}, "--endpoints"},
		{[]string{"import-config", "--endpoints", "/nowhere"}, "scripts/local --endpoints"},
	} {
		if code, printed := run(t, "publish", test.args...); code == 0 || !strings.Contains(printed, test.want) {
			t.Errorf("%v: exit code %d, want it to say %q:\n%s", test.args, code, test.want, printed)
		}
	}
	if code := l.interrupt(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if code, printed := run(t, "publish", "import-config", "--endpoints", file); code == 0 || !strings.Contains(printed, "does the suite still run?") {
		t.Errorf("without a suite: exit code %d:\n%s", code, printed)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the endpoints that were asked for are gone: %v", err)
	}
}
