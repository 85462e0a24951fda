package spacing

import (
	"fmt"
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

// busy asks for turns for several keys as fast as they are given, one at a time
// for each key, and returns the times of the turns.
func busy(l *Limit, keys int, during time.Duration) []time.Time {
	begin := time.Unix(1000, 0)
	next := make([]time.Time, keys)
	var turns []time.Time
	for now := begin; now.Sub(begin) < during; now = now.Add(100 * time.Millisecond) {
		for i := range next {
			if !next[i].After(now) {
				next[i] = now.Add(max(l.Take(fmt.Sprint(i), now), 100*time.Millisecond))
				turns = append(turns, next[i])
			}
		}
	}
	return turns
}

func TestManyKeysStayWithinAMinutesNumber(t *testing.T) {
	for _, keys := range []int{1, 20, 100} {
		turns := busy(&Limit{Every: 2 * time.Second, Burst: 30, PerMinute: 750}, keys, 5*time.Minute)
		most := 0
		for i, from := range turns {
			n := 0
			for _, turn := range turns[i:] {
				if turn.Sub(from) >= 0 && turn.Sub(from) < time.Minute {
					n++
				}
			}
			most = max(most, n)
		}
		if most > 1500+keys { // the number, after a burst of as many
			t.Errorf("%d keys: %d turns within a minute", keys, most)
		}
		if want := min(keys*30, 750) * 9 / 2; len(turns) < want {
			t.Errorf("%d keys: only %d turns in five minutes, want at least %d", keys, len(turns), want)
		}
	}
}

func TestAFewKeysDoNotShare(t *testing.T) {
	now := time.Unix(1000, 0)
	alone, shared := Limit{Every: 2 * time.Second, Burst: 3}, Limit{Every: 2 * time.Second, Burst: 3, PerMinute: 750}
	for n := range 10 {
		for _, key := range []string{"a", "b"} {
			if got, want := shared.Take(key, now), alone.Take(key, now); got != want {
				t.Errorf("turn %d of %s waits %s, want %s", n, key, got, want)
			}
		}
	}
}
