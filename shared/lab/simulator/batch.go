package simulator

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

// maxBatch limits the calls of a batch, as the real service does.
const maxBatch = 1000

// serveBatch serves the requests in a multipart/mixed body of application/http
// parts, which gcloud sends. Quota, counters and faults treat each part as a call; a
// lost response loses the whole batch.
func (c *Cloud) serveBatch(w http.ResponseWriter, r *http.Request) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		writeError(w, invalid("A batch must be multipart/mixed."))
		return
	}
	parts := multipart.NewReader(io.LimitReader(r.Body, maxBody), parameters["boundary"])
	var body bytes.Buffer
	answers := multipart.NewWriter(&body)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && n == maxBatch {
			err = fmt.Errorf("it holds more than %d calls", maxBatch)
		}
		if err == nil {
			err = c.answerPart(answers, part, r)
		}
		if err != nil {
			writeError(w, invalid("read the batch: %v", err))
			return
		}
	}
	if err := answers.Close(); err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+answers.Boundary())
	_, _ = w.Write(body.Bytes()) // the client is gone; nobody to tell
}

func (c *Cloud) answerPart(answers *multipart.Writer, part *multipart.Part, batch *http.Request) error {
	inner, err := readInnerRequest(part)
	if err != nil {
		return err
	}
	inner = inner.WithContext(batch.Context())
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	if strings.HasPrefix(inner.URL.Path, "/compute/") {
		c.mux.ServeHTTP(answer, inner)
	} else { // no nested batches, no admin calls
		writeError(answer, invalid("A batch cannot hold a call of %s.", inner.URL.Path))
	}
	header := textproto.MIMEHeader{"Content-Type": {"application/http"}}
	if id := part.Header.Get("Content-ID"); id != "" {
		header.Set("Content-ID", "<response-"+strings.TrimPrefix(id, "<"))
	}
	out, err := answers.CreatePart(header)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		answer.status, http.StatusText(answer.status), answer.header.Get("Content-Type"), answer.body.Len(), answer.body.Bytes())
	return err
}

// readInnerRequest reads the request in a part. Clients omit Content-Length and end
// lines with LF or CRLF, so the body begins after the first empty line.
func readInnerRequest(part io.Reader) (*http.Request, error) {
	raw, err := io.ReadAll(part)
	if err != nil {
		return nil, err
	}
	head, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if h, b, ok := bytes.Cut(raw, []byte("\n\n")); ok && (!found || len(h) < len(head)) {
		head, body = h, b
	}
	ended := string(bytes.TrimRight(head, "\r\n")) + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(ended)))
	if err != nil {
		return nil, err
	}
	body = bytes.TrimRight(body, "\r\n")
	r.ContentLength = int64(len(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, nil
}
