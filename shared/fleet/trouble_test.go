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
	}{
		"none as before":     {none, "", none},
		"it begins":          {none, "QUOTA_EXCEEDED", Trouble{Code: "QUOTA_EXCEEDED", Since: later}},
		"it lasts":           {stockout, stockout.Code, stockout},
		"it becomes another": {stockout, "QUOTA_EXCEEDED", Trouble{Code: "QUOTA_EXCEEDED", Since: later}},
		"it is over":         {stockout, "", none},
	} {
		if got := test.was.See(test.code, later); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
