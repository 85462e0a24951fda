package config

import (
	"strings"
	"testing"
)

func TestManagerProblems(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"valid", `managers { template_base_name: "linux" zone: "us-central1-a" minimum_size: 1000 }`, nil},
		{"zero", `managers { template_base_name: "linux" zone: "us-central1-a" minimum_size: 0 maximum_size: 0 }`, nil},
		{"nothing", `managers {}`, []string{
			"managers.cfg:1:1: manager #1: template_base_name: missing",
			"managers.cfg:1:1: manager #1: zone: missing",
		}},
		{"unknown template", "managers {\n template_base_name: \"linus\"\n zone: \"us-central1-a\" }", []string{`(warning) managers.cfg:2:2: manager linus/us-central1-a: template_base_name: there is no template "linus", so this manager is skipped; did you mean "linux"?`}},
		{"zones", `managers { template_base_name: "linux" zone: "us-central1" } managers { template_base_name: "linux" zone: "US-CENTRAL1-A" } managers { template_base_name: "linux" zone: "mars" }`, []string{
			`managers.cfg:1:40: manager linux/us-central1: zone: "us-central1" is not a zone, such as us-central1-a; it is a region, whose zones end with a letter`,
			`managers.cfg:1:101: manager linux/US-CENTRAL1-A: zone: "US-CENTRAL1-A" is not a zone, such as us-central1-a; did you mean "us-central1-a"?`,
			`managers.cfg:1:164: manager linux/mars: zone: "mars" is not a zone, such as us-central1-a`,
		}},
		{"zone twice", "managers { template_base_name: \"linux\" zone: \"us-central1-a\" }\nmanagers { template_base_name: \"linux\" zone: \"us-central1-a\" }", []string{`managers.cfg:2:40: manager linux/us-central1-a: zone: the template "linux" has a manager in us-central1-a already, in line 1`}},
		{"sizes", sized("minimum_size: -1 maximum_size: 5") + sized("maximum_size: -1") + sized("minimum_size: 1001") + sized("maximum_size: 1001") + sized("minimum_size: 6 maximum_size: 5"), []string{
			"managers.cfg:1:62: manager linux/us-central1-a: minimum_size: -1 is negative; the minimum is 0 to maximum_size",
			"managers.cfg:2:62: manager linux/us-central2-a: maximum_size: -1 is negative; the maximum is minimum_size to 1000",
			"managers.cfg:3:62: manager linux/us-central3-a: minimum_size: 1001 is more than 1000, the most that an instance group holds",
			"managers.cfg:4:62: manager linux/us-central4-a: maximum_size: 1001 is more than 1000, the most that an instance group holds",
			"managers.cfg:5:78: manager linux/us-central5-a: maximum_size: 5 is less than minimum_size, which is 6",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.text
			for i := 1; strings.Contains(text, "ZONE"); i++ {
				text = strings.Replace(text, "ZONE", "us-central"+string(rune('0'+i))+"-a", 1)
			}
			_, problems := Parse(Files{Templates: []byte(with("", "")), Managers: []byte(text)})
			compare(t, problems, test.want)
		})
	}
}

// sized returns a manager in the next zone, on a line of its own.
func sized(sizes string) string {
	return `managers { template_base_name: "linux" zone: "ZONE" ` + sizes + " }\n"
}

func TestSettingsProblems(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"localhost", `mp_server: "http://localhost:8080/x"`, nil},
		{"http", `mp_server: "http://mp.example.com"`, []string{`settings.cfg:1:1: mp_server: "http://mp.example.com" must begin with https:// or http://localhost; did you mean "https://mp.example.com"?`}},
		{"no scheme", `mp_server: "mp.example.com"`, []string{`settings.cfg:1:1: mp_server: "mp.example.com" must begin with https:// or http://localhost; did you mean "https://mp.example.com"?`}},
		{"looks like localhost", `mp_server: "http://localhost.example.com"`, []string{`settings.cfg:1:1: mp_server: "http://localhost.example.com" must begin with https:// or http://localhost; did you mean "https://localhost.example.com"?`}},
		{"password", `mp_server: "https://me:secret@mp.example.com"`, []string{`settings.cfg:1:1: mp_server: "https://me:xxxxx@mp.example.com" must be a server's address, without user, query or fragment`}},
		{"roles", `catalog_administrators: "user:a@example.com" lessees: "b" catalog_viewers: ["c@example.com", "allUsers"]`, []string{
			`settings.cfg:1:1: catalog_administrators: "user:a@example.com" is not the e-mail of a person or service account; did you mean "a@example.com"?`,
			`settings.cfg:1:46: lessees: "b" is not the e-mail of a person or service account`,
			`settings.cfg:1:94: catalog_viewers: "allUsers" is not the e-mail of a person or service account`,
		}},
		{"backends", "backends { name: \"gce\" members: \"a@example.com\" }\nbackends { name: \"DUMMY\" members: \"a@example.com\" }\nbackends { name: \"DUMMY\" members: \"x\" }\nbackends {}", []string{
			`settings.cfg:1:12: backends.name: unknown backend "gce"; did you mean "GCE"?`,
			`settings.cfg:2:26: backends.members: "a@example.com" is a member of the backend gce already; calls do not name their backend, so it can be one only`,
			`settings.cfg:3:12: backends.name: the backend DUMMY is given twice`,
			`settings.cfg:3:26: backends.members: "x" is not the e-mail of a person or service account`,
			`settings.cfg:4:1: backends.name: missing`,
		}},
		{"freeze", `freeze: ["*", "linux", "linix"]`, []string{`(warning) settings.cfg:1:24: freeze: there is no template "linix" to freeze; did you mean "linux"?`}},
		{"ranges", "reclaim_brake_percent: 101 reclaim_brake_minimum: -1 lease_request_timeout_seconds: 0 lease_retention_seconds: 1", []string{
			"settings.cfg:1:1: reclaim_brake_percent: 101 is out of range: 0 to 100",
			"settings.cfg:1:28: reclaim_brake_minimum: -1 is out of range: 0 to 1000",
			"settings.cfg:1:54: lease_request_timeout_seconds: 0 is out of range: 1 to 2592000",
			"settings.cfg:1:87: lease_retention_seconds: 1 is out of range: 3600 to 31536000",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse(Files{Templates: []byte(with("", "")), Managers: []byte{}, Settings: []byte(test.text)})
			compare(t, problems, test.want)
		})
	}
}
