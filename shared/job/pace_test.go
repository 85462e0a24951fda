package job

import (
	"fmt"
	"testing"
	"time"
)

// busy asks for turns of keys as fast as they come, one at a time for each
// key, and tells when they were.
func busy(p *Pace, now *time.Time, keys int, during time.Duration) []time.Time {
	begin := *now
	next := make([]time.Time, keys)
	var turns []time.Time
	for ; now.Sub(begin) < during; *now = now.Add(100 * time.Millisecond) {
		for i := range next {
			if !next[i].After(*now) {
				next[i] = now.Add(max(p.Take(fmt.Sprint(i)), 100*time.Millisecond))
				turns = append(turns, next[i])
			}
		}
	}
	return turns
}

func TestPaceKeepsManyKeysWithinAMinutesNumber(t *testing.T) {
	for _, keys := range []int{1, 20, 100} {
		now := time.Unix(1000, 0)
		p := &Pace{PerMinute: 1500, Now: func() time.Time { return now }}
		turns := busy(p, &now, keys, 5*time.Minute)
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
		if most > 1500+keys {
			t.Errorf("%d keys: %d turns within a minute", keys, most)
		}
		if want := min(keys*600, 1500) / 2 * 4; len(turns) < want {
			t.Errorf("%d keys: only %d turns in five minutes, want at least %d", keys, len(turns), want)
		}
	}
}

func TestPaceMakesNobodyWaitWhileThereIsRoom(t *testing.T) {
	now := time.Unix(1000, 0)
	p := &Pace{PerMinute: 100, Now: func() time.Time { return now }}
	for range 50 {
		if wait := p.Take("a"); wait != 0 {
			t.Fatalf("a turn waits %s", wait)
		}
	}
	if wait := p.Take("a"); wait <= 0 {
		t.Error("the next one does not wait, though half of the number is used up")
	}
	if wait := p.Take("b"); wait != 0 {
		t.Errorf("another key waits %s", wait)
	}
	now = now.Add(2 * time.Minute)
	if wait := p.Take("a"); wait != 0 {
		t.Errorf("a turn waits %s a while later", wait)
	}
	if wait := (&Pace{}).Take("a"); wait != 0 {
		t.Errorf("without a limit a turn waits %s", wait)
	}
}
