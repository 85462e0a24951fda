package configsource

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// luciFile is a file of a LUCI Config service.
type luciFile struct{ revision, content, signed string }

// service is a LUCI Config service with one config set.
type service struct {
	*httptest.Server
	files  map[string]luciFile
	answer http.HandlerFunc // replaces the proper response unless nil
	asked  []string
}

func newService(t *testing.T, files map[string]luciFile) *service {
	s := &service{files: files}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+getConfigPath, s.getConfig)
	mux.HandleFunc("GET /signed/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to a signed URL")
		}
		_, _ = fmt.Fprint(w, s.files[r.PathValue("name")].content)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *service) getConfig(w http.ResponseWriter, r *http.Request) {
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	var asked struct{ ConfigSet, Path string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.ConfigSet != "services/gce" || r.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	s.asked = append(s.asked, asked.Path)
	file, ok := s.files[asked.Path]
	if !ok {
		w.Header().Set(codeHeader, notFound)
		http.Error(w, "requested resource not found", http.StatusNotFound)
		return
	}
	sum := sha256.Sum256([]byte(file.content))
	answer := map[string]any{
		"configSet": asked.ConfigSet, "path": asked.Path, "revision": file.revision, "size": "7",
		"contentSha256": hex.EncodeToString(sum[:]),
	}
	if file.signed != "" {
		answer["signedUrl"] = s.URL + file.signed
	} else {
		answer["rawContent"] = base64.StdEncoding.EncodeToString([]byte(file.content))
	}
	w.Header().Set(codeHeader, "0")
	_, _ = fmt.Fprintln(w, jsonPrefix)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *service) open(t *testing.T) Source {
	t.Helper()
	source, err := Open(context.Background(), "luci-config://"+strings.TrimPrefix(s.URL, "http://")+"/services/gce", Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestLUCI(t *testing.T) {
	s := newService(t, map[string]luciFile{
		"templates.cfg": {"abc", templates, ""},
		"managers.cfg":  {"abc", managers, "/signed/managers.cfg"},
		"startup/s.sh":  {"abc", "#!/bin/sh", ""},
	})
	files, err := s.open(t).Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if files.Revision != "abc" || string(files.Templates) != templates || string(files.Managers) != managers || files.Settings != nil {
		t.Errorf("read %+v", files)
	}
	if script, err := files.Read("startup/s.sh"); err != nil || string(script) != "#!/bin/sh" {
		t.Errorf("the script: %q, %v", script, err)
	}
	if _, err := files.Read("gone.sh"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	s.files["managers.cfg"] = luciFile{"abc", "", ""}
	if files, err := s.open(t).Read(context.Background()); err != nil || files.Managers == nil {
		t.Errorf("an empty file is missing (%v)", err)
	}
}

func TestLUCIRevisionsMustBeTheSame(t *testing.T) {
	for _, file := range []string{"managers.cfg", "settings.cfg", "startup/s.sh"} {
		s := newService(t, map[string]luciFile{
			"templates.cfg": {"rev-one", templates, ""}, "managers.cfg": {"rev-one", managers, ""},
			"settings.cfg": {"rev-one", "", ""}, "startup/s.sh": {"rev-one", "x", ""},
		})
		s.files[file] = luciFile{"rev-two", "x", ""}
		_, err := s.open(t).Read(context.Background())
		if !failure.Is(err, failure.Permanent) || !strings.Contains(err.Error(), "templates.cfg is at revision rev-one, but "+file+" is at revision rev-two") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestLUCIFailures(t *testing.T) {
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		}
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"no config set", write(404, "not found"), "neither templates.cfg nor managers.cfg"},
		{"forbidden", write(403, "go away"), "get templates.cfg: the service answered 403 Forbidden go away"},
		{"broken", write(500, "oh"), "the service answered 500"},
		{"redirected", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example.com", http.StatusFound)
		}, "the service answered 302"},
		{"no prefix", write(200, `{"revision":"a"}`), "does not begin with )]}'"},
		{"no JSON", write(200, ")]}'\n<html>"), "not the JSON of a Config"},
		{"no revision", write(200, ")]}'\n{}"), "has no revision"},
		{"no base64", write(200, ")]}'\n{\"revision\":\"a\",\"rawContent\":\"!\"}"), "rawContent is not base64"},
		{"other content", write(200, ")]}'\n{\"revision\":\"a\",\"rawContent\":\"YQ==\",\"contentSha256\":\"00\"}"), "not the one whose SHA-256 is 00"},
		{"signed by http", write(200, ")]}'\n{\"revision\":\"a\",\"signedUrl\":\"http://storage.example.com/?sig=SECRET\"}"), "not an https URL"},
		{"signed elsewhere", write(200, ")]}'\n{\"revision\":\"a\",\"signedUrl\":\"http://127.0.0.1:1/?sig=SECRET\"}"), "download from its signed URL"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			block := strings.Repeat(" ", 1<<20)
			for range 20 {
				_, _ = fmt.Fprint(w, block)
			}
		}, "the answer has more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t, nil)
			s.answer = test.answer
			_, err := s.open(t).Read(context.Background())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestLUCIDeadline(t *testing.T) {
	s := newService(t, nil)
	s.answer = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only after that does the server notice that the client is gone
		<-r.Context().Done()
	}
	source, err := Open(context.Background(), "luci-config://"+strings.TrimPrefix(s.URL, "http://")+"/services/gce", Options{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// Another machine is called over https only, with a token for it.
func TestLUCIToken(t *testing.T) {
	var asked []*http.Request
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r)
		return nil, errors.New("no network here")
	})}
	audience := ""
	source, err := Open(context.Background(), "luci-config://config.example.com/services/gce", Options{
		Client: client,
		Token:  func(_ context.Context, a string) (string, error) { audience = a; return "TOKEN", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = source.Read(context.Background()); err == nil || strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("got %v", err)
	}
	if len(asked) != 1 || asked[0].URL.String() != "https://config.example.com"+getConfigPath ||
		asked[0].Header.Get("Authorization") != "Bearer TOKEN" || audience != "https://config.example.com" {
		t.Errorf("asked %v with audience %q", asked, audience)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzDecodeAnswer(f *testing.F) {
	f.Add([]byte(")]}'\n{\"revision\":\"a\",\"rawContent\":\"YQ==\"}"))
	f.Add([]byte(")]}'\n{\"revision\":1}"))
	f.Add([]byte(")]}'"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		read, err := decodeAnswer(answer)
		if err != nil && (read.Revision != "" || read.RawContent != nil) {
			t.Errorf("%q: both %v and %v", answer, read, err)
		}
	})
}
