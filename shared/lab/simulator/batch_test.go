package simulator_test

import (
	"bufio"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// batchBody has the line ends that gcloud sends: bare line feeds.
const batchBody = `--B
Content-Type: application/http
Content-ID: <base+0>

GET /compute/v1/projects/test-project/zones/us-central1-a/instanceGroupManagers/g?alt=json HTTP/1.1
Host: 127.0.0.1


--B
Content-Type: application/http
Content-ID: <base+1>

POST /compute/v1/projects/test-project/zones/us-central1-a/instanceGroupManagers HTTP/1.1
Content-Type: application/json
MIME-Version: 1.0
Host: 127.0.0.1

{"name": "g", "targetSize": 0}
--B
Content-Type: application/http
Content-ID: <base+2>

GET /admin/state HTTP/1.1
Host: 127.0.0.1

--B--
`

func TestBatch(t *testing.T) {
	for name, body := range map[string]string{"LF": batchBody, "CRLF": strings.ReplaceAll(batchBody, "\n", "\r\n")} {
		t.Run(name, func(t *testing.T) { testBatch(t, body) })
	}
}

func testBatch(t *testing.T, body string) {
	w := pool(t, 0)
	r, err := http.NewRequestWithContext(w.ctx, "POST", "https://h/batch/compute/v1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", `multipart/mixed; boundary="B"`)
	resp, err := w.cloud.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	parts := multipart.NewReader(resp.Body, parameters["boundary"])
	for i, want := range []struct {
		status int
		id     string
		text   string
	}{{200, "<response-base+0>", "compute#instanceGroupManager"}, {409, "<response-base+1>", "alreadyExists"}, {400, "<response-base+2>", "/admin/state"}} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(part), nil)
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != want.status || part.Header.Get("Content-ID") != want.id ||
			!strings.Contains(string(body), want.text) {
			t.Errorf("part %d: %d %s %s %v", i, answer.StatusCode, part.Header.Get("Content-ID"), body, err)
		}
	}
	if w.cloud.Calls()["instanceGroupManagers.get"] != 1 {
		t.Errorf("calls: %v", w.cloud.Calls())
	}
	status, _ := w.send(t, "POST", "https://h/batch/compute/v1", "x")
	if status != http.StatusBadRequest {
		t.Errorf("a body that is no batch: %d", status)
	}
}
