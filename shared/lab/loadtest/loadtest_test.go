package loadtest

import (
	"testing"
	"time"
)

func TestOrder(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	o := &order{}
	o.fulfilled(at(10), at(20))
	o.fulfilled(at(5), at(30))
	o.fulfilled(at(25), at(40))
	for _, test := range []struct {
		since, asked int
		want         bool
	}{
		{9, 21, true},   // the request sent at 10 was served by 20
		{9, 20, false},  // asked before that was known
		{11, 35, false}, // the served requests were sent earlier
		{24, 41, true},
		{26, 99, false},
	} {
		if got := o.overtaken(at(test.since), at(test.asked)); got != test.want {
			t.Errorf("waiting since %d, asked at %d: %t", test.since, test.asked, got)
		}
	}
}

func TestPercentile(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(i))
	}
	if percentile(all, 50) != 50 || percentile(all, 99) != 99 || percentile(all[:1], 95) != 0 || percentile(nil, 50) != 0 {
		t.Error("wrong")
	}
}
