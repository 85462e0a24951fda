package terraform

import (
	"slices"
	"testing"
)

// Each function has what its entry asks for, and nothing else.
func TestFunctions(t *testing.T) {
	p, m := planned(t), functions(t)
	if got := len(p.of("google_cloudfunctions2_function")); got != len(m.Functions) {
		t.Errorf("%d functions are deployed, functions.yaml has %d", got, len(m.Functions))
	}
	for name, f := range m.Functions {
		t.Run(name, func(t *testing.T) {
			own := p.within(name)
			if got := len(own.of("google_service_account")); f.HTTP() && got != 1 || !f.HTTP() && got != 2 {
				t.Errorf("it has %d accounts", got)
			}
			deployed := own.of("google_cloudfunctions2_function")
			if len(deployed) != 1 {
				t.Fatalf("there are %d of it", len(deployed))
			}
			d := deployed[0]
			for path, want := range map[string]string{
				"name": name, "build_config.entry_point": name, "build_config.runtime": "go126",
				"service_config.available_memory": f.Memory,
			} {
				if got := d.text(path); got != want {
					t.Errorf("%s is %q, not %q", path, got, want)
				}
			}
			for path, want := range map[string]int{
				"service_config.timeout_seconds":                  f.TimeoutSeconds,
				"service_config.max_instance_count":               f.MaxInstances,
				"service_config.max_instance_request_concurrency": f.Concurrency,
			} {
				if got := d.number(path); got != float64(want) {
					t.Errorf("%s is %v, not %d", path, got, want)
				}
			}
			ingress := "ALLOW_INTERNAL_ONLY"
			if f.HTTP() {
				ingress = "ALLOW_ALL"
			}
			if got := d.text("service_config.ingress_settings"); got != ingress {
				t.Errorf("its ingress is %s, not %s", got, ingress)
			}
			var schedules []string
			for _, tick := range p.of("google_cloud_scheduler_job") {
				if tick.Index != name {
					continue
				}
				if topic := tick.text("pubsub_target.topic_name"); topic != "projects/my-fleet/topics/"+name {
					t.Errorf("it is ticked over %s", topic)
				}
				schedules = append(schedules, tick.text("schedule"))
			}
			if f.Schedule == "" && len(schedules) > 0 || f.Schedule != "" && !slices.Equal(schedules, []string{f.Schedule}) {
				t.Errorf("its schedules are %q, not %q", schedules, f.Schedule)
			}
		})
	}
}

// There is a topic for each name that functions.yaml mentions, and only for these.
func TestTopics(t *testing.T) {
	var got []string
	for _, topic := range planned(t).of("google_pubsub_topic") {
		if topic.Name == "this" {
			got = append(got, topic.text("name"))
		}
	}
	slices.Sort(got)
	if want := functions(t).Topics(); !slices.Equal(got, want) {
		t.Errorf("the topics are\n%q, not\n%q", got, want)
	}
}

// What is listened to is announced by someone, and what is announced is either
// a fact or the job's own topic.
func TestTopicsHaveBothEnds(t *testing.T) {
	m := functions(t)
	announced := map[string]bool{}
	for name, f := range m.Functions {
		for _, topic := range f.Announces {
			announced[topic] = true
			if _, job := m.Functions[topic]; job && topic != name {
				t.Errorf("%s announces %s, which is another job", name, topic)
			}
		}
	}
	for name, f := range m.Functions {
		if !f.HTTP() && f.Schedule == "" && len(f.Listens) == 0 {
			t.Errorf("nothing ever wakes %s", name)
		}
		for _, topic := range f.Listens {
			if _, source := m.Sources[topic]; !source && !announced[topic] {
				t.Errorf("%s listens to %s, which nobody announces", name, topic)
			}
		}
	}
}

func TestSubscriptions(t *testing.T) {
	p, m := planned(t), functions(t)
	var got, want []string
	for _, s := range m.Subscriptions() {
		want = append(want, s.Name())
	}
	kept, facts := map[string]bool{}, 0
	for _, s := range p.of("google_pubsub_subscription") {
		name := s.function()
		if name == "" {
			kept[s.text("topic")] = true
			continue
		}
		got = append(got, s.text("name"))
		f := m.Functions[name]
		if deadline := s.number("ack_deadline_seconds"); deadline < float64(f.TimeoutSeconds) || deadline > 600 {
			t.Errorf("%s waits %v s for a run of %d s", s.text("name"), deadline, f.TimeoutSeconds)
		}
		if tick := s.text("topic") == name; tick {
			if s.text("dead_letter_policy.dead_letter_topic") != "" {
				t.Errorf("%s makes dead letters of ticks", s.text("name"))
			}
		} else {
			facts++
			if topic := s.text("dead_letter_policy.dead_letter_topic"); topic != "projects/my-fleet/topics/dead-letter" {
				t.Errorf("%s has the dead-letter topic %q", s.text("name"), topic)
			}
			if attempts := s.number("dead_letter_policy.max_delivery_attempts"); attempts < 5 || attempts > 20 {
				t.Errorf("%s tries %v times", s.text("name"), attempts)
			}
		}
		if retention := s.text("message_retention_duration"); retention != "600s" && retention != "3600s" {
			t.Errorf("%s keeps messages for %s", s.text("name"), retention)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the subscriptions are\n%q, not\n%q", got, want)
	}
	if !kept["dead-letter"] {
		t.Error("nothing keeps the dead letters")
	}
	if grants := len(p.of("google_pubsub_subscription_iam_member")); grants != facts {
		t.Errorf("Pub/Sub may move messages of %d subscriptions, not %d, to the dead-letter topic", grants, facts)
	}
}
