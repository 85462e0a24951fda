package buildpack

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the program that the tests start: it prints its environment.
func TestMain(m *testing.M) {
	switch os.Getenv("FUNCTION_TARGET") {
	case "":
		os.Exit(m.Run())
	case "broken":
		_, _ = os.Stderr.WriteString("no such function\n")
		os.Exit(1)
	}
	time.Sleep(50 * time.Millisecond) // a slow start
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(r.Method + r.URL.Path + " " + os.Getenv("K_SERVICE") + os.Getenv("SOME") + os.Getenv("USER")))
	}
	server := http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: http.HandlerFunc(handler), ReadHeaderTimeout: time.Second}
	if err := server.ListenAndServe(); err != nil {
		panic(err)
	}
}

func TestFunction(t *testing.T) {
	t.Setenv("USER", "somebody") // which the platform does not set
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Start(t.Context(), program, "sound", "SOME=thing")
	if err != nil {
		t.Fatal(err)
	}
	if status, text, err := f.Ask(t.Context(), http.MethodPost, "/x", "{}"); err != nil || status != http.StatusTeapot || text != "POST/x soundthing" {
		t.Errorf("%d %q, %v", status, text, err)
	}
	f.Stop()
	f.Stop() // a second Stop does no harm

	broken, err := Start(t.Context(), program, "broken")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := broken.Ask(t.Context(), http.MethodGet, "/", ""); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("a function that ended was asked: %v", err)
	}
	if log := broken.Stop(); log != "no such function\n" {
		t.Errorf("its log is %q", log)
	}
}
