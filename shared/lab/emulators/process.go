package emulators

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// tailBytes is how much of an emulator's output an error quotes.
const tailBytes = 4096

// process is a child process that ends with this one.
type process struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set once done is closed
	tail   tail
}

// spawn starts a child process. One operating-system thread starts it and waits
// for it, because Linux kills the child when the thread that started it ends.
func spawn(ctx context.Context, program string, arguments []string, directory string) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &process{cancel: cancel, done: make(chan struct{})}
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // Java, found on this machine
	command.Dir = directory
	command.WaitDelay = 5 * time.Second
	command.Stdout, command.Stderr = &p.tail, &p.tail
	bindToParent(command)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := command.Start()
		started <- err
		if err == nil {
			p.err = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		cancel()
		return nil, fmt.Errorf("run %s: %w", program, err)
	}
	return p, nil
}

func (p *process) stop() {
	p.cancel()
	<-p.done
}

// tail keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, text...)
	if excess := len(t.kept) - tailBytes; excess > 0 {
		t.kept = t.kept[excess:]
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
