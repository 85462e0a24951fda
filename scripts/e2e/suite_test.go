// Package e2e drives scripts/local and scripts/publish as a person does: by
// their flags, their output and the addresses in the endpoints file.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/pools"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// local is a scripts/local that runs.
type local struct {
	t         *testing.T
	command   *exec.Cmd
	output    *output
	endpoints endpoints.Endpoints
	file      string // of the endpoints
	log       string
	ended     chan error
}

// output keeps what a command prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// quick are flags that make the simulator fast.
var quick = []string{"--vm-boot", "200ms", "--operation", "50ms"}

// built are the commands that the tests run.
var built = []string{"local", "publish", "config"}

// TestMain lets the commands be built once, as their first use does; the tests
// run what was built.
func TestMain(m *testing.M) {
	for _, name := range built {
		if printed, err := exec.Command("../"+name, "--help").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "scripts/%s --help: %v\n%s", name, err, printed)
			os.Exit(1)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	for name, value := range map[string]string{"GCE_BACKEND_ROOT": root, "GCE_BACKEND_BUILT": strings.Join(built, " ")} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// command prepares scripts/NAME.
func command(name string, args ...string) (*exec.Cmd, *output) {
	c := exec.Command("../../.build/bin/"+name, args...)
	printed := &output{}
	c.Stdout, c.Stderr = printed, printed
	return c, printed
}

// run runs scripts/NAME to its end.
func run(t *testing.T, name string, args ...string) (code int, printed string) {
	t.Helper()
	c, out := command(name, args...)
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String()
}

// start starts scripts/local and waits until it is up.
func start(t *testing.T, args ...string) *local {
	t.Helper()
	l := launch(t, filepath.Join(t.TempDir(), "log"), args...)
	l.eventually("it is up", l.up)
	return l
}

// launch starts scripts/local, which adds to this log.
func launch(t *testing.T, log string, args ...string) *local {
	t.Helper()
	l := &local{t: t, log: log, file: filepath.Join(t.TempDir(), "endpoints.json"), ended: make(chan error, 1)}
	args = append([]string{"--endpoints", l.file, "--log", l.log}, args...)
	l.command, l.output = command("local", append(args, quick...)...)
	if err := l.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.ended <- l.command.Wait()
		close(l.ended)
	}()
	t.Cleanup(func() {
		ended := l.command.Process.Kill() != nil
		for range l.ended { // until it is gone
		}
		if t.Failed() && (!ended || l.command.ProcessState.Exited()) { // not those that the test killed
			t.Logf("scripts/local printed:\n%s", l.output)
		}
	})
	return l
}

// up finds out whether it is up.
func (l *local) up() (err error) {
	l.endpoints, err = endpoints.Read(l.file)
	return err
}

// eventually waits until check finds nothing wrong.
func (l *local) eventually(what string, check func() error) {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case ended := <-l.ended:
			l.t.Fatalf("waited until %s, and scripts/local ended: %v\n%s", what, ended, l.output)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("waited %v until %s: %v", patience, what, err)
		}
	}
}

// interrupt ends the suite by Ctrl-C and returns its exit code.
func (l *local) interrupt() int {
	l.t.Helper()
	if err := l.command.Process.Signal(syscall.SIGINT); err != nil {
		l.t.Fatal(err)
	}
	return l.wait()
}

func (l *local) wait() int {
	l.t.Helper()
	select {
	case <-l.ended:
		return l.command.ProcessState.ExitCode()
	case <-time.After(patience):
		l.t.Fatal("it does not end")
		return -1
	}
}

// pools reads the state of the pools.
func (l *local) pools() pools.Report {
	l.t.Helper()
	var report pools.Report
	l.get(l.endpoints.Status+"/pools", &report)
	return report
}

func (l *local) counters() suite.Counters {
	l.t.Helper()
	var counters suite.Counters
	l.get(l.endpoints.Status+"/counters", &counters)
	return counters
}

// converged waits until every configured VM is cataloged and nothing is under
// way any more.
func (l *local) converged() pools.Report {
	l.t.Helper()
	var report pools.Report
	l.eventually("it is converged", func() error {
		report = l.pools()
		return report.Converged()
	})
	return report
}

func (l *local) get(url string, into any) {
	l.t.Helper()
	answer, err := http.Get(url) //nolint:gosec // an address of the suite
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	l.read(answer, into)
}

func (l *local) read(answer *http.Response, into any) {
	l.t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		l.t.Fatalf("%s: %s: %s", answer.Request.URL, answer.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		l.t.Fatalf("%s: %v: %s", answer.Request.URL, err, text)
	}
}

// publish publishes by Pub/Sub's REST API, whatever the data is.
func (l *local) publish(topic string, data []byte) string {
	l.t.Helper()
	var published struct {
		MessageIDs []string `json:"messageIds"`
	}
	l.post(l.endpoints.PubSubREST+"/v1/projects/"+l.endpoints.Project+"/topics/"+topic+":publish", "",
		map[string]any{"messages": []any{map[string]any{"data": data}}}, &published)
	return published.MessageIDs[0]
}

// call calls the Machine Provider.
func (l *local) call(method, email string, body, into any) {
	l.t.Helper()
	l.post(l.endpoints.MachineProvider+"/_ah/api/"+method, "Bearer dev:"+email, body, into)
}

func (l *local) post(url, authorization string, body, into any) {
	l.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	l.read(answer, into)
}

// logged lists the log's lines that hold all of these.
func (l *local) logged(parts ...string) []string {
	l.t.Helper()
	text, err := os.ReadFile(l.log)
	if err != nil {
		l.t.Fatal(err)
	}
	var found []string
	for _, line := range strings.Split(string(text), "\n") {
		all := line != ""
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			found = append(found, line)
		}
	}
	return found
}

// zone of a test's configuration: its name and minimum size.
type zone struct {
	template, name string
	minimum        int
}

// configure writes a configuration with the shipped settings.
func configure(t *testing.T, folder string, zones ...zone) {
	t.Helper()
	templates, managers, known := "", "", map[string]bool{}
	for _, z := range zones {
		if !known[z.template] {
			known[z.template] = true
			templates += templateText(z.template, "debian-12")
		}
		managers += managerText(z.template, z.name, z.minimum, 50)
	}
	settings(t, folder)
	write(t, folder, "templates.cfg", templates)
	write(t, folder, "managers.cfg", managers)
}

const exampleSettings = "../example/settings.cfg"

// settings writes the shipped settings.
func settings(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(exampleSettings)
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, "settings.cfg", string(text))
}

func templateText(baseName, image string) string {
	return fmt.Sprintf(`templates { base_name: %q project: "example-builders" image_name: %q
  machine_type: "n2-standard-4" dimensions: "os_family:LINUX"
  service_accounts { name: "builder@example-builders.iam.gserviceaccount.com" } }
`, baseName, image)
}

func managerText(baseName, zone string, minimum, maximum int) string {
	return fmt.Sprintf("managers { template_base_name: %q zone: %q minimum_size: %d maximum_size: %d }\n", baseName, zone, minimum, maximum)
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
