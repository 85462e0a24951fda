package combine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// bench is a Combiner whose runs wait until the test releases them.
type bench struct {
	*Combiner[string, string]
	proceed chan error

	mu      sync.Mutex
	runs    []string
	answers []string
}

func newBench(width int) *bench {
	b := &bench{proceed: make(chan error)}
	b.Combiner = New(width, func(_ context.Context, items []string) ([]string, error) {
		b.note(&b.runs, strings.Join(items, "+"))
		err := <-b.proceed
		outputs := make([]string, len(items))
		for i, item := range items {
			outputs[i] = strings.ToUpper(item)
		}
		return outputs, err
	})
	return b
}

func (b *bench) note(list *[]string, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, text)
}

// ask calls Do for each item on its own goroutine, in order.
func (b *bench) ask(ctx context.Context, items ...string) {
	for _, item := range items {
		go func() {
			output, err := b.Do(ctx, item)
			b.note(&b.answers, fmt.Sprintf("%s=%s,%v", item, output, err))
		}()
		synctest.Wait()
	}
}

// release lets one run after the other finish, with the given errors.
func (b *bench) release(errs ...error) {
	for _, err := range errs {
		b.proceed <- err
		synctest.Wait()
	}
}

func (b *bench) expect(t *testing.T, runs string, answers ...string) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := strings.Join(b.runs, " "); got != runs {
		t.Errorf("runs: %s, want %s", got, runs)
	}
	got := map[string]int{}
	for _, answer := range b.answers {
		got[answer]++
	}
	for _, answer := range answers {
		got[answer]--
	}
	for answer, n := range got {
		if n != 0 {
			t.Errorf("answer %s: %+d", answer, n)
		}
	}
}

func TestWhatComesDuringARunSharesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(1)
		b.ask(t.Context(), "a", "b", "c")
		b.expect(t, "a")
		b.release(nil)
		b.expect(t, "a b+c", "a=A,<nil>")
		b.ask(t.Context(), "d") // arrives while b and c are under way, so that run does not serve it
		b.release(nil, nil)
		b.expect(t, "a b+c d", "a=A,<nil>", "b=B,<nil>", "c=C,<nil>", "d=D,<nil>")
	})
}

func TestThereAreTurnsForSomeRunsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(2)
		b.ask(t.Context(), "a", "b", "c", "d")
		b.expect(t, "a b")
		b.release(nil) // either of the two
		b.ask(t.Context(), "e")
		b.release(nil, nil, nil)
		b.expect(t, "a b c+d e", "a=A,<nil>", "b=B,<nil>", "c=C,<nil>", "d=D,<nil>", "e=E,<nil>")
	})
}

func TestAnErrorIsOfTheWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(1)
		b.ask(t.Context(), "a", "b", "c")
		b.release(nil, errors.New("bad"))
		b.ask(t.Context(), "d")
		b.release(nil)
		b.expect(t, "a b+c d", "a=A,<nil>", "b=,bad", "c=,bad", "d=D,<nil>")
	})
}

// A caller that leaves before its run begins takes its item along; the other
// callers are served without it.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(1)
		ended, end := context.WithCancel(t.Context())
		b.ask(ended, "a")
		b.ask(ended, "b")
		b.ask(t.Context(), "c")
		end()
		b.expect(t, "a", "b=,context canceled")
		b.release(nil)
		b.expect(t, "a c", "a=A,<nil>", "b=,context canceled") // the caller that runs the batch does not leave
		ended, end = context.WithCancel(t.Context())
		b.ask(ended, "d")
		end()
		b.release(nil)
		b.expect(t, "a c", "a=A,<nil>", "b=,context canceled", "c=C,<nil>", "d=,context canceled")
		if b.next != nil {
			t.Error("an empty batch was left behind")
		}
	})
}

func TestARunHasTheValuesOfACallerAndNoEnd(t *testing.T) {
	type key struct{}
	ctx, end := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	c := New(1, func(ctx context.Context, _ []int) ([]string, error) {
		end()
		value, _ := ctx.Value(key{}).(string)
		return []string{value}, ctx.Err()
	})
	if got, err := c.Do(ctx, 1); got != "value" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for range 20 { // a caller whose context has ended still takes a free turn
		if got, err := c.Do(ctx, 1); got != "value" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

// A panic reaches the caller on whose goroutine it happens; the others get an
// error, and the turn is free again.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flights Flights
		proceed, answers := make(chan struct{}), make(chan error, 3)
		join := func(fn func() error) (err error) {
			defer func() {
				if recovered := recover(); recovered != nil {
					err = errPanicked
				}
			}()
			return flights.Join(t.Context(), "key", fn)
		}
		for range 3 {
			go func() { answers <- join(func() error { <-proceed; panic("x") }) }()
			synctest.Wait()
		}
		close(proceed)
		synctest.Wait()
		for range 3 {
			if err := <-answers; failure.ClassOf(err) != failure.Permanent {
				t.Errorf("got %v", err)
			}
		}
		if err := join(func() error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestFlightsOfOneKeyShareAndOthersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flights Flights
		var mu sync.Mutex
		begun := map[string]int{}
		proceed := make(chan struct{})
		for _, key := range []string{"a", "a", "a", "b"} {
			go flights.Join(t.Context(), key, func() error { //nolint:errcheck // it is nil
				mu.Lock()
				begun[key]++
				mu.Unlock()
				<-proceed
				return nil
			})
			synctest.Wait()
		}
		if fmt.Sprint(begun) != "map[a:1 b:1]" {
			t.Errorf("begun: %v", begun)
		}
		close(proceed)
		synctest.Wait()
		if fmt.Sprint(begun) != "map[a:2 b:1]" || len(flights.keys) != 0 {
			t.Errorf("begun: %v; left behind: %v", begun, flights.keys)
		}
	})
}
