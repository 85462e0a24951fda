package e2e

import (
	"strings"
	"testing"
)

func TestPublishAndFollow(t *testing.T) {
	t.Parallel()
	l := start(t, "--tick", "1h")
	l.converged()
	file := l.file
	code, printed := run(t, "publish", "import-config", "--follow", "--endpoints", file)
	if code != 0 || !strings.Contains(printed, "is valid") || !strings.Contains(printed, "import-config: ok after") {
		t.Errorf("exit %d: %s", code, printed)
	}
	code, printed = run(t, "publish", "config-imported", "--follow", "--endpoints", file)
	if code != 0 || !strings.Contains(printed, "process-config: ok after") {
		t.Errorf("exit %d: %s", code, printed)
	}
}
