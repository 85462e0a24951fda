package emulators

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Kind is one of the emulators, as the SDK ships it.
type Kind struct {
	// Variable is what tells Google's libraries its host:port.
	Variable  string
	title     string
	component string // of `gcloud components install`
	apt       string // the package
	jar       string // below the SDK's root; may be a pattern
	flags     []string
	class     string // the class to run, if the jar does not name it
}

// The kinds.
var (
	Firestore = Kind{
		Variable:  "FIRESTORE_EMULATOR_HOST",
		title:     "Firestore",
		component: "cloud-firestore-emulator",
		apt:       "google-cloud-cli-firestore-emulator",
		jar:       "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
		flags:     []string{"-Duser.language=en", "-XX:+UseSerialGC", "-Xmx1g"},
		class:     "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
	}
	PubSub = Kind{
		Variable:  "PUBSUB_EMULATOR_HOST",
		title:     "Pub/Sub",
		component: "pubsub-emulator",
		apt:       "google-cloud-cli-pubsub-emulator",
		jar:       "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
		flags:     []string{"-XX:+UseSerialGC", "-Xmx256m"},
	}
)

func (c Kind) arguments(jar string) []string {
	if c.class == "" {
		return append(slices.Clone(c.flags), "-jar", jar)
	}
	return append(slices.Clone(c.flags), "-cp", jar, c.class)
}

// find returns the component's jar, the newest by name where there are more.
func (c Kind) find() (string, error) {
	for _, root := range sdkRoots() {
		jars, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(c.jar)))
		if err == nil && len(jars) > 0 {
			return slices.Max(jars), nil
		}
	}
	return "", fmt.Errorf("the Google Cloud SDK's component %s is %w (looked in %v). "+
		"Install it with `gcloud components install %s`, or where the SDK came from a Debian package with "+
		"`sudo apt-get install %s`; if the SDK stands elsewhere, set CLOUDSDK_ROOT to its folder. Java is needed too: "+
		"`sudo apt-get install default-jre-headless`",
		c.component, ErrMissing, sdkRoots(), c.component, c.apt)
}

// Installed reports whether both emulators are installed; it does not look for
// Java.
func Installed() bool {
	for _, c := range []Kind{Firestore, PubSub} {
		if _, err := c.find(); err != nil {
			return false
		}
	}
	return true
}

// sdkRoots returns the folders that may hold the Google Cloud SDK, in the order
// in which they are tried.
func sdkRoots() []string {
	var roots []string
	for _, variable := range []string{"CLOUDSDK_ROOT", "CLOUDSDK_ROOT_DIR"} {
		if root := os.Getenv(variable); root != "" {
			roots = append(roots, root)
		}
	}
	if gcloud, err := exec.LookPath("gcloud"); err == nil {
		if target, err := filepath.EvalSymlinks(gcloud); err == nil {
			roots = append(roots, filepath.Dir(filepath.Dir(target)))
		}
	}
	roots = append(roots, "/usr/lib/google-cloud-sdk")
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, "google-cloud-sdk"))
	}
	return append(roots, "/usr/share/google-cloud-sdk")
}

func findJava() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java := filepath.Join(home, "bin", "java")
		if _, err := os.Stat(java); err == nil {
			return java, nil
		}
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("java is %w: it is neither in JAVA_HOME nor on the PATH. "+
			"Install it with `sudo apt-get install default-jre-headless`", ErrMissing)
	}
	return java, nil
}
