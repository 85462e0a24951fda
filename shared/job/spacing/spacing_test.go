package spacing

import (
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	now := time.Unix(1000, 0)
	l := Limit{Every: 2 * time.Second, Burst: 3}
	for n, want := range []time.Duration{0, 0, 0, 2 * time.Second, 4 * time.Second, 6 * time.Second} {
		if wait := l.Take("busy", now); wait != want {
			t.Errorf("turn %d waits %s, want %s", n, wait, want)
		}
	}
	if wait := l.Take("another", now); wait != 0 {
		t.Errorf("another key waits %s", wait)
	}
	if wait := l.Take("busy", now.Add(5*time.Minute)); wait != 0 {
		t.Errorf("a turn waits %s after a quiet time", wait)
	}
}
