package fleet

import (
	"testing"
	"time"
)

func TestTrouble(t *testing.T) {
	first, later := time.Unix(100, 0), time.Unix(200, 0)
	none, stockout := Trouble{}, Trouble{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Since: first}
	for name, test := range map[string]struct {
		was  Trouble
		code string
		want Trouble
		news bool
	}{
		"none as before":     {none, "", none, false},
		"it begins":          {none, "QUOTA_EXCEEDED", Trouble{Code: "QUOTA_EXCEEDED", Since: later}, true},
		"it lasts":           {stockout, stockout.Code, stockout, false},
		"it becomes another": {stockout, "QUOTA_EXCEEDED", Trouble{Code: "QUOTA_EXCEEDED", Since: later}, true},
		"it is over":         {stockout, "", none, true},
	} {
		if got, news := test.was.See(test.code, later); got != test.want || news != test.news {
			t.Errorf("%s: %v, %v", name, got, news)
		}
	}
}
