package emulators

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMissingComponentSaysHowToInstallIt(t *testing.T) {
	for _, c := range []Kind{Firestore, PubSub} {
		c.jar = "platform/none/of/these.jar"
		_, err := c.find()
		if !errors.Is(err, ErrMissing) {
			t.Fatalf("%s: error %v, want ErrMissing", c.title, err)
		}
		for _, want := range []string{"gcloud components install " + c.component, "apt-get install " + c.apt, "CLOUDSDK_ROOT", "default-jre"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", c.title, want, err)
			}
		}
	}
}

func TestMissingJavaSaysHowToInstallIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	if _, err := findJava(); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("error %v, want one that says how to install Java", err)
	}
}

func TestFindsTheNewestJarInTheNamedSDK(t *testing.T) {
	root := t.TempDir()
	lib := filepath.Join(root, "platform", "pubsub-emulator", "lib")
	if err := os.MkdirAll(lib, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"0.8.19", "0.8.20"} {
		if err := os.WriteFile(filepath.Join(lib, "cloud-pubsub-emulator-"+version+"-all.jar"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CLOUDSDK_ROOT", root)
	jar, err := PubSub.find()
	if err != nil || filepath.Base(jar) != "cloud-pubsub-emulator-0.8.20-all.jar" {
		t.Errorf("found %q, %v", jar, err)
	}
}

func TestFindsTheSDKThroughALinkedGcloud(t *testing.T) {
	root, path := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	gcloud := filepath.Join(root, "bin", "gcloud")
	if err := os.WriteFile(gcloud, nil, 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := os.Symlink(gcloud, filepath.Join(path, "gcloud")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	t.Setenv("CLOUDSDK_ROOT", "")
	t.Setenv("CLOUDSDK_ROOT_DIR", "")
	want, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	if got := sdkRoots()[0]; got != want {
		t.Errorf("first looked in %s, want %s", got, want)
	}
}

// TestStartAndStop runs the real emulators.
func TestStartAndStop(t *testing.T) {
	for _, kind := range []Kind{Firestore, PubSub} {
		t.Run(kind.title, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			emulator, err := Start(ctx, kind)
			if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
				t.Skipf("NOT TESTED: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !Answers(ctx, "http://"+emulator.Host+"/", pollTimeout) {
				t.Error("no answer after the start")
			}
			cancel() // the end of the context ends the emulator
			select {
			case <-emulator.Done():
			case <-time.After(30 * time.Second):
				t.Fatal("still there 30 s after the end of its context")
			}
			if connection, err := net.Dial("tcp", emulator.Host); err == nil {
				_ = connection.Close()
				t.Error("the port is still open")
			}
			emulator.Stop() // a second Stop does no harm
		})
	}
}

func TestProgramThatEndsAtOnceIsReportedWithItsOutput(t *testing.T) {
	jar := filepath.Join(t.TempDir(), "broken.jar")
	if err := os.WriteFile(jar, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	java, err := findJava()
	if err != nil {
		java = "/bin/sh" // complains as well
	}
	if _, err := launch(context.Background(), java, PubSub, jar); err == nil || !strings.Contains(err.Error(), "it printed") {
		t.Errorf("error %v, want one with the output", err)
	}
}
